"""Pydantic AI: ``Agent(tools=govern([...], agent_id="support"))``, or ``toolsets=[govern(toolset, ...)]``."""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic_ai import Tool
from pydantic_ai.toolsets import AbstractToolset, WrapperToolset

from ._arguments import as_decided, to_json
from ._functions import govern_function
from ._governance import Governance
from ._refusals import Refusal

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._governance import Options

T = TypeVar("T")


def govern_pydantic_ai_tool(tool: T, /, *, agent_id: str, **options: Unpack[Options]) -> T:
    """A copy of the tool, or a toolset around the toolset, that asks the gate at each call.

    The params of a tool are its arguments as its schema read them, defaults included; the ``RunContext`` is no param.
    Those of a toolset are the arguments as validated.

    Args:
        tool: A ``Tool``, or any toolset, of MCP servers too.
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
    if isinstance(target, AbstractToolset):
        return GovernedToolset(target, governance)
    if isinstance(target, Tool):
        return _govern_tool(target, governance)
    raise TypeError(f"{target!r} is neither a Tool nor a toolset of Pydantic AI")


@dataclasses.dataclass
class GovernedToolset(WrapperToolset):  # type: ignore[misc,type-arg,unused-ignore]
    """A toolset whose calls go through the gate."""

    governance: Governance

    async def call_tool(self, name: str, tool_args: dict[str, Any], ctx: Any, tool: Any) -> Any:
        """Calls the tool if the gate lets it, or answers that it did not run."""

        async def execute(params: Mapping[str, Any]) -> Any:
            return await self.wrapped.call_tool(name, as_decided(tool_args, params), ctx, tool)

        result = await self.governance.arun(name, to_json(tool_args), execute)
        return str(result) if isinstance(result, Refusal) else result


def _govern_tool(tool: Any, governance: Governance) -> Any:
    schema = tool.function_schema
    context = [next(iter(inspect.signature(schema.function).parameters))] if schema.takes_ctx else []
    governed = copy.copy(tool)
    governed.function = govern_function(schema.function, governance, name=tool.name, leave_out=context, awaited=True)
    governed.function_schema = dataclasses.replace(schema, function=governed.function, is_async=True)
    return governed
