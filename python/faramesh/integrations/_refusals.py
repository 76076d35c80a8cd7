"""What a model is told about a call that did not run."""

from __future__ import annotations

from typing import Any

from .._errors import (
    ApprovalRequired,
    FarameshAuthError,
    FarameshConfigError,
    FarameshConnectionError,
    FarameshError,
    FarameshPolicyError,
    FarameshValidationError,
    RateLimitedError,
    ServerError,
)

_FAULTS_MAX = 5


class Refusal(str):
    """The text for the model, in place of the tool's result. ``error`` is what was raised."""

    __slots__ = ("error",)

    error: FarameshError

    def __new__(cls, error: FarameshError) -> Refusal:
        """Says what happened in words that a model can act on."""
        refusal = super().__new__(cls, _text(error))
        refusal.error = error
        return refusal


class ToolFailed(Exception):  # noqa: N818 - not an error of ours: what a tool answered
    """A tool answered that it failed. Raised within the guard, so that the gate hears of a failure as one."""

    def __init__(self, result: Any, why: str) -> None:
        """Keeps the answer for the framework."""
        super().__init__(why)
        self.result = result


def is_for_operators(error: FarameshError) -> bool:
    """Whether nobody but the operator can cure it: a key or a setting that is wrong. Models are not told of those."""
    return isinstance(error, (FarameshAuthError, FarameshConfigError))


def _text(error: FarameshError) -> str:
    if isinstance(error, ApprovalRequired):
        return _held(error)
    if isinstance(error, FarameshPolicyError):
        return str(error.args[0])
    if isinstance(error, (FarameshConnectionError, RateLimitedError, ServerError)):
        return (
            f"Whether this call may run could not be found out ({error.code}), so it may not. "
            "It did not run. Try again later, or say that it cannot be done now."
        )
    if isinstance(error, FarameshValidationError) and error.errors:
        faults = "; ".join(f"{fault.get('path')}: {fault.get('message')}" for fault in error.errors[:_FAULTS_MAX])
        return f"The call is not valid: {faults}. It did not run."
    return f"{error.args[0]} [{error.code}]. It did not run."


def _held(error: ApprovalRequired) -> str:
    action = error.action
    approval = action.get("approval") or {}
    who = ", ".join(approval.get("approvers") or []) or "an approver"
    until = f" until {approval['expires_at']}" if approval.get("expires_at") else ""
    return (
        f"{action.get('tool')} {action.get('operation')} is held for approval by {who}{until}: {action.get('reason')} "
        f"({action.get('reason_code')}). It did not run. Action {error.action_id}. Once it is approved, make the same "
        "call with the same arguments again; until then, say that it waits for approval."
    )
