"""A copy of a tool that is like it in everything but how it is called."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def changed_copy(tool: T, methods: Mapping[str, Any]) -> T:
    """A shallow copy of the tool, of a class of its own, with these methods in place of those of the tool's class."""
    return with_methods(copy.copy(tool), methods)


def same_with(target: T, methods: Mapping[str, Any]) -> T:
    """Another face of the same object, with these methods in place of its own: what one opens or closes, both have."""
    face: T = object.__new__(type(target))
    face.__dict__ = target.__dict__
    return with_methods(face, methods)


def with_methods(tool: T, methods: Mapping[str, Any]) -> T:
    """The same tool, now of a class of its own that has these methods."""
    kind: Any = type(tool)
    tool.__class__ = type(kind)(kind.__name__, (kind,), {"__module__": __name__, "__doc__": kind.__doc__, **methods})
    return tool
