"""One way for all integrations: what a call is named, that it goes through the guard, and what the model is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Callable, Literal, Optional, TypedDict, Union

from .._async_client import AsyncFaramesh
from .._canonical import compute_request_hash
from .._config import current_config
from .._errors import (
    ApprovalRequired,
    FarameshConfigError,
    FarameshConnectionError,
    FarameshError,
    FarameshPolicyError,
    RateLimitedError,
    ServerError,
)
from .._ready import default_client
from ._held import HeldCalls
from ._refusals import Refusal, is_for_operators

if TYPE_CHECKING:
    from .._client import Faramesh

Naming = Union[str, Callable[[str, Mapping[str, Any]], str]]
"""A word for the gate, or a function that makes it of the tool's own name and the params."""

Context = Union[Mapping[str, Any], Callable[[], Mapping[str, Any]]]
"""The agent's word about the circumstances, or a function that is asked for it at each call."""

DEFAULT_OPERATION = "call"

_UNDECIDED = (FarameshConnectionError, RateLimitedError, ServerError)


class Options(TypedDict, total=False):
    """What every integration takes besides ``agent_id``.

    Attributes:
        tool: The tool's name at the gate, or a function of its own name and the params. Otherwise its own name.
        operation: What it is to do, in the same way. Otherwise ``call``.
        context: The circumstances, or a function that tells them at each call.
        wait: Seconds to wait for a person's approval. Otherwise a held call is refused at once; made again with the
            same arguments, it takes up the same action, and runs if that was approved meanwhile.
        lease_seconds: How long the tool may take (900 by default).
        client: The gate to ask. Otherwise what ``configure()`` and the environment say.
        on_refusal: ``"tell"`` gives the model a text in place of the result, ``"raise"`` raises. Keys and settings
            that are wrong are raised in any case: no model can cure them.
        leave_out: Arguments of a plain function that are no params (a database handle, say). The gate does not see
            them, so no policy can be about them.
    """

    tool: Naming
    operation: Naming
    context: Context
    wait: Optional[float]
    lease_seconds: Optional[int]
    client: Optional[Faramesh]
    on_refusal: Literal["tell", "raise"]
    leave_out: Collection[str]


class Governance:
    """How the calls of some tools are put to the gate."""

    def __init__(
        self,
        agent_id: str,
        *,
        tool: Naming | None = None,
        operation: Naming = DEFAULT_OPERATION,
        context: Context | None = None,
        wait: float | None = None,
        lease_seconds: int | None = None,
        client: Faramesh | None = None,
        on_refusal: Literal["tell", "raise"] = "tell",
        leave_out: Collection[str] = (),
    ) -> None:
        """Takes what :class:`Options` describes.

        Raises:
            FarameshConfigError: When they cannot be used.
        """
        if not isinstance(agent_id, str) or not agent_id:
            raise FarameshConfigError("agent_id must say whose calls these are")
        if on_refusal not in ("tell", "raise"):
            raise FarameshConfigError("on_refusal must be 'tell' or 'raise'")
        if isinstance(leave_out, str):
            raise FarameshConfigError("leave_out must be a list of names")
        self.leave_out = frozenset(leave_out)
        self._agent_id = agent_id
        self._tool = tool
        self._operation = operation
        self._context = context
        self._wait = wait
        self._lease_seconds = lease_seconds
        self._client = client
        self._tells = on_refusal == "tell"
        self._held = HeldCalls()

    def run(
        self,
        name: str,
        params: Mapping[str, Any],
        execute: Callable[[Any], Any],
        *,
        key: str | None = None,
        untold: tuple[type[FarameshError], ...] = (),
    ) -> Any:
        """Calls ``execute(params)`` if the gate lets it, as :func:`faramesh.execute_if_allowed` does.

        Args:
            name: The tool's own name.
            params: JSON.
            execute: Performs the call with the params it is given, which are those that were decided.
            key: The call's idempotency key. Otherwise one is made, and a call that is held keeps it.
            untold: Errors to raise in any case.

        Returns:
            The tool's result, or a :class:`Refusal` where the model is to be told that it did not run.

        Raises:
            FarameshError: When it did not run and the model is not to be told.
            Exception: What ``execute`` raised.
        """
        call = self._call(name, params)
        request_hash = compute_request_hash(call)
        chosen = key or self._held.key_for(request_hash)
        executor = _Executor(execute)
        try:
            done = (self._client or default_client()).execute_if_allowed(
                **call,
                executor=executor,
                wait=self._wait,
                lease_seconds=self._lease_seconds,
                idempotency_key=chosen,
            )
        except FarameshError as error:
            self._note(request_hash, chosen, error)
            if executor.began and not isinstance(error, FarameshPolicyError):
                raise
            return self._answer(error, untold)
        self._held.forget(request_hash, chosen)
        return done["result"]

    async def arun(
        self,
        name: str,
        params: Mapping[str, Any],
        execute: Callable[[Any], Any],
        *,
        key: str | None = None,
        untold: tuple[type[FarameshError], ...] = (),
    ) -> Any:
        """What :meth:`run` does, awaiting."""
        call = self._call(name, params)
        request_hash = compute_request_hash(call)
        chosen = key or self._held.key_for(request_hash)
        executor = _Executor(execute)
        try:
            async with AsyncFaramesh(self._client.config if self._client else current_config()) as client:
                done = await client.execute_if_allowed(
                    **call,
                    executor=executor,
                    wait=self._wait,
                    lease_seconds=self._lease_seconds,
                    idempotency_key=chosen,
                )
        except FarameshError as error:
            self._note(request_hash, chosen, error)
            if executor.began and not isinstance(error, FarameshPolicyError):
                raise
            return self._answer(error, untold)
        self._held.forget(request_hash, chosen)
        return done["result"]

    def __deepcopy__(self, memo: dict[int, Any]) -> Governance:
        """The governance itself: copies of a tool know of the same held calls."""
        return self

    def _call(self, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "agent_id": self._agent_id,
            "tool": _named(self._tool, name, params) if self._tool is not None else name,
            "operation": _named(self._operation, name, params),
            "params": params,
            "context": self._context() if callable(self._context) else self._context,
        }

    def _note(self, request_hash: str, key: str, error: FarameshError) -> None:
        if isinstance(error, ApprovalRequired):
            self._held.remember(request_hash, key)
        elif not isinstance(error, _UNDECIDED):
            self._held.forget(request_hash, key)

    def _answer(self, error: FarameshError, untold: tuple[type[FarameshError], ...]) -> Refusal:
        if not self._tells or isinstance(error, untold) or is_for_operators(error):
            raise error
        return Refusal(error)


class _Executor:
    """Knows whether it was called: what a tool raises while it runs must not read as if it had not run."""

    def __init__(self, execute: Callable[[Any], Any]) -> None:
        self._execute = execute
        self.began = False

    def __call__(self, params: Any) -> Any:
        self.began = True
        return self._execute(params)


def _named(naming: Naming, name: str, params: Mapping[str, Any]) -> str:
    return naming if isinstance(naming, str) else naming(name, params)
