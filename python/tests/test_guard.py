"""The guard: nothing runs unless the gate says so, in words that are exactly understood."""

from __future__ import annotations

import inspect
import json
import threading
from typing import Any

import pytest

import faramesh
from fake_gate import (
    ACTION_ID,
    Answer,
    FakeGate,
    Request,
    action,
    claims,
    denied,
    held,
    problem,
    reports,
    script_claim,
    script_execution,
)
from faramesh import AsyncFaramesh, Faramesh
from guards import CALL, Guard, Tool


def test_a_denied_action_is_raised_and_does_not_run(fake: FakeGate, guard: Guard) -> None:
    fake.on("POST", "/v1/actions", Answer(denied(), 201))
    tool = Tool()
    with pytest.raises(faramesh.ActionDenied) as caught:
        guard(executor=tool)
    error = caught.value
    assert (error.reason_code, error.action_id, error.code) == ("POLICY_DENY", ACTION_ID, "action_denied")
    assert error.action["status"] == "denied"
    assert "Recursive deletion is never automatic" in str(error)
    assert (tool.calls, len(fake.requests)) == ([], 1)


def test_trap_nobody_present_is_not_allowed_so_a_held_action_is_raised_and_does_not_run(
    fake: FakeGate, guard: Guard
) -> None:
    fake.on("POST", "/v1/actions", Answer(held(), 201))
    tool = Tool()
    with pytest.raises(faramesh.ApprovalRequired) as caught:
        guard(executor=tool)
    error = caught.value
    assert (error.token, error.action_id, error.code) == ("tok-secret", ACTION_ID, "approval_required")
    assert error.action["status"] == "pending_approval"
    assert "finance" in str(error)
    assert "tok-secret" not in str(error) + repr(error)
    assert (tool.calls, len(fake.requests)) == ([], 1)


def test_trap_a_key_that_may_not_have_the_token_gets_none(fake: FakeGate, guard: Guard) -> None:
    pending = held()
    del pending["approval_token"]
    fake.on("POST", "/v1/actions", Answer(pending, 201))
    with pytest.raises(faramesh.ApprovalRequired) as caught:
        guard(executor=Tool())
    assert caught.value.token is None


def test_trap_server_down_is_not_allowed(fake: FakeGate, guard: Guard) -> None:
    fake.close()
    tool = Tool()
    with pytest.raises(faramesh.FarameshConnectionError):
        guard(executor=tool)
    assert tool.calls == []


NOT_UNDERSTOOD: list[dict[str, Any]] = [
    {"outcome": "execute"},
    {"outcome": "EXECUTE "},
    {"outcome": "PROCEED"},
    {"outcome": "ABSTAIN"},
    {"outcome": "HALT"},
    {"decision": "deny"},
    {"decision": "permit"},
    {"decision": "require_approval"},
    {"status": "ALLOWED"},
    {"status": "ready"},
    {"status": ""},
    {"status": "pending_approval"},
    {"status": "approved", "outcome": "HALT"},
    {"status": "pending_approval", "outcome": "HALT"},
]


@pytest.mark.parametrize("words", NOT_UNDERSTOOD, ids=json.dumps)
def test_words_that_are_not_exactly_understood_run_nothing(fake: FakeGate, guard: Guard, words: dict[str, Any]) -> None:
    script_execution(fake)
    fake.on("POST", "/v1/actions", Answer(action(**words), 201))
    tool = Tool()
    with pytest.raises(faramesh.BadResponseError):
        guard(executor=tool, wait=1)
    assert (tool.calls, claims(fake)) == ([], [])


@pytest.mark.parametrize("status", ["denied", "expired", "cancelled"])
def test_an_action_that_may_never_run_is_denied_whatever_else_the_answer_says(
    fake: FakeGate, guard: Guard, status: str
) -> None:
    script_execution(fake)
    fake.on("POST", "/v1/actions", Answer(action(status=status), 201))
    with pytest.raises(faramesh.ActionDenied):
        guard(executor=Tool())
    assert claims(fake) == []


