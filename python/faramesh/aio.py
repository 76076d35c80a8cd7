"""The ready functions for coroutines: the names of :mod:`faramesh`, to be awaited.

Each call opens a connection of its own, so that the functions work in any event loop. Where many calls follow each
other, share an :class:`faramesh.AsyncFaramesh`.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Callable, TypeVar

from ._async_client import AsyncFaramesh
from ._config import current_config
from ._ready import as_function

if sys.version_info >= (3, 10):
    from typing import Concatenate, ParamSpec
else:
    from typing_extensions import Concatenate, ParamSpec

__all__ = [
    "AsyncFaramesh",
    "approve_action",
    "block_until_approved",
    "cancel_action",
    "deny_action",
    "execute_if_allowed",
    "gate_decide",
    "get_action",
    "get_action_events",
    "iter_actions",
    "list_actions",
    "reject_action",
    "replay_decision",
    "report_result",
    "start_action",
    "stream_events",
    "submit_action",
    "submit_actions",
    "submit_and_wait",
    "tail_events",
    "verify_permit",
    "wait_for_approval",
    "wait_for_completion",
]

P = ParamSpec("P")
T = TypeVar("T")


def _ready(
    method: Callable[Concatenate[AsyncFaramesh, P], Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    @functools.wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        async with AsyncFaramesh(current_config()) as client:
            return await method(client, *args, **kwargs)

    return as_function(call, method)


def _ready_iterator(
    method: Callable[Concatenate[AsyncFaramesh, P], AsyncIterator[T]],
) -> Callable[P, AsyncIterator[T]]:
    @functools.wraps(method)
    async def iterate(*args: P.args, **kwargs: P.kwargs) -> Any:
        async with AsyncFaramesh(current_config()) as client:
            async for item in method(client, *args, **kwargs):
                yield item

    return as_function(iterate, method)


submit_action = _ready(AsyncFaramesh.submit_action)
submit_actions = _ready(AsyncFaramesh.submit_actions)
get_action = _ready(AsyncFaramesh.get_action)
list_actions = _ready(AsyncFaramesh.list_actions)
iter_actions = _ready_iterator(AsyncFaramesh.iter_actions)
get_action_events = _ready(AsyncFaramesh.get_action_events)
approve_action = _ready(AsyncFaramesh.approve_action)
reject_action = _ready(AsyncFaramesh.reject_action)
deny_action = reject_action
start_action = _ready(AsyncFaramesh.start_action)
report_result = _ready(AsyncFaramesh.report_result)
cancel_action = _ready(AsyncFaramesh.cancel_action)
wait_for_approval = _ready(AsyncFaramesh.wait_for_approval)
wait_for_completion = _ready(AsyncFaramesh.wait_for_completion)
block_until_approved = _ready(AsyncFaramesh.block_until_approved)
submit_and_wait = _ready(AsyncFaramesh.submit_and_wait)
gate_decide = _ready(AsyncFaramesh.gate_decide)
replay_decision = _ready(AsyncFaramesh.replay_decision)
execute_if_allowed = _ready(AsyncFaramesh.execute_if_allowed)
stream_events = _ready_iterator(AsyncFaramesh.stream_events)
tail_events = stream_events
verify_permit = _ready(AsyncFaramesh.verify_permit)
