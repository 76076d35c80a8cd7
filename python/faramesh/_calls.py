"""Every request this package makes of the gate, one function each: what is sent, and how the answer is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Union, cast
from urllib.parse import quote

from ._canonical import canonical_json, canonical_request
from ._errors import BadResponseError, InvalidActionError, InvalidRequestError
from ._models import Action, ActionEvent, BatchResult, Decision
from ._transport import Call, Reply
from ._words import WAIT_SECONDS_MAX

Words = Union[str, Sequence[str], None]
"""One exact word to filter by, or several alternatives."""

Moment = Union[str, datetime, None]
"""A time: RFC 3339 text, or an aware ``datetime``."""


class Page(NamedTuple):
    """Some actions, and where the next ones begin."""

    actions: list[Action]
    next_cursor: str | None


def submit(fields: Mapping[str, Any], wait: float | None, idempotency_key: str | None) -> Call[Action]:
    """``POST /v1/actions``. The body is the canonical text, so what is hashed here is what the gate reads."""
    hold = held_seconds(wait)
    return Call(
        "POST",
        "/v1/actions",
        read_action,
        query=_wait_query(hold),
        body=canonical_request(fields),
        keyed=True,
        idempotency_key=_checked_key(idempotency_key),
        hold_seconds=hold,
    )


def submit_batch(actions: Iterable[Mapping[str, Any]], idempotency_key: str | None) -> Call[list[BatchResult]]:
    """``POST /v1/actions/batch``."""
    body = ",".join(canonical_request(_known_fields(action)) for action in actions)
    return Call(
        "POST",
        "/v1/actions/batch",
        _read_batch,
        body=f'{{"actions":[{body}]}}',
        keyed=True,
        idempotency_key=_checked_key(idempotency_key),
    )


def get_action(action_id: str, wait: float | None, known_status: str | None = None) -> Call[Action]:
    """``GET /v1/actions/{id}``."""
    hold = held_seconds(wait)
    known = () if known_status is None else (("status", known_status),)
    query = (*_wait_query(hold), *known)
    return Call("GET", action_path(action_id), read_action, query=query, asks_only=True, hold_seconds=hold)


def list_page(filters: Mapping[str, Any]) -> Call[Page]:
    """``GET /v1/actions``: one page."""
    return Call("GET", "/v1/actions", _read_page, query=query_of(filters), asks_only=True)


def action_events(action_id: str) -> Call[list[ActionEvent]]:
    """``GET /v1/actions/{id}/events``."""
    return Call("GET", f"{action_path(action_id)}/events", _read_events, asks_only=True)


def answer_approval(action_id: str, approve: bool, token: str | None, reason: str | None) -> Call[Action]:
    """``POST /v1/actions/{id}/approval``."""
    fields = {"approve": approve, "token": token, "reason": reason}
    return _keyed(f"{action_path(action_id)}/approval", fields, key_optional=token is not None)


def start(action_id: str, lease_seconds: int | None) -> Call[Action]:
    """``POST /v1/actions/{id}/start``."""
    return _keyed(f"{action_path(action_id)}/start", {"lease_seconds": lease_seconds})


def report(action_id: str, body: str) -> Call[Action]:
    """``POST /v1/actions/{id}/result``, with a body from :func:`report_body`."""
    return Call("POST", f"{action_path(action_id)}/result", read_action, body=body, keyed=True)


def report_body(success: bool, result: Any, error: str | None, meta: Mapping[str, Any] | None) -> str:
    """The text of a report. A success without a result reports ``null``."""
    fields: dict[str, Any] = {"success": success}
    if success or result is not None:
        fields["result"] = result
    if error is not None:
        fields["error"] = error
    if meta is not None:
        fields["meta"] = meta
    return _body(fields)


def cancel(action_id: str, reason: str | None) -> Call[Action]:
    """``POST /v1/actions/{id}/cancel``."""
    return _keyed(f"{action_path(action_id)}/cancel", {"reason": reason})


def decide(fields: Mapping[str, Any], explain: bool) -> Call[Decision]:
    """``POST /v1/gate/decide``."""
    query = (("explain", "true"),) if explain else ()
    body = canonical_request(fields)
    return Call("POST", "/v1/gate/decide", _read_decision, query=query, body=body, asks_only=True)


def permit_keys() -> Call[Mapping[str, Any]]:
    """``GET /.well-known/jwks.json``."""
    return Call("GET", "/.well-known/jwks.json", _read_object, asks_only=True)


def query_of(filters: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """A query string's pairs: nothing for ``None``, one pair for each alternative, times as RFC 3339."""
    pairs: list[tuple[str, str]] = []
    for name, value in filters.items():
        alternatives = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
        pairs.extend((name, _query_text(name, item)) for item in alternatives if item is not None)
    return tuple(pairs)


