"""What is logged where, and that no secret is in it.

The terminal is for the owner: one line each, no stack traces. The file has everything.
"""

import copy
import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread

FILE = "chatgee.log"
LARGEST_BYTES, FILES = 1_000_000, 5
MOST_LINES = 2000
"""That wait for a terminal."""
REPEATED_SECONDS = 60.0
"""After which a line that goes on repeating is shown once more, with how often it came."""
LAST_SECONDS = 0.5
"""How long the end waits for them to be read."""

STARS = "*****"
SHORT_CHARS = 8
"""A secret of fewer stands in many a word by chance: stars in all of them would tell it."""


def hidden(text: str, secrets: Iterable[str]) -> str:
    """With stars in place of the secrets, of which one may be a part of another.

    A short one is starred only as a word of its own; letters of Korean are no part of a word.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) < SHORT_CHARS:
            text = re.sub(rf"(?<![A-Za-z0-9_]){re.escape(secret)}(?![A-Za-z0-9_])", STARS, text)
        else:
            text = text.replace(secret, STARS)
    return text


class Redacting(logging.Formatter):
    """Prints every secret as stars, wherever it comes from."""

    def __init__(self, secrets: Iterable[str], moment: str = "%Y-%m-%d %H:%M:%S") -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", moment)
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        return hidden(super().format(record), self._secrets)


class Short(Redacting):
    """A line for the owner, who can do nothing with a stack trace."""

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        record.exc_info = record.exc_text = record.stack_info = None
        return super().format(record)


Counted = tuple[str, int]
"""A line, and how often it came; nothing is to be shown where that is 0."""


class _Repeated:
    """Which lines are the one before once more."""

    def __init__(self) -> None:
        self._same: tuple[int, str] | None = None
        self._line, self._times, self._shown, self._shown_at = "", 0, 0, 0.0

    def take(self, record: logging.LogRecord, line: str) -> tuple[Counted, Counted]:
        """What is to be shown of the lines before, and of this one."""
        same = record.levelno, str(getattr(record, "same", record.getMessage()))
        if same != self._same:
            before = self.rest()
            self._same, self._line, self._times, self._shown = same, line, 1, 1
            self._shown_at = record.created
            return before, (line, 1)
        self._line, self._times = line, self._times + 1
        if record.created - self._shown_at < REPEATED_SECONDS:
            return ("", 0), ("", 0)
        self._shown_at = record.created
        return ("", 0), self.rest()

    def rest(self) -> Counted:
        """Of the last line, what nobody was told of yet."""
        if self._times == self._shown:
            return "", 0
        self._shown = self._times
        return self._line, self._times


class Terminal(logging.Handler):
    """Writes where stderr is now: a screen puts itself in its place and scrolls the lines.

    A thread of its own writes. A terminal takes nothing while text is being selected in it
    (Windows) or after Ctrl+S, a pipe nothing once it is full: no friend may wait for that. Lines
    that come when too many wait are counted, and the terminal is told of them in their place.

    A line that is the same again, with nothing in between, is counted too. What is said anew of
    each question is the same where the record's `same` says so.
    """

    def __init__(self) -> None:
        super().__init__()
        self.missed: Callable[..., str] = "+{count}".format
        """What is told in place of so many lines, the `count`."""
        self.times: Callable[..., str] = "(x{count})".format
        """What stands behind a line that came so often, the `count`."""
        self._repeated = _Repeated()
        self._lines: SimpleQueue[str | Event] = SimpleQueue()
        self._lost, self._counting = 0, Lock()
        self._failed = False
        """Whether the last line could not be written: whoever read them is gone."""
        self._writer = Thread()

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        with self._counting:
            before, shown = self._repeated.take(record, line)
            for one, times in before, shown:
                if times:
                    self._put(f"{one} {self.times(count=times)}" if times > 1 else one)
        self._write_on()

    def _put(self, line: str) -> None:
        if self._lines.qsize() >= MOST_LINES:
            self._lost += 1
            return
        self._tell_lost()
        self._lines.put(line)

    def written(self, seconds: float) -> bool:
        """Whether somebody has taken all lines, after so long at most.

        Where it is False not even the interpreter can end: it would flush stderr.
        """
        done = Event()
        with self._counting:
            line, times = self._repeated.rest()
            if times:
                self._put(f"{line} {self.times(count=times)}")
        self._lines.put(done)
        self._write_on()
        return done.wait(seconds) and not self._failed

    def flush(self) -> None:
        if self._writer.is_alive():  # no thread can be begun at the interpreter's end
            self.written(LAST_SECONDS)

    @contextmanager
    def for_warnings(self) -> Iterator[None]:
        """Of these alone, while a screen tells the rest."""
        level = self.level
        self.setLevel(logging.WARNING)
        try:
            yield
        finally:
            self.setLevel(level)

    def _write_on(self) -> None:
        if not self._writer.is_alive():
            self._writer = Thread(target=self._write, daemon=True)
            self._writer.start()

    def _write(self) -> None:
        while line := self._lines.get():
            if isinstance(line, Event):
                line.set()
                continue
            self._print(line)
            if self._lines.empty():
                with self._counting:
                    self._tell_lost()

    def _print(self, line: str) -> None:
        try:
            if stream := sys.stderr:  # a service of Windows has none
                stream.write(line + "\n")
                stream.flush()
            self._failed = False
        except (OSError, ValueError):  # a pipe that was closed: the file has it
            self._failed = True

    def _tell_lost(self) -> None:
        if self._lost:
            told = {"levelname": "WARNING", "levelno": logging.WARNING}
            record = logging.makeLogRecord(told | {"msg": self.missed(count=self._lost)})
            self._lines.put(self.format(record))
            self._lost = 0


TERMINAL = Terminal()


def configure(
    level: str,
    secrets: Iterable[str] = (),
    folder: Path | None = None,
    missed: Callable[..., str] | None = None,
    times: Callable[..., str] | None = None,
) -> None:
    """`level` is for both; `folder` is where the file goes, none yet before it is known.

    `missed` tells of lines that the terminal did not take, `times` of one that came again.
    """
    # The format names none of these, and they are looked up for every line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.raiseExceptions = False  # a full disk is told by who needs it, not by the log
    secrets = tuple(secrets)
    root = logging.getLogger()
    before = root.handlers
    TERMINAL.setFormatter(Short(secrets, "%H:%M:%S"))
    TERMINAL.missed = missed or TERMINAL.missed
    TERMINAL.times = times or TERMINAL.times
    file = [_file(folder / FILE, secrets)] if folder else []
    root.handlers = [*file, TERMINAL]  # what the terminal says can be found in the file
    for handler in before:
        if handler is not TERMINAL:
            handler.close()
    root.setLevel(logging.WARNING)  # of libraries, only what is wrong
    logging.getLogger("chatgee").setLevel(level.upper())


def _file(path: Path, secrets: tuple[str, ...]) -> logging.Handler:
    handler = RotatingFileHandler(path, "a", LARGEST_BYTES, FILES, encoding="utf-8", delay=True)
    handler.setFormatter(Redacting(secrets))
    return handler
