"""Ask the Faramesh gate before an agent acts.

The gate decides every tool call by a policy (``EXECUTE``, ``ABSTAIN`` or ``HALT``), holds it for a person where the
policy says so, and keeps a record that cannot be altered unseen. Nothing runs unless the gate says so::

    from faramesh import execute_if_allowed

    execute_if_allowed("my-agent", "shell", "exec", {"cmd": "ls -la"}, executor=run_in_shell)

The functions read ``FARAMESH_URL`` and ``FARAMESH_API_KEY``. :class:`Faramesh` and :class:`AsyncFaramesh` are the
clients behind them, and :mod:`faramesh.aio` has the same functions for coroutines.
"""

from ._async_client import AsyncFaramesh
from ._canonical import CanonicalJsonError, canonical_json, compute_request_hash
from ._client import Faramesh
from ._config import ClientConfig, configure
from ._errors import (
    ActionDenied,
    ApprovalExpired,
    ApprovalRejected,
    ApprovalRequired,
    ApprovalTimeout,
    BadResponseError,
    CompletionTimeout,
    ConflictError,
    FarameshAuthError,
    FarameshConfigError,
    FarameshConnectionError,
    FarameshError,
    FarameshPolicyError,
    FarameshTimeoutError,
    FarameshValidationError,
    ForbiddenError,
    InvalidActionError,
    InvalidPermitError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    UnauthorizedError,
)
from ._models import (
    Action,
    ActionEvent,
    Actor,
    ApprovalState,
    BatchResult,
    Decision,
    Execution,
    Replay,
)
from ._ready import (
    approve_action,
    block_until_approved,
    cancel_action,
    deny_action,
    execute_if_allowed,
    gate_decide,
    get_action,
    get_action_events,
    iter_actions,
    list_actions,
    reject_action,
    replay_decision,
    report_result,
    start_action,
    stream_events,
    submit_action,
    submit_actions,
    submit_and_wait,
    tail_events,
    verify_permit,
    wait_for_approval,
    wait_for_completion,
)
from ._version import __version__

# Older names.
FarameshClient = Faramesh
FarameshNotFoundError = NotFoundError
FarameshServerError = ServerError
FarameshDeniedError = ActionDenied

__all__ = [
    "Action",
    "ActionDenied",
    "ActionEvent",
    "Actor",
    "ApprovalExpired",
    "ApprovalRejected",
    "ApprovalRequired",
    "ApprovalState",
    "ApprovalTimeout",
    "AsyncFaramesh",
    "BadResponseError",
    "BatchResult",
    "CanonicalJsonError",
    "ClientConfig",
    "CompletionTimeout",
    "ConflictError",
    "Decision",
    "Execution",
    "Faramesh",
    "FarameshAuthError",
    "FarameshClient",
    "FarameshConfigError",
    "FarameshConnectionError",
    "FarameshDeniedError",
    "FarameshError",
    "FarameshNotFoundError",
    "FarameshPolicyError",
    "FarameshServerError",
    "FarameshTimeoutError",
    "FarameshValidationError",
    "ForbiddenError",
    "InvalidActionError",
    "InvalidPermitError",
    "InvalidRequestError",
    "NotFoundError",
    "RateLimitedError",
    "Replay",
    "RequestTimeoutError",
    "ServerError",
    "UnauthorizedError",
    "__version__",
    "approve_action",
    "block_until_approved",
    "cancel_action",
    "canonical_json",
    "compute_request_hash",
    "configure",
    "deny_action",
    "execute_if_allowed",
    "gate_decide",
    "get_action",
    "get_action_events",
    "iter_actions",
    "list_actions",
    "reject_action",
    "replay_decision",
    "report_result",
    "start_action",
    "stream_events",
    "submit_action",
    "submit_actions",
    "submit_and_wait",
    "tail_events",
    "verify_permit",
    "wait_for_approval",
    "wait_for_completion",
]
