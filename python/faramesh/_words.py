"""The closed vocabularies and bounds of the wire. A word outside these lists is not understood and grants nothing."""

from __future__ import annotations

OUTCOMES = ("EXECUTE", "ABSTAIN", "HALT")

STATUSES = (
    "allowed",
    "denied",
    "pending_approval",
    "approved",
    "executing",
    "succeeded",
    "failed",
    "expired",
    "cancelled",
    "unknown",
)

FINAL_STATUSES = ("denied", "succeeded", "failed", "expired", "cancelled", "unknown")
"""Statuses that no event can change any more."""

NESTING_MAX = 32
"""Nesting of arrays and objects in a body."""

NODES_MAX = 10_000
"""Values (objects, arrays and scalars) in a body."""

RESULT_BYTES_MAX = 65_536
"""Bytes of a reported result, in canonical form."""

ERROR_CHARS_MAX = 4_000
"""Characters (UTF-16 code units) of a reported error."""

WAIT_SECONDS_MAX = 60
"""Seconds the gate holds one request that waits."""
