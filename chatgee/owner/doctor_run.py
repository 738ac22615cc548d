"""The doctor's run, asked for on a page: one at a time, and what it has found so far.

The doctor itself stands above everything that it looks at, and is handed in.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from chatgee.system.changeable_value import Changeable, ValueHere

SILENT_SECONDS = 120.0
"""Of which nothing was heard for so long, that run has ended: its program is gone."""

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
class Line:
    """A finding as it was written down."""

    name: str
    state: str
    text: str
    remedy: str | None


@dataclass(frozen=True)
class Record:
    """What is written down of the last run; all moments are unix time."""

    id: str = ""
    machine: str = ""
    """Where it was made; empty where there is only one."""
    heard_at: float = 0.0
    """When the last line came."""
    ended: bool = True
    found: tuple[Line, ...] = ()

    def ended_at(self, now: float) -> float | None:
        """None before the end, and where there was no run."""
        over = self.ended or now - self.heard_at > SILENT_SECONDS
        return self.heard_at if self.id and over else None


@dataclass(frozen=True)
class DoctorReport:
    """A run as it stands."""

    running: bool
    found: tuple[Finding, ...]
    left: tuple[str, ...]
    """What has not been looked at yet, in its order."""
    ended_at: float | None
    """Unix time; None before the end."""
    machine: str = ""
    """Where it was made; empty where there is only one."""

    def count(self, state: str) -> int:
        return sum(one.state == state for one in self.found)


class DoctorRun:
    """Safe from any thread. `names` are what is looked at; `look` yields each line once known."""

    def __init__(
        self,
        names: Sequence[str] = (),
        look: Callable[[], Iterable[Finding]] = lambda: (),
        record: Changeable[Record] | None = None,
        now: Callable[[], float] = time.time,
        machine: str = "",
    ) -> None:
        """`record` is this program's own where none is given, else of all on every `machine`."""
        self._names, self._look = tuple(names), look
        self._record: Changeable[Record] = record or ValueHere(Record())
        self._now, self._machine = now, machine

    def told_to(
        self, record: Changeable[Record], now: Callable[[], float], machine: str
    ) -> "DoctorRun":
        """The same, of which every program knows."""
        return DoctorRun(self._names, self._look, record, now, machine)

    def begin(self) -> None:
        """Look at everything anew, in a thread of its own; a run under way goes on instead."""
        id, now = secrets.token_hex(8), self._now()

        def begun(before: Record) -> tuple[Record, bool]:
            if before.id and before.ended_at(now) is None:
                return before, False
            return Record(id, self._machine, now, ended=False), True

        if self._record.change(begun):
            threading.Thread(target=self._go, args=(id,), name="doctor", daemon=True).start()

    def report(self) -> DoctorReport:
        record = self._record.change(lambda it: (it, it))
        ended_at = record.ended_at(self._now())
        names = [one.name for one in record.found]
        known = max((n for n, name in enumerate(self._names, 1) if name in names), default=0)
        left = () if ended_at else self._names[known:]
        running = bool(record.id) and ended_at is None
        return DoctorReport(running, record.found, left, ended_at, record.machine)

    def _go(self, id: str) -> None:
        found: list[Line] = []
        try:
            for one in self._look():
                found.append(Line(one.name, one.state, one.text, one.remedy))
                self._write(id, found)
        except Exception:
            log.exception("doctor")
        self._write(id, found, ended=True)

    def _write(self, id: str, found: Sequence[Line], ended: bool = False) -> None:
        """Of this run alone: where another has begun meanwhile, its record stands."""
        now = self._now()

        def written(it: Record) -> tuple[Record, None]:
            mine = replace(it, heard_at=now, ended=ended, found=tuple(found))
            return mine if it.id == id else it, None

        self._record.change(written)
