"""The guard for coroutines: the same steps and the same rules as ``_guard``."""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any, Callable

from . import _calls, _guard_rules
from ._errors import ApprovalRequired, ApprovalTimeout, BadResponseError, FarameshError
from ._wait import Wait, approval_timeout, async_wait_until, is_decided

if TYPE_CHECKING:
    from ._guard_rules import Submission
    from ._models import Action, Execution
    from ._transport import AsyncTransport


async def execute_if_allowed(
    transport: AsyncTransport,
    submission: Submission,
    executor: Callable[[Any], Any],
    *,
    wait: float | None,
    lease_seconds: int | None,
    idempotency_key: str | None,
) -> Execution:
    """Runs the executor once, if the gate lets it; see :meth:`faramesh.AsyncFaramesh.execute_if_allowed`."""
    _guard_rules.check_executor(executor)
    submitted = await transport.send(_calls.submit(submission.fields, None, idempotency_key))
    action = await _let_through(transport, submitted, wait)
    claimed = await _claim(transport, submission, action, lease_seconds)
    return await _run(transport, executor, _guard_rules.params_to_run(submission, claimed), claimed)


async def _let_through(transport: AsyncTransport, action: Action, wait: float | None) -> Action:
    if _guard_rules.may_run(action):
        return action
    if wait is None:
        raise ApprovalRequired(action)
    patience = Wait(wait)
    decided = await async_wait_until(transport, action["id"], patience, is_decided, approval_timeout)
    _guard_rules.may_run(decided)
    if patience.is_over:
        raise ApprovalTimeout(
            decided, f"Action {action['id']} was approved only after the wait was over; it did not run."
        )
    return decided


async def _claim(
    transport: AsyncTransport, submission: Submission, action: Action, lease_seconds: int | None
) -> Action:
    claimed = await transport.send(_calls.start(action["id"], lease_seconds))
    try:
        _guard_rules.check_claim(submission, action["id"], claimed)
    except BadResponseError as error:
        with contextlib.suppress(FarameshError):
            await transport.send(_calls.report(action["id"], _guard_rules.failure_report(error)))
        raise
    return claimed


async def _run(transport: AsyncTransport, executor: Callable[[Any], Any], params: Any, claimed: Action) -> Execution:
    try:
        result = executor(params)
        if inspect.isawaitable(result):
            result = await result
    except BaseException as error:
        await _report_failure(transport, claimed, error)
        raise
    try:
        reported = await transport.send(_calls.report(claimed["id"], _guard_rules.success_report(result)))
    except Exception as error:  # noqa: BLE001 - it ran: the caller gets the result, whatever became of the report
        return _guard_rules.execution(claimed, result, _guard_rules.unreported(error))
    return _guard_rules.execution(reported, result, None)


async def _report_failure(transport: AsyncTransport, claimed: Action, error: BaseException) -> None:
    try:
        await transport.send(_calls.report(claimed["id"], _guard_rules.failure_report(error)))
    except Exception as why:  # noqa: BLE001 - the executor's own exception is what the caller has to see
        _guard_rules.note_unreported(error, why)
