"""One clock for one request."""

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock, made once at the door and passed down."""

    moment: float

    @classmethod
    def after(cls, seconds: float, start: float | None = None) -> "Deadline":
        """`seconds` after `start` (a `time.monotonic()` value), or after now."""
        return cls((time.monotonic() if start is None else start) + seconds)

    @property
    def remaining(self) -> float:
        """Seconds that are left; never negative."""
        return max(0.0, self.moment - time.monotonic())