@pytest.mark.parametrize("status", ["executing", "succeeded", "failed", "unknown"])
def test_trap_start_raced_so_an_action_that_was_already_claimed_does_not_run_again(
    fake: FakeGate, guard: Guard, status: str
) -> None:
    script_execution(fake)
    fake.on("POST", "/v1/actions", Answer(action(status=status), 201))
    tool = Tool()
    with pytest.raises(faramesh.ConflictError) as caught:
        guard(executor=tool, idempotency_key="order-17")
    assert (caught.value.code, caught.value.action_status) == ("not_claimable", status)
    assert (tool.calls, claims(fake)) == ([], [])


@pytest.mark.parametrize(
    "fault",
    [problem(409, "not_claimable"), problem(403, "forbidden"), problem(503, "store_unavailable"), Answer(drop=True)],
)
def test_without_a_claim_nothing_runs(fake: FakeGate, guard: Guard, fault: Answer) -> None:
    script_execution(fake)
    fake.on("POST", f"/v1/actions/{ACTION_ID}/start", fault)
    tool = Tool()
    with pytest.raises(faramesh.FarameshError):
        guard(executor=tool)
    assert (tool.calls, reports(fake)) == ([], [])


@pytest.mark.parametrize(
    "claimed",
    [
        {"id": "another"},
        {"permit": None},
        {"status": "allowed"},
        {"status": "Executing"},
        {"status": "succeeded"},
        {"outcome": "HALT"},
        {"tool": "bank"},
        {"operation": "transfer"},
        {"agent_id": "other"},
        {"request_hash": "0" * 64},
        {"params": {"cmd": "rm -rf /"}, "request_hash": action()["request_hash"]},
    ],
    ids=json.dumps,
)
def test_a_claim_that_is_not_for_the_submitted_action_runs_nothing(
    fake: FakeGate, guard: Guard, claimed: dict[str, Any]
) -> None:
    script_execution(fake)
    fake.on(
        "POST", f"/v1/actions/{ACTION_ID}/start", Answer(action(**{"status": "executing", "permit": "p", **claimed}))
    )
    tool = Tool()
    with pytest.raises(faramesh.BadResponseError):
        guard(executor=tool)
    assert tool.calls == []
    assert [report["success"] for report in reports(fake)] == [False]


def test_what_runs_is_what_a_person_edited_never_the_old_params(fake: FakeGate, guard: Guard) -> None:
    script_execution(fake, params={"cmd": "ls"})
    tool = Tool()
    guard(executor=tool, params={"cmd": "ls -la"})
    assert tool.calls == [{"cmd": "ls"}]


def test_what_runs_is_what_was_decided_even_when_the_callers_object_changed_since(fake: FakeGate, guard: Guard) -> None:
    params: dict[str, Any] = {"cmd": "ls -la"}

    def change(_: Request) -> Answer:
        params["cmd"] = "rm -rf /"
        return Answer(action(status="executing", permit="p"))

    script_execution(fake)
    fake.on("POST", f"/v1/actions/{ACTION_ID}/start", change)
    tool = Tool()
    guard(executor=tool, params=params)
    assert tool.calls == [{"cmd": "ls -la"}]


def test_a_callers_object_that_became_no_json_is_not_run_either(fake: FakeGate, guard: Guard) -> None:
    params: dict[str, Any] = {"cmd": "ls -la"}

    def change(_: Request) -> Answer:
        params["cmd"] = object()
        return Answer(action(status="executing", permit="p"))

    script_execution(fake)
    fake.on("POST", f"/v1/actions/{ACTION_ID}/start", change)
    tool = Tool()
    guard(executor=tool, params=params)
    assert tool.calls == [{"cmd": "ls -la"}]


def test_a_claim_whose_answer_was_lost_is_asked_for_again_and_runs_once(fake: FakeGate, guard: Guard) -> None:
    script_execution(fake)
    claimed = Answer(action(status="executing", permit="p"))
    fake.on("POST", f"/v1/actions/{ACTION_ID}/start", Answer(drop=True), claimed)
    tool = Tool()
    assert guard(executor=tool)["executed"]
    assert len(tool.calls) == 1
    assert len({request.headers["Idempotency-Key"] for request in claims(fake)}) == 1


