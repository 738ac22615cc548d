"""The doctor's run, asked for on a page: one at a time, and what it has found so far.

The doctor itself stands above everything that it looks at, and is handed in.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from chatgee.errors import StoreError
from chatgee.system.key_values import Entry, InMemory, KeyValues

SILENT_SECONDS = 120.0
"""Of which nothing was heard for so long, that run has ended: its program is gone."""

NAME = "doctor"
"""Under which the record is kept."""

R = TypeVar("R")

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
class CheckLine:
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
    found: tuple[CheckLine, ...] = ()

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


@dataclass(frozen=True)
class DoctorRun:
    """Safe from any thread."""

    names: Sequence[str] = ()
    """Of what is looked at, in its order."""
    look: Callable[[], Iterable[Finding]] = lambda: ()
    """Yields each line once it is known."""
    key_values: KeyValues = field(default_factory=InMemory)
    """Where whoever else should know of it finds the record."""
    now: Callable[[], float] = time.time
    machine: str = ""
    """Where it is made; empty where there is only one."""
    _here: InMemory = field(default_factory=InMemory, init=False)

    def begin(self) -> None:
        """Look at everything anew, in a thread of its own; a run under way goes on instead."""
        id, now = secrets.token_hex(8), self.now()

        def begun(before: Record) -> tuple[Record, bool]:
            if before.id and before.ended_at(now) is None:
                return before, False
            return Record(id, self.machine, now, ended=False), True

        if self._change(begun):
            threading.Thread(target=self._go, args=(id,), name="doctor", daemon=True).start()

    def report(self) -> DoctorReport:
        record = self._change(lambda it: (it, it))
        ended_at = record.ended_at(self.now())
        names = [one.name for one in record.found]
        known = max((n for n, name in enumerate(self.names, 1) if name in names), default=0)
        left = () if ended_at else tuple(self.names[known:])
        running = bool(record.id) and ended_at is None
        return DoctorReport(running, record.found, left, ended_at, record.machine)

    def _go(self, id: str) -> None:
        found: list[CheckLine] = []
        try:
            for one in self.look():
                found.append(CheckLine(one.name, one.state, one.text, one.remedy))
                self._write(id, found)
        except Exception:
            log.exception("doctor")
        self._write(id, found, ended=True)

    def _write(self, id: str, found: Sequence[CheckLine], ended: bool = False) -> None:
        """Of this run alone: where another has begun meanwhile, its record stands."""
        now = self.now()

        def written(it: Record) -> tuple[Record, None]:
            mine = replace(it, heard_at=now, ended=ended, found=tuple(found))
            return mine if it.id == id else it, None

        self._change(written)

    def _change(self, work: Callable[[Record], tuple[Record, R]]) -> R:
        """Goes on in this program alone while the database is away: a doctor is needed then."""

        def both(before: Record) -> tuple[Record, tuple[Record, R]]:
            after, result = work(before)
            return after, (after, result)

        here = Entry(self._here, NAME, Record(), _read)
        try:
            after, result = Entry(self.key_values, NAME, Record(), _read).change(both)
        except StoreError:
            return here.change(work)
        here.change(lambda _: (after, None))
        return result


def _read(told: Any) -> Record:
    return Record(**told | {"found": tuple(CheckLine(**one) for one in told["found"])})
