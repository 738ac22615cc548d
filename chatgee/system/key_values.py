"""What a program has to know again at its next request: texts by their names.

In memory where it is alone. Behind a load balancer the next request may come to another web, and
the photo of a simulated friend is shown to the model by a worker elsewhere: there they lie in the
database that all share, see `chatgee.cluster.shared_state`.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class KeyValues(Protocol):
    """Safe from any thread; `StoreError` where they lie in a database that is away."""

    def now(self) -> float:
        """Seconds, by the clock of all who share them."""

    def change(self, name: str, work: Callable[[str | None], tuple[str | None, R]]) -> R:
        """Make another text of it, with nobody in between; what `work` returns beside.

        `work` is given None for what is not there, and returns None to leave it as it is. It may
        be called more than once.
        """

    def trim(self, prefix: str, most: int) -> None:
        """Leave the newest `most` of those whose names begin so."""


class InMemory:
    """See `KeyValues`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.now = clock
        self._texts: dict[str, str] = {}
        """The newest last."""
        self._lock = threading.Lock()

    def change(self, name: str, work: Callable[[str | None], tuple[str | None, R]]) -> R:
        with self._lock:
            text, result = work(self._texts.get(name))
            if text is not None:
                self._texts.pop(name, None)
                self._texts[name] = text
            return result

    def trim(self, prefix: str, most: int) -> None:
        with self._lock:
            for name in [one for one in self._texts if one.startswith(prefix)][:-most]:
                del self._texts[name]


@dataclass(frozen=True)
class Entry(Generic[T]):
    """One of them, written as JSON."""

    key_values: KeyValues
    name: str
    nothing: T
    """What it is as long as nobody has changed it."""
    read: Callable[[Any], T]
    """Makes a value of its JSON, in which a dataclass is an object."""

    def change(self, work: Callable[[T], tuple[T, R]]) -> R:
        """As `KeyValues.change` does."""

        def change(text: str | None) -> tuple[str | None, R]:
            before = self.nothing if text is None else self.read(json.loads(text))
            after, result = work(before)
            return None if after == before else json.dumps(after, default=vars), result

        return self.key_values.change(self.name, change)