def test_an_approval_that_comes_in_time_lets_it_run(fake: FakeGate, guard: Guard) -> None:
    fake.on("POST", "/v1/actions", Answer(held(), 201))
    approved = held(status="approved", reason_code="HUMAN_APPROVED")
    fake.on("GET", f"/v1/actions/{ACTION_ID}", Answer(held()), Answer(approved))
    words = {"decision": "require_approval", "outcome": "ABSTAIN", "reason_code": "HUMAN_APPROVED"}
    script_claim(fake, **words)
    tool = Tool()
    done = guard(executor=tool, wait=10)
    assert len(tool.calls) == 1
    assert (done["executed"], done["outcome"], done["reason_code"]) == (True, "ABSTAIN", "HUMAN_APPROVED")


@pytest.mark.parametrize("end", ["denied", "expired", "cancelled"])
def test_trap_declining_never_runs_the_call(fake: FakeGate, guard: Guard, end: str) -> None:
    fake.on("POST", "/v1/actions", Answer(held(), 201))
    fake.on("GET", f"/v1/actions/{ACTION_ID}", Answer(held()), Answer(held(status=end, reason_code="HUMAN_REJECTED")))
    script_claim(fake)
    tool = Tool()
    with pytest.raises(faramesh.ActionDenied):
        guard(executor=tool, wait=10)
    assert (tool.calls, claims(fake)) == ([], [])


def test_trap_approval_timeout_is_not_allowed(fake: FakeGate, guard: Guard) -> None:
    fake.on("POST", "/v1/actions", Answer(held(), 201))
    fake.on("GET", f"/v1/actions/{ACTION_ID}", Answer(held()))
    script_claim(fake)
    tool = Tool()
    with pytest.raises(faramesh.ApprovalTimeout) as caught:
        guard(executor=tool, wait=0.2)
    assert isinstance(caught.value, faramesh.ApprovalRequired)
    assert caught.value.code == "approval_timeout"
    assert (tool.calls, claims(fake)) == ([], [])


def test_trap_the_tool_does_not_run_after_the_approval_wait_ended(fake: FakeGate, guard: Guard) -> None:
    def approved_too_late(_: Request) -> Answer:
        threading.Event().wait(0.3)
        return Answer(held(status="approved"))

    fake.on("POST", "/v1/actions", Answer(held(), 201))
    fake.on("GET", f"/v1/actions/{ACTION_ID}", approved_too_late)
    script_claim(fake)
    tool = Tool()
    with pytest.raises(faramesh.ApprovalTimeout, match="after the wait was over"):
        guard(executor=tool, wait=0.1)
    assert (tool.calls, claims(fake)) == ([], [])


def test_an_action_taken_up_again_after_its_approval_runs(fake: FakeGate, guard: Guard) -> None:
    fake.on("POST", "/v1/actions", Answer(held(status="approved"), 201))
    script_claim(fake)
    tool = Tool()
    assert guard(executor=tool, idempotency_key="order-17")["executed"]
    assert fake.requests[0].headers["Idempotency-Key"] == "order-17"


def test_what_cannot_be_called_is_refused_before_anything_is_submitted(fake: FakeGate, client: Faramesh) -> None:
    async def tool(_: Any) -> None:
        pass

    for wrong in (None, tool):
        with pytest.raises(TypeError):
            client.execute_if_allowed(**CALL, params={}, executor=wrong)  # type: ignore[arg-type]
    assert fake.requests == []


def test_the_lease_is_asked_for(fake: FakeGate, guard: Guard) -> None:
    script_execution(fake)
    guard(executor=Tool(), lease_seconds=30)
    guard(executor=Tool())
    assert [request.body for request in claims(fake)] == [{"lease_seconds": 30}, {}]


def test_both_guards_take_the_same_arguments() -> None:
    sync, asynchronous = Faramesh.execute_if_allowed, AsyncFaramesh.execute_if_allowed
    assert inspect.signature(sync) == inspect.signature(asynchronous)
