"""How to reach the gate: the only file that reads the environment."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import threading
from typing import Any
from urllib.parse import urlsplit

from ._errors import FarameshConfigError

DEFAULT_URL = "http://127.0.0.1:8000"


@dataclasses.dataclass(frozen=True)
class ClientConfig:
    """How to reach the gate. What is not given comes from the defaults below, not from the environment.

    Attributes:
        url: Where the gate is, with a path prefix if it has one.
        api_key: The key, or ``None`` for calls that carry an approval token alone. Never shown by ``repr``.
        timeout: Seconds for one attempt of one request, waits not counted.
        retries: Further attempts after one that failed to connect, or was answered with 429 or 5xx.
        backoff: Seconds that the first pause before a retry lasts at most; doubled for each one after.
        backoff_max: Seconds that a pause lasts at most. A ``Retry-After`` beyond it is not waited for, but raised.
        response_bytes_max: Bytes of an answer beyond which it is refused.
        allow_insecure_http: Accept plain HTTP to hosts other than this one: on the way, anybody could read the key
            or answer in the gate's place.

    Raises:
        FarameshConfigError: When the URL or the key cannot be used.
    """

    url: str = DEFAULT_URL
    api_key: str | None = dataclasses.field(default=None, repr=False)
    timeout: float = 10.0
    retries: int = 3
    backoff: float = 0.25
    backoff_max: float = 30.0
    response_bytes_max: int = 32 * 1024 * 1024
    allow_insecure_http: bool = False

    def __post_init__(self) -> None:
        """Refuses settings that cannot work or would not be safe."""
        object.__setattr__(self, "url", _checked_url(self.url, self.allow_insecure_http))
        if self.api_key is not None and not _is_visible_ascii(self.api_key):
            raise FarameshConfigError("The API key holds spaces or characters outside ASCII")
        for name, least in (("timeout", 0.001), ("retries", 0), ("backoff", 0), ("backoff_max", 0)):
            if not getattr(self, name) >= least:
                raise FarameshConfigError(f"{name} must be at least {least}")

    @property
    def is_plain_http(self) -> bool:
        """Whether the gate is spoken to without TLS."""
        return self.url.startswith("http:")


_lock = threading.Lock()
_overrides: dict[str, Any] = {}
_OLD_NAMES = {"base_url": "url", "token": "api_key", "max_retries": "retries"}


def configure(config: ClientConfig | None = None, /, **settings: Any) -> None:
    """Settles how the ready functions reach the gate; what is not given still comes from the environment.

    Args:
        config: A whole configuration, in place of everything settled before.
        settings: Fields of :class:`ClientConfig`, added to what was settled before. ``base_url``, ``token`` and
            ``max_retries`` are older names of ``url``, ``api_key`` and ``retries``.

    Called with nothing, it forgets what was settled before.

    Raises:
        FarameshConfigError: For a name that is not a setting, or a value that cannot be used. Nothing changes then.
    """
    with _lock:
        before = dict(_overrides) if settings and config is None else {}
        after = {**before, **_settings(config, settings)}
        resolve_config(**after)
        _overrides.clear()
        _overrides.update(after)


def current_config() -> ClientConfig:
    """The configuration of this moment: what :func:`configure` settled, then the environment, then the defaults."""
    with _lock:
        return resolve_config(**_overrides)


def resolve_config(config: ClientConfig | None = None, /, **settings: Any) -> ClientConfig:
    """A configuration from the given settings, then the given configuration or the environment, then the defaults.

    ``FARAMESH_URL`` (or ``FARAMESH_BASE_URL``) gives the URL, ``FARAMESH_API_KEY`` (or ``FARAMESH_TOKEN``) the key,
    ``FARAMESH_ALLOW_INSECURE_HTTP=1`` accepts plain HTTP to other hosts. They are read now, not at import.

    Raises:
        FarameshConfigError: For a name that is not a setting, or a value that cannot be used.
    """
    return ClientConfig(**{**_environment(), **_settings(config, settings)})


def _settings(config: ClientConfig | None, settings: dict[str, Any]) -> dict[str, Any]:
    known = [field.name for field in dataclasses.fields(ClientConfig)]
    chosen = {} if config is None else {name: getattr(config, name) for name in known}
    for given_name, value in settings.items():
        name = _OLD_NAMES.get(given_name, given_name)
        if name not in known:
            raise FarameshConfigError(f"{name} is not a setting; there are {', '.join(known)}")
        chosen[name] = value
    return chosen


def _environment() -> dict[str, Any]:
    found: dict[str, Any] = {}
    url = os.environ.get("FARAMESH_URL") or os.environ.get("FARAMESH_BASE_URL")
    if url:
        found["url"] = url
    key = os.environ.get("FARAMESH_API_KEY") or os.environ.get("FARAMESH_TOKEN")
    if key:
        found["api_key"] = key
    if os.environ.get("FARAMESH_ALLOW_INSECURE_HTTP") == "1":
        found["allow_insecure_http"] = True
    return found


def _checked_url(url: str, allow_insecure_http: bool) -> str:
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise FarameshConfigError("The gate's URL must look like http://127.0.0.1:8000 or https://host")
    if parts.username is not None or parts.query or parts.fragment:
        raise FarameshConfigError(
            "The gate's URL must not hold a user, a query or a fragment; give the key as FARAMESH_API_KEY"
        )
    if parts.scheme == "http" and not allow_insecure_http and not _is_loopback(host):
        raise FarameshConfigError(
            f"Plain http to {host} would show the key to anybody on the way, and let them answer in the gate's "
            "place. Use https, or set allow_insecure_http=True (FARAMESH_ALLOW_INSECURE_HTTP=1) for a network you "
            "trust"
        )
    return parts.geturl().rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_visible_ascii(text: str) -> bool:
    return text != "" and all("!" <= character <= "~" for character in text)
