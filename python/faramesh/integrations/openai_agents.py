"""OpenAI Agents SDK: ``Agent(tools=govern([...], agent_id="support"))``, agents as tools and MCP servers included."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agents import FunctionTool

from .._canonical import canonical_json
from ._governance import Governance
from ._refusals import Refusal

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._governance import Options


def govern_openai_tool(tool: FunctionTool, /, *, agent_id: str, **options: Unpack[Options]) -> FunctionTool:
    """A copy of the tool that asks the gate at each call, and runs only if the gate lets it.

    Its params are the arguments that the model wrote, with the defaults of the tool's schema. The tool gets exactly
    those. Tools that OpenAI runs by itself (web search and the like) cannot be governed and are refused.

    Args:
        tool: What ``@function_tool`` or ``agent.as_tool()`` makes.
        agent_id: Whose calls these are.
        options: See :class:`Options`.

    Raises:
        TypeError: For any other kind of tool.
        FarameshConfigError: When an option cannot be used.
    """
    return govern_tool(tool, Governance(agent_id, **options))


def govern_tool(tool: FunctionTool, governance: Governance) -> FunctionTool:
    """The governed copy of the tool."""
    if not isinstance(tool, FunctionTool):
        raise TypeError(f"{tool!r} is not a FunctionTool of the OpenAI Agents SDK")
    governed = copy.copy(tool)
    invoker = governed.on_invoke_tool
    # What the SDK makes of a failure for the model comes after the report: the gate has to hear of a failure as one.
    invoke = getattr(invoker, "_invoke_tool_impl", invoker)

    async def on_invoke_tool(context: Any, arguments: str) -> Any:
        try:
            written = _object(arguments)
        except ValueError:
            return "The arguments are not a JSON object. It did not run."

        failures: list[Exception] = []

        async def execute(params: Mapping[str, Any]) -> Any:
            try:
                return await invoke(context, canonical_json(dict(params)))
            except Exception as error:
                failures.append(error)
                raise

        try:
            result = await governance.arun(tool.name, {**_defaults(tool), **written}, execute)
        except Exception as error:
            if invoke is invoker or error not in failures:
                raise
            return await _failed(invoker, error, governed)(context, arguments)
        return str(result) if isinstance(result, Refusal) else result

    governed.on_invoke_tool = on_invoke_tool
    return governed


def _object(arguments: str) -> dict[str, Any]:
    written = json.loads(arguments) if arguments else {}
    if not isinstance(written, dict):
        raise ValueError("the arguments are not a JSON object")
    return written


def _defaults(tool: FunctionTool) -> dict[str, Any]:
    properties = tool.params_json_schema.get("properties", {})
    return {name: schema["default"] for name, schema in properties.items() if "default" in schema}


def _failed(invoker: Any, error: Exception, tool: FunctionTool) -> Any:
    async def fail(_: Any, __: str) -> Any:
        raise error

    return type(invoker)(fail, invoker._on_handled_error, function_tool=tool)
