"""Where simulated friends' callbacks arrive: each address once, for one minute, as at Kakao."""

import json
import secrets
import threading
import time
from dataclasses import dataclass, replace
from typing import Any, Protocol

from chatgee.kakao.limits import Problem, problems

OPEN_SECONDS = 60.0
MOST_LETTERS = 64
"""Addresses that are remembered; the oldest are forgotten first."""
MOST_BYTES = 256 * 1024
PATH = "/local_test/callback/"


@dataclass(frozen=True)
class ReceivedCallback:
    """An address that was given out, and what came to it."""

    opened_at: float
    """On the monotonic clock."""
    until: float
    used: bool = False
    body: Any = None
    """The JSON, or None."""
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0
    """After which it came."""

    def is_open(self) -> bool:
        return not self.used and time.monotonic() < self.until


class CallbackStorage(Protocol):
    """Kept by their tokens. Safe from any thread; `StoreError` where their database is away."""

    def put(self, token: str, received: ReceivedCallback) -> None:
        """A new one; the oldest go where there are more than MOST_LETTERS."""

    def find(self, token: str) -> ReceivedCallback | None: ...

    def use(self, token: str, received: ReceivedCallback) -> bool:
        """Put a used one in the place of the open one; False where somebody else has done so."""


class CallbacksHere:
    """In this program's memory."""

    def __init__(self) -> None:
        self._storage: dict[str, ReceivedCallback] = {}
        self._lock = threading.Lock()

    def put(self, token: str, received: ReceivedCallback) -> None:
        with self._lock:
            while len(self._storage) >= MOST_LETTERS:
                del self._storage[next(iter(self._storage))]
            self._storage[token] = received

    def find(self, token: str) -> ReceivedCallback | None:
        with self._lock:
            return self._storage.get(token)

    def use(self, token: str, received: ReceivedCallback) -> bool:
        with self._lock:
            before = self._storage.get(token)
            if before is None or before.used:
                return False
            self._storage[token] = received
            return True


class CallbackReceiver:
    """Safe from any thread. It raises what its storage do."""

    def __init__(
        self,
        server: str,
        open_seconds: float = OPEN_SECONDS,
        storage: CallbackStorage | None = None,
    ) -> None:
        """`server` is where a callback is posted to; without `letters` it is gone with us."""
        self._prefix = server + PATH
        self._open_seconds = open_seconds
        self._storage = storage or CallbacksHere()

    def open(self) -> str:
        """A token that nobody can guess; `url` is the address for it."""
        token, now = secrets.token_urlsafe(24), time.monotonic()
        self._storage.put(token, ReceivedCallback(now, now + self._open_seconds))
        return token

    def url(self, token: str) -> str:
        return self._prefix + token

    def token(self, url: str) -> str | None:
        """None where no such address is given out here."""
        return url.removeprefix(self._prefix) if url.startswith(self._prefix) else None

    def is_ours(self, url: str) -> bool:
        """Whether it is an address that was given out here: nobody else can have made it up."""
        token = self.token(url)
        return token is not None and self.look(token) is not None

    def take(self, token: str, body: bytes) -> dict[str, Any] | None:
        """What Kakao would answer; None where the address was never given out."""
        received = self._storage.find(token)
        if received is None:
            return None
        came, wrong = read(body)
        took = time.monotonic() - received.opened_at
        used = replace(received, used=True, body=came, problems=wrong, seconds=took)
        if not (received.is_open() and self._storage.use(token, used)):
            return _told("FAIL", "the callback address was used, or is older than a minute")
        return _told("ERROR", "not a skill response") if wrong else _told("SUCCESS", "")

    def look(self, token: str) -> ReceivedCallback | None:
        """None where the address was never given out."""
        return self._storage.find(token)


def read(body: bytes) -> tuple[Any, tuple[Problem, ...]]:
    """The JSON of a callback, and why KakaoTalk would not show it."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None, (Problem("wrong", (), "JSON"),)
    return found, problems(found, after_promise=True)


def _told(status: str, message: str) -> dict[str, Any]:
    return {
        "taskId": secrets.token_hex(12),
        "status": status,
        "message": message,
        "timestamp": int(time.time() * 1000),
    }
