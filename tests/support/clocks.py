"""A clock that tests hand in where time would pass by itself."""

from dataclasses import dataclass


@dataclass
class StoppedClock:
    """Stands still until it is told to go on."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now
