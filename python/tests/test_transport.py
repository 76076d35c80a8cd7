"""One request, one answer: what is tried again, what is not, and what is never believed."""

from __future__ import annotations

import asyncio
import datetime
import itertools
import threading
import time
from typing import Any, Callable

import pytest

import faramesh
from fake_gate import ACTION_ID, Answer, FakeGate, Request, action, held, problem
from faramesh import AsyncFaramesh, ClientConfig, Faramesh

CALL: dict[str, Any] = {"agent_id": "my-agent", "tool": "shell", "operation": "exec", "params": {"cmd": "ls -la"}}

CHANGES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "submit": ("/v1/actions", lambda client: client.submit_action(**CALL)),
    "approve": (f"/v1/actions/{ACTION_ID}/approval", lambda client: client.approve_action(ACTION_ID, "tok")),
    "reject": (f"/v1/actions/{ACTION_ID}/approval", lambda client: client.reject_action(ACTION_ID, "tok")),
    "start": (f"/v1/actions/{ACTION_ID}/start", lambda client: client.start_action(ACTION_ID)),
    "report": (f"/v1/actions/{ACTION_ID}/result", lambda client: client.report_result(ACTION_ID, True, {"ok": 1})),
    "cancel": (f"/v1/actions/{ACTION_ID}/cancel", lambda client: client.cancel_action(ACTION_ID)),
}


@pytest.mark.parametrize(
    "fault",
    [Answer(drop=True), problem(503, "store_unavailable"), problem(429, "rate_limited"), problem(500, "internal")],
)
@pytest.mark.parametrize("change", CHANGES)
def test_trap_retries_carry_one_idempotency_key_so_a_lost_answer_makes_nothing_twice(
    fake: FakeGate, client: Faramesh, change: str, fault: Answer
) -> None:
    path, call = CHANGES[change]
    fake.on("POST", path, fault, fault, Answer(action()))
    call(client)
    call(client)
    keys = [request.headers["Idempotency-Key"] for request in fake.made("POST", path)]
    assert len(keys) == 4
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]


def test_the_async_client_tries_again_with_one_key_too(fake: FakeGate, config: ClientConfig) -> None:
    fake.on("POST", "/v1/actions", Answer(drop=True), problem(503, "store_unavailable"), Answer(action(), 201))

    async def submit() -> Any:
        async with AsyncFaramesh(config) as client:
            return await client.submit_action(**CALL)

    assert asyncio.run(submit())["status"] == "allowed"
    assert len({request.headers["Idempotency-Key"] for request in fake.requests}) == 1
    assert len(fake.requests) == 3


def test_the_callers_own_idempotency_key_is_used(fake: FakeGate, client: Faramesh) -> None:
    fake.on("POST", "/v1/actions", Answer(action(), 201))
    client.submit_action(**CALL, idempotency_key="order-17")
    assert fake.requests[0].headers["Idempotency-Key"] == "order-17"
    for wrong in ("", "a b", "ä", "x" * 256):
        with pytest.raises(faramesh.InvalidRequestError):
            client.submit_action(**CALL, idempotency_key=wrong)


def test_trap_retries_without_an_idempotency_key_so_a_batch_keeps_one_over_its_attempts(
    fake: FakeGate, client: Faramesh
) -> None:
    answer = Answer({"results": [{"action": action()}]})
    fake.on("POST", "/v1/actions/batch", Answer(drop=True), problem(503, "store_unavailable"), answer)
    client.submit_actions([CALL])
    keys = {request.headers["Idempotency-Key"] for request in fake.requests}
    assert len(fake.requests) == 3
    assert len(keys) == 1


def test_a_batch_answers_each_action_apart(fake: FakeGate, client: Faramesh) -> None:
    error = problem(422, "invalid_action").body
    fake.on("POST", "/v1/actions/batch", Answer({"results": [{"action": action()}, {"error": error}]}))
    results = client.submit_actions([CALL, {**CALL, "tool": ""}])
    assert [sorted(result) for result in results] == [["action"], ["error"]]
    assert fake.requests[0].body == {"actions": [CALL, {**CALL, "tool": ""}]}
    with pytest.raises(faramesh.InvalidActionError, match="toool"):
        client.submit_actions([{**CALL, "toool": "x"}])


