"""The guard: submit, wait where a person must approve, claim, run, report. Anything else does not run."""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any, Callable

from . import _calls, _guard_rules
from ._errors import ApprovalRequired, ApprovalTimeout, BadResponseError, FarameshError
from ._wait import Wait, approval_timeout, is_decided, wait_until

if TYPE_CHECKING:
    from ._guard_rules import Submission
    from ._models import Action, Execution
    from ._transport import Transport


def execute_if_allowed(
    transport: Transport,
    submission: Submission,
    executor: Callable[[Any], Any],
    *,
    wait: float | None,
    lease_seconds: int | None,
    idempotency_key: str | None,
) -> Execution:
    """Runs the executor once, if the gate lets it; see :meth:`faramesh.Faramesh.execute_if_allowed`."""
    _guard_rules.check_executor(executor)
    if inspect.iscoroutinefunction(executor):
        raise TypeError("executor is a coroutine function; use execute_if_allowed of faramesh.aio")
    submitted = transport.send(_calls.submit(submission.fields, None, idempotency_key))
    action = _let_through(transport, submitted, wait)
    claimed = _claim(transport, submission, action, lease_seconds)
    return _run(transport, executor, _guard_rules.params_to_run(submission, claimed), claimed)


def _let_through(transport: Transport, action: Action, wait: float | None) -> Action:
    if _guard_rules.may_run(action):
        return action
    if wait is None:
        raise ApprovalRequired(action)
    patience = Wait(wait)
    decided = wait_until(transport, action["id"], patience, is_decided, approval_timeout)
    _guard_rules.may_run(decided)
    if patience.is_over:
        raise ApprovalTimeout(
            decided, f"Action {action['id']} was approved only after the wait was over; it did not run."
        )
    return decided


def _claim(transport: Transport, submission: Submission, action: Action, lease_seconds: int | None) -> Action:
    claimed = transport.send(_calls.start(action["id"], lease_seconds))
    try:
        _guard_rules.check_claim(submission, action["id"], claimed)
    except BadResponseError as error:
        with contextlib.suppress(FarameshError):
            transport.send(_calls.report(action["id"], _guard_rules.failure_report(error)))
        raise
    return claimed


def _run(transport: Transport, executor: Callable[[Any], Any], params: Any, claimed: Action) -> Execution:
    try:
        result = _plain(executor(params))
    except BaseException as error:
        _report_failure(transport, claimed, error)
        raise
    try:
        reported = transport.send(_calls.report(claimed["id"], _guard_rules.success_report(result)))
    except Exception as error:  # noqa: BLE001 - it ran: the caller gets the result, whatever became of the report
        return _guard_rules.execution(claimed, result, _guard_rules.unreported(error))
    return _guard_rules.execution(reported, result, None)


def _plain(result: Any) -> Any:
    """Refuses an awaitable: nothing would ever await it, so the tool would be reported as run and never run."""
    if not inspect.isawaitable(result):
        return result
    if inspect.iscoroutine(result):
        result.close()
    raise TypeError("executor returned an awaitable, which did not run; use execute_if_allowed of faramesh.aio")


def _report_failure(transport: Transport, claimed: Action, error: BaseException) -> None:
    try:
        transport.send(_calls.report(claimed["id"], _guard_rules.failure_report(error)))
    except Exception as why:  # noqa: BLE001 - the executor's own exception is what the caller has to see
        _guard_rules.note_unreported(error, why)
