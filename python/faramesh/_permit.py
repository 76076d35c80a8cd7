"""Permits: the gate's signed, expiring proof that one exact call may run now, checked without asking the gate."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hmac
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from ._canonical import canonical_json, canonical_request, sha256_hex
from ._errors import FarameshConfigError, InvalidPermitError
from ._transport import parse_json

PERMIT_TYPE = "faramesh-permit+jwt"
DEFAULT_AUDIENCE = "faramesh-executor"

_PERMIT_CHARS_MAX = 16_384
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_KEYS_KEPT_SECONDS = 300.0
_KEYS_ASKED_AGAIN_SECONDS = 10.0


class _NotGiven:
    """The type of :data:`NOT_GIVEN`."""

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Final = _NotGiven()
"""Stands for an argument that was left out, where ``None`` means something else."""


@dataclasses.dataclass(frozen=True)
class Expected:
    """The call that is about to be made, and whose permit it must be."""

    agent_id: str
    tool: str
    operation: str
    params: Mapping[str, Any]
    context: Any = NOT_GIVEN
    audience: str = DEFAULT_AUDIENCE
    issuer: str | None = None
    leeway: float = 5.0
    now: float | None = None


class KeyCache:
    """The gate's public keys, kept for five minutes, and asked for again when a permit names an unknown one."""

    def __init__(self) -> None:
        """Begins empty."""
        self._jwks: Mapping[str, Any] = {}
        self._fetched_at = float("-inf")

    def jwks_for(self, permit: str) -> Mapping[str, Any] | None:
        """The keys to check this permit with, or ``None`` when they should be fetched first."""
        age = time.monotonic() - self._fetched_at
        known = any(key.get("kid") == permit_key_id(permit) for key in _keys_of(self._jwks))
        # Permits with invented key ids must not make this client a load on the gate.
        return self._jwks if age < (_KEYS_KEPT_SECONDS if known else _KEYS_ASKED_AGAIN_SECONDS) else None

    def keep(self, jwks: Mapping[str, Any]) -> Mapping[str, Any]:
        """Keeps what was fetched."""
        self._jwks, self._fetched_at = jwks, time.monotonic()
        return jwks


def permit_key_id(permit: str) -> str:
    """The id of the key a permit says it is signed with.

    Raises:
        InvalidPermitError: When its form or its header is wrong.
    """
    header = _parsed(_parts(permit)[0])
    if header.get("alg") != "EdDSA" or header.get("typ") != PERMIT_TYPE or "crit" in header:
        raise InvalidPermitError("This is not a permit signed with Ed25519")
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise InvalidPermitError("The permit does not name its key")
    return kid


def verify(permit: str, jwks: Mapping[str, Any], expected: Expected) -> dict[str, Any]:
    """Checks signature, times, issuer, audience, and that the permit is for exactly the expected call.

    Returns:
        The claims.

    Raises:
        InvalidPermitError: When anything does not hold.
        FarameshConfigError: When the ``cryptography`` package is not installed.
    """
    kid = permit_key_id(permit)
    header, payload, signature = _parts(permit)
    _check_signature(_public_key(jwks, kid), _decoded(signature), f"{header}.{payload}".encode())
    claims = _parsed(payload)
    _check_times(claims, expected)
    _check_parties(claims, expected)
    _check_call(claims, expected)
    return claims


def _parts(permit: str) -> tuple[str, str, str]:
    if not isinstance(permit, str) or len(permit) > _PERMIT_CHARS_MAX:
        raise InvalidPermitError("The permit is not a JWS in compact form")
    parts = permit.split(".")
    if len(parts) != 3 or not all(_BASE64URL.fullmatch(part) for part in parts):
        raise InvalidPermitError("The permit is not a JWS in compact form")
    return parts[0], parts[1], parts[2]


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise InvalidPermitError("A part of the permit is not base64url") from error


def _parsed(part: str) -> dict[str, Any]:
    try:
        value = parse_json(_decoded(part))
    except ValueError as error:
        raise InvalidPermitError("A part of the permit is not JSON") from error
    if not isinstance(value, dict):
        raise InvalidPermitError("A part of the permit is not a JSON object")
    return value


def _keys_of(jwks: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    keys = jwks.get("keys")
    return [key for key in keys if isinstance(key, Mapping)] if isinstance(keys, list) else []


def _public_key(jwks: Mapping[str, Any], kid: str) -> bytes:
    for key in _keys_of(jwks):
        if key.get("kid") == kid and key.get("kty") == "OKP" and key.get("crv") == "Ed25519":
            text = key.get("x")
            if isinstance(text, str) and _BASE64URL.fullmatch(text):
                return _decoded(text)
    raise InvalidPermitError("The permit is signed with a key that the gate does not publish")


def _check_signature(public_key: bytes, signature: bytes, signed: bytes) -> None:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise FarameshConfigError(
            "Checking permits needs the cryptography package (the extra faramesh[permits]): pip install cryptography"
        ) from error
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
    except (InvalidSignature, ValueError) as error:
        raise InvalidPermitError("The permit's signature is wrong") from error


def _check_times(claims: Mapping[str, Any], expected: Expected) -> None:
    now = time.time() if expected.now is None else expected.now
    if now >= _seconds(claims, "exp") + expected.leeway:
        raise InvalidPermitError("The permit has expired, so the call must not run")
    if now < _seconds(claims, "iat") - expected.leeway:
        raise InvalidPermitError("The permit is from the future; compare the clocks")


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidPermitError(f"The permit has no {name}")
    return float(value)


def _check_parties(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("aud") != expected.audience:
        raise InvalidPermitError("The permit is for another audience")
    if expected.issuer is not None and claims.get("iss") != expected.issuer:
        raise InvalidPermitError("The permit is from another gate")
    if not isinstance(claims.get("jti"), str):
        raise InvalidPermitError("The permit has no jti")


def _check_call(claims: Mapping[str, Any], expected: Expected) -> None:
    act = claims.get("act")
    if not isinstance(act, dict) or claims.get("sub") != expected.agent_id:
        raise InvalidPermitError("The permit is for another agent")
    if act.get("tool") != expected.tool or act.get("operation") != expected.operation:
        raise InvalidPermitError("The permit is for another tool or operation")
    if not _same_hash(act.get("params_hash"), canonical_json(expected.params, path="$.params")):
        raise InvalidPermitError("The permit is for other params")
    if not isinstance(expected.context, _NotGiven) and not _same_hash(act.get("request_hash"), _request_text(expected)):
        raise InvalidPermitError("The permit is for another context")


def _request_text(expected: Expected) -> str:
    return canonical_request(
        {name: getattr(expected, name) for name in ("agent_id", "tool", "operation", "params", "context")}
    )


def _same_hash(claimed: Any, text: str) -> bool:
    return isinstance(claimed, str) and hmac.compare_digest(
        claimed.encode("utf-8", "replace"), sha256_hex(text).encode()
    )
