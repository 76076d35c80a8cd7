"""Everything this package raises. Programs match on the class or on ``code``, never on a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class FarameshError(Exception):
    """The base of all errors of this package.

    Attributes:
        code: A stable word: the gate's error code, or one of ours (``unreachable``, ``timeout``, ``bad_response``,
            ``action_denied``, ``approval_required``, ``approval_timeout``, ``not_configured``).
        status: The HTTP status of the gate's answer, where there was one.
        request_id: The gate's name for the request, to be found in its log.
        problem: The gate's whole answer (RFC 9457), where there was one.
    """

    default_code = "internal"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        problem: Mapping[str, Any] | None = None,
    ) -> None:
        """Keeps the message for people and the rest for programs."""
        super().__init__(message)
        self.code: str = code or self.default_code
        self.status = status
        self.request_id = request_id
        self.problem = problem

    def __str__(self) -> str:
        """The message, with the code and the request's name behind it."""
        trail = self.code if self.request_id is None else f"{self.code}, request {self.request_id}"
        return f"{self.args[0]} [{trail}]"

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets errors cross process borders (multiprocessing, task queues) with all they carry."""
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[FarameshError], args: tuple[Any, ...], state: dict[str, Any]) -> FarameshError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class FarameshConfigError(FarameshError, ValueError):
    """The client's own settings cannot be used: a malformed URL, or a key that would travel unprotected."""

    default_code = "not_configured"


class FarameshConnectionError(FarameshError):
    """No usable answer came from the gate (``unreachable``, ``timeout`` or ``bad_response``), so nothing may run."""

    default_code = "unreachable"


class FarameshTimeoutError(FarameshError):
    """A time the caller set was over."""

    default_code = "timeout"


class RequestTimeoutError(FarameshConnectionError, FarameshTimeoutError):
    """The gate did not answer a request in time, at any attempt."""

    default_code = "timeout"


class BadResponseError(FarameshConnectionError):
    """Something answered, but not in words this package understands. Nothing may run on such an answer."""

    default_code = "bad_response"


class FarameshAuthError(FarameshError):
    """The key was not accepted, or may not do that."""


class UnauthorizedError(FarameshAuthError):
    """401: no key, or one that is unknown or revoked."""


class ForbiddenError(FarameshAuthError):
    """403: this principal may not do that."""


class NotFoundError(FarameshError):
    """404: nothing there, or nothing this principal may see."""


class ConflictError(FarameshError):
    """409: the action is past that point. ``action_status`` is where it stands, where the gate says so."""

    def __init__(self, message: str, *, action_status: str | None = None, **details: Any) -> None:
        """Keeps the action's present status."""
        super().__init__(message, **details)
        self.action_status = action_status


class FarameshValidationError(FarameshError):
    """What was sent is not valid. ``errors`` lists ``{path, code, message}`` for each fault."""

    def __init__(self, message: str, *, errors: list[dict[str, Any]] | None = None, **details: Any) -> None:
        """Keeps the faults."""
        super().__init__(message, **details)
        self.errors: list[dict[str, Any]] = errors or []


class InvalidActionError(FarameshValidationError):
    """422 ``invalid_action``: the action is not valid; ``errors`` names the path."""

    default_code = "invalid_action"


class InvalidRequestError(FarameshValidationError):
    """Another 4xx: a query, header or body that the gate does not accept."""

    default_code = "invalid_request"


class InvalidPermitError(FarameshValidationError):
    """The permit does not prove that this call may run now."""

    default_code = "invalid_permit"


class RateLimitedError(FarameshError):
    """429: too many requests. ``retry_after`` is how many seconds to leave the gate alone, where it says so."""

    def __init__(self, message: str, *, retry_after: float | None = None, **details: Any) -> None:
        """Keeps the pause the gate asks for."""
        super().__init__(message, **details)
        self.retry_after = retry_after


class ServerError(FarameshError):
    """5xx: the gate failed; nothing was granted."""


class FarameshPolicyError(FarameshError):
    """The gate answered, and the answer is that the action may not run now.

    Attributes:
        action: The action as the gate answered it.
        action_id: Its id.
        reason_code: Why, in a word that programs may rely on.
        reason: Why, for people.
    """

    def __init__(self, message: str, *, action: Mapping[str, Any], code: str) -> None:
        """Keeps the action."""
        super().__init__(message, code=code)
        self.action = action
        self.action_id: str = action["id"]
        self.outcome: str | None = action.get("outcome")
        self.reason_code: str | None = action.get("reason_code")
        self.reason: str | None = action.get("reason")
        self.rule_id: str | None = action.get("rule_id")


