"""Plain functions through the gate, and what ``govern`` recognises. Frameworks are tested in ../integration_tests."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import decimal
import enum
import functools
import inspect
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Optional

import pytest

import faramesh.integrations
from faramesh import (
    ActionDenied,
    ApprovalRequired,
    Faramesh,
    FarameshConfigError,
    FarameshConnectionError,
    InvalidActionError,
    UnauthorizedError,
)
from faramesh.integrations import Refusal, govern, governed
from faramesh.integrations._arguments import as_decided, to_json
from faramesh.integrations._held import HeldCalls
from real_gate import ADMIN_KEY, RealGate

FRAMEWORKS = [
    "agents",
    "autogen_core",
    "crewai",
    "google.adk",
    "langchain_core",
    "langgraph",
    "llama_index",
    "mcp",
    "pydantic",
    "pydantic_ai",
]
POLICY = """
version: 1
name: functions
rules:
  - { id: never, match: { tool: forbidden }, deny: true, reason: Never }
  - { id: asked, match: { tool: refund }, require_approval: true }
  - { id: other, match: { operation: call }, allow: true }
"""


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealGate]:
    gate = RealGate.start(tmp_path_factory.mktemp("gate"), POLICY)
    yield gate
    gate.stop()


@pytest.fixture
def admin(gate: RealGate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faramesh]:
    monkeypatch.setenv("FARAMESH_URL", gate.url)
    monkeypatch.setenv("FARAMESH_API_KEY", gate.key("agent"))
    with Faramesh(url=gate.url, api_key=ADMIN_KEY) as admin:
        yield admin


def must_not_run(value: Any = None) -> Any:
    raise AssertionError("it ran")


def last(admin: Faramesh) -> Any:
    return admin.list_actions(limit=1)[0]


def test_importing_the_package_imports_no_framework() -> None:
    code = (
        "import sys, faramesh, faramesh.integrations as i; i.govern, i.governed\n"
        f"print([name for name in {FRAMEWORKS!r} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert ran.stdout.strip() == "[]"


def test_the_names_are_chosen() -> None:
    frameworks = ["autogen_function", "crewai_tool", "langchain_tool", "mcp_tool"]
    names = ["Options", "Refusal", "govern", *(f"govern_{name}" for name in frameworks), "governed"]
    assert sorted(faramesh.integrations.__all__) == sorted(names)
    assert callable(faramesh.integrations.govern_autogen_function)
    assert callable(faramesh.integrations.govern_mcp_tool)
    with pytest.raises(AttributeError, match="no attribute 'govern_nothing'"):
        _ = faramesh.integrations.govern_nothing


def test_a_function_runs_with_the_arguments_that_were_decided_defaults_included(admin: Faramesh) -> None:
    @governed(agent_id="a")
    def find(customer: str, *tags: str, limit: int = 5, **more: Any) -> Any:
        """Find them."""
        return [customer, tags, limit, more]

    assert find("ada", "new", "old", page=2) == ["ada", ("new", "old"), 5, {"page": 2}]
    assert last(admin)["params"] == {"customer": "ada", "tags": ["new", "old"], "limit": 5, "page": 2}
    assert (last(admin)["tool"], last(admin)["operation"], last(admin)["status"]) == ("find", "call", "succeeded")
    assert (find.__name__, find.__doc__) == ("find", "Find them.")


def test_a_function_keeps_its_signature_with_annotations_that_anybody_can_read() -> None:
    @governed(agent_id="a")
    def find(customer: str, since: Optional[datetime.date] = None) -> list[str]:
        raise AssertionError

    parameters = inspect.signature(find).parameters
    assert parameters["customer"].annotation is str
    assert parameters["since"].annotation == Optional[datetime.date]
    assert find.__annotations__["customer"] is str


def test_trap_what_unwraps_a_function_does_not_find_the_one_that_asks_nobody() -> None:
    def pay(amount: int) -> str:
        return f"paid {amount}"

    async def pay_later(amount: int) -> str:
        return f"paid {amount}"

    for function in (pay, pay_later):
        face = governed(function, agent_id="billing")
        assert inspect.unwrap(face) is face


def test_a_coroutine_function_stays_one(admin: Faramesh) -> None:
    @governed(agent_id="a")
    async def find(customer: str) -> str:
        await asyncio.sleep(0)
        return customer

    assert inspect.iscoroutinefunction(find)
    assert asyncio.run(find("ada")) == "ada"
    assert last(admin)["status"] == "succeeded"


def test_a_denied_function_raises_and_its_body_does_not_run(admin: Faramesh) -> None:
    def forbidden() -> None:
        pytest.fail("it ran")

    async def aforbidden() -> None:
        pytest.fail("it ran")

    with pytest.raises(ActionDenied, match="Never"):
        governed(forbidden, agent_id="a")()
    with pytest.raises(ActionDenied, match="Never"):
        asyncio.run(governed(aforbidden, agent_id="a", tool="forbidden")())
    assert last(admin)["status"] == "denied"


def test_the_model_is_told_where_that_is_asked_for(admin: Faramesh) -> None:
    answer: Any = governed(must_not_run, agent_id="a", tool="forbidden", on_refusal="tell")()
    assert isinstance(answer, Refusal)
    assert isinstance(answer.error, ActionDenied)
    assert answer == (
        "The policy denied forbidden call: Never (POLICY_DENY). It did not run; do not try the same call again. "
        f"Action {last(admin)['id']}."
    )


def test_a_held_call_made_again_takes_up_the_same_action_and_runs_once(admin: Faramesh) -> None:
    ran: list[int] = []

    @governed(agent_id="a")
    def refund(amount: int) -> None:
        ran.append(amount)

    for _ in range(2):
        with pytest.raises(ApprovalRequired) as held:
            refund(17)
    assert [one["id"] for one in admin.list_actions(tool="refund")] == [held.value.action_id]
    admin.approve_action(held.value.action_id)
    refund(17)
    assert ran == [17]
    with pytest.raises(ApprovalRequired) as anew:
        refund(17)
    assert anew.value.action_id != held.value.action_id
    admin.reject_action(anew.value.action_id, reason="enough")
    with pytest.raises(faramesh.ApprovalRejected, match="enough"):
        refund(17)
    assert ran == [17]


def test_a_call_of_other_arguments_does_not_take_up_what_is_held(admin: Faramesh) -> None:
    refund = governed(must_not_run, agent_id="a", tool="refund")
    with pytest.raises(ApprovalRequired) as held:
        refund(1)
    admin.approve_action(held.value.action_id)
    with pytest.raises(ApprovalRequired) as other:
        refund(2)
    assert other.value.action_id != held.value.action_id


def test_self_and_what_is_left_out_are_no_params(admin: Faramesh) -> None:
    class Shop:
        @governed(agent_id="a", leave_out=["database"])
        def find(self, customer: str, database: object) -> Any:
            return [type(self).__name__, customer, database]

    database = object()
    assert Shop().find("ada", database) == ["Shop", "ada", database]
    assert last(admin)["params"] == {"customer": "ada"}


def test_what_cannot_be_decided_on_is_refused_and_does_not_run(admin: Faramesh) -> None:
    find = governed(must_not_run, agent_id="a")
    for data in (b"bytes", {1, 2}, object(), float("nan"), 2**60):
        with pytest.raises(InvalidActionError, match=r"\$\.params\.value"):
            find(data)


def test_an_operator_s_mistake_is_raised_and_never_told_to_the_model(gate: RealGate) -> None:
    with Faramesh(url=gate.url, api_key="fm_agent_0123456789abcdef") as client:
        find = governed(must_not_run, agent_id="a", on_refusal="tell", client=client)
        with pytest.raises(UnauthorizedError):
            find()


def test_trap_what_a_tool_raises_while_it_runs_never_reads_as_if_it_had_not_run(admin: Faramesh) -> None:
    @governed(agent_id="a", on_refusal="tell")
    def sync() -> None:
        raise FarameshConnectionError("another service is away")

    @governed(agent_id="a", on_refusal="tell")
    async def asynchronous() -> None:
        raise FarameshConnectionError("another service is away")

    for run in (sync, lambda: asyncio.run(asynchronous())):
        with pytest.raises(FarameshConnectionError, match="another service is away"):
            run()
        assert last(admin)["status"] == "failed"


def test_a_denial_of_what_a_tool_calls_is_told_as_that(admin: Faramesh) -> None:
    inner = governed(must_not_run, agent_id="a", tool="forbidden")
    told: Any = governed(lambda: inner(), agent_id="a", tool="outer", on_refusal="tell")()
    assert "The policy denied forbidden call: Never" in told


@pytest.mark.parametrize(
    "options",
    [{"agent_id": ""}, {"agent_id": "a", "on_refusal": "ignore"}, {"agent_id": "a", "leave_out": "database"}],
)
def test_options_that_cannot_be_used_are_refused(options: Any) -> None:
    with pytest.raises(FarameshConfigError):
        governed(lambda: None, **options)


def test_what_cannot_be_governed_is_refused() -> None:
    def generator() -> Iterator[int]:
        yield 1

    async def asynchronous_generator() -> Any:
        yield 1

    for target in (generator, asynchronous_generator, int, 17, "find", None, object(), [17], {"find": 17}):
        with pytest.raises(TypeError):
            govern(target, agent_id="a")
    with pytest.raises(TypeError, match="no argument session to leave out"):
        governed(lambda: None, agent_id="a", leave_out=["session"])


def test_govern_takes_functions_alone_in_lists_and_in_maps(admin: Faramesh) -> None:
    def find(customer: str) -> str:
        return customer

    for made in (govern(find, agent_id="a"), govern([find], agent_id="a")[0], govern((find,), agent_id="a")[0]):
        assert made is not find
        assert made("ada") == "ada"
    assert govern({"search": find}, agent_id="a")["search"]("ada") == "ada"
    assert last(admin)["tool"] == "search"
    assert govern(functools.partial(find, customer="bob"), agent_id="a")() == "bob"
    assert (last(admin)["tool"], last(admin)["params"]) == ("find", {"customer": "bob"})


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    at: datetime.date


class Model:
    """What a Pydantic model looks like from here."""

    def __init__(self, amount: int) -> None:
        self.amount = amount

    def model_dump(self, mode: str) -> Any:
        return {"amount": self.amount}

    @classmethod
    def model_validate(cls, value: Any) -> Model:
        return cls(value["amount"])


def test_objects_become_json_in_ways_that_are_written_down() -> None:
    day = datetime.date(2026, 1, 2)
    assert to_json({"a": (Colour.RED, Point(1, day)), "b": Model(2), "c": decimal.Decimal("1.50")}) == {
        "a": ["red", {"x": 1, "at": "2026-01-02"}],
        "b": {"amount": 2},
        "c": "1.50",
    }


def test_trap_arguments_that_changed_after_they_were_decided_do_not_run_as_changed() -> None:
    model, plain, day = Model(2), {"amount": 2}, datetime.date(2026, 1, 2)
    decided = to_json({"model": model, "plain": plain})
    model.amount, plain["amount"] = 2_000, 2_000
    run = as_decided({"model": model, "plain": plain}, decided)
    assert (run["model"].amount, run["plain"]) == (2, {"amount": 2})
    with pytest.raises(TypeError, match="not what was decided"):
        as_decided({"day": day}, {"day": "2030-01-01"})


def test_held_calls_are_bounded() -> None:
    held = HeldCalls()
    for number in range(1_001):
        held.remember(str(number), f"key {number}")
    assert held.key_for("1000") == "key 1000"
    assert held.key_for("0") != "key 0"
