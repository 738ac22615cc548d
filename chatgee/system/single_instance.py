"""One program for one DATA_DIR: who has it now, and where that program can be reached."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from chatgee.errors import AlreadyRunningError
from chatgee.system import own_mark, text_files

LOCK, CARD = "chatgee.lock", "running.json"
LOOK_SECONDS = 0.3
"""Somebody who only looks has the lock for an instant."""
PATIENCE_SECONDS = 5.0
"""How long a program that has just taken the folder may need to say where it is."""


@dataclass(frozen=True)
class Running:
    """What a running program tells of itself."""

    local: str
    """Its address on this machine, without a slash at its end."""
    address: str | None = None
    """Its public address, while it has one."""
    secret: str = ""
    """With which it proves that a reply is its own; see `chatgee.system.own_mark`."""


@dataclass
class OwnedFolder:
    """A DATA_DIR that is ours until the program ends."""

    folder: Path
    card: Running | None = None

    def tell(self, local: str) -> None:
        self._write(Running(local, secret=own_mark.SECRET))

    def tell_secret(self, secret: str) -> None:
        if self.card and self.card.secret != secret:
            self._write(replace(self.card, secret=secret))

    def tell_address(self, address: str | None) -> None:
        if self.card:
            self._write(replace(self.card, address=address))

    def _write(self, card: Running) -> None:
        self.card = card
        with suppress(OSError):  # a full disk: what is told here is a convenience
            text_files.write(self.folder / CARD, json.dumps(asdict(card)))


@contextmanager
def only(folder: Path) -> Iterator[OwnedFolder]:
    """Take the folder; `AlreadyRunningError` where another program has it.

    The system gives it back however a program ends, so no lock outlives a power cut.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=LOOK_SECONDS)
    except Timeout:
        running = _until_told(folder)
        raise AlreadyRunningError(running.local if running else None) from None
    try:
        (folder / CARD).unlink(missing_ok=True)
        yield OwnedFolder(folder)
    finally:
        with suppress(OSError):
            (folder / CARD).unlink(missing_ok=True)
        lock.release()


def find(folder: Path) -> Running | None:
    """The program that has the folder now; None where there is none."""
    if not (folder / CARD).exists():
        return None
    lock = FileLock(folder / LOCK)
    try:
        with lock.acquire(timeout=0):
            return None
    except Timeout:
        return _read(folder)


def _until_told(folder: Path) -> Running | None:
    until = time.monotonic() + PATIENCE_SECONDS
    while (running := _read(folder)) is None and time.monotonic() < until:
        time.sleep(0.1)
    return running


def _read(folder: Path) -> Running | None:
    try:
        return Running(**json.loads((folder / CARD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
