"""LangChain and LangGraph: a middleware for ``create_agent``, tools anywhere else, and interrupts for people.

One line in an agent::

    agent = create_agent(model, tools, middleware=[FarameshMiddleware(agent_id="support")])

One line around tools, for a graph of one's own or a ``ToolNode``::

    tools = govern(tools, agent_id="support")
"""

from __future__ import annotations

import contextvars
import functools
import hashlib
import inspect
import json
from collections.abc import Awaitable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from langchain_core.callbacks import BaseCallbackManager
from langchain_core.callbacks.manager import BaseRunManager
from langchain_core.messages import ToolMessage
from langchain_core.runnables.config import ensure_config
from langchain_core.tools import BaseTool, StructuredTool, Tool
from langchain_core.tools.base import FILTERED_ARGS, _get_runnable_config_param
from pydantic import PrivateAttr

from .._errors import ApprovalRequired, ConflictError, FarameshConfigError
from ._arguments import as_decided, to_json
from ._functions import govern_function
from ._governance import Governance
from ._refusals import Refusal

try:
    from langchain.agents.middleware import AgentMiddleware
except ImportError:  # only langchain-core is installed: tools can be governed all the same
    AgentMiddleware = object

if TYPE_CHECKING:
    from langchain.agents.middleware import ToolCallRequest
    from langgraph.types import Command, Interrupt
    from typing_extensions import Unpack

    from ._governance import Options

T = TypeVar("T", bound=BaseTool)

_ATTEMPTS_MAX = 20

_tool_call_id: contextvars.ContextVar[str | None] = contextvars.ContextVar("faramesh_tool_call_id", default=None)


class FarameshMiddleware(AgentMiddleware):  # type: ignore[misc,unused-ignore]
    """Puts every tool call of an agent to the gate: ``create_agent(..., middleware=[FarameshMiddleware(...)])``.

    Put it last in the list, so that what it decides on is what the other middleware made of the call. Tools that a
    model's provider runs by itself never come by here. Sub-agents take a middleware of their own.
    """

    def __init__(self, agent_id: str, *, interrupts: bool = False, **options: Unpack[Options]) -> None:
        """Takes what :func:`govern_langchain_tool` takes."""
        super().__init__()
        self._governance = Governance(agent_id, **options)
        self._interrupts = interrupts

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]]
    ) -> ToolMessage | Command[Any]:
        """Lets the call through, or answers that it did not run."""
        if request.tool is not None:
            return handler(self._governed(request))
        name, params, answer = _unregistered(request)
        result = self._governance.run(name, params, lambda _: handler(request))
        return answer(result) if isinstance(result, Refusal) else result

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """What :meth:`wrap_tool_call` does, awaiting."""
        if request.tool is not None:
            return await handler(self._governed(request))
        name, params, answer = _unregistered(request)
        result = await self._governance.arun(name, params, lambda _: handler(request))
        return answer(result) if isinstance(result, Refusal) else result

    def _governed(self, request: ToolCallRequest) -> ToolCallRequest:
        return request.override(tool=govern_tool(request.tool, self._governance, self._interrupts))


def govern_langchain_tool(tool: T, /, *, agent_id: str, interrupts: bool = False, **options: Unpack[Options]) -> T:
    """A copy of the tool that asks the gate at each call, and runs only if the gate lets it.

    It has the tool's class, name, schema and settings. Its params are the arguments as the tool's schema read them,
    defaults included; what LangChain injects (state, store, runtime, config, the call's id) is no param.

    Args:
        tool: Any LangChain ``BaseTool``.
        agent_id: Whose calls these are.
        interrupts: In a LangGraph graph with a checkpointer, let a held call interrupt the graph instead of telling
            the model. The interrupt's value names the action (``action_id``); see :func:`resume_actions`. The graph
            goes on only when the gate says that a person answered, whatever it is resumed with. A call that ended
            does not run again when its node is run again.
        options: See :class:`Options`.

    Raises:
        FarameshConfigError: When an option cannot be used.
    """
    governed: T = govern_tool(tool, Governance(agent_id, **options), interrupts)
    return governed


