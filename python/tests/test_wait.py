"""Waiting: it ends when what is waited for comes, or when its time is over, and never otherwise."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Callable

import pytest

import faramesh
from fake_gate import ACTION_ID, Answer, FakeGate, action, held, problem
from faramesh import AsyncFaramesh, ClientConfig, Faramesh

PATH = f"/v1/actions/{ACTION_ID}"
Method = Callable[..., Any]


@pytest.fixture(params=["sync", "async"])
def method(request: pytest.FixtureRequest, config: ClientConfig) -> Method:
    """Calls a method of either client by its name."""

    def sync(name: str, *arguments: Any, **named: Any) -> Any:
        with Faramesh(config) as client:
            return getattr(client, name)(*arguments, **named)

    def asynchronous(name: str, *arguments: Any, **named: Any) -> Any:
        async def run() -> Any:
            async with AsyncFaramesh(config) as client:
                return await getattr(client, name)(*arguments, **named)

        return asyncio.run(run())

    return sync if request.param == "sync" else asynchronous


@pytest.mark.parametrize("end", ["approved", "denied", "expired", "cancelled"])
def test_waiting_for_approval_returns_whatever_was_decided(fake: FakeGate, method: Method, end: str) -> None:
    fake.on("GET", PATH, Answer(held()), Answer(held(status=end)))
    assert method("wait_for_approval", ACTION_ID, timeout=10)["status"] == end
    assert [request.query.get("status") for request in fake.requests] == [None, "pending_approval"]
    assert fake.requests[1].query["wait"].endswith("ms")


def test_an_action_that_is_decided_already_is_not_waited_for(fake: FakeGate, method: Method) -> None:
    fake.on("GET", PATH, Answer(held(status="approved")))
    assert method("wait_for_approval", ACTION_ID, timeout=0)["status"] == "approved"
    assert len(fake.requests) == 1


def test_a_wait_that_is_over_raises_and_names_the_action(fake: FakeGate, method: Method) -> None:
    fake.on("GET", PATH, Answer(held()))
    begun = time.monotonic()
    with pytest.raises(faramesh.ApprovalTimeout) as caught:
        method("wait_for_approval", ACTION_ID, timeout=0.2)
    assert time.monotonic() - begun < 5
    assert isinstance(caught.value, faramesh.FarameshTimeoutError)
    assert caught.value.action_id == ACTION_ID


def test_a_gate_that_answers_without_holding_is_not_flooded(fake: FakeGate, method: Method) -> None:
    fake.on("GET", PATH, Answer(held()))
    with pytest.raises(faramesh.ApprovalTimeout):
        method("wait_for_approval", ACTION_ID, timeout=1.2)
    assert len(fake.requests) <= 6


def test_a_gate_that_restarts_does_not_end_the_wait(fake: FakeGate, method: Method) -> None:
    away = [Answer(drop=True)] * 4 + [problem(503, "store_unavailable")] * 3
    fake.on("GET", PATH, Answer(held()), *away, Answer(held(status="approved")))
    assert method("wait_for_approval", ACTION_ID, timeout=20)["status"] == "approved"


def test_a_refusal_does_end_the_wait(fake: FakeGate, method: Method) -> None:
    fake.on("GET", PATH, Answer(held()), problem(401, "unauthorized"))
    with pytest.raises(faramesh.UnauthorizedError):
        method("wait_for_approval", ACTION_ID, timeout=20)


def test_a_gate_that_stays_away_ends_the_wait_with_its_own_error(fake: FakeGate, method: Method) -> None:
    fake.on("GET", PATH, Answer(held()), Answer(drop=True))
    with pytest.raises((faramesh.FarameshConnectionError, faramesh.ApprovalTimeout)):
        method("wait_for_approval", ACTION_ID, timeout=0.3)


def test_waiting_for_completion_passes_through_the_statuses_between(fake: FakeGate, method: Method) -> None:
    steps = [Answer(action(status=status)) for status in ("approved", "executing", "succeeded")]
    fake.on("GET", PATH, *steps)
    assert method("wait_for_completion", ACTION_ID, timeout=10)["status"] == "succeeded"
    fake.on("GET", PATH, Answer(action(status="executing")))
    with pytest.raises(faramesh.CompletionTimeout, match="executing") as caught:
        method("wait_for_completion", ACTION_ID, timeout=0)
    assert caught.value.code == "completion_timeout"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ({"status": "denied", "reason_code": "HUMAN_REJECTED"}, faramesh.ApprovalRejected),
        ({"status": "expired", "reason_code": "APPROVAL_EXPIRED"}, faramesh.ApprovalExpired),
        ({"status": "cancelled"}, faramesh.ActionDenied),
        ({"status": "denied", "reason_code": "POLICY_DENY"}, faramesh.ActionDenied),
    ],
)
def test_blocking_until_approved_raises_what_was_not_approved(
    fake: FakeGate, method: Method, words: dict[str, Any], kind: type[faramesh.ActionDenied]
) -> None:
    fake.on("GET", PATH, Answer(held(**words)))
    with pytest.raises(faramesh.ActionDenied) as caught:
        method("block_until_approved", ACTION_ID, timeout=5)
    assert type(caught.value) is kind


def test_a_rejection_carries_the_persons_reason(fake: FakeGate, method: Method) -> None:
    approval = {"required": True, "approvers": [], "expires_at": None, "note": "ask Ada first"}
    fake.on("GET", PATH, Answer(held(status="denied", reason_code="HUMAN_REJECTED", approval=approval)))
    with pytest.raises(faramesh.ApprovalRejected, match="A person rejected shell exec: ask Ada first"):
        method("block_until_approved", ACTION_ID, timeout=5)


def test_submit_and_wait_waits_only_for_what_is_pending(fake: FakeGate, method: Method) -> None:
    call = {"agent_id": "my-agent", "tool": "shell", "operation": "exec", "params": {"cmd": "ls -la"}}
    fake.on("POST", "/v1/actions", Answer(action(), 201))
    assert method("submit_and_wait", **call)["status"] == "allowed"
    assert len(fake.requests) == 1
    fake.on("POST", "/v1/actions", Answer(held(), 201))
    fake.on("GET", PATH, Answer(held(status="approved")))
    assert method("submit_and_wait", **call, timeout=5)["status"] == "approved"


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_a_wait_without_sense_is_refused(fake: FakeGate, method: Method, seconds: float) -> None:
    with pytest.raises(faramesh.InvalidRequestError):
        method("wait_for_approval", ACTION_ID, timeout=seconds)
    with pytest.raises(faramesh.InvalidRequestError):
        method("get_action", ACTION_ID, wait=seconds)
    assert fake.requests == []


def test_a_replay_compares_what_was_recorded_first_with_today(fake: FakeGate, method: Method) -> None:
    rejected = held(status="denied", reason_code="HUMAN_REJECTED")
    first = {"outcome": "ABSTAIN", "reason_code": "POLICY_REQUIRE_APPROVAL", "rule_id": "r1", "risk_level": "low"}
    fake.on("GET", PATH, Answer(rejected))
    fake.on("GET", f"{PATH}/events", Answer([first, {**first, "reason_code": "HUMAN_REJECTED"}]))
    same = {**first, "request_hash": rejected["request_hash"], "policy_hash": rejected["policy_hash"]}
    fake.on("POST", "/v1/gate/decide", Answer(same), Answer({**same, "outcome": "HALT", "policy_hash": "1" * 64}))
    assert method("replay_decision", ACTION_ID)["same"]
    changed = method("replay_decision", ACTION_ID)
    assert (changed["same"], changed["differences"]) == (False, ["outcome", "policy_hash"])
    assert (changed["recorded"]["outcome"], changed["replayed"]["outcome"]) == ("ABSTAIN", "HALT")
