"""Comparing a recorded decision with the one the active policy gives today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._models import Action, ActionEvent, Decision, Replay

_COMPARED = ("outcome", "reason_code", "rule_id", "risk_level", "request_hash", "policy_hash")


def request_of(action: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an action that were submitted."""
    return {name: action.get(name) for name in ("agent_id", "tool", "operation", "params", "context")}


def compare(action: Action, timeline: list[ActionEvent], replayed: Decision) -> Replay:
    """What the gate recorded first, before any person answered, beside what it would answer now."""
    first: Mapping[str, Any] = timeline[0] if timeline else action
    recorded = {name: first.get(name, action.get(name)) for name in _COMPARED}
    now = {name: replayed.get(name) for name in _COMPARED}
    differences = [name for name in _COMPARED if recorded[name] != now[name]]
    return {
        "action_id": action["id"],
        "same": not differences,
        "differences": differences,
        "recorded": recorded,
        "replayed": now,
    }
