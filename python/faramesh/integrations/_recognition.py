"""Recognises what a tool is by the names of its classes, so that no framework is imported that is not there."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ._functions import govern_function, govern_functions
from ._governance import Governance

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._governance import Options

T = TypeVar("T")

_KINDS = {
    "langchain_core.tools.base.BaseTool": "langchain.govern_tool",
    "crewai.tools.base_tool.BaseTool": "crewai.govern_tool",
    "autogen_core.tools._base.BaseTool": "autogen.govern_tool",
    "autogen_core.tools._workbench.Workbench": "autogen.govern_workbench",
    "agents.tool.FunctionTool": "openai_agents.govern_tool",
    "agents.mcp.server.MCPServer": "mcp.govern_any",
    "pydantic_ai.tools.Tool": "pydantic_ai.govern_any",
    "pydantic_ai.toolsets.abstract.AbstractToolset": "pydantic_ai.govern_any",
    "llama_index.core.tools.types.BaseTool": "llamaindex.govern_tool",
    "google.adk.tools.base_tool.BaseTool": "google_adk.govern_any",
    "google.adk.tools.base_toolset.BaseToolset": "google_adk.govern_any",
    "mcp.client.session.ClientSession": "mcp.govern_any",
    "mcp.client.client.Client": "mcp.govern_any",
}
"""The classes of the frameworks, and what governs their instances."""


def govern(target: T, /, *, agent_id: str, **options: Unpack[Options]) -> T:
    """Whatever it is, going through the gate: a tool of any supported framework, a function, or many of them.

    Args:
        target: A tool of LangChain, CrewAI, AutoGen, the OpenAI Agents SDK, Pydantic AI, LlamaIndex or Google ADK; a
            toolset, workbench or MCP client; a plain function; a list or tuple of any of these; or a map of names and
            functions. It is not changed: the governed one is returned.
        agent_id: Whose calls these are.
        options: See :class:`Options`. Where ``on_refusal`` is not given, a plain function raises and a tool tells the
            model.

    Raises:
        TypeError: For what is not recognised, or cannot be governed: nothing is ever returned ungoverned.
        FarameshConfigError: When an option cannot be used.
    """
    functions = Governance(agent_id, **{"on_refusal": "raise", **options})  # type: ignore[arg-type]
    chosen: T = _governed(target, Governance(agent_id, **options), functions)
    return chosen


def _governed(target: Any, tools: Governance, functions: Governance) -> Any:
    if isinstance(target, (list, tuple)) and type(target) in (list, tuple):
        return type(target)(_governed(one, tools, functions) for one in target)
    if isinstance(target, Mapping):
        return govern_functions(target, functions)
    for kind in type(target).__mro__:
        found = _KINDS.get(f"{kind.__module__}.{kind.__qualname__}")
        if found is not None:
            module, name = found.split(".")
            return getattr(importlib.import_module(f"{__package__}.{module}"), name)(target, tools)
    if callable(target) and not isinstance(target, type):
        return govern_function(target, functions)
    raise TypeError(f"{target!r} is neither a function nor a tool that is known here, so it cannot be governed")
