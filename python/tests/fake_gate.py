"""A gate made of scripted answers, for the faults that a real one rarely shows."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, NamedTuple, Optional, Union
from urllib.parse import parse_qsl, urlsplit

from faramesh import compute_request_hash


class Request(NamedTuple):
    """What came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: Message[str, str]
    body: Any


class Answer(NamedTuple):
    """What goes out. ``drop`` closes the connection instead; ``chunks`` are sent as they come, then it closes."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = {}
    drop: bool = False
    raw: Optional[bytes] = None
    chunks: Optional[Iterator[bytes]] = None


Script = Union[Answer, Callable[[Request], Answer]]


class FakeGate:
    """Answers each route with its script, in order; the last answer stays."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._scripts: dict[tuple[str, str], list[Script]] = {}
        gate = self

        class Handler(_Handler):
            def handle_one(self, request: Request) -> Answer:
                return gate._answer(request)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def on(self, method: str, path: str, *script: Script) -> None:
        self._scripts[method, path] = list(script)

    def made(self, method: str, path: str) -> list[Request]:
        return [request for request in self.requests if (request.method, request.path) == (method, path)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, request: Request) -> Answer:
        self.requests.append(request)
        script = self._scripts.get((request.method, request.path))
        if script is None:
            return problem(404, "not_found")
        step = script.pop(0) if len(script) > 1 else script[0]
        return step if isinstance(step, Answer) else step(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one(self, request: Request) -> Answer:
        raise NotImplementedError

    def do_POST(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        answer = self.handle_one(Request(self.command, parts.path, query, self.headers, body))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.close_connection = True
        if answer.drop:
            return
        content = answer.raw if answer.raw is not None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        if answer.chunks is None:
            self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        for chunk in answer.chunks or [content]:
            self.wfile.write(chunk)
            self.wfile.flush()


def problem(status: int, code: str, headers: Mapping[str, str] = {}, **more: Any) -> Answer:
    body = {"type": "about:blank", "title": "t", "status": status, "code": code, "detail": f"detail of {code}"}
    return Answer({**body, "request_id": "req-1", **more}, status, headers)


ACTION_ID = "0199aaaa-0000-7000-8000-000000000001"


def action(**changes: Any) -> dict[str, Any]:
    """An action as the gate answers it, with the hash of what it holds."""
    fields: dict[str, Any] = {
        "id": ACTION_ID,
        "agent_id": "my-agent",
        "tool": "shell",
        "operation": "exec",
        "params": {"cmd": "ls -la"},
        "status": "allowed",
        "decision": "allow",
        "outcome": "EXECUTE",
        "reason_code": "POLICY_ALLOW",
        "reason": "Allowed by policy rule",
        "rule_id": "r1",
        "risk_level": "low",
        "policy_id": "p",
        "policy_version": 1,
        "policy_hash": "0" * 64,
        "runtime_version": "0.1.0",
        "provenance_id": "0" * 64,
        "approval": {"required": False, "approvers": [], "expires_at": None, "decided_by": []},
        "ledger_index": 1,
        "version": 1,
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
        **changes,
    }
    fields.setdefault("request_hash", compute_request_hash(fields))
    return fields


def held(**changes: Any) -> dict[str, Any]:
    approval = {"required": True, "approvers": ["finance"], "expires_at": "2026-01-01T00:15:00.000Z", "decided_by": []}
    words = {"status": "pending_approval", "decision": "require_approval", "outcome": "ABSTAIN"}
    why = {"reason_code": "POLICY_REQUIRE_APPROVAL", "reason": "Requires approval by policy rule"}
    return action(**{**words, **why, "approval": approval, "approval_token": "tok-secret", **changes})


def denied(**changes: Any) -> dict[str, Any]:
    words = {"status": "denied", "decision": "deny", "outcome": "HALT", "reason_code": "POLICY_DENY"}
    return action(**{**words, "reason": "Recursive deletion is never automatic", **changes})


def script_execution(gate: FakeGate, **claimed: Any) -> None:
    """Lets one action through: submitted, claimed, reported."""
    gate.on("POST", "/v1/actions", Answer(action(), 201))
    script_claim(gate, **claimed)


def script_claim(gate: FakeGate, **claimed: Any) -> None:
    gate.on("POST", f"/v1/actions/{ACTION_ID}/start", Answer(action(status="executing", permit="p.p.p", **claimed)))
    gate.on(
        "POST",
        f"/v1/actions/{ACTION_ID}/result",
        lambda request: Answer(action(status="succeeded" if request.body["success"] else "failed", **claimed)),
    )


def reports(gate: FakeGate) -> list[Any]:
    return [request.body for request in gate.made("POST", f"/v1/actions/{ACTION_ID}/result")]


def claims(gate: FakeGate) -> list[Request]:
    return gate.made("POST", f"/v1/actions/{ACTION_ID}/start")
