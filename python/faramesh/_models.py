"""What the gate answers, typed. Actions are plain dicts; a decision is an object that also reads like a dict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Optional, TypedDict

from ._errors import BadResponseError, FarameshError
from ._words import OUTCOMES


class Actor(TypedDict):
    """Who did something, as authenticated."""

    id: str
    name: str
    via: str


class ApprovalState(TypedDict):
    """Where an action's approval stands."""

    required: bool
    approvers: list[str]
    quorum: int
    exclude_submitter: bool
    decided_by: list[Actor]
    expires_at: Optional[str]
    note: Optional[str]


class _ActionAlways(TypedDict):
    id: str
    agent_id: str
    tool: str
    operation: str
    params: dict[str, Any]
    status: str
    decision: str
    outcome: str
    reason_code: str
    reason: str
    rule_id: Optional[str]
    risk_level: str
    request_hash: str
    policy_id: Optional[str]
    policy_version: Optional[int]
    policy_hash: Optional[str]
    runtime_version: str
    provenance_id: str
    approval: ApprovalState
    ledger_index: int
    version: int
    created_at: str
    updated_at: str


class Action(_ActionAlways, total=False):
    """An action as the gate answers it. Times are RFC 3339 UTC with milliseconds, ids are UUIDv7.

    ``approval_token`` is there only for keys that may use it, and only while the action is pending; ``permit`` only
    in the answer to a claim.
    """

    context: dict[str, Any]
    approval_token: str
    claimed_by: Actor
    lease_expires_at: str
    permit_expires_at: str
    permit: str
    result: Any
    error: str
    meta: dict[str, Any]


class ActionEvent(TypedDict):
    """One step in an action's life."""

    ledger_index: int
    type: str
    at: str
    action_id: str
    agent_id: str
    tool: str
    operation: str
    status: str
    outcome: str
    reason_code: str
    reason: str
    rule_id: Optional[str]
    risk_level: str
    actor: Actor
    leaf_hash: str


class BatchResult(TypedDict, total=False):
    """One answer of a batch: an ``action``, or the ``error`` (a problem document) that it met."""

    action: Action
    error: dict[str, Any]


class Execution(TypedDict):
    """What :func:`~faramesh.execute_if_allowed` did.

    ``result`` is the very object the executor returned, also under its older name ``execution_result``. ``reported``
    says whether the gate has the result on record; where not, ``report_error`` says why.
    """

    outcome: str
    decision: str
    reason_code: str
    executed: bool
    action_id: str
    result: Any
    execution_result: Any
    reported: bool
    report_error: Optional[FarameshError]
    action: Action


class Replay(TypedDict):
    """A recorded decision beside the one that the active policy gives today."""

    action_id: str
    same: bool
    differences: list[str]
    recorded: dict[str, Any]
    replayed: dict[str, Any]


class Decision(Mapping[str, Any]):
    """What the gate would answer: attributes and keys are the fields of the wire.

    It has no truth value, because ``if decision:`` would be true for HALT too: compare ``decision.outcome``.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Any]) -> None:
        """Takes the gate's answer.

        Raises:
            BadResponseError: When it holds no outcome that is understood.
        """
        if fields.get("outcome") not in OUTCOMES:
            raise BadResponseError("The gate's decision holds no outcome that is understood")
        self._fields = dict(fields)

    @property
    def outcome(self) -> str:
        """``EXECUTE``, ``ABSTAIN`` or ``HALT``."""
        return str(self._fields["outcome"])

    @property
    def effect(self) -> str | None:
        """What the policy says: ``allow``, ``require_approval`` or ``deny``."""
        return self._fields.get("effect")

    @property
    def decision(self) -> str | None:
        """The effect, under the name it has on an action."""
        return self.effect

    @property
    def reason_code(self) -> str | None:
        """Why, in a word that programs may rely on."""
        return self._fields.get("reason_code")

    @property
    def reason(self) -> str | None:
        """Why, for people."""
        return self._fields.get("reason")

    @property
    def rule_id(self) -> str | None:
        """The rule that answered, or ``None`` where none did."""
        return self._fields.get("rule_id")

    @property
    def risk_level(self) -> str | None:
        """``low``, ``medium``, ``high`` or ``critical``."""
        return self._fields.get("risk_level")

    @property
    def request_hash(self) -> str | None:
        """The hash of the canonical action that was decided on."""
        return self._fields.get("request_hash")

    @property
    def policy_id(self) -> str | None:
        """The policy that answered."""
        return self._fields.get("policy_id")

    @property
    def policy_version(self) -> int | None:
        """Its version."""
        return self._fields.get("policy_version")

    @property
    def policy_hash(self) -> str | None:
        """The hash of its content."""
        return self._fields.get("policy_hash")

    @property
    def runtime_version(self) -> str | None:
        """The version of the gate."""
        return self._fields.get("runtime_version")

    @property
    def provenance_id(self) -> str | None:
        """The build and configuration that decided."""
        return self._fields.get("provenance_id")

    @property
    def approval(self) -> dict[str, Any] | None:
        """What an approval needs, when the outcome is ``ABSTAIN``."""
        return self._fields.get("approval")

    @property
    def details(self) -> list[dict[str, Any]] | None:
        """Conditions that could not be evaluated and so tightened the answer."""
        return self._fields.get("details")

    @property
    def trace(self) -> list[dict[str, Any]] | None:
        """Rule by rule, what matched and what did not; with ``explain=True``."""
        return self._fields.get("trace")

    def __getitem__(self, name: str) -> Any:
        """A field by its name on the wire; ``decision`` is the effect."""
        return self.effect if name == "decision" else self._fields[name]

    def __iter__(self) -> Iterator[str]:
        """The names of the fields."""
        return iter(self._fields)

    def __len__(self) -> int:
        """How many fields there are."""
        return len(self._fields)

    def __bool__(self) -> bool:
        """Refused: a HALT would count as true."""
        raise TypeError("A decision has no truth value; compare decision.outcome with 'EXECUTE'")

    def __repr__(self) -> str:
        """The outcome and why."""
        return f"Decision({self.outcome}, {self.reason_code}: {self.reason})"