def resume_actions(interrupts: Iterable[Interrupt], *action_ids: str) -> Command[Any]:
    """What to invoke the graph with when people have answered for these actions.

    It approves nothing: the graph asks the gate, and interrupts again for what is still held.

    Args:
        interrupts: ``result["__interrupt__"]``, or ``graph.get_state(config).interrupts``.
        action_ids: The actions. Without any, all that are held.

    Raises:
        FarameshConfigError: When the graph does not wait for one of them.
    """
    from langgraph.types import Command

    waiting = {one.value["action_id"]: one.id for one in interrupts if _is_held(one.value)}
    unknown = sorted(set(action_ids) - set(waiting))
    if unknown or not waiting:
        raise FarameshConfigError(f"This graph does not wait for action {', '.join(unknown) or '(any)'}")
    chosen = action_ids or tuple(waiting)
    return Command(resume={waiting[action_id]: {"action_id": action_id} for action_id in chosen})


def govern_tool(tool: Any, governance: Governance, interrupts: bool = False) -> Any:
    """The governed copy of the tool."""
    if not isinstance(tool, BaseTool):
        raise TypeError(f"{tool!r} is not a LangChain tool")
    governed = tool.model_copy(update=_governed_functions(tool, governance))
    kind: Any = type(tool)
    governed.__class__ = _governed_class(kind)
    governed._faramesh_call = _GovernedCall(tool, governance, interrupts)
    return governed


def _governed_functions(tool: Any, governance: Governance) -> dict[str, Any]:
    """The tool's own functions, governed, for those who take them out of it, as other frameworks do."""
    functions = {name: getattr(tool, name, None) for name in ("func", "coroutine")}
    return {
        name: govern_function(function, governance, name=tool.name, leave_out=_unseen(tool, function))
        for name, function in functions.items()
        if function is not None
    }


def _unseen(tool: Any, function: Callable[..., Any]) -> list[str]:
    """The arguments that LangChain injects, whatever the model writes."""
    names = dict.fromkeys(inspect.signature(function).parameters)
    seen = tool._filter_injected_args(names)
    return [name for name in names if name not in seen or name == _get_runnable_config_param(function)]


