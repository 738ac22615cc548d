"""One clock for one request, and how often something may happen."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

PAUSES = 1, 2, 4, 8, 15, 30
"""Seconds between the tries to do what fails; the last one again and again."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock, made once at the door and passed down."""

    moment: float

    @classmethod
    def after(cls, seconds: float, start: float | None = None) -> "Deadline":
        """`seconds` after `start` (a `time.monotonic()` value), or after now."""
        return cls((time.monotonic() if start is None else start) + seconds)

    def at_least(self, seconds: float) -> "Deadline":
        """This moment, or `seconds` from now where that is later."""
        return Deadline(max(self.moment, time.monotonic() + seconds))

    @property
    def remaining(self) -> float:
        """Seconds that are left; never negative."""
        return max(0.0, self.moment - time.monotonic())


class PerMinute:
    """So many within a minute; safe from any thread."""

    SECONDS = 60.0

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._taken: deque[float] = deque(maxlen=most)

    def take(self) -> float:
        """0 where one more is taken; else the seconds until one will be."""
        with self._lock:
            now = self._clock()
            full = len(self._taken) == self._taken.maxlen
            if full and (wait := self._taken[0] + self.SECONDS - now) > 0:
                return wait
            self._taken.append(now)  # the oldest, which has left the minute, makes room
            return 0.0


class OncePerMinute(PerMinute):
    """True at the first call, and then at most once a minute: for a log that strangers can fill."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(1, clock)

    def __call__(self) -> bool:
        return not self.take()
