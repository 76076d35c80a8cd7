"""What the guard reports, and that the caller gets the result or the exception whatever becomes of the report."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import faramesh
from fake_gate import (
    ACTION_ID,
    Answer,
    FakeGate,
    problem,
    reports,
    script_execution,
)
from faramesh import AsyncFaramesh, ClientConfig, Faramesh
from guards import CALL, Guard, Tool


def test_an_allowed_action_is_claimed_run_once_and_reported(fake: FakeGate, guard: Guard) -> None:
    script_execution(fake)
    tool, params = Tool(), {"cmd": "ls -la"}
    done = guard(executor=tool, params=params)
    assert [request.path.rsplit("/", 1)[-1] for request in fake.requests] == ["actions", "start", "result"]
    assert len(tool.calls) == 1
    assert tool.calls[0] is params
    assert done["result"] is tool.result
    assert done["execution_result"] is tool.result
    expected = {"outcome": "EXECUTE", "decision": "allow", "reason_code": "POLICY_ALLOW", "executed": True}
    assert {name: done[name] for name in expected} == expected
    assert (done["action_id"], done["reported"], done["report_error"]) == (ACTION_ID, True, None)
    assert done["action"]["status"] == "succeeded"
    assert reports(fake) == [{"success": True, "result": {"result": "ok"}}]


def test_an_executor_that_raises_is_reported_and_its_exception_goes_on(fake: FakeGate, guard: Guard) -> None:
    script_execution(fake)
    failure = ValueError("card declined")

    def fail(_: Any) -> Any:
        raise failure

    with pytest.raises(ValueError, match="card declined") as caught:
        guard(executor=fail)
    assert caught.value is failure
    assert reports(fake) == [{"success": False, "error": "ValueError: card declined"}]


def test_the_executors_exception_goes_on_even_when_the_gate_cannot_be_told(fake: FakeGate, guard: Guard) -> None:
    script_execution(fake)
    fake.on("POST", f"/v1/actions/{ACTION_ID}/result", problem(403, "forbidden"))

    def fail(_: Any) -> Any:
        raise KeyError("x")

    with pytest.raises(KeyError) as caught:
        guard(executor=fail)
    notes = getattr(caught.value, "__notes__", None)
    assert notes is None or "could not be told" in notes[0]


def test_an_exception_that_cannot_be_shown_is_reported_in_bounds(fake: FakeGate, guard: Guard) -> None:
    script_execution(fake)

    class BrokenError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    for failure in (BrokenError(), ValueError("\U0001f600" * 5000), ValueError("\ud800")):

        def fail(_: Any, failure: Exception = failure) -> Any:
            raise failure

        with pytest.raises(type(failure)):
            guard(executor=fail)
    errors = [report["error"] for report in reports(fake)]
    assert errors[0] == "BrokenError"
    assert errors[1].startswith("ValueError: \U0001f600")
    assert len(errors[1].encode("utf-16-le")) // 2 <= 4000
    assert errors[2] == "ValueError: \ufffd"


SHARED: Any = [0]
for _level in range(30):
    SHARED = [SHARED, SHARED]
LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (object(), "$.result: is a object, which JSON cannot carry"),
        ({"file": b"bytes"}, "$.result.file: is a bytes, which JSON cannot carry"),
        ("x" * 65_535, "the result is 65537 bytes, over 65536"),
        (list(range(20_000)), "the result holds more than 9984 values"),
        (SHARED, "the result holds more than 9984 values"),
        (LOOP, "the result holds more than 9984 values"),
        (float("nan"), "$.result: is not a finite number"),
    ],
    ids=range(7),
)
def test_a_result_that_cannot_be_recorded_is_described_and_the_caller_still_gets_the_object(
    fake: FakeGate, guard: Guard, result: Any, why: str
) -> None:
    script_execution(fake)
    done = guard(executor=Tool(result))
    assert done["result"] is result
    assert done["reported"]
    kind = f"{type(result).__module__}.{type(result).__qualname__}"
    assert reports(fake) == [{"success": True, "result": {"not_recorded": why, "type": kind}}]


def test_a_result_of_exactly_the_bound_is_recorded(fake: FakeGate, guard: Guard) -> None:
    script_execution(fake)
    guard(executor=Tool("x" * 65_534))
    assert reports(fake)[0]["result"] == "x" * 65_534


@pytest.mark.parametrize("fault", [problem(503, "store_unavailable"), Answer(drop=True), problem(409, "conflict")])
def test_a_report_that_fails_does_not_take_the_result_from_the_caller(
    fake: FakeGate, guard: Guard, fault: Answer
) -> None:
    script_execution(fake)
    fake.on("POST", f"/v1/actions/{ACTION_ID}/result", fault)
    tool = Tool()
    done = guard(executor=tool)
    assert done["result"] is tool.result
    assert (done["executed"], done["reported"]) == (True, False)
    assert isinstance(done["report_error"], faramesh.FarameshError)
    assert len(tool.calls) == 1


class Unreadable(dict):  # type: ignore[type-arg]
    def values(self) -> Any:
        raise RuntimeError("not now")


def test_a_result_that_cannot_even_be_looked_at_reaches_the_caller(fake: FakeGate, guard: Guard) -> None:
    script_execution(fake)
    result = Unreadable(a=1)
    assert guard(executor=Tool(result))["result"] is result
    assert reports(fake)[0]["result"]["not_recorded"] == "the result cannot be read"


def test_an_executor_that_closes_the_client_costs_the_report_but_not_the_result(
    fake: FakeGate, client: Faramesh
) -> None:
    script_execution(fake)

    def close(_: Any) -> str:
        client.close()
        return "done"

    done = client.execute_if_allowed(**CALL, params={"cmd": "ls -la"}, executor=close)
    assert (done["result"], done["reported"]) == ("done", False)


def test_trap_the_gate_is_not_skipped_for_coroutines_and_none_is_reported_without_having_run(
    fake: FakeGate, client: Faramesh
) -> None:
    script_execution(fake)

    async def tool(_: Any) -> None:
        raise AssertionError("it must not run")

    with pytest.raises(TypeError, match=r"faramesh\.aio"):
        client.execute_if_allowed(**CALL, params={"cmd": "ls -la"}, executor=lambda params: tool(params))
    assert [report["success"] for report in reports(fake)] == [False]


def test_a_cancelled_coroutine_is_reported_as_failed(fake: FakeGate, config: ClientConfig) -> None:
    script_execution(fake)

    async def run() -> None:
        started = asyncio.Event()

        async def endless(_: Any) -> None:
            started.set()
            await asyncio.sleep(60)

        async with AsyncFaramesh(config) as client:
            task = asyncio.create_task(client.execute_if_allowed(**CALL, params={"cmd": "ls -la"}, executor=endless))
            await started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert [report["error"] for report in reports(fake)] == ["CancelledError: "]