@functools.lru_cache(maxsize=256)
def _governed_class(kind: Any) -> Any:
    """The class with another ``_run``; the tool itself stays whole, and is what runs in the end."""

    def run(self: Any, *args: Any, tool_call_id: str | None = None, **kwargs: Any) -> Any:
        token = _tool_call_id.set(tool_call_id)
        try:
            return kind.run(self, *args, tool_call_id=tool_call_id, **kwargs)
        finally:
            _tool_call_id.reset(token)

    async def arun(self: Any, *args: Any, tool_call_id: str | None = None, **kwargs: Any) -> Any:
        token = _tool_call_id.set(tool_call_id)
        try:
            return await kind.arun(self, *args, tool_call_id=tool_call_id, **kwargs)
        finally:
            _tool_call_id.reset(token)

    @functools.wraps(kind._run)
    def _run(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self._faramesh_call.run(args, kwargs)

    # BaseTool's own _arun takes what _run takes: LangChain looks there for what it has to inject.
    @functools.wraps(kind._run if kind._arun is BaseTool._arun else kind._arun)
    async def _arun(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await self._faramesh_call.arun(args, kwargs)

    namespace: dict[str, Any] = {
        "__module__": __name__,
        "__annotations__": {"_faramesh_call": Any},
        "_faramesh_call": PrivateAttr(),
        "run": run,
        "arun": arun,
        "_run": _run,
        "_arun": _arun,
    }
    if kind.ainvoke in (StructuredTool.ainvoke, Tool.ainvoke):
        # Theirs does all of a synchronous tool in a thread. The wait for a person has to end when the run is cancelled.
        namespace["ainvoke"] = BaseTool.ainvoke
    return type(kind)(kind.__name__, (kind,), namespace)


class _GovernedCall:
    """How one tool's calls go through the gate."""

    def __init__(self, tool: BaseTool, governance: Governance, interrupts: bool) -> None:
        self._tool = tool
        self._governance = governance
        self._interrupts = interrupts

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        positional, named, injected = self._split(args, kwargs)

        def execute(params: Mapping[str, Any]) -> Any:
            decided = as_decided(named, params)
            return self._tool._run(*[decided.pop(name) for name in positional], **injected, **decided)

        attempts = self._attempts()
        while True:
            try:
                result = self._governance.run(
                    self._tool.name, to_json(named), execute, key=attempts.key, untold=attempts.untold
                )
            except (ApprovalRequired, ConflictError) as error:
                result = attempts.after(error)
            if result is not _AGAIN:
                return self._answer(result)

    async def arun(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        positional, named, injected = self._split(args, kwargs)

        async def execute(params: Mapping[str, Any]) -> Any:
            decided = as_decided(named, params)
            return await self._tool._arun(*[decided.pop(name) for name in positional], **injected, **decided)

        attempts = self._attempts()
        while True:
            try:
                result = await self._governance.arun(
                    self._tool.name, to_json(named), execute, key=attempts.key, untold=attempts.untold
                )
            except (ApprovalRequired, ConflictError) as error:
                result = attempts.after(error)
            if result is not _AGAIN:
                return self._answer(result)

    def _split(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[str], dict[str, Any], dict[str, Any]]:
        """The names of the positional arguments, the arguments that are params, and those that LangChain injects."""
        positional = list(self._tool.args)[: len(args)] if args else []
        if len(positional) != len(args):
            raise TypeError(f"{self._tool.name} was called with {len(args)} positional arguments; nothing ran")
        seen = self._tool._filter_injected_args(kwargs)
        # Left out by their names alone; a model may write a param of such a name where the tool has no such argument.
        written = {name: value for name, value in kwargs.items() if name in FILTERED_ARGS and not _is_injected(value)}
        seen = {**seen, **written}
        seen.pop(_get_runnable_config_param(self._tool._run) or "", None)
        named = {**dict(zip(positional, args)), **seen}
        return positional, named, {name: value for name, value in kwargs.items() if name not in seen}

    def _attempts(self) -> _Attempts:
        place = ensure_config().get("configurable", {})
        call_id = _tool_call_id.get()
        if not self._interrupts or call_id is None or place.get("thread_id") is None:
            return _Attempts(None)
        return _Attempts([str(place["thread_id"]), str(place.get("checkpoint_ns", "")), call_id])

    def _answer(self, result: Any) -> Any:
        if not isinstance(result, Refusal):
            return result
        call_id = _tool_call_id.get()
        told: Any = str(result) if call_id is None else _told(result, self._tool.name, call_id)
        return (told, None) if self._tool.response_format == "content_and_artifact" else told


_AGAIN = object()


class _Attempts:
    """The idempotency key of one call of a graph: the same whenever its node is run again.

    So what was held is taken up, and what ended is not run again. Only after an attempt that failed, as one does that
    an interrupt within the tool ended, another is made, and decided anew.
    """

    def __init__(self, place: list[str] | None) -> None:
        self._place = place
        self._number = 0
        self.untold = () if place is None else (ApprovalRequired, ConflictError)

    @property
    def key(self) -> str | None:
        if self._place is None:
            return None
        return hashlib.sha256(json.dumps([*self._place, self._number]).encode()).hexdigest()

    def after(self, error: ApprovalRequired | ConflictError) -> Any:
        """What to do then: ask again, or the answer for the model.

        Raises:
            GraphInterrupt: Where a person has to answer first.
        """
        if self._place is None:
            raise error
        if isinstance(error, ApprovalRequired):
            from langgraph.types import interrupt

            interrupt(_held_value(error))
            return _AGAIN
        if error.action_status == "failed" and self._number < _ATTEMPTS_MAX:
            self._number += 1
            return _AGAIN
        return Refusal(error)


def _held_value(held: ApprovalRequired) -> dict[str, Any]:
    """What the graph's caller sees. The approval token is not in it: checkpoints are no place for what approves."""
    action = held.action
    approval = action.get("approval") or {}
    return {
        "type": "faramesh.approval",
        "action_id": held.action_id,
        "tool": action.get("tool"),
        "operation": action.get("operation"),
        "params": action.get("params"),
        "reason": held.reason,
        "reason_code": held.reason_code,
        "approvers": approval.get("approvers"),
        "expires_at": approval.get("expires_at"),
    }


def _is_injected(value: Any) -> bool:
    return value is None or isinstance(value, (BaseCallbackManager, BaseRunManager))


def _is_held(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("type") == "faramesh.approval"


def _unregistered(request: ToolCallRequest) -> tuple[str, Any, Callable[[Refusal], ToolMessage]]:
    """A call of a tool that only middleware further in knows: its arguments as the model wrote them."""
    call = request.tool_call
    return call["name"], dict(call["args"]), lambda refusal: _told(refusal, call["name"], str(call["id"]))


def _told(refusal: Refusal, name: str, call_id: str) -> ToolMessage:
    return ToolMessage(str(refusal), name=name, tool_call_id=call_id, status="error")
