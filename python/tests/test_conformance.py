"""The shared cases: Python gives the texts, hashes and decisions that every other part gives."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from conftest import GateStarter
from faramesh import CanonicalJsonError, Faramesh, canonical_json, compute_request_hash
from faramesh._canonical import canonical_request
from real_gate import ADMIN_KEY, ROOT

CASES = ROOT / "conformance"
DECISIONS = sorted((CASES / "decisions").glob("*.json"))


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def cases_of(path: Path) -> list[dict[str, Any]]:
    found = load(path)
    cases = found["cases"] if isinstance(found, dict) else found
    assert isinstance(cases, list)
    return cases


CANONICAL = cases_of(CASES / "canonical.json")


def text_of(case: dict[str, Any]) -> str:
    value = json.loads(case["input_json"])
    return canonical_request(value) if case["kind"] == "request" else canonical_json(value)


def test_there_are_cases() -> None:
    assert len(CANONICAL) >= 40
    assert DECISIONS


@pytest.mark.parametrize("case", [case for case in CANONICAL if "error" not in case], ids=lambda case: case["name"])
def test_a_value_has_the_shared_text_and_hash(case: dict[str, Any]) -> None:
    text = text_of(case)
    assert text == case["canonical"]
    assert hashlib.sha256(text.encode()).hexdigest() == case["sha256"]
    if case["kind"] == "request":
        assert compute_request_hash(json.loads(case["input_json"])) == case["sha256"]


@pytest.mark.parametrize("case", [case for case in CANONICAL if "error" in case], ids=lambda case: case["name"])
def test_what_the_gate_refuses_is_refused_unless_pythons_parser_already_lost_it(case: dict[str, Any]) -> None:
    try:
        value = json.loads(case["input_json"])
    except ValueError:
        return
    try:
        text = canonical_json(value)
    except CanonicalJsonError as refused:
        path = refused.path
    else:
        # A duplicate key or a digit too many is gone by now: what is sent, and hashed, is what Python holds.
        assert canonical_json(json.loads(text)) == text
        assert text != case["input_json"]
        return
    assert path == case["error"]["path"]


# On one store: it has no part in how a policy decides, and test_gate.py asks for decisions on both.
@pytest.mark.parametrize("start_gate", ["SQLite"], indirect=True, scope="module")
@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_the_gate_decides_the_shared_cases_alike_over_http(path: Path, gates: GateStarter) -> None:
    shared = load(path)
    policy = shared["policy"]
    gate = gates(policy if isinstance(policy, str) else json.dumps(policy))
    wrong = []
    with Faramesh(url=gate.url, api_key=ADMIN_KEY) as client:
        for case in shared["cases"]:
            fields = {"params": {}, **case["action"]}
            if "op" in fields:
                fields["operation"] = fields.pop("op")
            decision = client.gate_decide(**fields)
            got = {name: decision.get(name) for name in case["expected"]}
            if got != case["expected"]:
                wrong.append((case["name"], got, case["expected"]))
    assert wrong == []
