"""How the owner's files are changed: one after the other, whoever does it.

Two pages that are saved at the same moment, another program with the same DATA_DIR, and what
comes from other machines: each reads a file, changes it and writes it before the next one begins.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from filelock import FileLock, Timeout

from chatgee.errors import SettingsError

T = TypeVar("T")

LOCK = "changing.lock"
PATIENCE_SECONDS = 10.0
"""Who changes the files has them for an instant; where a database is slow, for a few seconds."""
LOOK_SECONDS = 0.01


class Change(Protocol):
    """Does work that writes the owner's files, and hands back what it returns.

    The work may be done more than once, each time on files as they are by then; what it raises
    is raised. `SettingsError` where it cannot be made known to the others: then nothing changed.
    """

    def __call__(self, work: Callable[[], T], /) -> T: ...


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else changes the files of a DATA_DIR meanwhile; `SettingsError` where somebody does.

    The system gives it back however a program ends.
    """
    try:
        lock = FileLock(folder / LOCK)  # each its own: it holds between threads as well
        lock.acquire(timeout=PATIENCE_SECONDS, poll_interval=LOOK_SECONDS)
    except Timeout as error:
        raise SettingsError("settings.busy") from error
    except OSError as error:
        raise SettingsError("setup.unwritable", file=LOCK, why=error.strerror or error) from error
    try:
        yield
    finally:
        lock.release()


def here(folder: Path) -> Change:
    """For one machine alone."""

    def change(work: Callable[[], T], /) -> T:
        with alone(folder):
            return work()

    return change
