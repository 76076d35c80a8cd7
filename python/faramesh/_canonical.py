"""The one text of a JSON value (RFC 8785), and the hash that names an action."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from ._errors import InvalidActionError
from ._words import NESTING_MAX

_HASHED_FIELDS = ("agent_id", "tool", "operation", "params", "context")
_INTEGER_MAX = 2**53 - 1
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_FORBIDDEN_KEYS = frozenset({"__proto__", "constructor"})


class CanonicalJsonError(InvalidActionError, ValueError):
    """A value that has no canonical form, or that two JSON parsers could read differently.

    ``path`` says where, from ``$``: ``$.params.items[0]``. It is an :class:`~faramesh.InvalidActionError`, because
    the gate refuses the same values with the same code; here it is found before anything is sent.
    """

    def __init__(self, path: str, message: str) -> None:
        """Names the place and what is wrong there."""
        fault = {"path": path, "code": "invalid_value", "message": message}
        super().__init__(f"{path}: {message}", errors=[fault])
        self.path = path


def canonical_json(value: Any, nesting_max: int = NESTING_MAX, path: str = "$") -> str:
    """Serialises a value by the JSON Canonicalization Scheme (RFC 8785).

    Members are sorted by UTF-16 code units, numbers have their shortest form, there is no white space: the same value
    gives the same text in every language.

    Args:
        value: ``None``, ``bool``, ``int``, ``float``, ``str``, ``dict`` with ``str`` keys, ``list`` or ``tuple``
            (written as an array). Subclasses count as what they extend, so a ``str`` enum is its text.
        nesting_max: The deepest nesting of arrays and objects.
        path: The path errors start from.

    Raises:
        CanonicalJsonError: For anything else (dates, decimals, bytes, sets, objects are not guessed at), and for
            NaN and infinities, integers beyond ±(2^53-1), lone surrogates, keys that are not ``str``, the keys
            ``__proto__`` and ``constructor``, and nesting past ``nesting_max``.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value, path)
    if isinstance(value, int):
        return _integer(int(value), path)
    if isinstance(value, float):
        return _float(float(value), path)
    if not isinstance(value, (dict, list, tuple)):
        raise CanonicalJsonError(path, f"is a {type(value).__name__}, which JSON cannot carry")
    if nesting_max == 0:
        raise CanonicalJsonError(path, "is nested too deeply")
    if isinstance(value, dict):
        return _object(value, nesting_max, path)
    items = (canonical_json(item, nesting_max - 1, f"{path}[{index}]") for index, item in enumerate(value))
    return f"[{','.join(items)}]"


def canonical_request(action: Mapping[str, Any]) -> str:
    """The canonical text of an action, over ``agent_id``, ``tool``, ``operation``, ``params`` and ``context``.

    Args:
        action: A request, or a whole action as the gate answers it. Other fields are not part of the text, and a
            ``context`` that is absent or ``None`` does not appear.

    Raises:
        CanonicalJsonError: Where a value has no canonical form.
    """
    return canonical_json({name: action[name] for name in _HASHED_FIELDS if action.get(name) is not None}, 34)


def compute_request_hash(action: Mapping[str, Any] | None = None, /, **fields: Any) -> str:
    """The ``request_hash`` of an action: lower-case hex SHA-256 of its canonical text, equal to the gate's.

    Args:
        action: A request or an action, or give its fields by name:
            ``compute_request_hash(agent_id="a", tool="shell", operation="exec", params={})``.

    Raises:
        CanonicalJsonError: Where a value has no canonical form.
    """
    return sha256_hex(canonical_request({**(action or {}), **fields}))


def sha256_hex(text: str) -> str:
    """Lower-case hex SHA-256 of the text's UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def member_path(parent: str, key: str) -> str:
    """Extends a path by a member name: ``$.a``, or ``$["odd name"]`` where the name is not an identifier."""
    if _PLAIN_IDENTIFIER.fullmatch(key):
        return f"{parent}.{key}"
    return f"{parent}[{_SURROGATE.sub(lambda hit: f'{chr(92)}u{ord(hit[0]):04x}', _quoted(key))}]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _string(value: str, path: str) -> str:
    if _SURROGATE.search(value):
        raise CanonicalJsonError(path, "holds a lone surrogate")
    return _quoted(value)


def _integer(value: int, path: str) -> str:
    if abs(value) > _INTEGER_MAX:
        raise CanonicalJsonError(path, "is an integer beyond ±(2^53−1)")  # noqa: RUF001
    return str(value)


def _float(value: float, path: str) -> str:
    if not math.isfinite(value):
        raise CanonicalJsonError(path, "is not a finite number")
    if value.is_integer():
        return _integer(int(value), path)
    text = repr(value)
    if "e" not in text:
        return text
    # Python writes exponents from 1e-05 on, with two digits; ECMAScript from 1e-7 on, with as few as it takes.
    mantissa, exponent = text.split("e")
    if int(exponent) < -6:
        return f"{mantissa}e{int(exponent)}"
    sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    return f"{sign}0.{'0' * (-int(exponent) - 1)}{digits.replace('.', '')}"


def _object(members: dict[Any, Any], nesting_max: int, path: str) -> str:
    for key in members:
        if not isinstance(key, str):
            raise CanonicalJsonError(path, f"has a key that is a {type(key).__name__}; keys must be strings")
    parts = []
    for key in sorted(members, key=_utf16):
        place = member_path(path, key)
        if key in _FORBIDDEN_KEYS:
            raise CanonicalJsonError(place, "is a key that is not accepted")
        parts.append(f"{_string(key, place)}:{canonical_json(members[key], nesting_max - 1, place)}")
    return f"{{{','.join(parts)}}}"


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")
