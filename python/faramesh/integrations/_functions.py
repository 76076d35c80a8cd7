"""Plain functions, with and without ``async``."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Callable, TypeVar, cast, get_type_hints, overload

from ._arguments import Arguments
from ._governance import Governance

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._governance import Options

F = TypeVar("F", bound=Callable[..., Any])

_INSTANCE = ("self", "cls")


@overload
def governed(function: F, /, *, agent_id: str, **options: Unpack[Options]) -> F: ...


@overload
def governed(function: None = None, /, *, agent_id: str, **options: Unpack[Options]) -> Callable[[F], F]: ...


def governed(function: F | None = None, /, *, agent_id: str, **options: Unpack[Options]) -> F | Callable[[F], F]:
    """Makes a function ask the gate at each call, and run only if the gate lets it: ``@governed(agent_id="billing")``.

    The function keeps its name, signature and documentation. Its arguments, defaults included, are the params; what
    runs is what was decided. The first argument of a method (``self`` or ``cls``) is no param.

    Args:
        function: The function, where this is not used as a decorator.
        agent_id: Whose calls these are.
        options: See :class:`Options`. ``on_refusal`` is ``"raise"`` here, unless said otherwise.

    Raises:
        TypeError: When it cannot be governed: no function, or a generator, whose body would run after the report.
        FarameshConfigError: When an option cannot be used.

    The function raises what :func:`faramesh.execute_if_allowed` raises; then its body did not run.
    """
    governance = Governance(agent_id, **{"on_refusal": "raise", **options})  # type: ignore[arg-type]
    if function is None:
        return functools.partial(govern_function, governance=governance)
    return govern_function(function, governance)


def govern_function(
    function: F,
    governance: Governance,
    *,
    name: str | None = None,
    signature: inspect.Signature | None = None,
    leave_out: Collection[str] = (),
    awaited: bool = False,
) -> F:
    """The function, going through the gate as the governance says.

    Args:
        function: Any callable but classes and generators.
        governance: How.
        name: The tool's own name, where it is not the function's.
        signature: Whose parameters name the arguments, where they are not the function's.
        leave_out: Further arguments that are no params.
        awaited: Make a coroutine function of a synchronous one, which then runs in a thread: a wait for a person ends
            when its task is cancelled, and that of a thread would not.
    """
    named = name or _name_of(function)
    _check(function)
    own = resolved_signature(function)
    shape = signature or own
    left_out = governance.leave_out | _instance_argument(function, shape) | frozenset(leave_out)
    unknown = sorted(governance.leave_out - set(shape.parameters))
    if unknown and not _takes_any_keyword(shape):
        raise TypeError(f"{named} has no argument {unknown[0]} to leave out")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        arguments = Arguments(shape, left_out, args, kwargs)
        return governance.run(named, arguments.params, lambda params: arguments.call(function, params))

    @functools.wraps(function)
    async def acall(*args: Any, **kwargs: Any) -> Any:
        arguments = Arguments(shape, left_out, args, kwargs)
        return await governance.arun(named, arguments.params, lambda params: arguments.call(function, params))

    @functools.wraps(function)
    async def call_in_thread(*args: Any, **kwargs: Any) -> Any:
        arguments = Arguments(shape, left_out, args, kwargs)
        return await governance.arun(
            named, arguments.params, lambda params: asyncio.to_thread(arguments.call, function, params)
        )

    chosen: Any = acall if is_async(function) else call_in_thread if awaited else call
    chosen.__signature__ = own
    chosen.__annotations__ = _annotations(own)
    # What unwraps functions, to look at them or to call them, would find the one that asks nobody.
    del chosen.__wrapped__
    return cast("F", chosen)


def resolved_signature(function: Callable[..., Any]) -> inspect.Signature:
    """The function's signature with annotations that need no module to be read in, where they can be resolved."""
    signature = inspect.signature(function)
    inner = function.func if isinstance(function, functools.partial) else function
    if not inspect.isroutine(inner):
        inner = type(inner).__call__
    try:
        hints = get_type_hints(inner, include_extras=True)
    except Exception:  # noqa: BLE001 - an annotation may be anything; then it stays as it is written
        return signature
    return signature.replace(
        parameters=[
            parameter.replace(annotation=hints.get(name, parameter.annotation))
            for name, parameter in signature.parameters.items()
        ],
        return_annotation=hints.get("return", signature.return_annotation),
    )


def govern_functions(functions: Mapping[str, F], governance: Governance) -> dict[str, F]:
    """The functions of a map, each under its name there."""
    return {name: govern_function(function, governance, name=name) for name, function in functions.items()}


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a coroutine."""
    inner = function.func if isinstance(function, functools.partial) else function
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(getattr(inner, "__call__", None))  # noqa: B004


def _check(function: Any) -> None:
    if isinstance(function, (staticmethod, classmethod)):
        raise TypeError("put @governed below @staticmethod or @classmethod")
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"{function!r} is not a function")
    inner = function.func if isinstance(function, functools.partial) else function
    if inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner):
        raise TypeError("a generator cannot be governed: it would run after its report; return a list")


def _name_of(function: Any) -> str:
    inner = function.func if isinstance(function, functools.partial) else function
    return str(getattr(inner, "__name__", type(inner).__name__))


def _annotations(signature: inspect.Signature) -> dict[str, Any]:
    empty = inspect.Signature.empty
    hints = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    return {name: hint for name, hint in {**hints, "return": signature.return_annotation}.items() if hint is not empty}


def _instance_argument(function: Any, signature: inspect.Signature) -> frozenset[str]:
    first = next(iter(signature.parameters), None)
    is_method = "." in getattr(function, "__qualname__", "").rpartition("<locals>.")[2]
    return frozenset({first}) if is_method and first in _INSTANCE and first is not None else frozenset()


def _takes_any_keyword(signature: inspect.Signature) -> bool:
    return any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in signature.parameters.values())
