"""What this package offers: chosen, typed, and the same four times."""

from __future__ import annotations

import asyncio
import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import faramesh
import faramesh.aio
import faramesh.sdk
from conftest import KEY
from fake_gate import Answer, FakeGate, action
from faramesh import _words
from real_gate import ROOT

FUNCTIONS = [
    "approve_action",
    "block_until_approved",
    "cancel_action",
    "deny_action",
    "execute_if_allowed",
    "gate_decide",
    "get_action",
    "get_action_events",
    "iter_actions",
    "list_actions",
    "reject_action",
    "replay_decision",
    "report_result",
    "start_action",
    "stream_events",
    "submit_action",
    "submit_actions",
    "submit_and_wait",
    "tail_events",
    "verify_permit",
    "wait_for_approval",
    "wait_for_completion",
]
ERRORS = [
    "ActionDenied",
    "ApprovalExpired",
    "ApprovalRejected",
    "ApprovalRequired",
    "ApprovalTimeout",
    "BadResponseError",
    "CanonicalJsonError",
    "CompletionTimeout",
    "ConflictError",
    "FarameshAuthError",
    "FarameshConfigError",
    "FarameshConnectionError",
    "FarameshDeniedError",
    "FarameshError",
    "FarameshNotFoundError",
    "FarameshPolicyError",
    "FarameshServerError",
    "FarameshTimeoutError",
    "FarameshValidationError",
    "ForbiddenError",
    "InvalidActionError",
    "InvalidPermitError",
    "InvalidRequestError",
    "NotFoundError",
    "RateLimitedError",
    "RequestTimeoutError",
    "ServerError",
    "UnauthorizedError",
]
CLIENTS = ["AsyncFaramesh", "ClientConfig", "Faramesh", "FarameshClient", "canonical_json", "compute_request_hash"]
TYPES = ["Action", "ActionEvent", "Actor", "ApprovalState", "BatchResult", "Decision", "Execution", "Replay"]


def test_the_names_are_chosen() -> None:
    assert sorted(faramesh.__all__) == sorted([*FUNCTIONS, *ERRORS, *CLIENTS, *TYPES, "configure", "__version__"])
    assert sorted(faramesh.sdk.__all__) == sorted([*FUNCTIONS, "ClientConfig", "configure", "compute_request_hash"])
    assert sorted(faramesh.aio.__all__) == sorted([*FUNCTIONS, "AsyncFaramesh"])
    for module in (faramesh, faramesh.sdk, faramesh.aio):
        assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_is_the_same_four_times(name: str) -> None:
    method = inspect.signature(getattr(faramesh.Faramesh, name))
    arguments = list(method.parameters.values())[1:]
    other = inspect.signature(getattr(faramesh.AsyncFaramesh, name))
    assert list(other.parameters.values()) == list(method.parameters.values())
    for module in (faramesh, faramesh.sdk, faramesh.aio):
        function = getattr(module, name)
        assert list(inspect.signature(function).parameters.values()) == arguments
        assert function.__doc__
    assert getattr(faramesh.sdk, name) is getattr(faramesh, name)


def test_every_error_is_a_faramesh_error_with_a_code() -> None:
    for name in ERRORS:
        kind = getattr(faramesh, name)
        assert issubclass(kind, faramesh.FarameshError)
        assert kind.__doc__
    assert faramesh.FarameshDeniedError is faramesh.ActionDenied
    assert faramesh.FarameshClient is faramesh.Faramesh
    assert faramesh.deny_action is faramesh.reject_action


def test_the_ready_functions_for_coroutines_work_in_any_event_loop(
    fake: FakeGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARAMESH_URL", fake.url)
    monkeypatch.setenv("FARAMESH_API_KEY", KEY)
    fake.on("GET", "/v1/actions", Answer([action()]))

    async def both() -> Any:
        return [await faramesh.aio.list_actions(), [found async for found in faramesh.aio.iter_actions()]]

    for _ in range(2):
        assert [len(found) for found in asyncio.run(both())] == [1, 1]
    assert fake.requests[0].headers["Authorization"] == f"Bearer {KEY}"


def test_a_decision_reads_like_an_object_and_like_a_dict() -> None:
    fields = {"outcome": "HALT", "effect": "deny", "reason_code": "POLICY_DENY", "reason": "no", "new_field": 1}
    decision = faramesh.Decision(fields)
    assert (decision.outcome, decision.reason_code, decision.reason, decision.rule_id) == (
        "HALT",
        "POLICY_DENY",
        "no",
        None,
    )
    assert (decision.effect, decision.decision, decision["decision"]) == ("deny", "deny", "deny")
    assert (decision["outcome"], decision["new_field"], dict(decision)) == ("HALT", 1, fields)
    assert repr(decision) == "Decision(HALT, POLICY_DENY: no)"
    with pytest.raises(AttributeError):
        decision.outcome = "EXECUTE"  # type: ignore[misc]


def test_a_halt_never_counts_as_true() -> None:
    with pytest.raises(TypeError, match="outcome"):
        bool(faramesh.Decision({"outcome": "HALT"}))


@pytest.mark.parametrize("outcome", [None, "", "execute", "ALLOW", 1, True])
def test_a_decision_in_other_words_is_not_understood(outcome: Any) -> None:
    with pytest.raises(faramesh.BadResponseError):
        faramesh.Decision({"outcome": outcome})


def test_words_and_bounds_are_those_of_the_protocol() -> None:
    script = f"""
      const p = await import({json.dumps((ROOT / "packages/protocol/dist/index.js").as_uri())});
      console.log(JSON.stringify([p.OUTCOMES, p.STATUSES, p.FINAL_STATUSES, p.LIMITS]));"""
    ran = subprocess.run(["node", "--input-type=module", "-e", script], capture_output=True, check=True, text=True)
    outcomes, statuses, final, limits = json.loads(ran.stdout)
    assert [list(_words.OUTCOMES), list(_words.STATUSES), list(_words.FINAL_STATUSES)] == [outcomes, statuses, final]
    bounds = ["nestingMax", "nodesMax", "resultBytesMax", "errorCharsMax", "waitSecondsMax"]
    assert [limits[name] for name in bounds] == [
        _words.NESTING_MAX,
        _words.NODES_MAX,
        _words.RESULT_BYTES_MAX,
        _words.ERROR_CHARS_MAX,
        _words.WAIT_SECONDS_MAX,
    ]


def test_types_are_shipped_and_importing_asks_nothing_of_the_environment() -> None:
    assert Path(faramesh.__file__).with_name("py.typed").exists()
    code = "import os; os.environ['FARAMESH_URL'] = 'nonsense'; import faramesh, faramesh.sdk, faramesh.aio"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_the_settings_of_the_readme_exist() -> None:
    readme = (ROOT / "python" / "README.md").read_text(encoding="utf-8")
    for name in [*FUNCTIONS, *ERRORS]:
        aliases = {"deny_action", "tail_events", "CanonicalJsonError"}
        if not name.startswith("Faramesh") and name not in aliases:
            assert f"`{name}`" in readme, name
