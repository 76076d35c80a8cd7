"""The user's page: every code block of it runs as it stands."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from typing import Any

import pytest

import faramesh
from conftest import GateStarter
from real_gate import ROOT, RealGate

PAGE = (ROOT / "conformance" / "python-sdk-page.txt").read_text(encoding="utf-8")
BLOCK_START = re.compile(r"from faramesh|export FARAMESH_URL")
PLACEHOLDER = '"..."'

POLICY = """
version: 1
name: page
rules:
  - id: destructive-shell
    match: { tool: shell, operation: exec, params: { cmd: { pattern: '\\brm\\s' } } }
    deny: true
  - id: look
    match: { tool: shell, operation: exec, params: { cmd: { starts_with: 'ls' } } }
    allow: true
  - id: refund
    match: { tool: stripe, operation: refund }
    require_approval: true
"""
HOLD_EVERYTHING = "version: 1\nrules: [{ id: hold, match: { tool: shell }, require_approval: true }]\n"
DENY_EVERYTHING = "version: 1\nrules: [{ id: deny, match: { tool: shell }, deny: true }]\n"


def is_prose(line: str) -> bool:
    """The page's sentences and headings begin with a capital letter; its code never does."""
    return line[:1].isupper()


def blocks_of(page: str) -> list[str]:
    blocks: list[list[str]] = []
    in_block = False
    for line in page.splitlines(keepends=True):
        if BLOCK_START.match(line):
            blocks.append([])
            in_block = True
        in_block = in_block and not is_prose(line)
        if in_block:
            blocks[-1].append(line)
    return ["".join(block) for block in blocks]


BLOCKS = blocks_of(PAGE)
SHELL_BLOCKS = [block for block in BLOCKS if block.startswith("export")]
PYTHON_BLOCKS = [block for block in BLOCKS if block.startswith("from")]


def blocks_with(text: str) -> list[str]:
    return [block for block in PYTHON_BLOCKS if text in block]


@pytest.fixture(scope="module")
def page_gate(start_gate: GateStarter) -> RealGate:
    return start_gate(POLICY)


@pytest.fixture
def developer(page_gate: RealGate, monkeypatch: pytest.MonkeyPatch) -> faramesh.Faramesh:
    return use(page_gate, monkeypatch)


def use(gate: RealGate, monkeypatch: pytest.MonkeyPatch) -> faramesh.Faramesh:
    monkeypatch.setenv("FARAMESH_URL", gate.url)
    monkeypatch.setenv("FARAMESH_API_KEY", gate.key("developer"))
    return faramesh.Faramesh()


def run(block: str, *fillings: str) -> dict[str, Any]:
    """Runs a block as it stands, the placeholders alone filled in, in order."""
    given = iter(fillings)
    assert block.count(PLACEHOLDER) == len(fillings)
    names: dict[str, Any] = {}
    exec(compile(re.sub(re.escape(PLACEHOLDER), lambda _: f'"{next(given)}"', block), "page", "exec"), names)
    return names


def pending(client: faramesh.Faramesh) -> faramesh.Action:
    return client.submit_action("my-agent", "stripe", "refund", {"amount": 10})


def test_no_block_of_the_page_is_left_out() -> None:
    assert len(PYTHON_BLOCKS) == 15
    assert len(SHELL_BLOCKS) == 3
    code = [line for line in PAGE.splitlines() if line.strip() and not is_prose(line)]
    in_blocks = [line for block in BLOCKS for line in block.splitlines() if line.strip()]
    assert in_blocks == code
    assert all(block in PAGE for block in BLOCKS)


