"""The doctor's visit, asked for on a page: one at a time, and what it has found so far.

The doctor itself stands above everything that it looks at, and is handed in.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

log = logging.getLogger(__name__)


class Finding(Protocol):
    """One line, in words for the owner."""

    @property
    def name(self) -> str: ...

    @property
    def state(self) -> str:
        """good, warn or bad."""

    @property
    def text(self) -> str: ...

    @property
    def remedy(self) -> str | None:
        """What the owner should do; None where nothing is to be done."""


@dataclass(frozen=True)
class Report:
    """A visit as it stands."""

    running: bool
    found: tuple[Finding, ...]
    left: tuple[str, ...]
    """What has not been looked at yet, in its order."""
    ended_at: float | None
    """Unix time; None before the end."""

    def count(self, state: str) -> int:
        return sum(one.state == state for one in self.found)


class Visit:
    """Safe from any thread. `names` are what is looked at; `look` yields each line once known."""

    def __init__(
        self, names: Sequence[str] = (), look: Callable[[], Iterable[Finding]] = lambda: ()
    ) -> None:
        self._names, self._look = tuple(names), look
        self._lock = threading.Lock()
        self._running = False
        self._found: list[Finding] = []
        self._ended_at: float | None = None

    def begin(self) -> None:
        """Look at everything anew, in a thread of its own; a visit under way goes on instead."""
        with self._lock:
            if self._running:
                return
            self._running, self._found, self._ended_at = True, [], None
        threading.Thread(target=self._go, name="doctor", daemon=True).start()

    def report(self) -> Report:
        with self._lock:
            found = tuple(self._found)
            known = self._names.index(found[-1].name) + 1 if found else 0
            left = () if self._ended_at else self._names[known:]
            return Report(self._running, found, left, self._ended_at)

    def _go(self) -> None:
        try:
            for one in self._look():
                with self._lock:
                    self._found.append(one)
        except Exception:
            log.exception("doctor")
        with self._lock:
            self._running, self._ended_at = False, time.time()
