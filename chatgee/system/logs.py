"""What is logged where, and that no secret is in it.

The terminal is for the owner: one line each, no stack traces. The file has everything.
"""

import copy
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TextIO

FILE = "chatgee.log"
LARGEST_BYTES, FILES = 1_000_000, 5

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


class Terminal(logging.StreamHandler[TextIO]):
    """Writes where stderr is now: a screen puts itself in its place and scrolls the lines."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self._waiting: SimpleQueue[logging.LogRecord | None] | None = None

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr

    def emit(self, record: logging.LogRecord) -> None:
        if waiting := self._waiting:
            waiting.put(record)
        else:
            super().emit(record)

    @contextmanager
    def beside_a_screen(self) -> Iterator[None]:
        """Warnings only, as the screen tells the rest, and written by a thread of its own.

        A terminal takes nothing more while text is being selected in it (Windows) or after
        Ctrl+S: no friend may wait for that.
        """
        self._waiting, level = SimpleQueue(), self.level
        writer = Thread(target=self._write, args=(self._waiting,), daemon=True)
        writer.start()
        self.setLevel(logging.WARNING)
        try:
            yield
        finally:
            waiting, self._waiting = self._waiting, None
            self.setLevel(level)
            waiting.put(None)
            writer.join(1.0)

    def _write(self, waiting: "SimpleQueue[logging.LogRecord | None]") -> None:
        while record := waiting.get():
            super().emit(record)


TERMINAL = Terminal()


def configure(level: str, secrets: Iterable[str] = (), folder: Path | None = None) -> None:
    """`level` is for both; `folder` is where the file goes, none yet before it is known."""
    # The format names none of these, and they are looked up for every line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.raiseExceptions = False  # a full disk is told by who needs it, not by the log
    secrets = tuple(secrets)
    root = logging.getLogger()
    before = root.handlers
    TERMINAL.setFormatter(Short(secrets, "%H:%M:%S"))
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
