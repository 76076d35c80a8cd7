"""What must hold of every integration: one suite, run with each framework's real agent loop."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

import pytest

from faramesh import Faramesh
from real_gate import ADMIN_KEY, RealGate
from world import BREAK, DELETE, FIND, FOUND, REFUND, REFUNDED, Call, World

SECONDS = 30


class Agent(Protocol):
    """A framework's agent whose model says what the test has written."""

    def run(self, turns: list[list[Call]], **options: Any) -> list[str]:
        """Runs it to its end: in each turn the model makes these calls at once. Gives what the model was told."""
        ...

    def governed(self, **options: Any) -> dict[str, Any]:
        """What ``run`` takes as options to use the same governed tools again."""
        ...


class AwaitedAgent(Agent, Protocol):
    """One that runs in an event loop."""

    async def start(self, turns: list[list[Call]], **options: Any) -> list[str]:
        """What ``run`` does, awaiting."""
        ...


class Desk:
    """The gate as one agent's people see it."""

    def __init__(self, gate: RealGate, agent_id: str) -> None:
        self.agent_id = agent_id
        self.admin = Faramesh(url=gate.url, api_key=ADMIN_KEY)
        self._threads: list[threading.Thread] = []

    def actions(self) -> list[Any]:
        """The agent's actions, oldest first."""
        return self.admin.list_actions(agent_id=self.agent_id)[::-1]

    def held(self) -> Any:
        """The action that is held, as soon as there is one."""
        ends_at = time.monotonic() + SECONDS
        while time.monotonic() < ends_at:
            for action in self.admin.list_actions(agent_id=self.agent_id, status="pending_approval"):
                return action
            time.sleep(0.02)
        raise AssertionError("nothing was held")

    def answer_the_next(self, *, approve: bool) -> None:
        """A person answers, in a thread of their own, as soon as something is held."""

        def answer() -> None:
            action_id = self.held()["id"]
            if approve:
                self.admin.approve_action(action_id, reason="fine")
            else:
                self.admin.reject_action(action_id, reason="not this one")

        self._threads.append(threading.Thread(target=answer))
        self._threads[-1].start()

    def close(self) -> None:
        for thread in self._threads:
            thread.join(SECONDS)
        self.admin.close()


