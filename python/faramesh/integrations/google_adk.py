"""Google ADK: ``Agent(tools=govern([...], agent_id="planner"))``."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from google.adk.tools.base_tool import BaseTool
from google.adk.tools.base_toolset import BaseToolset
from google.adk.tools.function_tool import FunctionTool
from google.adk.tools.long_running_tool import LongRunningFunctionTool

from ._arguments import as_decided, to_json
from ._copies import changed_copy, same_with
from ._functions import govern_function
from ._governance import Governance
from ._refusals import Refusal

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._governance import Options

T = TypeVar("T")


def govern_adk_tool(tool: T, /, *, agent_id: str, **options: Unpack[Options]) -> T:
    """A copy of the tool, or of the toolset, that asks the gate at each call, and runs only if the gate lets it.

    The params of a ``FunctionTool`` are what its function gets, defaults included; the ``ToolContext`` is no param.
    Those of other tools are the arguments that the model wrote. Tools that the model's provider runs by itself
    (Google search and the like) never call anything here, so they cannot be governed.

    Args:
        tool: A ``BaseTool`` (``FunctionTool``, ``AgentTool`` and others) or a toolset, of MCP servers too.
        agent_id: Whose calls these are.
        options: See :class:`Options`.

    Raises:
        TypeError: For anything else.
        FarameshConfigError: When an option cannot be used.
    """
    governed: T = govern_any(tool, Governance(agent_id, **options))
    return governed


def govern_any(target: Any, governance: Governance) -> Any:
    """The governed tool or toolset."""
    if isinstance(target, BaseToolset):
        return _govern_toolset(target, governance)
    if isinstance(target, BaseTool):
        return _govern_tool(target, governance)
    raise TypeError(f"{target!r} is neither a tool nor a toolset of Google ADK")


def _govern_tool(tool: Any, governance: Governance) -> Any:
    if type(tool) in (FunctionTool, LongRunningFunctionTool):
        governed = copy.copy(tool)
        governed.func = govern_function(
            tool.func, governance, name=tool.name, leave_out=[tool._context_param_name], awaited=True
        )
        return governed
    if type(tool).run_async is BaseTool.run_async:
        raise TypeError(f"{tool.name} is run by the model's provider, so it cannot be governed here")

    async def run_async(_: Any, *, args: dict[str, Any], tool_context: Any) -> Any:
        async def execute(params: Mapping[str, Any]) -> Any:
            return await tool.run_async(args=as_decided(args, params), tool_context=tool_context)

        result = await governance.arun(tool.name, to_json(args), execute)
        return {"error": str(result)} if isinstance(result, Refusal) else result

    return changed_copy(tool, {"run_async": run_async})


def _govern_toolset(toolset: Any, governance: Governance) -> Any:
    async def get_tools(_: Any, readonly_context: Any = None) -> list[Any]:
        return [_govern_tool(tool, governance) for tool in await toolset.get_tools(readonly_context)]

    return same_with(toolset, {"get_tools": get_tools})
