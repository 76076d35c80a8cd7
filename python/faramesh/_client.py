"""The client: every call of the gate as a method."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Callable

from . import _calls, _guard
from ._config import ClientConfig, resolve_config
from ._errors import denied_error
from ._events import stream_events
from ._guard_rules import Submission
from ._permit import DEFAULT_AUDIENCE, NOT_GIVEN, Expected, KeyCache, verify
from ._replay import compare, request_of
from ._transport import Transport
from ._wait import Wait, approval_timeout, completion_timeout, is_complete, is_decided, wait_until

if TYPE_CHECKING:
    from types import TracebackType

    from ._calls import Moment, Words
    from ._models import Action, ActionEvent, BatchResult, Decision, Execution, Replay


class Faramesh:
    """A client of one gate. Threads may share it. Use it in ``with``, or call :meth:`close` when done.

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
        self._transport = Transport(self.config)
        self._permit_keys = KeyCache()

    def submit_action(
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
        """Submits an action: it is decided and recorded, nothing is executed.

        Args:
            agent_id: Who proposes the call.
            tool: The tool.
            operation: What it is to do.
            params: With what. Tuples count as lists.
            context: The agent's own word about the circumstances.
            wait: Seconds to hold the answer while the action is pending approval, 60 at most.
            raise_on_deny: Raise :class:`ActionDenied` instead of returning a denied action.
            idempotency_key: A name for this very submission, for callers that may crash and submit again. Without
                it, one is made for this call.

        Returns:
            The action. ``status`` and ``decision`` say what the gate answered; a denied action is an answer too.
        """
        fields = {"agent_id": agent_id, "tool": tool, "operation": operation, "params": params, "context": context}
        action = self._transport.send(_calls.submit(fields, wait, idempotency_key))
        if raise_on_deny and (action["status"] == "denied" or action["outcome"] == "HALT"):
            raise denied_error(action)
        return action

    def submit_actions(
        self, actions: Iterable[Mapping[str, Any]], *, idempotency_key: str | None = None
    ) -> list[BatchResult]:
        """Submits up to 1,000 actions at once.

        Each has its own ``action`` or ``error`` in the answer, in the order given. A batch whose answer was lost is
        sent again under the same idempotency key, so that no action is recorded twice.
        """
        return self._transport.send(_calls.submit_batch(actions, idempotency_key))

    def get_action(self, action_id: str, *, wait: float | None = None) -> Action:
        """One action. With ``wait``, the answer is held until its status changes, for 60 seconds at most."""
        return self._transport.send(_calls.get_action(action_id, wait))

    def list_actions(
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
        """Actions, newest first: 20 of them, or ``limit`` (1,000 at most).

        Filters are exact, and a list of words means any of them. ``q`` is words in tool, operation, agent id, reason or
        params; ``since`` and ``until`` are on ``created_at``. :meth:`iter_actions` goes through all pages.
        """
        return self._transport.send(_calls.list_page(_given(locals()))).actions

    def iter_actions(self, /, **filters: Any) -> Iterator[Action]:
        """All actions that :meth:`list_actions` would list with these filters, page by page; ``limit`` is a page."""
        cursor: str | None = filters.pop("cursor", None)
        while True:
            page = self._transport.send(_calls.list_page({"limit": 100, **filters, "cursor": cursor}))
            yield from page.actions
            cursor = page.next_cursor
            if cursor is None:
                return

    def get_action_events(self, action_id: str) -> list[ActionEvent]:
        """An action's timeline, oldest first."""
        return self._transport.send(_calls.action_events(action_id))

    def approve_action(self, action_id: str, token: str | None = None, reason: str | None = None) -> Action:
        """Approves a pending action, as the key's principal or with the action's ``approval_token``.

        Raises:
            ConflictError: ``already_decided``, or ``conflict`` when the policy would deny the action by now.
        """
        return self._transport.send(_calls.answer_approval(action_id, True, token, reason))

    def reject_action(self, action_id: str, token: str | None = None, reason: str | None = None) -> Action:
        """Rejects a pending action, as the key's principal or with the action's ``approval_token``."""
        return self._transport.send(_calls.answer_approval(action_id, False, token, reason))

    def start_action(self, action_id: str, *, lease_seconds: int | None = None) -> Action:
        """Claims an action, at most once. The answer's ``params`` are the ones that may run; ``permit`` proves it.

        Args:
            action_id: An action that is allowed or approved.
            lease_seconds: How long the claim holds without a report (900 by default); then the action is ``unknown``.

        Raises:
            ConflictError: ``not_claimable``: do not run the tool.
        """
        return self._transport.send(_calls.start(action_id, lease_seconds))

    def report_result(
        self,
        action_id: str,
        success: bool,
        result: Any = None,
        error: str | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> Action:
        """Reports what came of a claimed action, once."""
        return self._transport.send(_calls.report(action_id, _calls.report_body(success, result, error, meta)))

    def cancel_action(self, action_id: str, reason: str | None = None) -> Action:
        """Cancels an action that nobody has claimed yet."""
        return self._transport.send(_calls.cancel(action_id, reason))

    def wait_for_approval(self, action_id: str, timeout: float = 60.0) -> Action:
        """Waits until the action is pending no more, and returns it: approved, denied, expired or cancelled.

        Raises:
            ApprovalTimeout: When it is still pending after ``timeout`` seconds.
        """
        return wait_until(self._transport, action_id, Wait(timeout), is_decided, approval_timeout)

    def wait_for_completion(self, action_id: str, timeout: float = 60.0) -> Action:
        """Waits until nothing can change the action any more, and returns it.

        Raises:
            CompletionTimeout: When that has not come after ``timeout`` seconds.
        """
        return wait_until(self._transport, action_id, Wait(timeout), is_complete, completion_timeout)

    def block_until_approved(self, action_id: str, timeout: float = 60.0) -> Action:
        """Waits for the approval and returns the approved action.

        Raises:
            ActionDenied: When it was rejected, has expired or was cancelled.
            ApprovalTimeout: When it is still pending after ``timeout`` seconds.
        """
        action = self.wait_for_approval(action_id, timeout)
        if action["status"] in ("denied", "expired", "cancelled"):
            raise denied_error(action)
        return action

    def submit_and_wait(
        self,
        agent_id: str,
        tool: str,
        operation: str,
        params: Mapping[str, Any],
        context: Mapping[str, Any] | None = None,
        *,
        timeout: float = 60.0,
    ) -> Action:
        """Submits an action and returns it when it is pending no more; nothing is executed.

        Raises:
            ApprovalTimeout: When it is still pending after ``timeout`` seconds.
        """
        action = self.submit_action(agent_id, tool, operation, params, context)
        return action if is_decided(action) else self.wait_for_approval(action["id"], timeout)

    def gate_decide(
        self,
        agent_id: str,
        tool: str,
        operation: str,
        params: Mapping[str, Any],
        context: Mapping[str, Any] | None = None,
        *,
        explain: bool = False,
    ) -> Decision:
        """What the gate would answer. Nothing is recorded and nothing is granted.

        Args:
            agent_id: Who would propose the call.
            tool: The tool.
            operation: What it would do.
            params: With what.
            context: The circumstances.
            explain: Also say, rule by rule, what matched (``trace``).
        """
        fields = {"agent_id": agent_id, "tool": tool, "operation": operation, "params": params, "context": context}
        return self._transport.send(_calls.decide(fields, explain))

    def replay_decision(self, action_id: str) -> Replay:
        """Decides a recorded action again, by the active policy, and compares. Nothing is executed."""
        action = self.get_action(action_id)
        replayed = self.gate_decide(**request_of(action))
        return compare(action, self.get_action_events(action_id), replayed)

    def execute_if_allowed(
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
        """Submits an action and calls ``executor(params)`` only if the gate lets it run, at most once.

        The action is claimed before and reported after. The executor gets the caller's own ``params``, unless a
        person has edited them or they were changed after they were submitted: then it gets those of the claim.

        Args:
            agent_id: Who proposes the call.
            tool: The tool.
            operation: What it is to do.
            params: With what.
            executor: Performs the call. What it returns is given back as it is, and reported, or described to the
                gate in a few words where it is not JSON or larger than 65,536 bytes. What it raises is reported as a
                failure, and goes on to the caller.
            context: The agent's own word about the circumstances.
            wait: Seconds to wait for an approval where one is needed. The executor never runs after that.
            lease_seconds: How long the executor may take (900 by default); then the action is ``unknown``.
            idempotency_key: A name for this very submission. Giving the same one again after a crash, or after an
                :class:`ApprovalRequired`, takes up the same action where it stands.

        Returns:
            ``outcome``, ``decision``, ``reason_code``, ``executed``, ``action_id``, ``result`` and
            ``execution_result`` (the very object the executor returned), ``reported``, ``report_error``, ``action``.
            Where ``reported`` is false, the tool did run, but the gate has no result on record.

        Raises:
            ActionDenied: The policy denied it, or a person rejected it. The executor was not called.
            ApprovalRequired: A person must approve it first, and nobody did while we waited
                (:class:`ApprovalTimeout`). The executor was not called.
            FarameshConnectionError: The gate cannot be reached, or is not understood. The executor was not called.
        """
        return _guard.execute_if_allowed(
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
    ) -> Iterator[ActionEvent]:
        """Yields events as they happen, without end; after a break it resumes behind the last one seen.

        Args:
            agent_id: Only those of these agents.
            tool: Only those of these tools.
            status: Only those that came to these statuses.
            after: Begin behind this ``ledger_index``. Without it, the stream begins now.
            reconnect_seconds: How long the gate may be away before the stream gives up.

        Raises:
            FarameshConnectionError: When the gate cannot be reached at first, or was away for too long.
        """
        query = _calls.query_of({"agent_id": agent_id, "tool": tool, "status": status})
        return stream_events(self._transport, query, after, reconnect_seconds)

    def verify_permit(
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
        """Checks that a permit authorises exactly this call, now. Needs ``pip install 'faramesh[permits]'``.

        Args:
            permit: The ``permit`` of a claim.
            agent_id: Whose call it is.
            tool: The tool about to be used.
            operation: What it is about to do.
            params: With what.
            context: The context of the action, or ``None`` if it had none. Left out, it is not checked.
            jwks: The gate's public keys. Without them, they are fetched from the gate and kept for five minutes.
            audience: Whom the permit must be for.
            issuer: Which gate it must be from, where it matters.
            leeway: Seconds by which clocks may differ.
            now: Seconds since the epoch, in place of the clock.

        Returns:
            The permit's claims.

        Raises:
            InvalidPermitError: When it does not: do not run the call.
        """
        expected = Expected(agent_id, tool, operation, params, context, audience, issuer, leeway, now)
        keys = self._permit_keys.jwks_for(permit) if jwks is None else jwks
        if keys is None:
            keys = self._permit_keys.keep(self._transport.send(_calls.permit_keys()))
        return verify(permit, keys, expected)

    deny_action = reject_action
    tail_events = stream_events

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    def __enter__(self) -> Faramesh:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes the connections."""
        self.close()

    def __repr__(self) -> str:
        """Where it goes; never the key."""
        return f"{type(self).__name__}({self.config.url!r})"


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name != "self"}
