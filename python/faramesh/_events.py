"""The gate's event stream: server-sent events, resumed after a break behind the last one seen."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, cast

import httpx

from ._errors import BadResponseError, FarameshConnectionError, FarameshError, RateLimitedError, ServerError
from ._transport import answered_error, connection_error, parse_json

if TYPE_CHECKING:
    from ._config import ClientConfig
    from ._models import ActionEvent
    from ._transport import AsyncTransport, Transport

_log = logging.getLogger("faramesh")

_EVENT_BYTES_MAX = 1024 * 1024
_ERROR_BYTES_MAX = 64 * 1024
_PATH = "/v1/events"


class EventParser:
    """Reads ``text/event-stream`` (WHATWG HTML 9.2) in whatever pieces it comes."""

    def __init__(self) -> None:
        """Begins at the start of a stream."""
        self.last_id: str | None = None
        self._id: str | None = None
        self._rest = b""
        self._data: list[bytes] = []
        self._bytes = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The data of each event that this piece completes.

        Raises:
            BadResponseError: When one event is larger than 1 MiB.
        """
        # A "\r" at the end may be half of a "\r\n", so it waits for the next piece.
        text = self._rest + chunk
        held = b"\r" if text.endswith(b"\r") else b""
        lines = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + held
        for line in lines:
            data = self._line(line)
            if data is not None:
                yield data
        self._bound(len(self._rest))

    def _line(self, line: bytes) -> bytes | None:
        if not line:
            # Only a whole event moves the place to resume from.
            self.last_id = self._id
            data, self._data, self._bytes = self._data, [], 0
            return b"\n".join(data) if data else None
        name, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if name == b"data":
            self._data.append(value)
            self._bound(len(value))
            self._bytes += len(value)
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("ascii", "ignore")
        return None

    def _bound(self, more: int) -> None:
        if self._bytes + more > _EVENT_BYTES_MAX:
            raise BadResponseError("An event of the stream is larger than 1 MiB")


class _Subscription:
    """What lasts over reconnections: the place in the stream, and how long the gate has been away."""

    def __init__(self, config: ClientConfig, after: int | None, reconnect_seconds: float) -> None:
        self._config = config
        self._last_id = None if after is None else str(after)
        self._reconnect_seconds = reconnect_seconds
        self._parser = EventParser()
        self._failures = 0
        self._was_open = False
        self._last_contact = time.monotonic()

    def headers(self) -> dict[str, str]:
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self._last_id is not None:
            headers["Last-Event-ID"] = self._last_id
        return headers

    def opened(self, response: httpx.Response) -> None:
        kind = response.headers.get("Content-Type", "")
        if response.status_code != 200 or not kind.startswith("text/event-stream"):
            raise BadResponseError(
                f"HTTP {response.status_code} came instead of an event stream", status=response.status_code
            )
        self._parser, self._was_open = EventParser(), True

    def read(self, chunk: bytes) -> Iterator[ActionEvent]:
        self._failures, self._last_contact = 0, time.monotonic()
        for data in self._parser.feed(chunk):
            event = _event(data)
            self._last_id = self._parser.last_id or self._last_id
            yield event
        self._last_id = self._parser.last_id or self._last_id

    def pause_after(self, error: FarameshError | None) -> float:
        """Seconds before the next connection.

        Raises:
            FarameshError: The given one, when there should be none.
        """
        self._failures += 1
        if error is not None and not self._worth_repeating(error):
            raise error
        _log.info("The event stream broke off (%s); resuming after %s", error or "it ended", self._last_id)
        return random.uniform(0, min(self._config.backoff_max, self._config.backoff * 2 ** min(self._failures, 10)))  # noqa: S311

    def _worth_repeating(self, error: FarameshError) -> bool:
        if isinstance(error, BadResponseError) or not isinstance(
            error, (FarameshConnectionError, ServerError, RateLimitedError)
        ):
            return False
        if not self._was_open:
            return self._failures <= self._config.retries
        return time.monotonic() - self._last_contact < self._reconnect_seconds


def stream_events(
    transport: Transport, query: tuple[tuple[str, str], ...], after: int | None, reconnect_seconds: float
) -> Iterator[ActionEvent]:
    """Yields events as they come; see :meth:`faramesh.Faramesh.stream_events`."""
    subscription = _Subscription(transport.config, after, reconnect_seconds)
    while True:
        failure: FarameshError | None = None
        try:
            with transport.open_stream(_PATH, query, subscription.headers()) as response:
                if response.status_code >= 400:
                    raise answered_error(response, next(response.iter_raw(_ERROR_BYTES_MAX), b""))
                subscription.opened(response)
                for chunk in response.iter_raw():
                    yield from subscription.read(chunk)
        except httpx.HTTPError as error:
            failure = connection_error(error, transport.config)
        except FarameshError as error:
            failure = error
        time.sleep(subscription.pause_after(failure))


async def async_stream_events(
    transport: AsyncTransport, query: tuple[tuple[str, str], ...], after: int | None, reconnect_seconds: float
) -> AsyncIterator[ActionEvent]:
    """What :func:`stream_events` does, awaiting."""
    subscription = _Subscription(transport.config, after, reconnect_seconds)
    while True:
        failure: FarameshError | None = None
        try:
            async with transport.open_stream(_PATH, query, subscription.headers()) as response:
                if response.status_code >= 400:
                    raise answered_error(response, await _first_bytes(response))
                subscription.opened(response)
                async for chunk in response.aiter_raw():
                    for event in subscription.read(chunk):
                        yield event
        except httpx.HTTPError as error:
            failure = connection_error(error, transport.config)
        except FarameshError as error:
            failure = error
        await asyncio.sleep(subscription.pause_after(failure))


async def _first_bytes(response: httpx.Response) -> bytes:
    async for chunk in response.aiter_raw(_ERROR_BYTES_MAX):
        return chunk
    return b""


def _event(data: bytes) -> ActionEvent:
    try:
        value: Any = parse_json(data)
    except ValueError as error:
        raise BadResponseError("An event of the stream is not JSON") from error
    if not isinstance(value, dict):
        raise BadResponseError("An event of the stream is not a JSON object")
    return cast("ActionEvent", value)