class ActionDenied(FarameshPolicyError):  # noqa: N818 - an answer of the gate, named for what happened
    """The policy denied the action, a person rejected it, or its time was over. It did not run and will not."""

    def __init__(self, action: Mapping[str, Any]) -> None:
        """Says what was denied and why."""
        super().__init__(_denied_message(action), action=action, code="action_denied")

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuilds from the action."""
        return type(self), (self.action,)


class ApprovalRejected(ActionDenied):
    """A person rejected the action."""


class ApprovalExpired(ActionDenied):
    """Nobody approved the action in time."""


class ApprovalRequired(FarameshPolicyError):  # noqa: N818 - an answer of the gate, named for what happened
    """A person has to approve the action first. It did not run.

    ``token`` is its approval token, where this key may have it. The token approves: keep it out of logs.
    """

    def __init__(self, action: Mapping[str, Any], message: str | None = None, code: str = "approval_required") -> None:
        """Says who may approve, until when, and how to go on."""
        super().__init__(message or _held_message(action), action=action, code=code)
        self.token: str | None = action.get("approval_token")

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuilds from the action."""
        return type(self), (self.action, self.args[0], self.code)


class ApprovalTimeout(ApprovalRequired, FarameshTimeoutError):  # noqa: N818 - an answer of the gate
    """Nobody decided while the caller waited. The action did not run, and may still be approved or rejected later."""

    def __init__(self, action: Mapping[str, Any], message: str | None = None, code: str = "approval_timeout") -> None:
        """Says that the wait is over."""
        super().__init__(action, message or f"The wait for an approval is over. {_held_message(action)}", code)


class CompletionTimeout(FarameshTimeoutError):  # noqa: N818 - named like ApprovalTimeout
    """The action did not come to its end while the caller waited."""

    default_code = "completion_timeout"


def denied_error(action: Mapping[str, Any]) -> ActionDenied:
    """The error for an action that is ``denied``, ``expired`` or ``cancelled``."""
    if action.get("status") == "expired":
        return ApprovalExpired(action)
    return ApprovalRejected(action) if action.get("reason_code") == "HUMAN_REJECTED" else ActionDenied(action)


def _denied_message(action: Mapping[str, Any]) -> str:
    why = (action.get("approval") or {}).get("note") or action.get("reason")
    return (
        f"{_what_happened(action)}: {why} ({action.get('reason_code')}). "
        f"It did not run; do not try the same call again. Action {action['id']}."
    )


def _what_happened(action: Mapping[str, Any]) -> str:
    call = f"{action.get('tool')} {action.get('operation')}"
    if action.get("status") == "expired":
        return f"Nobody approved {call} in time, so it may not run"
    if action.get("status") == "cancelled":
        return f"{call} was cancelled, so it may not run"
    return f"A person rejected {call}" if action.get("reason_code") == "HUMAN_REJECTED" else f"The policy denied {call}"


def _held_message(action: Mapping[str, Any]) -> str:
    approval = action.get("approval") or {}
    who = ", ".join(approval.get("approvers") or []) or "an approver"
    until = f" until {approval['expires_at']}" if approval.get("expires_at") else ""
    return (
        f"{action.get('tool')} {action.get('operation')} is held for approval by {who}{until}: {action.get('reason')} "
        f"({action.get('reason_code')}). It did not run. Action {action['id']}; "
        "give wait=seconds to wait for the answer."
    )


_NO_KEY = "No key was sent: set FARAMESH_API_KEY, or call configure(api_key=...)"


def problem_error(
    status: int, problem: Mapping[str, Any], retry_after: float | None = None, *, lacks_key: bool = False
) -> FarameshError:
    """The error for an answer of 4xx or 5xx.

    Args:
        status: The HTTP status.
        problem: The answer's body, or an empty mapping where it was not a problem document.
        retry_after: Seconds from the ``Retry-After`` header.
        lacks_key: Whether a key should have been sent and none is set: then a 401 says how to set one.
    """
    code = problem.get("code")
    details: dict[str, Any] = {
        "code": code if isinstance(code, str) else f"http_{status}",
        "status": status,
        "request_id": problem.get("request_id"),
        "problem": dict(problem) or None,
    }
    message = str(problem.get("detail") or problem.get("title") or f"The gate answered with HTTP {status}")
    if lacks_key and status == 401:
        return UnauthorizedError(_NO_KEY, **details)
    if status == 409:
        return ConflictError(message, action_status=problem.get("action_status"), **details)
    if status == 429:
        return RateLimitedError(message, retry_after=retry_after, **details)
    kind = _PLAIN_KINDS.get(status)
    if kind is not None:
        return kind(message, **details)
    if status >= 500:
        return ServerError(message, **details)
    return _invalid_kind(details["code"])(message, errors=_faults(problem), **details)


_PLAIN_KINDS: dict[int, type[FarameshError]] = {401: UnauthorizedError, 403: ForbiddenError, 404: NotFoundError}


def _invalid_kind(code: str) -> type[FarameshValidationError]:
    if code == "invalid_action":
        return InvalidActionError
    return InvalidPermitError if code == "invalid_permit" else InvalidRequestError


def _faults(problem: Mapping[str, Any]) -> list[dict[str, Any]]:
    errors = problem.get("errors")
    return [fault for fault in errors if isinstance(fault, dict)] if isinstance(errors, list) else []
