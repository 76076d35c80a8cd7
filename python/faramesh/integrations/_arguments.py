"""What a tool is called with, as the JSON that the gate decides on, and back again."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import inspect
import pathlib
import uuid
from collections.abc import Collection, Mapping
from typing import Any, Callable

from .._canonical import canonical_json

_PLAIN = (str, int, float, bool, type(None))
_WRITTEN_AS_TEXT = (decimal.Decimal, pathlib.PurePath, uuid.UUID)
_DATES = (datetime.date, datetime.time)


def to_json(value: Any) -> Any:
    """A copy of the value in JSON's own types.

    Pydantic models and dataclasses become objects, enumerations their values, dates ISO 8601, decimals, paths and UUIDs
    their text, tuples lists. Anything else (bytes, sets, objects) is left as it is, so that the gate's client refuses
    it and names its path, rather than that something is decided that is not what runs.
    """
    if isinstance(value, enum.Enum):
        return to_json(value.value)
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        return {name: to_json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, type):
        return value
    if _is_model(type(value)):
        return to_json(value.model_dump(mode="json"))
    if dataclasses.is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, _DATES):
        return value.isoformat()
    return str(value) if isinstance(value, _WRITTEN_AS_TEXT) else value


def as_decided(arguments: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments to call with, so that they are exactly the params that the gate let through.

    An argument that still says what was decided is passed on as it is. Another one is made anew from the params.

    Raises:
        TypeError: When a param was changed and its argument cannot be made of JSON. Nothing may run then.
    """
    return {name: _as_decided(name, arguments.get(name), param) for name, param in params.items()}


def _as_decided(name: str, argument: Any, param: Any) -> Any:
    if canonical_json(to_json(argument)) == canonical_json(param):
        return argument
    if isinstance(argument, (*_PLAIN, Mapping, list)):
        return param
    if _is_model(type(argument)):
        return type(argument).model_validate(param)
    raise TypeError(f"{name} is not what was decided, and cannot be made of JSON again; nothing ran")


def _is_model(kind: type) -> bool:
    return callable(getattr(kind, "model_dump", None)) and callable(getattr(kind, "model_validate", None))


class Arguments:
    """The arguments of one call of a function, by name, defaults included."""

    def __init__(
        self, signature: inspect.Signature, leave_out: Collection[str], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Binds them as Python would.

        Raises:
            TypeError: When the function cannot be called with them.
        """
        self._bound = signature.bind(*args, **kwargs)
        self._bound.apply_defaults()
        self._kinds = {name: parameter.kind for name, parameter in signature.parameters.items()}
        self._named = {name: value for name, value in self._bound.arguments.items() if name not in leave_out}
        for name, kind in self._kinds.items():
            if kind is inspect.Parameter.VAR_KEYWORD and name in self._named:
                self._spread(self._named.pop(name), leave_out)
        self.params: dict[str, Any] = to_json(self._named)

    def call(self, function: Callable[..., Any], params: Mapping[str, Any]) -> Any:
        """Calls the function with what was decided; what is left out of the params goes along as it was given."""
        decided = as_decided(self._named, params)
        for name, kind in self._kinds.items():
            if kind is inspect.Parameter.VAR_KEYWORD:
                kept = {
                    extra: value for extra, value in self._bound.arguments[name].items() if extra not in self._named
                }
                extras = {extra: decided.pop(extra) for extra in list(decided) if extra not in self._kinds}
                self._bound.arguments[name] = {**kept, **extras}
        unknown = sorted(set(decided) - set(self._kinds))
        if unknown:
            raise TypeError(f"{unknown[0]} is not an argument of this function; nothing ran")
        for name, value in decided.items():
            as_tuple = self._kinds[name] is inspect.Parameter.VAR_POSITIONAL
            self._bound.arguments[name] = tuple(value) if as_tuple else value
        return function(*self._bound.args, **self._bound.kwargs)

    def _spread(self, extras: Mapping[str, Any], leave_out: Collection[str]) -> None:
        twice = sorted(set(extras) & set(self._kinds))
        if twice:
            raise TypeError(f"{twice[0]} is given twice")
        self._named.update({name: value for name, value in extras.items() if name not in leave_out})
