"""The client for coroutines: every call of the gate as a method to await."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Callable

from . import _async_guard, _calls
from ._config import ClientConfig, resolve_config
from ._errors import denied_error
from ._events import async_stream_events
from ._guard_rules import Submission
from ._permit import DEFAULT_AUDIENCE, NOT_GIVEN, Expected, KeyCache, verify
from ._replay import compare, request_of
from ._transport import AsyncTransport
from ._wait import Wait, approval_timeout, async_wait_until, completion_timeout, is_complete, is_decided

if TYPE_CHECKING:
    from types import TracebackType

    from ._calls import Moment, Words
    from ._models import Action, ActionEvent, BatchResult, Decision, Execution, Replay


class AsyncFaramesh:
    """A client of one gate, for one event loop. Use it in ``async with``, or await :meth:`close` when done.

    Every method raises a :class:`FarameshError`: :class:`FarameshConnectionError` where the gate cannot be reached
    (nothing may run then), and a class of its own for each kind of refusal.
    """

    def __init__(self, config: ClientConfig | None = None, /, **settings: Any) -> None:
        """Prepares the client; nothing is sent yet.

        Args:
            config: How to reach the gate. Without it, the environment says so.
            settings: Fields of :class:`ClientConfig`, before what the environment says.

        Raises:
            FarameshConfigError: When the settings cannot be used.
        """
        self.config = config if config is not None and not settings else resolve_config(config, **settings)
        self._transport = AsyncTransport(self.config)
        self._permit_keys = KeyCache()

    async def submit_action(
        self,
        agent_id: str,
        tool: str,
        operation: str,
        params: Mapping[str, Any],
        context: Mapping[str, Any] | None = None,
        *,
        wait: float | None = None,
        raise_on_deny: bool = False,
        idempotency_key: str | None = None,
    ) -> Action:
        """What :meth:`faramesh.Faramesh.submit_action` does, awaiting."""
        fields = {"agent_id": agent_id, "tool": tool, "operation": operation, "params": params, "context": context}
        action = await self._transport.send(_calls.submit(fields, wait, idempotency_key))
        if raise_on_deny and (action["status"] == "denied" or action["outcome"] == "HALT"):
            raise denied_error(action)
        return action

    async def submit_actions(
        self, actions: Iterable[Mapping[str, Any]], *, idempotency_key: str | None = None
    ) -> list[BatchResult]:
        """What :meth:`faramesh.Faramesh.submit_actions` does, awaiting."""
        return await self._transport.send(_calls.submit_batch(actions, idempotency_key))

    async def get_action(self, action_id: str, *, wait: float | None = None) -> Action:
        """What :meth:`faramesh.Faramesh.get_action` does, awaiting."""
        return await self._transport.send(_calls.get_action(action_id, wait))

    async def list_actions(
        self,
        status: Words = None,
        agent_id: Words = None,
        tool: Words = None,
        operation: Words = None,
        outcome: Words = None,
        risk_level: Words = None,
        q: str | None = None,
        since: Moment = None,
        until: Moment = None,
        limit: int | None = None,
        cursor: str | None = None,
        offset: int | None = None,
    ) -> list[Action]:
        """What :meth:`faramesh.Faramesh.list_actions` does, awaiting."""
        return (await self._transport.send(_calls.list_page(_given(locals())))).actions

    async def iter_actions(self, /, **filters: Any) -> AsyncIterator[Action]:
        """What :meth:`faramesh.Faramesh.iter_actions` does, awaiting."""
        cursor: str | None = filters.pop("cursor", None)
        while True:
            page = await self._transport.send(_calls.list_page({"limit": 100, **filters, "cursor": cursor}))
            for action in page.actions:
                yield action
            cursor = page.next_cursor
            if cursor is None:
                return

    async def get_action_events(self, action_id: str) -> list[ActionEvent]:
        """What :meth:`faramesh.Faramesh.get_action_events` does, awaiting."""
        return await self._transport.send(_calls.action_events(action_id))

    async def approve_action(self, action_id: str, token: str | None = None, reason: str | None = None) -> Action:
        """What :meth:`faramesh.Faramesh.approve_action` does, awaiting."""
        return await self._transport.send(_calls.answer_approval(action_id, True, token, reason))

    async def reject_action(self, action_id: str, token: str | None = None, reason: str | None = None) -> Action:
        """What :meth:`faramesh.Faramesh.reject_action` does, awaiting."""
        return await self._transport.send(_calls.answer_approval(action_id, False, token, reason))

    async def start_action(self, action_id: str, *, lease_seconds: int | None = None) -> Action:
        """What :meth:`faramesh.Faramesh.start_action` does, awaiting."""
        return await self._transport.send(_calls.start(action_id, lease_seconds))

    async def report_result(
        self,
        action_id: str,
        success: bool,
        result: Any = None,
        error: str | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> Action:
        """What :meth:`faramesh.Faramesh.report_result` does, awaiting."""
        return await self._transport.send(_calls.report(action_id, _calls.report_body(success, result, error, meta)))

    async def cancel_action(self, action_id: str, reason: str | None = None) -> Action:
        """What :meth:`faramesh.Faramesh.cancel_action` does, awaiting."""
        return await self._transport.send(_calls.cancel(action_id, reason))

    async def wait_for_approval(self, action_id: str, timeout: float = 60.0) -> Action:
        """What :meth:`faramesh.Faramesh.wait_for_approval` does, awaiting."""
        return await async_wait_until(self._transport, action_id, Wait(timeout), is_decided, approval_timeout)

    async def wait_for_completion(self, action_id: str, timeout: float = 60.0) -> Action:
        """What :meth:`faramesh.Faramesh.wait_for_completion` does, awaiting."""
        return await async_wait_until(self._transport, action_id, Wait(timeout), is_complete, completion_timeout)

    async def block_until_approved(self, action_id: str, timeout: float = 60.0) -> Action:
        """What :meth:`faramesh.Faramesh.block_until_approved` does, awaiting."""
        action = await self.wait_for_approval(action_id, timeout)
        if action["status"] in ("denied", "expired", "cancelled"):
            raise denied_error(action)
        return action

    async def submit_and_wait(
        self,
        agent_id: str,
        tool: str,
        operation: str,
        params: Mapping[str, Any],
        context: Mapping[str, Any] | None = None,
        *,
        timeout: float = 60.0,
    ) -> Action:
        """What :meth:`faramesh.Faramesh.submit_and_wait` does, awaiting."""
        action = await self.submit_action(agent_id, tool, operation, params, context)
        return action if is_decided(action) else await self.wait_for_approval(action["id"], timeout)

    async def gate_decide(
        self,
        agent_id: str,
        tool: str,
        operation: str,
        params: Mapping[str, Any],
        context: Mapping[str, Any] | None = None,
        *,
        explain: bool = False,
    ) -> Decision:
        """What :meth:`faramesh.Faramesh.gate_decide` does, awaiting."""
        fields = {"agent_id": agent_id, "tool": tool, "operation": operation, "params": params, "context": context}
        return await self._transport.send(_calls.decide(fields, explain))

    async def replay_decision(self, action_id: str) -> Replay:
        """What :meth:`faramesh.Faramesh.replay_decision` does, awaiting."""
        action = await self.get_action(action_id)
        replayed = await self.gate_decide(**request_of(action))
        return compare(action, await self.get_action_events(action_id), replayed)

    async def execute_if_allowed(
        self,
        agent_id: str,
        tool: str,
        operation: str,
        params: Mapping[str, Any],
        executor: Callable[[Any], Any],
        context: Mapping[str, Any] | None = None,
        wait: float | None = None,
        *,
        lease_seconds: int | None = None,
        idempotency_key: str | None = None,
    ) -> Execution:
        """What :meth:`faramesh.Faramesh.execute_if_allowed` does, awaiting."""
        return await _async_guard.execute_if_allowed(
            self._transport,
            Submission.of(agent_id, tool, operation, params, context),
            executor,
            wait=wait,
            lease_seconds=lease_seconds,
            idempotency_key=idempotency_key,
        )

    def stream_events(
        self,
        agent_id: Words = None,
        tool: Words = None,
        status: Words = None,
        *,
        after: int | None = None,
        reconnect_seconds: float = 300.0,
    ) -> AsyncIterator[ActionEvent]:
        """What :meth:`faramesh.Faramesh.stream_events` does, awaiting."""
        query = _calls.query_of({"agent_id": agent_id, "tool": tool, "status": status})
        return async_stream_events(self._transport, query, after, reconnect_seconds)

    async def verify_permit(
        self,
        permit: str,
        *,
        agent_id: str,
        tool: str,
        operation: str,
        params: Mapping[str, Any],
        context: Any = NOT_GIVEN,
        jwks: Mapping[str, Any] | None = None,
        audience: str = DEFAULT_AUDIENCE,
        issuer: str | None = None,
        leeway: float = 5.0,
        now: float | None = None,
    ) -> dict[str, Any]:
        """What :meth:`faramesh.Faramesh.verify_permit` does, awaiting."""
        expected = Expected(agent_id, tool, operation, params, context, audience, issuer, leeway, now)
        keys = self._permit_keys.jwks_for(permit) if jwks is None else jwks
        if keys is None:
            keys = self._permit_keys.keep(await self._transport.send(_calls.permit_keys()))
        return verify(permit, keys, expected)

    deny_action = reject_action
    tail_events = stream_events

    async def close(self) -> None:
        """Closes the connections."""
        await self._transport.close()

    async def __aenter__(self) -> AsyncFaramesh:
        """The client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes the connections."""
        await self.close()

    def __repr__(self) -> str:
        """Where it goes; never the key."""
        return f"{type(self).__name__}({self.config.url!r})"


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name != "self"}
