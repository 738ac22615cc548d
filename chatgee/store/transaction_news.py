"""What a transaction did that others wait for, and who tells them."""

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(slots=True)
class News:
    """Gathered while the work of a transaction is done; dropped where it is rolled back."""

    asked: list[str] = field(default_factory=list)
    """Rooms, once for each question more that they wait for."""
    answered: list[str] = field(default_factory=list)
    """Questions of which is known now what became."""
    promised: list[tuple[str, str, float]] = field(default_factory=list)
    """Question, room, and the unix time at which a callback was promised."""
    noted: list[str] = field(default_factory=list)
    """Names of notes that were written or dropped; see `chatgee.store.notes`."""


class NewsTeller(Protocol):
    """Tells whoever works on questions and whoever waits for answers. Both in the store's thread.

    On one machine that can wait until the transaction is on the disk; for other machines it has
    to be a part of it, so that no crash can come between.
    """

    def within(self, connection: Any, news: News) -> None:
        """Before the commit, on the driver's connection; raises what the driver raises."""

    def after(self, news: News) -> None:
        """After it; never raises."""


class NoNews:
    """Tells nobody: for a store that is only looked into."""

    def within(self, connection: Any, news: News) -> None: ...

    def after(self, news: News) -> None: ...
