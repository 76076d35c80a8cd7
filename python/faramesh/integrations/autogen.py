"""AutoGen: ``AssistantAgent(tools=govern([...], agent_id="coder"))``, its workbenches, and the classic function map."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any, Callable, TypeVar, cast

from ._arguments import as_decided, to_json
from ._copies import changed_copy, same_with
from ._functions import govern_function, govern_functions
from ._governance import Governance
from ._refusals import Refusal, ToolFailed

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._governance import Options

T = TypeVar("T")


def govern_autogen_function(function: T, /, *, agent_id: str, **options: Unpack[Options]) -> T:
    """What AutoGen calls, asking the gate at each call, and running only if the gate lets it.

    Args:
        function: A function for ``AssistantAgent(tools=[...])``, a tool of AgentChat (``FunctionTool``, ``AgentTool``
            and others), a workbench, or the map of names and functions that the classic agents take. The params of a
            tool are its arguments as its schema read them, defaults included.
        agent_id: Whose calls these are.
        options: See :class:`Options`.

    Raises:
        TypeError: For anything else.
        FarameshConfigError: When an option cannot be used.
    """
    governed: T = govern_any(function, Governance(agent_id, **options))
    return governed


def govern_any(target: Any, governance: Governance) -> Any:
    """The governed tool, workbench, map or function."""
    if isinstance(target, Mapping):
        return govern_functions(target, governance)
    if callable(getattr(target, "run_json", None)):
        return govern_tool(target, governance)
    if callable(getattr(target, "call_tool", None)) and callable(getattr(target, "list_tools", None)):
        return govern_workbench(target, governance)
    return govern_function(target, governance)


def govern_tool(tool: Any, governance: Governance) -> Any:
    """The governed copy of a tool of AgentChat."""
    from autogen_core.tools import BaseStreamTool, BaseTool

    if not isinstance(tool, BaseTool):
        raise TypeError(f"{tool!r} is not an AutoGen BaseTool")

    async def run(_: Any, args: Any, cancellation_token: Any) -> Any:
        async def execute(params: Mapping[str, Any]) -> Any:
            return await tool.run(_decided(args, params), cancellation_token)

        return await _cancellable(governance.arun(tool.name, to_json(args), execute), cancellation_token)

    def run_stream(_: Any, args: Any, cancellation_token: Any) -> AsyncGenerator[Any, None]:
        def open_stream(params: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
            return cast("AsyncGenerator[Any, None]", tool.run_stream(_decided(args, params), cancellation_token))

        return _streamed(governance, tool.name, to_json(args), open_stream, cancellation_token)

    async def run_json_stream(
        self: Any, args: Mapping[str, Any], cancellation_token: Any, call_id: str | None = None
    ) -> AsyncGenerator[Any, None]:
        async for item in run_stream(self, self._args_type.model_validate(args), cancellation_token):
            yield item

    def return_value_as_string(_: Any, value: Any) -> str:
        return str(value if isinstance(value, Refusal) else tool.return_value_as_string(value))

    methods: dict[str, Any] = {"run": run, "return_value_as_string": return_value_as_string}
    if isinstance(tool, BaseStreamTool):
        methods = {**methods, "run_stream": run_stream, "run_json_stream": run_json_stream}
    return changed_copy(tool, methods)


def govern_workbench(workbench: Any, governance: Governance) -> Any:
    """The governed copy of a workbench, ``McpWorkbench`` among them. Give it to the agent in place of the other."""
    from autogen_core.tools import StaticWorkbench, TextResultContent, ToolResult, Workbench

    if not isinstance(workbench, Workbench):
        raise TypeError(f"{workbench!r} is not an AutoGen workbench")
    if isinstance(workbench, StaticWorkbench):
        governed = copy.copy(workbench)
        governed._tools = [govern_tool(tool, governance) for tool in workbench._tools]
        return governed
    if hasattr(workbench, "call_tool_stream"):
        raise TypeError(f"{workbench!r} streams in a way that is not known here, so it cannot be governed")

    async def call_tool(
        _: Any,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        cancellation_token: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        async def execute(params: Mapping[str, Any]) -> Any:
            result = await workbench.call_tool(name, params, cancellation_token, *args, **kwargs)
            if result.is_error:
                raise ToolFailed(result, result.to_text())
            return result

        call = governance.arun(name, to_json(dict(arguments or {})), execute)
        try:
            result = await _cancellable(call, cancellation_token)
        except ToolFailed as failed:
            return failed.result
        if not isinstance(result, Refusal):
            return result
        return ToolResult(name=name, result=[TextResultContent(content=str(result))], is_error=True)

    return same_with(workbench, {"call_tool": call_tool})


def _decided(args: Any, params: Mapping[str, Any]) -> Any:
    return as_decided({"args": args}, {"args": params})["args"]


async def _cancellable(call: Any, cancellation_token: Any) -> Any:
    task = asyncio.ensure_future(call)
    if cancellation_token is not None:
        cancellation_token.link_future(task)
    try:
        return await task
    finally:
        task.cancel()


async def _streamed(
    governance: Governance,
    name: str,
    params: Any,
    open_stream: Callable[[Mapping[str, Any]], AsyncGenerator[Any, None]],
    cancellation_token: Any,
) -> AsyncGenerator[Any, None]:
    """Yields what the tool yields while it runs; its last item is its result, and what is reported."""
    items: asyncio.Queue[Any] = asyncio.Queue(maxsize=1)

    async def execute(decided: Mapping[str, Any]) -> Any:
        last = None
        async for item in open_stream(decided):
            last = item
            await items.put((item,))
        return last

    async def call() -> None:
        try:
            result = await governance.arun(name, params, execute)
            if isinstance(result, Refusal):
                await items.put((result,))
        finally:
            await items.put(())

    task = asyncio.ensure_future(call())
    if cancellation_token is not None:
        cancellation_token.link_future(task)
    try:
        while item := await items.get():
            yield item[0]
        await task
    finally:
        task.cancel()
