"""CrewAI: ``Agent(tools=govern([...], agent_id="researcher"))``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, TypeVar

from crewai.tools import BaseTool

from ._copies import with_methods
from ._functions import govern_function
from ._governance import Governance
from ._refusals import Refusal

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._governance import Options

T = TypeVar("T", bound=BaseTool)


def govern_crewai_tool(tool: T, /, *, agent_id: str, **options: Unpack[Options]) -> T:
    """A copy of the tool that asks the gate at each call, and runs only if the gate lets it.

    It has the tool's name, schema and settings. Its params are the arguments as the tool's schema read them, defaults
    included. A refusal is never cached, so a call that was held can be made again.

    Args:
        tool: A ``BaseTool``, or what ``@tool`` makes.
        agent_id: Whose calls these are.
        options: See :class:`Options`.

    Raises:
        FarameshConfigError: When an option cannot be used.
    """
    governed: T = govern_tool(tool, Governance(agent_id, **options))
    return governed


def govern_tool(tool: Any, governance: Governance) -> Any:
    """The governed copy of the tool."""
    if not isinstance(tool, BaseTool):
        raise TypeError(f"{tool!r} is not a CrewAI tool")
    governed = tool.model_copy(update={"cache_function": _uncached_refusals(tool.cache_function)})
    function = getattr(tool, "func", None)
    if function is not None:
        governed.func = govern_function(function, governance, name=tool.name)
        return governed
    run = govern_function(tool._run, governance, name=tool.name)
    methods = {"_run": lambda _, *args, **kwargs: run(*args, **kwargs)}
    if type(tool)._arun is not BaseTool._arun:
        arun = govern_function(tool._arun, governance, name=tool.name)
        methods["_arun"] = lambda _, *args, **kwargs: arun(*args, **kwargs)
    return with_methods(governed, methods)


def _uncached_refusals(cached: Callable[..., Any]) -> Callable[..., Any]:
    def cache_function(args: Any = None, result: Any = None) -> Any:
        return not isinstance(result, Refusal) and cached(args, result)

    return cache_function
