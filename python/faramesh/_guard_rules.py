"""When a tool may run, with which params, and what is reported: the rules of the guard, without any I/O."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable

from . import _calls
from ._canonical import CanonicalJsonError, canonical_json, compute_request_hash
from ._errors import BadResponseError, ConflictError, FarameshConnectionError, FarameshError, denied_error
from ._words import ERROR_CHARS_MAX, NESTING_MAX, NODES_MAX, RESULT_BYTES_MAX

if TYPE_CHECKING:
    from ._models import Action, Execution

_SURROGATE = re.compile("[\ud800-\udfff]")
_DESCRIPTION_CHARS_MAX = 300
_NODES_AROUND_RESULT = 16


@dataclasses.dataclass(frozen=True)
class Submission:
    """What the caller submitted: the objects themselves, and the hash they had then."""

    fields: dict[str, Any]
    request_hash: str

    @classmethod
    def of(cls, agent_id: str, tool: str, operation: str, params: Any, context: Any) -> Submission:
        """Takes the caller's own objects, not copies."""
        fields = {"agent_id": agent_id, "tool": tool, "operation": operation, "params": params, "context": context}
        return cls(fields, compute_request_hash(fields))


def may_run(action: Action) -> bool:
    """Whether the action may be claimed (true), or waits for a person (false).

    Raises:
        ActionDenied: When it was denied, rejected, cancelled or came too late.
        ConflictError: When it was already claimed.
        BadResponseError: For any answer that is not exactly understood.
    """
    status, outcome, decision = action["status"], action["outcome"], action["decision"]
    if status == "allowed" and outcome == "EXECUTE" and decision == "allow":
        return True
    if status == "approved" and outcome in ("EXECUTE", "ABSTAIN"):
        return True
    if status == "pending_approval" and outcome == "ABSTAIN":
        return False
    if status in ("denied", "expired", "cancelled"):
        raise denied_error(action)
    if status in ("executing", "succeeded", "failed", "unknown"):
        raise ConflictError(
            f"Action {action['id']} was already claimed (it is {status}); it did not run again",
            code="not_claimable",
            action_status=status,
        )
    raise BadResponseError(
        f"The gate's answer is not understood (status {status!r}, outcome {outcome!r}, decision {decision!r}), "
        "so nothing may run"
    )


def check_claim(submission: Submission, action_id: str, claimed: Action) -> None:
    """Checks that the claim is for the action that was submitted, and whole.

    Raises:
        BadResponseError: When it is not; nothing may run then.
    """
    if claimed["id"] != action_id or claimed["status"] != "executing" or claimed["outcome"] == "HALT":
        raise BadResponseError("The claim's answer is not that this action is executing, so nothing may run")
    if not isinstance(claimed.get("permit"), str):
        raise BadResponseError("The claim's answer holds no permit, so nothing may run")
    for name in ("agent_id", "tool", "operation"):
        if claimed.get(name) != submission.fields[name]:
            raise BadResponseError(f"The claimed action has another {name} than the submitted one; nothing may run")
    if _hash_or_none(claimed) != claimed["request_hash"]:
        raise BadResponseError("The claimed action does not have the hash that it names; nothing may run")


def params_to_run(submission: Submission, claimed: Action) -> Any:
    """What the executor gets: what runs is what the claim returned.

    The caller's own object, when the claim is for exactly what was submitted and the object still is that; the
    returned params, when a person edited them or the caller's object has changed since.
    """
    if claimed["request_hash"] == submission.request_hash == _hash_or_none(submission.fields):
        return submission.fields["params"]
    return claimed["params"]


def check_executor(executor: Callable[[Any], Any]) -> None:
    """Refuses what cannot be called, before anything is submitted."""
    if not callable(executor):
        raise TypeError("executor must be a function that takes the params")


def success_report(result: Any) -> str:
    """The body of the report of a result; a bounded description where the result cannot be recorded."""
    try:
        why = _why_not_recorded(result)
        if why is None:
            return _calls.report_body(True, result, None, None)
    except Exception:  # noqa: BLE001 - an object may raise anything when it is looked at
        why = "the result cannot be read"
    kind = f"{type(result).__module__}.{type(result).__qualname__}"
    described = {"not_recorded": why, "type": bounded_text(kind, _DESCRIPTION_CHARS_MAX)}
    return _calls.report_body(True, described, None, None)


def failure_report(error: BaseException) -> str:
    """The body of the report of an executor that raised."""
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - a broken __str__ must not hide the failure itself
        text = type(error).__name__
    return _calls.report_body(False, None, bounded_text(text, ERROR_CHARS_MAX), None)


def bounded_text(text: str, chars_max: int) -> str:
    """The text, whole characters of it up to ``chars_max`` UTF-16 code units, in a form JSON can carry."""
    units = _SURROGATE.sub("\ufffd", text[:chars_max]).encode("utf-16-le")
    return units[: 2 * chars_max].decode("utf-16-le", "ignore")


def unreported(error: Exception) -> FarameshError:
    """The error to show for a report that did not get through."""
    if isinstance(error, FarameshError):
        return error
    return FarameshConnectionError(f"The report could not be sent ({type(error).__name__})")


def note_unreported(error: BaseException, why: Exception) -> None:
    """Adds to an executor's exception that the gate does not know of it (Python 3.11 and later)."""
    add_note = getattr(error, "add_note", None)
    if add_note is not None:
        add_note(f"The gate could not be told that this failed: {why}")


def execution(action: Action, result: Any, report_error: FarameshError | None) -> Execution:
    """What the caller gets back."""
    return {
        "outcome": action["outcome"],
        "decision": action["decision"],
        "reason_code": action["reason_code"],
        "executed": True,
        "action_id": action["id"],
        "result": result,
        "execution_result": result,
        "reported": report_error is None,
        "report_error": report_error,
        "action": action,
    }


def _hash_or_none(fields: Mapping[str, Any]) -> str | None:
    try:
        return compute_request_hash(fields)
    except CanonicalJsonError:
        return None


def _why_not_recorded(result: Any) -> str | None:
    if _has_more_nodes(result, NODES_MAX - _NODES_AROUND_RESULT):
        return f"the result holds more than {NODES_MAX - _NODES_AROUND_RESULT} values"
    try:
        size = len(canonical_json(result, NESTING_MAX - 1, "$.result").encode())
    except CanonicalJsonError as error:
        return bounded_text(str(error.args[0]), _DESCRIPTION_CHARS_MAX)
    return f"the result is {size} bytes, over {RESULT_BYTES_MAX}" if size > RESULT_BYTES_MAX else None


def _has_more_nodes(value: Any, most: int) -> bool:
    """Counts with an early end: a few lists that hold each other many times over make a huge text."""
    waiting, seen = [value], 0
    while waiting:
        item = waiting.pop()
        seen += 1
        if seen > most:
            return True
        if isinstance(item, dict):
            if len(item) > most:
                return True
            waiting.extend(item.values())
        elif isinstance(item, (list, tuple)):
            if len(item) > most:
                return True
            waiting.extend(item)
    return False