def test_attempts_end(fake: FakeGate, client: Faramesh) -> None:
    fake.on("POST", "/v1/actions", problem(503, "store_unavailable"))
    with pytest.raises(faramesh.ServerError) as caught:
        client.submit_action(**CALL)
    assert (caught.value.code, caught.value.status, caught.value.request_id) == ("store_unavailable", 503, "req-1")
    assert len(fake.requests) == 3


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_request", faramesh.InvalidRequestError),
        (400, "invalid_json", faramesh.InvalidRequestError),
        (401, "unauthorized", faramesh.UnauthorizedError),
        (403, "forbidden", faramesh.ForbiddenError),
        (404, "not_found", faramesh.NotFoundError),
        (405, "method_not_allowed", faramesh.InvalidRequestError),
        (409, "conflict", faramesh.ConflictError),
        (409, "already_decided", faramesh.ConflictError),
        (409, "not_claimable", faramesh.ConflictError),
        (409, "idempotency_conflict", faramesh.ConflictError),
        (413, "payload_too_large", faramesh.InvalidRequestError),
        (422, "invalid_action", faramesh.InvalidActionError),
        (422, "invalid_permit", faramesh.InvalidPermitError),
        (418, "from_the_future", faramesh.InvalidRequestError),
        (501, "internal", faramesh.ServerError),
    ],
)
def test_a_refusal_is_raised_at_once_with_its_code(
    fake: FakeGate, client: Faramesh, status: int, code: str, kind: type[faramesh.FarameshError]
) -> None:
    fake.on("POST", "/v1/actions", problem(status, code, errors=[{"path": "$.tool", "code": "c", "message": "m"}]))
    with pytest.raises(faramesh.FarameshError) as caught:
        client.submit_action(**CALL)
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.status, error.request_id) == (code, status, "req-1")
    assert f"detail of {code}" in str(error)
    assert "req-1" in str(error)
    assert error.problem is not None
    if isinstance(error, faramesh.FarameshValidationError):
        assert error.errors[0]["path"] == "$.tool"
    assert len(fake.requests) == 1


def test_a_401_without_a_key_says_how_to_give_one_not_what_header_to_send(fake: FakeGate, config: ClientConfig) -> None:
    refusal = problem(401, "unauthorized", detail="send Authorization: Bearer <key>")
    for method, path in (("POST", "/v1/actions"), ("GET", "/v1/events")):
        fake.on(method, path, refusal)
    message = "No key was sent: set FARAMESH_API_KEY, or call configure(api_key=...) [unauthorized, request req-1]"

    async def submit() -> Any:
        async with AsyncFaramesh(config, api_key=None) as client:
            return await client.submit_action(**CALL)

    with Faramesh(config, api_key=None) as client:
        calls: list[Callable[[], Any]] = [
            lambda: client.submit_action(**CALL),
            lambda: next(client.stream_events()),
            lambda: asyncio.run(submit()),
        ]
        for call in calls:
            with pytest.raises(faramesh.UnauthorizedError) as caught:
                call()
            assert str(caught.value) == message
            assert caught.value.code == "unauthorized"


def test_a_401_to_a_key_or_an_approval_token_is_told_in_the_gates_own_words(
    fake: FakeGate, client: Faramesh, config: ClientConfig
) -> None:
    path = f"/v1/actions/{ACTION_ID}/approval"
    fake.on("POST", path, problem(401, "unauthorized", detail="the key is not known"))
    with Faramesh(config, api_key=None) as keyless:
        with pytest.raises(faramesh.UnauthorizedError, match="the key is not known"):
            client.approve_action(ACTION_ID)
        with pytest.raises(faramesh.UnauthorizedError, match="the key is not known"):
            keyless.approve_action(ACTION_ID, "wrong")


def test_a_conflict_says_where_the_action_stands(fake: FakeGate, client: Faramesh) -> None:
    fake.on("POST", f"/v1/actions/{ACTION_ID}/start", problem(409, "conflict", action_status="executing"))
    with pytest.raises(faramesh.ConflictError) as caught:
        client.start_action(ACTION_ID)
    assert caught.value.action_status == "executing"


def test_retry_after_is_kept_and_a_long_one_is_left_to_the_caller(fake: FakeGate, config: ClientConfig) -> None:
    seen: list[float] = []

    def busy(_: Request) -> Answer:
        seen.append(time.monotonic())
        return problem(429, "rate_limited", {"Retry-After": "1"}) if len(seen) == 1 else Answer(action(), 201)

    fake.on("POST", "/v1/actions", busy)
    with Faramesh(config) as client:
        client.submit_action(**CALL)
        assert seen[1] - seen[0] >= 1
        fake.on("POST", "/v1/actions", problem(429, "rate_limited", {"Retry-After": "3600"}))
        with pytest.raises(faramesh.RateLimitedError) as caught:
            client.submit_action(**CALL)
    assert caught.value.retry_after == 3600
    assert len(fake.requests) == 3


