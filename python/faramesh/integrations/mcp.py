"""MCP clients: ``session = govern(session, agent_id="desk")``, and every ``call_tool`` is put to the gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable, TypeVar, cast

from ._arguments import to_json
from ._copies import same_with
from ._functions import govern_function
from ._governance import Governance
from ._refusals import Refusal, ToolFailed

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._governance import Options

T = TypeVar("T")


def govern_mcp_tool(target: T, /, *, agent_id: str, **options: Unpack[Options]) -> T:
    """A client whose ``call_tool`` asks the gate at each call, and calls only if the gate lets it.

    Args:
        target: A ``ClientSession`` or a ``Client`` that is connected; both names then mean the same connection. Or a
            function that a server is to offer as a tool.
        agent_id: Whose calls these are.
        options: See :class:`Options`. ``tool`` may add the server's name: ``lambda name, _: f"mcp__files__{name}"``.

    Raises:
        TypeError: For anything else.
        FarameshConfigError: When an option cannot be used.
    """
    return govern_any(target, Governance(agent_id, **options))


def govern_any(target: T, governance: Governance) -> T:
    """The governed client or function."""
    if not callable(getattr(target, "call_tool", None)):
        return cast("T", govern_function(cast("Callable[..., Any]", target), governance))
    client = cast("Any", target)

    async def call_tool(
        _: Any, name: str, arguments: Mapping[str, Any] | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        async def execute(params: dict[str, Any]) -> Any:
            result = await client.call_tool(name, params, *args, **kwargs)
            if getattr(result, "is_error", None) or getattr(result, "isError", None):
                raise ToolFailed(result, " ".join(getattr(part, "text", "") for part in result.content))
            return result

        try:
            result = await governance.arun(name, to_json(dict(arguments or {})), execute)
        except ToolFailed as failed:
            return failed.result
        return _told(result) if isinstance(result, Refusal) else result

    return cast("T", same_with(client, {"call_tool": call_tool}))


def _told(refusal: Refusal) -> Any:
    from mcp.types import CallToolResult

    return CallToolResult.model_validate({"content": [{"type": "text", "text": str(refusal)}], "isError": True})
