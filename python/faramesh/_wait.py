"""Waiting for an action to come to another status, with an end that is always kept."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Callable

from . import _calls
from ._errors import (
    ApprovalTimeout,
    BadResponseError,
    CompletionTimeout,
    FarameshConnectionError,
    FarameshError,
    FarameshTimeoutError,
    InvalidRequestError,
    RateLimitedError,
    ServerError,
)
from ._words import FINAL_STATUSES

if TYPE_CHECKING:
    from ._models import Action
    from ._transport import AsyncTransport, Transport

_HOLD_SECONDS_MAX = 20.0
_PAUSE_SECONDS = 0.5


class Wait:
    """One wait: when it ends, and how long the next question may be held."""

    def __init__(self, seconds: float) -> None:
        """Begins now."""
        if not seconds >= 0:
            raise InvalidRequestError("A wait must be a number of seconds, 0 or more")
        self.seconds = seconds
        self._ends_at = time.monotonic() + seconds
        self._asked_at = 0.0

    @property
    def is_over(self) -> bool:
        """Whether its time has come."""
        return time.monotonic() >= self._ends_at

    def next_hold(self) -> float:
        """Seconds for which the next question may be held."""
        self._asked_at = time.monotonic()
        return max(0.0, min(_HOLD_SECONDS_MAX, self._ends_at - self._asked_at))

    def pause_before_next(self) -> float:
        """Seconds to leave the gate alone: none, unless it answered without holding the question."""
        now = time.monotonic()
        if now - self._asked_at >= _PAUSE_SECONDS:
            return 0.0
        return max(0.0, min(_PAUSE_SECONDS, self._ends_at - now))

    def outlasts(self, error: FarameshError) -> bool:
        """Whether to ask again after a failure: a gate that restarts does not end the wait of those who wait."""
        if isinstance(error, BadResponseError) or self.is_over:
            return False
        return isinstance(error, (FarameshConnectionError, ServerError, RateLimitedError))


def is_decided(action: Action) -> bool:
    """Whether the action waits for nobody's approval."""
    return action["status"] != "pending_approval"


def is_complete(action: Action) -> bool:
    """Whether nothing can change the action any more."""
    return action["status"] in FINAL_STATUSES


def approval_timeout(action: Action) -> FarameshTimeoutError:
    """The error for an approval that did not come."""
    return ApprovalTimeout(action)


def completion_timeout(action: Action) -> FarameshTimeoutError:
    """The error for a completion that did not come."""
    return CompletionTimeout(f"The wait is over; action {action['id']} is still {action['status']}")


def wait_until(
    transport: Transport,
    action_id: str,
    wait: Wait,
    reached: Callable[[Action], bool],
    timeout_error: Callable[[Action], FarameshTimeoutError],
) -> Action:
    """Asks until the action has reached what is waited for.

    Raises:
        FarameshTimeoutError: When the wait is over before.
    """
    action = transport.send(_calls.get_action(action_id, None))
    while not reached(action):
        if wait.is_over:
            raise timeout_error(action)
        try:
            action = transport.send(_calls.get_action(action_id, wait.next_hold(), action["status"]))
        except FarameshError as error:
            if not wait.outlasts(error):
                raise
        if not reached(action):
            time.sleep(wait.pause_before_next())
    return action


async def async_wait_until(
    transport: AsyncTransport,
    action_id: str,
    wait: Wait,
    reached: Callable[[Action], bool],
    timeout_error: Callable[[Action], FarameshTimeoutError],
) -> Action:
    """What :func:`wait_until` does, awaiting."""
    action = await transport.send(_calls.get_action(action_id, None))
    while not reached(action):
        if wait.is_over:
            raise timeout_error(action)
        try:
            action = await transport.send(_calls.get_action(action_id, wait.next_hold(), action["status"]))
        except FarameshError as error:
            if not wait.outlasts(error):
                raise
        if not reached(action):
            await asyncio.sleep(wait.pause_before_next())
    return action
