"""Against the real gate: the whole way of an action, and what each key may do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import faramesh
import faramesh.aio
from conftest import GateStarter
from faramesh import AsyncFaramesh, Faramesh, compute_request_hash
from real_gate import RealGate

POLICY = """
version: 1
name: tests
rules:
  - { id: no-delete, match: { tool: shell, params: { cmd: { contains: 'rm -rf' } } }, deny: true, reason: Never }
  - { id: shell, match: { tool: shell }, allow: true }
  - { id: four-eyes, match: { tool: bank }, require_approval: { exclude_submitter: true } }
  - { id: quick, match: { tool: quick }, require_approval: { expires_in: 1s } }
  - { id: refund, match: { tool: stripe }, require_approval: true }
"""
LS: dict[str, Any] = {"agent_id": "my-agent", "tool": "shell", "operation": "exec", "params": {"cmd": "ls", "n": 1e-7}}
REFUND: dict[str, Any] = {"agent_id": "my-agent", "tool": "stripe", "operation": "refund", "params": {"amount": 10}}


@pytest.fixture(scope="module")
def gate(start_gate: GateStarter) -> RealGate:
    return start_gate(POLICY)


@pytest.fixture
def developer(gate: RealGate) -> Iterator[Faramesh]:
    with Faramesh(url=gate.url, api_key=gate.key("developer")) as client:
        yield client


@pytest.fixture
def agent(gate: RealGate) -> Iterator[Faramesh]:
    with Faramesh(url=gate.url, api_key=gate.key("agent")) as client:
        yield client


@pytest.fixture
def approver(gate: RealGate) -> Iterator[Faramesh]:
    with Faramesh(url=gate.url, api_key=gate.key("approver", name="ada")) as client:
        yield client


def test_the_gate_hashes_what_python_hashes(developer: Faramesh) -> None:
    for context in (None, {}, {"env": "prod", "é\U0001f600": [1.5, -0.0, 5e-324, 2**53 - 1]}):
        fields = {**LS, "context": context}
        assert developer.submit_action(**fields)["request_hash"] == compute_request_hash(fields)
        assert developer.gate_decide(**fields).request_hash == compute_request_hash(fields)


def test_an_allowed_action_runs_and_its_whole_life_is_on_record(agent: Faramesh) -> None:
    done = agent.execute_if_allowed(**LS, executor=lambda params: {"saw": params})
    assert (done["outcome"], done["decision"], done["reported"]) == ("EXECUTE", "allow", True)
    steps = [event["type"] for event in agent.get_action_events(done["action_id"])]
    assert steps == ["action.allowed", "action.executing", "action.succeeded"]
    recorded = agent.get_action(done["action_id"])
    assert (recorded["status"], recorded["result"]) == ("succeeded", {"saw": LS["params"]})
    assert agent.replay_decision(done["action_id"])["same"]


def test_a_denied_action_is_on_record_and_does_not_run(agent: Faramesh) -> None:
    call = {**LS, "params": {"cmd": "rm -rf /"}}
    answer = agent.submit_action(**call)
    assert (answer["status"], answer["decision"], answer["rule_id"]) == ("denied", "deny", "no-delete")
    with pytest.raises(faramesh.ActionDenied, match="Never"):
        agent.execute_if_allowed(**call, executor=lambda _: pytest.fail("it ran"))


def test_trap_no_rule_matched_is_not_allowed(agent: Faramesh) -> None:
    with pytest.raises(faramesh.ActionDenied) as caught:
        agent.execute_if_allowed("a", "unheard-of", "x", {}, lambda _: pytest.fail("it ran"))
    assert caught.value.reason_code == "DEFAULT_DENY_NO_MATCH"


def test_an_executor_that_raises_leaves_a_failed_action(agent: Faramesh) -> None:
    def fail(_: Any) -> None:
        raise ValueError("card declined")

    with pytest.raises(ValueError, match="card declined"):
        agent.execute_if_allowed(**LS, executor=fail)
    last = agent.list_actions(status="failed", limit=1)[0]
    assert last["error"] == "ValueError: card declined"


def test_results_of_any_kind_are_accepted_as_they_are_reported(agent: Faramesh) -> None:
    for result in (object(), "x" * 65_534, "x" * 70_000, list(range(9_000)), list(range(20_000)), None, "\x00\ud800"):
        done = agent.execute_if_allowed(**LS, executor=lambda _, result=result: result)  # type: ignore[misc]
        assert done["result"] is result
        assert done["report_error"] is None
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
        assert agent.execute_if_allowed(**LS, executor=lambda _, deep=deep: deep)["report_error"] is None  # type: ignore[misc]


def test_a_person_approves_while_the_agent_waits(agent: Faramesh, approver: Faramesh) -> None:
    def approve() -> None:
        for event in approver.stream_events(tool="stripe", status="pending_approval", after=0):
            if approver.get_action(event["action_id"])["status"] == "pending_approval":
                approver.approve_action(event["action_id"], reason="fine")
                return

    thread = threading.Thread(target=approve)
    thread.start()
    done = agent.execute_if_allowed(**REFUND, executor=lambda params: params["amount"], wait=30)
    thread.join()
    assert (done["result"], done["reported"]) == (10, True)
    decided = agent.get_action(done["action_id"])["approval"]
    assert [who["name"] for who in decided["decided_by"]] == ["ada"]


def test_a_person_rejects_while_the_agent_waits(agent: Faramesh, developer: Faramesh) -> None:
    held = agent.submit_action(**REFUND, idempotency_key="reject-me")
    developer.reject_action(held["id"], reason="not this one")
    with pytest.raises(faramesh.ApprovalRejected, match="not this one"):
        agent.execute_if_allowed(
            **REFUND, executor=lambda _: pytest.fail("it ran"), wait=30, idempotency_key="reject-me"
        )


def test_an_action_is_taken_up_again_after_its_approval_and_runs_once(agent: Faramesh, approver: Faramesh) -> None:
    ran: list[Any] = []

    def again() -> Any:
        return agent.execute_if_allowed(**REFUND, executor=ran.append, idempotency_key="order-17")

    with pytest.raises(faramesh.ApprovalRequired) as held:
        again()
    approver.approve_action(held.value.action_id)
    assert again()["action_id"] == held.value.action_id
    with pytest.raises(faramesh.ConflictError):
        again()
    assert ran == [{"amount": 10}]


def test_trap_approval_timeout_is_not_allowed(agent: Faramesh) -> None:
    with pytest.raises(faramesh.ApprovalExpired):
        agent.execute_if_allowed("a", "quick", "x", {}, lambda _: pytest.fail("it ran"), wait=20)


def test_trap_the_submitter_receives_no_token_and_never_approves_itself(agent: Faramesh, developer: Faramesh) -> None:
    held = agent.submit_action(**REFUND)
    assert "approval_token" not in held
    token = developer.get_action(held["id"])["approval_token"]
    for given in (None, token):
        with pytest.raises(faramesh.ForbiddenError):
            agent.approve_action(held["id"], token=given)
    with pytest.raises(faramesh.FarameshError):
        agent.start_action(held["id"])
    own = developer.submit_action(**{**REFUND, "tool": "bank"})
    with pytest.raises(faramesh.ForbiddenError):
        developer.approve_action(own["id"])


def test_a_token_alone_decides_without_any_key(gate: RealGate, developer: Faramesh) -> None:
    held = developer.submit_action(**REFUND)
    with Faramesh(faramesh.ClientConfig(url=gate.url)) as bearer:
        with pytest.raises(faramesh.FarameshError):
            bearer.approve_action(held["id"], token="wrong")
        assert bearer.approve_action(held["id"], token=held["approval_token"])["status"] == "approved"
        with pytest.raises(faramesh.FarameshError):
            bearer.reject_action(held["id"], token=held["approval_token"])
    with pytest.raises(faramesh.ConflictError) as caught:
        developer.reject_action(held["id"])
    assert caught.value.code == "already_decided"


def test_trap_start_raced_and_one_approval_ran_three_times(developer: Faramesh) -> None:
    action_id = developer.submit_action(**LS)["id"]

    def claim(_: int) -> str:
        try:
            return developer.start_action(action_id)["status"]
        except faramesh.ConflictError as error:
            return error.code

    with ThreadPoolExecutor(20) as pool:
        answers = sorted(pool.map(claim, range(50)))
    assert answers == ["executing", *["not_claimable"] * 49]


def test_trap_fifty_submits_with_one_idempotency_key_are_one_action(developer: Faramesh) -> None:
    def submit(_: int) -> str:
        return developer.submit_action(**LS, idempotency_key="fifty")["id"]

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(submit, range(50)))) == 1
    with pytest.raises(faramesh.ConflictError) as caught:
        developer.submit_action(**REFUND, idempotency_key="fifty")
    assert caught.value.code == "idempotency_conflict"


def test_trap_a_result_is_only_reported_on_what_was_claimed(agent: Faramesh) -> None:
    for call in (LS, REFUND):
        action_id = agent.submit_action(**call)["id"]
        with pytest.raises(faramesh.ConflictError):
            agent.report_result(action_id, True, {"ok": 1})
    claimed = agent.start_action(agent.submit_action(**LS)["id"], lease_seconds=60)
    assert claimed["permit"]
    assert agent.report_result(claimed["id"], False, error="no", meta={"try": 1})["status"] == "failed"
    with pytest.raises(faramesh.ConflictError):
        agent.report_result(claimed["id"], True)


def test_cancelled_actions_do_not_run(agent: Faramesh) -> None:
    action_id = agent.submit_action(**LS)["id"]
    assert agent.cancel_action(action_id, "changed my mind")["status"] == "cancelled"
    assert agent.wait_for_completion(action_id)["status"] == "cancelled"
    with pytest.raises(faramesh.ConflictError):
        agent.start_action(action_id)


def test_a_batch_is_decided_action_by_action(agent: Faramesh) -> None:
    results = agent.submit_actions([LS, {**LS, "params": {"cmd": "rm -rf /"}}, {**LS, "agent_id": ""}, REFUND])
    statuses = [result["action"]["status"] if "action" in result else result["error"]["code"] for result in results]
    assert statuses == ["allowed", "denied", "invalid_action", "pending_approval"]


def test_listing_filters_and_pages(developer: Faramesh) -> None:
    made = [developer.submit_action(**{**LS, "agent_id": "pager", "params": {"n": n}})["id"] for n in range(5)]
    newest_first = made[::-1]
    assert [found["id"] for found in developer.list_actions(agent_id="pager", limit=2)] == newest_first[:2]
    assert [found["id"] for found in developer.iter_actions(agent_id="pager", limit=2)] == newest_first
    assert developer.list_actions(agent_id="pager", status=["denied", "expired"]) == []
    with pytest.raises(faramesh.InvalidRequestError):
        developer.list_actions(limit=0)


def test_a_decision_explains_itself_and_leaves_no_trace_on_record(developer: Faramesh) -> None:
    before = developer.list_actions(limit=1)
    decision = developer.gate_decide(**REFUND, explain=True)
    assert (decision.outcome, decision.rule_id, decision["effect"]) == ("ABSTAIN", "refund", "require_approval")
    assert decision.approval is not None
    assert decision.trace
    assert developer.gate_decide(**REFUND).trace is None
    assert developer.list_actions(limit=1) == before


def test_a_permit_proves_exactly_the_claimed_call(developer: Faramesh) -> None:
    claimed = developer.start_action(developer.submit_action(**LS)["id"])
    claims = developer.verify_permit(claimed["permit"], **LS, context=None)
    assert claims["act"]["id"] == claimed["id"]
    with pytest.raises(faramesh.InvalidPermitError):
        developer.verify_permit(claimed["permit"], **{**LS, "params": {"cmd": "ls"}})
    flipped = claimed["permit"][:-8] + ("A" * 8)
    with pytest.raises(faramesh.InvalidPermitError):
        developer.verify_permit(flipped, **LS)


def test_keys_may_do_what_their_role_says(gate: RealGate, agent: Faramesh, approver: Faramesh) -> None:
    with pytest.raises(faramesh.ForbiddenError):
        approver.submit_action(**LS)
    with Faramesh(url=gate.url, api_key=gate.key("agent", agents=["other-*"])) as bound:
        with pytest.raises(faramesh.ForbiddenError):
            bound.submit_action(**LS)
        with pytest.raises(faramesh.NotFoundError):
            bound.get_action(agent.submit_action(**LS)["id"])
        assert bound.submit_action(**{**LS, "agent_id": "other-1"})["status"] == "allowed"


def test_events_come_in_order_and_can_be_read_again(developer: Faramesh) -> None:
    done = developer.execute_if_allowed(**{**LS, "agent_id": "streamer"}, executor=lambda _: 1)
    stream = developer.stream_events(agent_id="streamer", after=0)
    events = [next(stream) for _ in range(3)]
    assert [event["type"] for event in events] == ["action.allowed", "action.executing", "action.succeeded"]
    assert {event["action_id"] for event in events} == {done["action_id"]}
    again = developer.stream_events(agent_id="streamer", after=events[0]["ledger_index"])
    assert next(again)["ledger_index"] == events[1]["ledger_index"]


def test_coroutines_go_the_same_way(gate: RealGate, monkeypatch: pytest.MonkeyPatch, approver: Faramesh) -> None:
    monkeypatch.setenv("FARAMESH_URL", gate.url)
    monkeypatch.setenv("FARAMESH_API_KEY", gate.key("agent"))

    async def executor(params: Any) -> Any:
        await asyncio.sleep(0)
        return params["amount"]

    async def run() -> Any:
        async with AsyncFaramesh() as client:
            held = await client.submit_action(**REFUND, idempotency_key="async-1")
            waiting = asyncio.create_task(
                client.execute_if_allowed(**REFUND, executor=executor, wait=30, idempotency_key="async-1")
            )
            await asyncio.to_thread(approver.approve_action, held["id"])
            done = await waiting
            async for event in client.stream_events(agent_id="my-agent", after=0):
                assert event["ledger_index"] >= 0
                break
        decision = await faramesh.aio.gate_decide(**LS)
        return done, decision.outcome

    done, outcome = asyncio.run(run())
    assert (done["result"], done["reported"], outcome) == (10, True, "EXECUTE")


def test_a_gate_that_has_stopped_runs_nothing(gates: GateStarter) -> None:
    gate = gates(POLICY)
    key = gate.key("agent")
    with Faramesh(url=gate.url, api_key=key, backoff=0) as client:
        assert client.execute_if_allowed(**LS, executor=lambda _: 1)["executed"]
        gate.stop()
        with pytest.raises(faramesh.FarameshConnectionError):
            client.execute_if_allowed(**LS, executor=lambda _: pytest.fail("it ran"))
