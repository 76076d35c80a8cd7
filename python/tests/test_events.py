"""The event stream: every event once, in order, over breaks."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest

import faramesh
from fake_gate import Answer, FakeGate, problem
from faramesh import AsyncFaramesh, ClientConfig, Faramesh
from faramesh._events import EventParser

PATH = "/v1/events"


def event(index: int) -> bytes:
    return f"id: {index}\nevent: action.allowed\ndata: {json.dumps({'ledger_index': index})}\n\n".encode()


def stream(*chunks: bytes) -> Answer:
    return Answer(headers={"Content-Type": "text/event-stream; charset=utf-8"}, chunks=iter(chunks))


def taken(client: Faramesh, count: int, **filters: Any) -> list[int]:
    return [found["ledger_index"] for found in itertools.islice(client.stream_events(**filters), count)]


def taken_async(config: ClientConfig, count: int) -> list[int]:
    async def run() -> list[int]:
        found: list[int] = []
        async with AsyncFaramesh(config) as client:
            async for item in client.stream_events():
                found.append(item["ledger_index"])
                if len(found) == count:
                    break
        return found

    return asyncio.run(run())


def test_events_are_resumed_behind_the_last_one_seen(fake: FakeGate, client: Faramesh, config: ClientConfig) -> None:
    def script() -> None:
        breaks = [Answer(drop=True), problem(503, "store_unavailable")]
        fake.on("GET", PATH, stream(b": hello\n\n", event(1), event(2)), *breaks, stream(event(3)), stream(event(4)))

    script()
    assert taken(client, 4) == [1, 2, 3, 4]
    assert [request.headers["Last-Event-ID"] for request in fake.requests] == [None, "2", "2", "2", "3"]
    script()
    assert taken_async(config, 4) == [1, 2, 3, 4]


def test_an_id_without_an_event_is_a_place_to_resume_from(fake: FakeGate, client: Faramesh) -> None:
    fake.on("GET", PATH, stream(b"id: 7\n\n"), stream(event(8)))
    assert taken(client, 1) == [8]
    assert fake.requests[1].headers["Last-Event-ID"] == "7"


def test_a_half_event_is_not_seen_and_comes_again(fake: FakeGate, client: Faramesh) -> None:
    fake.on("GET", PATH, stream(event(1), event(2)[:-1]), stream(event(2)))
    assert taken(client, 2) == [1, 2]
    assert fake.requests[1].headers["Last-Event-ID"] == "1"


def test_filters_and_the_beginning_go_out(fake: FakeGate, client: Faramesh) -> None:
    fake.on("GET", PATH, stream(event(6)))
    assert taken(client, 1, agent_id="a", tool="shell", status="allowed", after=5) == [6]
    assert fake.requests[0].query == {"agent_id": "a", "tool": "shell", "status": "allowed"}
    assert fake.requests[0].headers["Last-Event-ID"] == "5"
    assert fake.requests[0].headers["Accept"] == "text/event-stream"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (problem(401, "unauthorized"), faramesh.UnauthorizedError),
        (problem(403, "forbidden"), faramesh.ForbiddenError),
        (problem(400, "invalid_request"), faramesh.InvalidRequestError),
        (Answer({"not": "a stream"}), faramesh.BadResponseError),
        (Answer(status=302, headers={"Location": "/elsewhere"}), faramesh.BadResponseError),
        (stream(b"data: nonsense\n\n"), faramesh.BadResponseError),
        (stream(b"data: [1]\n\n"), faramesh.BadResponseError),
        (stream(b"data: " + b"x" * 2_000_000), faramesh.BadResponseError),
        (stream(*[b"data: " + b"x" * 600_000 + b"\n"] * 2), faramesh.BadResponseError),
    ],
    ids=range(9),
)
def test_what_is_no_stream_of_events_ends_it_at_once(
    fake: FakeGate, client: Faramesh, answer: Answer, kind: type[faramesh.FarameshError]
) -> None:
    fake.on("GET", PATH, answer)
    with pytest.raises(kind):
        taken(client, 1)
    assert len(fake.requests) == 1


def test_a_gate_that_was_never_there_is_a_connection_error(fake: FakeGate, client: Faramesh) -> None:
    fake.on("GET", PATH, Answer(drop=True))
    with pytest.raises(faramesh.FarameshConnectionError):
        taken(client, 1)
    assert len(fake.requests) == 3


def test_a_gate_that_stays_away_ends_the_stream(fake: FakeGate, client: Faramesh) -> None:
    fake.on("GET", PATH, stream(event(1)), Answer(drop=True))
    with pytest.raises(faramesh.FarameshConnectionError):
        taken(client, 2, reconnect_seconds=0.05)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_stream_reads_the_same_in_any_pieces(size: int) -> None:
    text = ": c\r\nid: 1\r\ndata: a\r\ndata:b\u2028\r\n\r\nid: 2\rdata\r\rid:3\nunknown: x\n"
    raw = f"{text}data:  c\n\nid: 4\n\ndata: no".encode()
    parser, found = EventParser(), []
    for begin in range(0, len(raw), size):
        found += [(parser.last_id, data.decode()) for data in parser.feed(raw[begin : begin + size])]
    assert found == [("1", "a\nb\u2028"), ("2", ""), ("3", " c")]
    assert parser.last_id == "4"
