"""LlamaIndex: ``FunctionAgent(tools=govern([...], agent_id="analyst"))``."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from llama_index.core.tools import BaseTool, FunctionTool, ToolOutput

from ._arguments import as_decided, to_json
from ._copies import changed_copy
from ._functions import govern_function, resolved_signature
from ._governance import Governance
from ._refusals import Refusal

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._governance import Options

T = TypeVar("T", bound=BaseTool)


def govern_llamaindex_tool(tool: T, /, *, agent_id: str, **options: Unpack[Options]) -> T:
    """A copy of the tool that asks the gate at each call, and runs only if the gate lets it.

    The params of a ``FunctionTool`` are the arguments that its function gets, defaults and ``partial_params`` included;
    the workflow's context is no param. Those of other tools are the arguments they are called with.

    Args:
        tool: Any tool of LlamaIndex.
        agent_id: Whose calls these are.
        options: See :class:`Options`.

    Raises:
        TypeError: For anything else.
        FarameshConfigError: When an option cannot be used.
    """
    governed: T = govern_tool(tool, Governance(agent_id, **options))
    return governed


def govern_tool(tool: Any, governance: Governance) -> Any:
    """The governed copy of the tool."""
    if isinstance(tool, FunctionTool):
        return _govern_function_tool(tool, governance)
    if isinstance(tool, BaseTool):
        return _govern_other_tool(tool, governance)
    raise TypeError(f"{tool!r} is not a LlamaIndex tool")


def _govern_function_tool(tool: Any, governance: Governance) -> Any:
    name = tool.metadata.get_name()
    shape = resolved_signature(tool.real_fn)
    context = [tool.ctx_param_name] if tool.ctx_param_name else []
    governed = copy.copy(tool)
    for attribute in ("_fn", "_async_fn"):
        function = govern_function(getattr(tool, attribute), governance, name=name, signature=shape, leave_out=context)
        setattr(governed, attribute, function)
    return governed


def _govern_other_tool(tool: Any, governance: Governance) -> Any:
    name = tool.metadata.get_name()

    def told(params: Mapping[str, Any], result: Any) -> Any:
        if not isinstance(result, Refusal):
            return result
        return ToolOutput(content=str(result), tool_name=name, raw_input=dict(params), raw_output=None, is_error=True)

    def call(_: Any, *args: Any, **kwargs: Any) -> Any:
        given = {**_positional(args), **kwargs}
        params = to_json(given)
        return told(params, governance.run(name, params, lambda decided: _call(tool.call, args, given, decided)))

    async def acall(_: Any, *args: Any, **kwargs: Any) -> Any:
        given = {**_positional(args), **kwargs}
        params = to_json(given)
        return told(
            params, await governance.arun(name, params, lambda decided: _call(tool.acall, args, given, decided))
        )

    return changed_copy(tool, {"__call__": call, "call": call, "acall": acall})


def _positional(args: tuple[Any, ...]) -> dict[str, Any]:
    return {"input": args[0]} if len(args) == 1 else {"args": list(args)} if args else {}


def _call(function: Any, args: tuple[Any, ...], given: Mapping[str, Any], decided: Mapping[str, Any]) -> Any:
    arguments = as_decided(given, decided)
    if not args:
        return function(**arguments)
    positional = [arguments.pop("input")] if len(args) == 1 else arguments.pop("args")
    return function(*positional, **arguments)