@pytest.mark.parametrize("block", SHELL_BLOCKS, ids=range(3))
def test_setup(block: str) -> None:
    ask = "from faramesh._config import current_config as c; print(c().url, c().api_key)"
    ran = subprocess.run(
        ["sh", "-c", f'{block}\nexec "$0" -c "$1"', sys.executable, ask],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == ["https://api.faramesh.io", "your-api-key"]


@pytest.mark.parametrize("block", blocks_with("import submit_action"), ids=range(3))
def test_submit_an_action(block: str, developer: faramesh.Faramesh, capsys: pytest.CaptureFixture[str]) -> None:
    action = run(block)["action"]
    assert capsys.readouterr().out == "Status: allowed, Decision: allow\n"
    assert developer.get_action(action["id"])["status"] == "allowed"


def test_a_pending_action_comes_with_an_approval_token(developer: faramesh.Faramesh) -> None:
    action = pending(developer)
    assert (action["status"], action["decision"]) == ("pending_approval", "require_approval")
    assert action["approval_token"]


@pytest.mark.parametrize("block", blocks_with("import list_actions"), ids=range(3))
def test_list_and_get_actions(block: str, developer: faramesh.Faramesh) -> None:
    action_id = pending(developer)["id"]
    names = run(block, action_id)
    assert action_id in [found["id"] for found in names["actions"]]
    assert {found["status"] for found in names["actions"]} == {"pending_approval"}
    assert len(names["actions"]) <= 10
    assert names["action"]["id"] == action_id


@pytest.mark.parametrize("block", blocks_with("import approve_action"), ids=range(3))
def test_approve_or_deny(block: str, developer: faramesh.Faramesh) -> None:
    first, second = pending(developer), pending(developer)
    run(block, first["id"], first["approval_token"], second["id"], second["approval_token"])
    approved, rejected = developer.get_action(first["id"]), developer.get_action(second["id"])
    assert (approved["status"], approved["approval"]["note"]) == ("approved", "Approved")
    assert (rejected["status"], rejected["reason_code"], rejected["approval"]["note"]) == (
        "denied",
        "HUMAN_REJECTED",
        "Rejected",
    )


@pytest.mark.parametrize("block", blocks_with("import gate_decide"), ids=range(3))
def test_decide_only(block: str, developer: faramesh.Faramesh, capsys: pytest.CaptureFixture[str]) -> None:
    before = [found["id"] for found in developer.list_actions(limit=1000)]
    run(block)
    assert capsys.readouterr().out == "EXECUTE\nPOLICY_ALLOW Allowed by policy rule\n"
    assert [found["id"] for found in developer.list_actions(limit=1000)] == before


@pytest.mark.parametrize("block", blocks_with("import execute_if_allowed"), ids=range(3))
def test_execute_only_if_allowed(block: str, developer: faramesh.Faramesh) -> None:
    result = run(block)["result"]
    assert result["executed"] is True
    assert result["result"] == {"result": "ok"}
    action = developer.get_action(result["action_id"])
    assert (action["status"], action["result"]) == ("succeeded", {"result": "ok"})


@pytest.mark.parametrize(
    ("policy", "error"), [(HOLD_EVERYTHING, faramesh.ApprovalRequired), (DENY_EVERYTHING, faramesh.ActionDenied)]
)
def test_if_denied_or_approval_needed_the_executor_is_not_called(
    gates: GateStarter, monkeypatch: pytest.MonkeyPatch, policy: str, error: type[faramesh.FarameshPolicyError]
) -> None:
    client = use(gates(policy), monkeypatch)
    for block in blocks_with("import execute_if_allowed"):
        with pytest.raises(error):
            run(block)
    statuses = {found["status"] for found in client.list_actions()}
    assert statuses == {"pending_approval" if error is faramesh.ApprovalRequired else "denied"}


def test_errors_are_structured_as_the_page_says(developer: faramesh.Faramesh, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(faramesh.FarameshError) as invalid:
        faramesh.submit_action(agent_id="", tool="shell", operation="exec", params={})
    assert invalid.value.code == "invalid_action"
    monkeypatch.setenv("FARAMESH_API_KEY", "wrong")
    with pytest.raises(faramesh.FarameshError) as unknown:
        faramesh.list_actions()
    assert unknown.value.code == "unauthorized"
    monkeypatch.setenv("FARAMESH_URL", "http://127.0.0.1:9")
    faramesh.configure(backoff=0)
    for block in itertools.chain(blocks_with("import execute_if_allowed"), blocks_with("import gate_decide")):
        with pytest.raises(faramesh.FarameshConnectionError):
            run(block)