@pytest.fixture
def desk(gate: RealGate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("FARAMESH_URL", gate.url)
    monkeypatch.setenv("FARAMESH_API_KEY", gate.key("agent"))
    desk = Desk(gate, f"support-{uuid.uuid4()}")
    yield desk
    desk.close()


def nobody_listens() -> Faramesh:
    """A client of a gate that is not there."""
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        return Faramesh(url=f"http://127.0.0.1:{port.getsockname()[1]}", api_key="fm_agent_x", retries=0)


class AgentCases:
    """Subclasses say what the framework is, and have a fixture ``agent``."""

    framework: ClassVar[str]
    distribution: ClassVar[str]
    knows_defaults: ClassVar[bool] = True
    failure: ClassVar[str] = "^ValueError: the printer is on fire$"

    def test_an_allowed_call_runs_with_exactly_the_params_that_were_decided(
        self, agent: Agent, desk: Desk, world: World
    ) -> None:
        told = agent.run([[FIND]], agent_id=desk.agent_id)
        [action] = desk.actions()
        assert (action["tool"], action["operation"], action["status"]) == ("find_orders", "call", "succeeded")
        assert world.ran == [("find_orders", {"customer": "ada", "limit": 5})]
        assert action["params"] == (world.ran[0][1] if self.knows_defaults else FIND[1])
        assert [FOUND in text for text in told] == [True]

    def test_a_denied_call_does_not_run_and_the_model_is_told_why(self, agent: Agent, desk: Desk, world: World) -> None:
        told = agent.run([[DELETE]], agent_id=desk.agent_id)
        [action] = desk.actions()
        assert action["status"] == "denied"
        assert world.ran == []
        assert "Accounts are never deleted" in told[0]
        assert action["id"] in told[0]

    def test_a_held_call_does_not_run_and_the_model_is_told_whom_it_waits_for(
        self, agent: Agent, desk: Desk, world: World
    ) -> None:
        told = agent.run([[REFUND]], agent_id=desk.agent_id)
        [action] = desk.actions()
        assert action["status"] == "pending_approval"
        assert world.ran == []
        for word in ("held for approval by an approver", "Money leaves the house", action["id"]):
            assert word in told[0]
        assert "approval_token" not in told[0]

    def test_a_held_call_that_is_made_again_runs_once_it_is_approved_and_asks_no_second_time(
        self, agent: Agent, desk: Desk, world: World
    ) -> None:
        options = agent.governed(agent_id=desk.agent_id)
        agent.run([[REFUND]], **options)
        [action] = desk.actions()
        desk.admin.approve_action(action["id"])
        told = agent.run([[REFUND]], **options)
        assert world.ran == [REFUND]
        assert REFUNDED in told[0]
        assert [one["status"] for one in desk.actions()] == ["succeeded"]

    def test_a_call_that_a_person_approves_in_time_runs(self, agent: Agent, desk: Desk, world: World) -> None:
        desk.answer_the_next(approve=True)
        told = agent.run([[REFUND]], agent_id=desk.agent_id, wait=SECONDS)
        assert world.ran == [REFUND]
        assert REFUNDED in told[0]
        assert [one["status"] for one in desk.actions()] == ["succeeded"]

    def test_a_call_that_a_person_rejects_does_not_run(self, agent: Agent, desk: Desk, world: World) -> None:
        desk.answer_the_next(approve=False)
        told = agent.run([[REFUND]], agent_id=desk.agent_id, wait=SECONDS)
        assert world.ran == []
        assert "A person rejected refund call: not this one" in told[0]

    def test_trap_a_call_that_nobody_answers_in_time_does_not_run(self, agent: Agent, desk: Desk, world: World) -> None:
        told = agent.run([[REFUND]], agent_id=desk.agent_id, wait=0.05)
        [action] = desk.actions()
        desk.admin.approve_action(action["id"])
        assert world.ran == []
        assert "held for approval" in told[0]

    def test_trap_without_a_gate_nothing_runs(self, agent: Agent, world: World) -> None:
        with nobody_listens() as client:
            told = agent.run([[FIND]], agent_id="support", client=client)
        assert world.ran == []
        assert "could not be found out (unreachable)" in told[0]

    def test_a_key_that_is_not_accepted_runs_nothing(self, agent: Agent, gate: RealGate, world: World) -> None:
        with Faramesh(url=gate.url, api_key="fm_agent_0123456789abcdef") as client, contextlib.suppress(Exception):
            agent.run([[FIND]], agent_id="support", client=client)
        assert world.ran == []

    def test_each_of_several_calls_at_once_is_decided_alone(self, agent: Agent, desk: Desk, world: World) -> None:
        told = agent.run([[DELETE, FIND, REFUND]], agent_id=desk.agent_id)
        assert world.ran == [("find_orders", {"customer": "ada", "limit": 5})]
        assert sorted(one["status"] for one in desk.actions()) == ["denied", "pending_approval", "succeeded"]
        assert [any(word in text for text in told) for word in ("never deleted", FOUND, "held for")] == [True] * 3

    def test_a_tool_that_fails_leaves_a_failed_action(self, agent: Agent, desk: Desk, world: World) -> None:
        with contextlib.suppress(Exception):
            agent.run([[BREAK]], agent_id=desk.agent_id)
        # Some frameworks try again, which is another call.
        for action in desk.actions():
            assert action["status"] == "failed"
            assert re.search(self.failure, action["error"])
        assert world.ran == [BREAK] * len(desk.actions())

    def test_names_are_mapped_as_the_options_say(self, agent: Agent, desk: Desk, world: World) -> None:
        agent.run(
            [[FIND]],
            agent_id=desk.agent_id,
            tool=lambda name, params: f"shop/{name}",
            operation="read",
            context={"session": "s-1"},
        )
        [action] = desk.actions()
        assert (action["tool"], action["operation"], action["context"]) == (
            "shop/find_orders",
            "read",
            {"session": "s-1"},
        )
        assert (action["status"], world.ran) == ("denied", [])


class AwaitedAgentCases(AgentCases):
    """What must hold besides of those that run in an event loop."""

    def test_a_run_that_is_cancelled_while_it_waits_runs_nothing(
        self, agent: AwaitedAgent, desk: Desk, world: World
    ) -> None:
        async def cancel() -> None:
            running = asyncio.ensure_future(agent.start([[REFUND]], agent_id=desk.agent_id, wait=SECONDS))
            held = await asyncio.to_thread(desk.held)
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await running
            desk.admin.approve_action(held["id"])

        asyncio.run(cancel())
        assert world.ran == []