def test_a_gate_that_is_down_is_a_connection_error(config: ClientConfig, fake: FakeGate) -> None:
    fake.close()
    with Faramesh(config) as client, pytest.raises(faramesh.FarameshConnectionError) as caught:
        client.submit_action(**CALL)
    assert caught.value.code == "unreachable"
    assert "nothing may run" in str(caught.value)


def test_a_gate_that_does_not_answer_in_time_is_a_timeout(fake: FakeGate, config: ClientConfig) -> None:
    over = threading.Event()

    def never(_: Request) -> Answer:
        over.wait(10)
        return Answer(action(), 201)

    fake.on("POST", "/v1/actions", never)
    with Faramesh(config, timeout=0.1, retries=1) as client, pytest.raises(faramesh.RequestTimeoutError) as caught:
        client.submit_action(**CALL)
    over.set()
    assert caught.value.code == "timeout"
    assert isinstance(caught.value, faramesh.FarameshConnectionError)
    assert len(fake.requests) == 2


def test_an_answer_that_trickles_is_cut_off_at_the_timeout(fake: FakeGate, config: ClientConfig) -> None:
    stop = threading.Event()

    def trickle() -> Any:
        while not stop.wait(0.02):
            yield b" "

    fake.on("GET", "/v1/actions", Answer(chunks=trickle()))
    with Faramesh(config, timeout=0.3, retries=0) as client, pytest.raises(faramesh.RequestTimeoutError):
        client.list_actions()
    stop.set()


def test_a_held_question_is_not_cut_off_by_the_timeout(fake: FakeGate, config: ClientConfig) -> None:
    def slow(_: Request) -> Answer:
        threading.Event().wait(0.4)
        return Answer(action())

    fake.on("GET", f"/v1/actions/{ACTION_ID}", slow)
    with Faramesh(config, timeout=0.2, retries=0) as client:
        assert client.get_action(ACTION_ID, wait=2)["id"] == ACTION_ID
        with pytest.raises(faramesh.RequestTimeoutError):
            client.get_action(ACTION_ID)
    assert fake.requests[0].query == {"wait": "2000ms"}


def test_an_answer_larger_than_the_bound_is_refused(fake: FakeGate, config: ClientConfig) -> None:
    fake.on("GET", "/v1/actions", Answer(chunks=itertools.repeat(b" " * 65536)))
    with (
        Faramesh(config, response_bytes_max=1_000_000) as client,
        pytest.raises(faramesh.BadResponseError, match="larger"),
    ):
        client.list_actions()


def test_redirects_are_not_followed_so_the_key_goes_nowhere_else(fake: FakeGate, client: Faramesh) -> None:
    other = FakeGate()
    for status in (301, 302, 307, 308):
        fake.on("GET", "/v1/actions", Answer(status=status, headers={"Location": f"{other.url}/v1/actions"}))
        with pytest.raises(faramesh.BadResponseError, match="redirects are not followed"):
            client.list_actions()
    other.close()
    assert other.requests == []


@pytest.mark.parametrize(
    "raw",
    [b"", b"<html>welcome to the hotel</html>", b"\xff", b"NaN", b"[1", b"null", b"{}", b'"EXECUTE"', b"[" * 100_000],
)
def test_an_answer_that_is_not_the_gates_is_not_believed(fake: FakeGate, client: Faramesh, raw: bytes) -> None:
    fake.on("POST", "/v1/actions", Answer(raw=raw))
    fake.on("POST", "/v1/gate/decide", Answer(raw=raw))
    for call in (client.submit_action, client.gate_decide):
        with pytest.raises(faramesh.BadResponseError) as caught:
            call(**CALL)
        assert caught.value.code == "bad_response"


@pytest.mark.parametrize("field", ["id", "status", "decision", "outcome", "request_hash", "params"])
def test_an_action_without_its_fields_is_not_an_action(fake: FakeGate, client: Faramesh, field: str) -> None:
    fake.on("POST", "/v1/actions", Answer({**action(), field: None}, 201))
    with pytest.raises(faramesh.BadResponseError, match=field):
        client.submit_action(**CALL)


def test_an_error_that_is_not_a_problem_document_is_an_error_all_the_same(fake: FakeGate, client: Faramesh) -> None:
    fake.on("POST", "/v1/actions", Answer(raw=b"<html>bad gateway</html>", status=502))
    with pytest.raises(faramesh.ServerError) as caught:
        client.submit_action(**CALL)
    assert (caught.value.code, caught.value.status) == ("http_502", 502)


