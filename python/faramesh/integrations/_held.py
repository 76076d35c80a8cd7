"""Calls that wait for a person: made again, they take up the same action instead of asking for another approval."""

from __future__ import annotations

import collections
import threading
import uuid

_CALLS_MAX = 1_000


class HeldCalls:
    """The idempotency keys of calls that are held, by the hash of what they ask. Threads may share it."""

    def __init__(self) -> None:
        """Begins with none."""
        self._lock = threading.Lock()
        self._keys: collections.OrderedDict[str, str] = collections.OrderedDict()

    def key_for(self, request_hash: str) -> str:
        """The key of the held call of this hash, or a new one."""
        with self._lock:
            return self._keys.get(request_hash) or str(uuid.uuid4())

    def remember(self, request_hash: str, key: str) -> None:
        """Keeps the key; of more than 1,000, the oldest is forgotten, and its call would ask anew."""
        with self._lock:
            self._keys[request_hash] = key
            self._keys.move_to_end(request_hash)
            if len(self._keys) > _CALLS_MAX:
                self._keys.popitem(last=False)

    def forget(self, request_hash: str, key: str) -> None:
        """Lets the key go, unless another call has been held under this hash meanwhile."""
        with self._lock:
            if self._keys.get(request_hash) == key:
                del self._keys[request_hash]