def held_seconds(wait: float | None) -> float:
    """How long one request may be held at the gate, of a wait that may be longer."""
    if wait is None:
        return 0.0
    if not wait >= 0:
        raise InvalidRequestError("wait must be a number of seconds, 0 or more")
    return min(float(wait), float(WAIT_SECONDS_MAX))


def action_path(action_id: str) -> str:
    """The path of one action; an id cannot lead elsewhere."""
    if not isinstance(action_id, str) or action_id in ("", ".", ".."):
        raise InvalidRequestError("action_id must be the id of an action")
    try:
        return f"/v1/actions/{quote(action_id, safe='')}"
    except UnicodeEncodeError as error:
        raise InvalidRequestError("action_id must be the id of an action") from error


def read_action(reply: Reply) -> Action:
    """The action in an answer.

    Raises:
        BadResponseError: When there is none.
    """
    return _as_action(reply.body)


def _keyed(path: str, fields: Mapping[str, Any], *, key_optional: bool = False) -> Call[Action]:
    given = {name: value for name, value in fields.items() if value is not None}
    return Call("POST", path, read_action, body=_body(given), keyed=True, key_optional=key_optional)


def _body(fields: Mapping[str, Any]) -> str:
    try:
        return canonical_json(dict(fields))
    except InvalidActionError as error:
        raise InvalidRequestError(error.args[0], errors=error.errors) from error


def _known_fields(action: Mapping[str, Any]) -> Mapping[str, Any]:
    unknown = sorted(set(action) - {"agent_id", "tool", "operation", "params", "context"})
    if unknown:
        raise InvalidActionError(f"$.{unknown[0]}: an action has no such field")
    return action


def _checked_key(key: str | None) -> str | None:
    if key is not None and not (0 < len(key) <= 255 and all("!" <= character <= "~" for character in key)):
        raise InvalidRequestError("idempotency_key must be 1 to 255 visible ASCII characters")
    return key


def _wait_query(hold: float) -> tuple[tuple[str, str], ...]:
    return (("wait", f"{int(hold * 1000)}ms"),) if hold > 0 else ()


def _query_text(name: str, value: Any) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidRequestError(f"{name} must say its time zone; give an aware datetime")
        return value.isoformat(timespec="milliseconds")
    return str(value)


def _read_object(reply: Reply) -> dict[str, Any]:
    return _as_object(reply.body)


def _read_page(reply: Reply) -> Page:
    return Page([_as_action(item) for item in _as_list(reply.body)], reply.next_cursor)


def _read_events(reply: Reply) -> list[ActionEvent]:
    return cast("list[ActionEvent]", [_as_object(item) for item in _as_list(reply.body)])


def _read_batch(reply: Reply) -> list[BatchResult]:
    results = [_as_object(item) for item in _as_list(_as_object(reply.body).get("results"))]
    for result in results:
        if "action" in result:
            _as_action(result["action"])
        elif not isinstance(result.get("error"), dict):
            raise BadResponseError("A result of the batch is neither an action nor an error")
    return cast("list[BatchResult]", results)


def _read_decision(reply: Reply) -> Decision:
    return Decision(_as_object(reply.body))


def _as_action(value: Any) -> Action:
    fields = _as_object(value)
    for name in ("id", "status", "decision", "outcome", "request_hash"):
        if not isinstance(fields.get(name), str):
            raise BadResponseError(f"The gate's answer is not an action: it has no {name}")
    if not isinstance(fields.get("params"), dict):
        raise BadResponseError("The gate's answer is not an action: it has no params")
    return cast("Action", fields)


def _as_object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadResponseError("The gate's answer is not a JSON object")
    return value


def _as_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise BadResponseError("The gate's answer is not a JSON array")
    return value
