"""How the owner's files are changed: at once, or so that other machines have them too."""

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Change(Protocol):
    """Does work that writes the owner's files, and hands back what it returns.

    The work may be done more than once, each time on files as they are by then; what it raises
    is raised. `SettingsError` where it cannot be made known to the others: then nothing changed.
    """

    def __call__(self, work: Callable[[], T], /) -> T: ...


def here(work: Callable[[], T], /) -> T:
    """For one machine alone."""
    return work()