def test_a_proxy_of_the_environment_never_sees_plain_http(
    fake: FakeGate, config: ClientConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = FakeGate()
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    fake.on("GET", "/v1/actions", Answer([]))
    with Faramesh(config) as client:
        assert client.list_actions() == []
    proxy.close()
    assert proxy.requests == []


def test_what_is_sent_is_the_canonical_text_and_no_more(fake: FakeGate, client: Faramesh) -> None:
    fake.on("POST", "/v1/actions", Answer(action(), 201))
    client.submit_action(**CALL, wait=100)
    assert fake.requests[0].body == CALL
    assert fake.requests[0].query == {"wait": "60000ms"}
    client.submit_action(**CALL, context={})
    assert fake.requests[1].body == {**CALL, "context": {}}
    assert fake.requests[1].query == {}


def test_an_action_that_json_cannot_carry_is_refused_before_anything_is_sent(fake: FakeGate, client: Faramesh) -> None:
    with pytest.raises(faramesh.InvalidActionError) as caught:
        client.submit_action("a", "t", "o", {"when": object()})
    assert caught.value.errors[0]["path"] == "$.params.when"
    with pytest.raises(faramesh.InvalidRequestError):
        client.approve_action(ACTION_ID, reason="\ud800")
    assert fake.requests == []


def test_an_id_cannot_lead_to_another_path(fake: FakeGate, client: Faramesh) -> None:
    for wrong in ("", ".", "..", "\ud800"):
        with pytest.raises(faramesh.InvalidRequestError):
            client.get_action(wrong)
    with pytest.raises(faramesh.NotFoundError):
        client.approve_action("../../x?y#z")
    assert [request.path for request in fake.requests] == ["/v1/actions/..%2F..%2Fx%3Fy%23z/approval"]


def test_a_denied_action_is_returned_and_raised_only_when_asked(fake: FakeGate, client: Faramesh) -> None:
    words = {"status": "denied", "decision": "deny", "outcome": "HALT", "reason": "no", "reason_code": "POLICY_DENY"}
    fake.on("POST", "/v1/actions", Answer(action(**words), 201))
    answer = client.submit_action(**CALL)
    assert (answer["status"], answer["decision"]) == ("denied", "deny")
    with pytest.raises(faramesh.ActionDenied) as caught:
        client.submit_action(**CALL, raise_on_deny=True)
    assert caught.value.reason_code == "POLICY_DENY"
    fake.on("POST", "/v1/actions", Answer(held(), 201))
    assert client.submit_action(**CALL, raise_on_deny=True)["status"] == "pending_approval"


def test_list_filters_go_out_as_the_gate_names_them(fake: FakeGate, client: Faramesh) -> None:
    fake.on("GET", "/v1/actions", Answer([]))
    client.list_actions(status="pending_approval", limit=10)
    assert fake.requests[0].query == {"status": "pending_approval", "limit": "10"}
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    client.list_actions(tool=["a", "b"], since=moment)
    assert fake.requests[1].query == {"tool": "b", "since": "2026-01-01T00:00:00.000+00:00"}
    with pytest.raises(faramesh.InvalidRequestError, match="time zone"):
        client.list_actions(since=moment.replace(tzinfo=None))


def test_iter_actions_follows_the_pages(fake: FakeGate, client: Faramesh, config: ClientConfig) -> None:
    def page(request: Request) -> Answer:
        if "cursor" in request.query:
            return Answer([action(id="2")])
        return Answer([action(id="1")], headers={"Link": '</v1/actions?limit=1&cursor=a%2Bb>; rel="next"'})

    fake.on("GET", "/v1/actions", page)
    assert [found["id"] for found in client.iter_actions(tool="shell")] == ["1", "2"]
    assert [request.query.get("cursor") for request in fake.requests] == [None, "a+b"]

    async def ids() -> list[str]:
        async with AsyncFaramesh(config) as other:
            return [found["id"] async for found in other.iter_actions()]

    assert asyncio.run(ids()) == ["1", "2"]


def test_one_client_serves_many_threads(fake: FakeGate, client: Faramesh) -> None:
    fake.on("POST", "/v1/actions", lambda request: Answer(action(params=request.body["params"]), 201))
    failures: list[Any] = []

    def submit(number: int) -> None:
        answer = client.submit_action("my-agent", "shell", "exec", {"n": number})
        if answer["params"] != {"n": number}:
            failures.append(answer)

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len({request.headers["Idempotency-Key"] for request in fake.requests}) == 20
