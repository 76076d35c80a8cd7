"""One request, one answer: retries, bounds and errors, for the sync and the async client alike."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
import random
import ssl
import time
import uuid
import weakref
from collections.abc import Iterable
from typing import Any, Callable, Generic, TypeVar

import httpx

from ._config import ClientConfig
from ._errors import (
    BadResponseError,
    FarameshConnectionError,
    FarameshError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    problem_error,
)
from ._version import __version__

T = TypeVar("T")

_PROBLEM_BYTES_MAX = 64 * 1024


@dataclasses.dataclass(frozen=True)
class Reply:
    """A good answer: its JSON, and the cursor of the next page where it is one of several."""

    body: Any
    next_cursor: str | None = None


@dataclasses.dataclass(frozen=True)
class Call(Generic[T]):
    """One request to the gate, and how to read its answer.

    ``keyed`` calls carry an idempotency key, made once and kept across retries, so that a lost answer never makes
    two of anything. A call that is neither keyed nor a mere question is repeated only where the gate cannot have
    seen it. Where ``key_optional``, something else than a key lets it in, so that a 401 is not about a missing key.
    """

    method: str
    path: str
    read: Callable[[Reply], T]
    query: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    keyed: bool = False
    idempotency_key: str | None = None
    asks_only: bool = False
    key_optional: bool = False
    hold_seconds: float = 0.0

    def headers(self) -> dict[str, str]:
        """The headers of this call, the key aside."""
        headers = {} if self.body is None else {"Content-Type": "application/json"}
        if self.keyed:
            headers["Idempotency-Key"] = self.idempotency_key or str(uuid.uuid4())
        return headers

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.keyed or self.asks_only


@dataclasses.dataclass
class _Attempts:
    """Which failures are worth another attempt, and after which pause."""

    config: ClientConfig
    repeatable: bool
    made: int = 0

    def pause_after(self, error: FarameshError) -> float:
        """Seconds to wait before the next attempt.

        Raises:
            FarameshError: The given one, when there should be none.
        """
        self.made += 1
        pause = getattr(error, "retry_after", None)
        if self.made > self.config.retries or not self._worth_repeating(error):
            raise error
        if pause is None:
            # Full jitter: clients that failed together do not come back together.
            return random.uniform(0, min(self.config.backoff_max, self.config.backoff * 2 ** (self.made - 1)))  # noqa: S311
        if pause > self.config.backoff_max:
            raise error
        return float(pause)

    def _worth_repeating(self, error: FarameshError) -> bool:
        if isinstance(error, RateLimitedError):
            return True
        if isinstance(error, BadResponseError):
            return False
        if isinstance(error, FarameshConnectionError):
            return self.repeatable or isinstance(error.__cause__, (httpx.ConnectError, httpx.ConnectTimeout))
        return isinstance(error, ServerError) and error.status != 501 and self.repeatable


class Transport:
    """Sends calls and waits for them."""

    def __init__(self, config: ClientConfig) -> None:
        """Prepares a connection pool; nothing is sent yet."""
        self.config = config
        self._http = httpx.Client(**_client_options(config))
        # Clients that are let go without being closed give back their connections too.
        self._close = weakref.finalize(self, self._http.close)

    def send(self, call: Call[T]) -> T:
        """Sends the call until it is answered or the attempts are used up.

        Raises:
            FarameshError: By what went wrong.
        """
        attempts, headers = _Attempts(self.config, call.repeatable), call.headers()
        while True:
            try:
                return call.read(self._attempt(call, headers))
            except FarameshError as error:
                pause = attempts.pause_after(error)
            time.sleep(pause)

    def _attempt(self, call: Call[T], headers: dict[str, str]) -> Reply:
        answer = _Answer(self.config, call)
        try:
            with self._http.stream(**answer.request(headers)) as response:
                answer.begin(response)
                for chunk in response.iter_raw():
                    answer.add(chunk)
        except httpx.HTTPError as error:
            raise connection_error(error, self.config) from error
        return answer.reply()

    def open_stream(self, path: str, query: Iterable[tuple[str, str]], headers: dict[str, str]) -> Any:
        """A request whose answer goes on; a context manager of the response."""
        return self._http.stream("GET", path, params=list(query), headers=headers, timeout=stream_timeout(self.config))

    def close(self) -> None:
        """Closes the connections."""
        self._close()


class AsyncTransport:
    """Sends calls and awaits them."""

    def __init__(self, config: ClientConfig) -> None:
        """Prepares a connection pool; nothing is sent yet."""
        self.config = config
        self._http = httpx.AsyncClient(**_client_options(config))

    async def send(self, call: Call[T]) -> T:
        """Sends the call until it is answered or the attempts are used up.

        Raises:
            FarameshError: By what went wrong.
        """
        attempts, headers = _Attempts(self.config, call.repeatable), call.headers()
        while True:
            try:
                return call.read(await self._attempt(call, headers))
            except FarameshError as error:
                pause = attempts.pause_after(error)
            await asyncio.sleep(pause)

    async def _attempt(self, call: Call[T], headers: dict[str, str]) -> Reply:
        answer = _Answer(self.config, call)
        try:
            async with self._http.stream(**answer.request(headers)) as response:
                answer.begin(response)
                async for chunk in response.aiter_raw():
                    answer.add(chunk)
        except httpx.HTTPError as error:
            raise connection_error(error, self.config) from error
        return answer.reply()

    def open_stream(self, path: str, query: Iterable[tuple[str, str]], headers: dict[str, str]) -> Any:
        """A request whose answer goes on; an async context manager of the response."""
        return self._http.stream("GET", path, params=list(query), headers=headers, timeout=stream_timeout(self.config))

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()


class _Answer:
    """Collects one answer within its bounds of size and time."""

    def __init__(self, config: ClientConfig, call: Call[Any]) -> None:
        self._config = config
        self._call = call
        self._seconds = config.timeout + call.hold_seconds
        self._deadline = time.monotonic() + self._seconds
        self._body = bytearray()
        self._response: httpx.Response | None = None

    def request(self, headers: dict[str, str]) -> dict[str, Any]:
        call, config = self._call, self._config
        return {
            "method": call.method,
            "url": call.path,
            "params": list(call.query),
            "content": None if call.body is None else call.body.encode(),
            "headers": headers,
            "timeout": httpx.Timeout(config.timeout, read=self._seconds),
        }

    def begin(self, response: httpx.Response) -> None:
        self._response = response

    def add(self, chunk: bytes) -> None:
        self._body += chunk
        if len(self._body) > self._config.response_bytes_max:
            raise BadResponseError(
                f"The answer is larger than {self._config.response_bytes_max} bytes (response_bytes_max)"
            )
        if time.monotonic() > self._deadline:
            raise httpx.ReadTimeout("the answer came too slowly")

    def reply(self) -> Reply:
        """A good answer; anything else is raised."""
        response = self._response
        if response is None:
            raise BadResponseError("There was no answer")
        if response.status_code >= 400:
            raise answered_error(response, bytes(self._body), key_optional=self._call.key_optional)
        if not 200 <= response.status_code < 300:
            raise BadResponseError(
                f"HTTP {response.status_code} came instead of an answer; redirects are not followed, because a key "
                "must not be sent elsewhere. Give the gate's final URL",
                status=response.status_code,
            )
        try:
            return Reply(parse_json(bytes(self._body)), _next_cursor(response))
        except ValueError as error:
            raise BadResponseError(
                f"HTTP {response.status_code} came with a body that is not JSON; is there a gate at this URL?",
                status=response.status_code,
            ) from error


def answered_error(response: httpx.Response, body: bytes, *, key_optional: bool = False) -> FarameshError:
    """The error that an answer of 4xx or 5xx stands for."""
    try:
        problem = parse_json(body[:_PROBLEM_BYTES_MAX])
    except ValueError:
        problem = {}
    return problem_error(
        response.status_code,
        problem if isinstance(problem, dict) else {},
        _retry_after(response),
        lacks_key=not key_optional and "Authorization" not in response.request.headers,
    )


def connection_error(error: httpx.HTTPError, config: ClientConfig) -> FarameshConnectionError:
    """The error for a request that met no answer."""
    if isinstance(error, httpx.TimeoutException):
        return RequestTimeoutError(f"The gate at {config.url} did not answer in time; nothing may run")
    why = type(error).__name__
    return FarameshConnectionError(
        f"The gate at {config.url} cannot be reached ({why}); nothing may run. Is it running, and is FARAMESH_URL "
        "right?",
    )


def stream_timeout(config: ClientConfig) -> httpx.Timeout:
    """Timeouts of a stream: the gate sends at least a comment every 15 s, so three missed ones mean it is gone."""
    return httpx.Timeout(config.timeout, read=45.0)


def parse_json(body: bytes) -> Any:
    """The JSON value of an answer.

    Raises:
        ValueError: When it is not JSON in UTF-8; NaN and infinities are not JSON.
    """
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _next_cursor(response: httpx.Response) -> str | None:
    next_url = response.links.get("next", {}).get("url")
    return httpx.URL(next_url).params.get("cursor") if next_url else None


def _client_options(config: ClientConfig) -> dict[str, Any]:
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"faramesh-python/{__version__}",
    }
    if config.api_key is not None:
        headers["Authorization"] = f"Bearer {config.api_key}"
    return {
        "base_url": config.url,
        "headers": headers,
        "follow_redirects": False,
        "verify": _tls_context(),
        # A proxy may carry TLS, but would read plain HTTP, key included.
        "trust_env": not config.is_plain_http,
    }


@functools.lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()
