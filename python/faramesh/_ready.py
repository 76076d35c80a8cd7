"""The ready functions: each is the client's method of the same name, on a client that the environment describes."""

from __future__ import annotations

import functools
import inspect
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from ._client import Faramesh
from ._config import current_config

if sys.version_info >= (3, 10):
    from typing import Concatenate, ParamSpec
else:
    from typing_extensions import Concatenate, ParamSpec

if TYPE_CHECKING:
    from ._config import ClientConfig

P = ParamSpec("P")
T = TypeVar("T")

_lock = threading.Lock()
_clients: dict[tuple[int, ClientConfig], Faramesh] = {}


def default_client() -> Faramesh:
    """The client that the ready functions share, as configured at this moment.

    A change of the environment or of :func:`faramesh.configure` takes effect with the next call, and a forked process
    gets connections of its own.
    """
    key = (os.getpid(), current_config())
    with _lock:
        client = _clients.get(key)
        if client is None:
            # The one before is let go, not closed: another thread may be in the middle of a call.
            _clients.clear()
            client = _clients[key] = Faramesh(key[1])
        return client


def ready(method: Callable[Concatenate[Faramesh, P], T]) -> Callable[P, T]:
    """The method as a function on the shared client."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        return method(default_client(), *args, **kwargs)

    return as_function(call, method)


def as_function(call: Callable[P, T], method: Callable[..., Any]) -> Callable[P, T]:
    """Makes help() and inspect show the function as it is called: without ``self``."""
    signature = inspect.signature(method)
    shown = signature.replace(parameters=list(signature.parameters.values())[1:])
    call.__signature__ = shown  # type: ignore[attr-defined]
    call.__qualname__ = method.__name__
    return call


submit_action = ready(Faramesh.submit_action)
submit_actions = ready(Faramesh.submit_actions)
get_action = ready(Faramesh.get_action)
list_actions = ready(Faramesh.list_actions)
iter_actions = ready(Faramesh.iter_actions)
get_action_events = ready(Faramesh.get_action_events)
approve_action = ready(Faramesh.approve_action)
reject_action = ready(Faramesh.reject_action)
deny_action = reject_action
start_action = ready(Faramesh.start_action)
report_result = ready(Faramesh.report_result)
cancel_action = ready(Faramesh.cancel_action)
wait_for_approval = ready(Faramesh.wait_for_approval)
wait_for_completion = ready(Faramesh.wait_for_completion)
block_until_approved = ready(Faramesh.block_until_approved)
submit_and_wait = ready(Faramesh.submit_and_wait)
gate_decide = ready(Faramesh.gate_decide)
replay_decision = ready(Faramesh.replay_decision)
execute_if_allowed = ready(Faramesh.execute_if_allowed)
stream_events = ready(Faramesh.stream_events)
tail_events = stream_events
verify_permit = ready(Faramesh.verify_permit)
