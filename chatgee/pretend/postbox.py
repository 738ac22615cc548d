"""Where callbacks of pretend friends arrive: each address once, and for one minute, as at Kakao."""

import json
import secrets
import threading
import time
from dataclasses import dataclass, replace
from typing import Any

from chatgee.kakao_check import Problem, problems

OPEN_SECONDS = 60.0
MOST_LETTERS = 64
"""Addresses that are remembered; the oldest are forgotten first."""
MOST_BYTES = 256 * 1024
PATH = "/local_test/callback/"


@dataclass(frozen=True)
class Letter:
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


class Postbox:
    """Safe from any thread. What it holds is gone with the program."""

    def __init__(self, server: str, open_seconds: float = OPEN_SECONDS) -> None:
        """`server` is where this very program finds itself."""
        self._prefix = server + PATH
        self._open_seconds = open_seconds
        self._letters: dict[str, Letter] = {}
        self._lock = threading.Lock()

    def open(self) -> str:
        """A token that nobody can guess; `url` is the address for it."""
        token, now = secrets.token_urlsafe(24), time.monotonic()
        with self._lock:
            while len(self._letters) >= MOST_LETTERS:
                del self._letters[next(iter(self._letters))]
            self._letters[token] = Letter(now, now + self._open_seconds)
        return token

    def url(self, token: str) -> str:
        return self._prefix + token

    def is_ours(self, url: str) -> bool:
        """Whether it is an address that was given out here: nobody else can have made it up."""
        if not url.startswith(self._prefix):
            return False
        return self.look(url.removeprefix(self._prefix)) is not None

    def take(self, token: str, body: bytes) -> dict[str, Any] | None:
        """What Kakao would answer; None where the address was never given out."""
        with self._lock:
            letter = self._letters.get(token)
            if letter is None:
                return None
            if not letter.is_open():
                return _told("FAIL", "the callback address was used, or is older than a minute")
            came, wrong = _read(body)
            took = time.monotonic() - letter.opened_at
            self._letters[token] = replace(
                letter, used=True, body=came, problems=wrong, seconds=took
            )
        return _told("ERROR", "not a skill response") if wrong else _told("SUCCESS", "")

    def look(self, token: str) -> Letter | None:
        """None where the address was never given out."""
        with self._lock:
            return self._letters.get(token)


def _read(body: bytes) -> tuple[Any, tuple[Problem, ...]]:
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
