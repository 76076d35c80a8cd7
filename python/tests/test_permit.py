"""Permits: only the gate's own signature over exactly this call, now, counts."""

from __future__ import annotations

import asyncio
import base64
import builtins
import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import faramesh
from fake_gate import Answer, FakeGate
from faramesh import AsyncFaramesh, ClientConfig, Faramesh, InvalidPermitError, canonical_json, compute_request_hash
from faramesh._canonical import sha256_hex

JWKS_PATH = "/.well-known/jwks.json"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
CALL: dict[str, Any] = {"agent_id": "a", "tool": "stripe", "operation": "refund", "params": {"amount": 10}}
CONTEXT = {"env": "prod"}


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def published(kid: str = "k1", key: Ed25519PrivateKey = KEY) -> dict[str, Any]:
    return {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": encoded(key.public_key().public_bytes_raw())}]}


def permit(header: Any = (), act: Any = (), key: Ed25519PrivateKey = KEY, **claims: Any) -> str:
    head = {"alg": "EdDSA", "typ": "faramesh-permit+jwt", "kid": "k1", **dict(header)}
    now = int(time.time())
    done = {
        "id": "id-1",
        "tool": "stripe",
        "operation": "refund",
        "request_hash": compute_request_hash(CALL, context=CONTEXT),
        "params_hash": sha256_hex(canonical_json(CALL["params"])),
        **dict(act),
    }
    body = {
        "iss": "gate",
        "aud": "faramesh-executor",
        "sub": "a",
        "jti": "j",
        "iat": now,
        "exp": now + 300,
        "act": done,
    }
    signed = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps({**body, **claims}).encode())}"
    return f"{signed}.{encoded(key.sign(signed.encode()))}"


def check(text: str, client: Faramesh, **changes: Any) -> Any:
    return client.verify_permit(text, **{"jwks": published(), **CALL, **changes})


def test_a_permit_for_exactly_this_call_is_accepted(client: Faramesh) -> None:
    assert check(permit(), client)["jti"] == "j"
    assert check(permit(), client, context=CONTEXT, issuer="gate")["sub"] == "a"
    assert check(permit(aud="bank"), client, audience="bank")["aud"] == "bank"


@pytest.mark.parametrize(
    "changes",
    [
        {"params": {"amount": 11}},
        {"params": {"amount": 10, "more": 1}},
        {"tool": "bank"},
        {"operation": "charge"},
        {"agent_id": "b"},
        {"context": {"env": "test"}},
        {"context": None},
        {"issuer": "other"},
        {"audience": "bank"},
        {"jwks": published("k2")},
        {"jwks": published(key=OTHER_KEY)},
        {"jwks": {"keys": [{**published()["keys"][0], "x": "AAAA"}]}},
        {"jwks": {"keys": [{**published()["keys"][0], "crv": "P-256"}]}},
        {"jwks": {}},
        {"now": time.time() + 40_000},
        {"now": time.time() - 60},
    ],
    ids=range(16),
)
def test_a_permit_for_anything_else_is_refused(client: Faramesh, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidPermitError) as caught:
        check(permit(), client, **changes)
    assert caught.value.code == "invalid_permit"


GOOD = permit()
HEAD, BODY, SIGNATURE = GOOD.split(".")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b",
        f"{HEAD}.{BODY}",
        f"{HEAD}.{BODY}.",
        f"{GOOD}.x",
        f" {GOOD}",
        f"{HEAD}.{BODY}.{SIGNATURE[:-4]}",
        f"{HEAD}.{BODY}=.{SIGNATURE}",
        f"{HEAD}.e30.{SIGNATURE}",
        "x" * 20_000,
        permit({"alg": "none"}),
        permit({"alg": "HS256"}),
        permit({"typ": "JWT"}),
        permit({"kid": None}),
        permit({"crit": ["b64"], "b64": False}),
        permit(key=OTHER_KEY),
        permit(exp=None),
        permit(exp="9999999999"),
        permit(exp=True),
        permit(iat=None),
        permit(jti=None),
        permit(aud=["faramesh-executor"]),
        permit(act=[("params_hash", None)]),
        permit(act=[("tool", "other")]),
    ],
    ids=range(24),
)
def test_a_permit_that_is_malformed_or_not_the_gates_is_refused(client: Faramesh, text: str) -> None:
    with pytest.raises(InvalidPermitError):
        check(text, client)


def test_keys_are_fetched_once_and_again_only_for_an_unknown_key(
    fake: FakeGate, client: Faramesh, config: ClientConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.on("GET", JWKS_PATH, Answer(published()), Answer({"keys": published()["keys"] + published("k2")["keys"]}))
    for _ in range(3):
        client.verify_permit(permit(), **CALL)
    assert len(fake.requests) == 1
    for _ in range(3):
        with pytest.raises(InvalidPermitError):
            client.verify_permit(permit({"kid": "k2"}), **CALL)
    assert len(fake.requests) == 1
    began = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: began + 11)
    client.verify_permit(permit({"kid": "k2"}), **CALL)
    assert len(fake.requests) == 2


def test_the_async_client_checks_alike(fake: FakeGate, config: ClientConfig) -> None:
    fake.on("GET", JWKS_PATH, Answer(published()))

    async def run() -> Any:
        async with AsyncFaramesh(config) as client:
            return await client.verify_permit(permit(), **CALL)

    assert asyncio.run(run())["jti"] == "j"


def test_without_the_optional_package_the_error_says_what_to_install(
    client: Faramesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(faramesh.FarameshConfigError, match=r"pip install cryptography"):
        check(permit(), client)
