"""What the tests of the guard share."""

from __future__ import annotations

from typing import Any, Callable

CALL: dict[str, Any] = {"agent_id": "my-agent", "tool": "shell", "operation": "exec"}

Guard = Callable[..., Any]


class Tool:
    """An executor that remembers what it was called with."""

    def __init__(self, result: Any = None) -> None:
        self.calls: list[Any] = []
        self.result = {"result": "ok"} if result is None else result

    def __call__(self, params: Any) -> Any:
        self.calls.append(params)
        return self.result
