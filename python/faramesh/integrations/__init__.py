"""Agents of other frameworks, going through the gate: one line each.

:func:`governed` is for plain functions, :func:`govern` for whatever tool it is given. Each framework has a module of
its own, which imports the framework; importing this package imports none.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._functions import governed
from ._governance import Options
from ._recognition import govern
from ._refusals import Refusal

if TYPE_CHECKING:
    from .autogen import govern_autogen_function
    from .crewai import govern_crewai_tool
    from .langchain import govern_langchain_tool
    from .mcp import govern_mcp_tool

__all__ = [
    "Options",
    "Refusal",
    "govern",
    "govern_autogen_function",
    "govern_crewai_tool",
    "govern_langchain_tool",
    "govern_mcp_tool",
    "governed",
]

_HOMES = {
    "govern_autogen_function": "autogen",
    "govern_crewai_tool": "crewai",
    "govern_langchain_tool": "langchain",
    "govern_mcp_tool": "mcp",
}


def __getattr__(name: str) -> Any:
    """Imports a framework's module when one of its functions is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
