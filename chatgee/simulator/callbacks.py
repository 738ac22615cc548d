"""Where simulated friends' callbacks arrive: each address once, for one minute, as at Kakao."""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from chatgee.kakao.limits import Problem, problems
from chatgee.system.key_values import Entry, KeyValues

OPEN_SECONDS = 60.0
MOST_ADDRESSES = 64
"""That are remembered; the oldest are forgotten first."""
MOST_BYTES = 256 * 1024
PATH = "/local_test/callback/"
NAMES = "desk/callbacks/"
"""Under which they are kept."""

NOWHERE = "http://desk.invalid"
"""The server of addresses to which nobody can post: among several machines, the worker that keeps
the promise cannot reach the web that gave the address out, and puts the answer here itself."""


@dataclass(frozen=True)
class GivenAddress:
    """An address that was given out, as it is kept."""

    opened_at: float
    """By the clock of those who keep it."""
    told: str | None = None
    """The JSON that came to it, empty where it was none; None before."""
    seconds: float = 0.0
    """After which it came."""


@dataclass(frozen=True)
class ReceivedCallback:
    """What came to an address that was given out."""

    used: bool
    is_open: bool
    body: Any = None
    """The JSON, or None."""
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0
    """After which it came."""


@dataclass(frozen=True)
class CallbackReceiver:
    """Safe from any thread. It raises what its `KeyValues` do."""

    key_values: KeyValues
    server: str = NOWHERE
    """Where a callback is posted to."""

    def open(self) -> str:
        """A token that nobody can guess; `url` is the address for it."""
        token, given = secrets.token_urlsafe(24), GivenAddress(self.key_values.now())
        self._given(token).change(lambda _: (given, None))
        self.key_values.trim(NAMES, MOST_ADDRESSES)
        return token

    def url(self, token: str) -> str:
        return self.server + PATH + token

    def is_ours(self, url: str) -> bool:
        """Whether it is an address that was given out here: nobody else can have made it up."""
        token = self._token(url)
        return token is not None and self.look(token) is not None

    def taker(self, url: str) -> Callable[[bytes], dict[str, Any] | None] | None:
        """See `chatgee.conversation.callback.Callbacks`; None where somebody can post to it."""
        token = self._token(url) if self.server == NOWHERE else None
        return None if token is None else partial(self.take, token)

    def take(self, token: str, body: bytes) -> dict[str, Any] | None:
        """What Kakao would answer; None where the address was never given out."""
        now, told = self.key_values.now(), _as_text(body)

        def take(given: GivenAddress | None) -> tuple[GivenAddress | None, bool | None]:
            if given is None:
                return None, None
            took = now - given.opened_at
            if given.told is not None or took >= OPEN_SECONDS:
                return given, False
            return GivenAddress(given.opened_at, told, took), True

        taken = self._given(token).change(take)
        if taken is None:
            return None
        if not taken:
            return _answer("FAIL", "the callback address was used, or is older than a minute")
        return _answer("ERROR", "not a skill response") if read(told)[1] else _answer("SUCCESS", "")

    def look(self, token: str) -> ReceivedCallback | None:
        """None where the address was never given out."""
        given = self._given(token).change(lambda it: (it, it))
        if given is None:
            return None
        if given.told is None:
            is_open = self.key_values.now() - given.opened_at < OPEN_SECONDS
            return ReceivedCallback(False, is_open)
        return ReceivedCallback(True, False, *read(given.told), given.seconds)

    def _given(self, token: str) -> Entry[GivenAddress | None]:
        return Entry(self.key_values, NAMES + token, None, lambda told: GivenAddress(**told))

    def _token(self, url: str) -> str | None:
        """None where no such address is given out here."""
        return url.removeprefix(self.url("")) if url.startswith(self.url("")) else None


def read(body: bytes | str) -> tuple[Any, tuple[Problem, ...]]:
    """The JSON of a callback, and why KakaoTalk would not show it."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None, (Problem("wrong", (), "JSON"),)
    return found, problems(found, after_promise=True)


def _as_text(body: bytes) -> str:
    """The same JSON in storage that every database takes; empty for what is none."""
    try:
        return json.dumps(json.loads(body))
    except (ValueError, RecursionError):
        return ""


def _answer(status: str, message: str) -> dict[str, Any]:
    return {
        "taskId": secrets.token_hex(12),
        "status": status,
        "message": message,
        "timestamp": int(time.time() * 1000),
    }
