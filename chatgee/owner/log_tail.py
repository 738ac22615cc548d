"""The end of the log, for a page: the newest entries first, without any secret.

What was written is redacted already; a key that was set only later may still stand in old lines.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chatgee.owner import time_words
from chatgee.system import logs, text_files

MOST_ENTRIES = 300
MOST_CHARS = 60_000
"""Of all entries together: a page stays light, whatever was logged."""
LINE_CHARS = 2_000
TRACE_LINES = 60
MOST_BYTES = 1_000_000
"""So far back is looked for what a filter asks for."""

LEVELS = {"all": 0, "warning": 30, "error": 40}
"""What can be asked for; the least level that is shown."""
RANKS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
START = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (DEBUG|INFO|WARNING|ERROR|CRITICAL) (.*)")


@dataclass(frozen=True)
class LogEntry:
    """What was logged at once."""

    at: str
    """In Korea's time, as on every page; empty for what has lost its beginning."""
    level: str
    text: str
    more: tuple[str, ...] = ()
    """The lines below the first, of a stack trace for the most part."""

    def has(self, wanted: str) -> bool:
        """Whether the words, which are case-folded, stand in one of its lines."""
        return any(wanted in line.casefold() for line in (self.at, self.text, *self.more))


def tail(
    folder: Path, secrets: Collection[str], level: str = "all", words: str = ""
) -> list[LogEntry]:
    """The newest entries first: those of a level or above, with these words somewhere in them."""
    found: list[LogEntry] = []
    chars = 0
    least, wanted = LEVELS.get(level, 0), words.strip().casefold()
    for entry in _entries(_lines(folder, secrets)):
        if RANKS[entry.level] < least or not (wanted == "" or entry.has(wanted)):
            continue
        chars += len(entry.text) + sum(map(len, entry.more))
        if found and chars > MOST_CHARS:
            break
        found.append(entry)
        if len(found) == MOST_ENTRIES:
            break
    return found


def whole(folder: Path, secrets: Collection[str]) -> Iterator[str]:
    """Everything that is kept, the oldest line first, to be handed to somebody who helps."""
    for path in reversed(_files(folder)):
        try:
            with path.open(encoding="utf-8", errors="replace") as lines:
                yield from (logs.hidden(line, secrets) for line in lines)
        except OSError:  # it was renamed just now: there is a newer one
            continue


def _files(folder: Path) -> list[Path]:
    """The newest first."""
    older = (folder / f"{logs.FILE}.{number}" for number in range(1, logs.FILES + 1))
    return [one for one in (folder / logs.FILE, *older) if text_files.lies_in(folder, one)]


def _lines(folder: Path, secrets: Collection[str]) -> Iterator[str]:
    """The newest first."""
    left = MOST_BYTES
    for path in _files(folder):
        raw = _end(path, left)
        left -= len(raw)
        yield from reversed(logs.hidden(raw.decode("utf-8", "replace"), secrets).splitlines())
        if left <= 0:
            return


def _end(path: Path, most: int) -> bytes:
    """The last whole lines of a file; nothing where it cannot be read."""
    try:
        with path.open("rb") as file:
            start = max(0, file.seek(0, 2) - most)
            file.seek(start)
            raw = file.read(most)
    except OSError:
        return b""
    return raw[raw.find(b"\n") + 1 :] if start else raw


def _entries(lines: Iterable[str]) -> Iterator[LogEntry]:
    """Lines put together, both the newest first."""
    below: list[str] = []
    for line in lines:
        if begun := START.fullmatch(line):
            yield _entry(time_words.as_koreas(begun[1]), begun[2], begun[3], below)
            below = []
        else:
            below.append(line)
    if below:
        yield _entry("", "INFO", below.pop(), below)


def _entry(at: str, level: str, text: str, below: list[str]) -> LogEntry:
    more = [line[:LINE_CHARS] for line in reversed(below)]
    return LogEntry(at, level, text[:LINE_CHARS], (*more[:TRACE_LINES],))
