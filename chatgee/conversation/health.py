"""Whether questions can be answered, as far as the last ones told, here or on another machine."""

import json
from collections.abc import Callable

from chatgee.errors import Failure

SURE = 2
"""Looks that find no worker: one may begin together with us, or be started anew."""


class Health:
    """Remembers failures until an answer succeeds."""

    def __init__(self) -> None:
        self._tell: Callable[[str], object] = lambda told: None
        self._last: Failure | None = None
        self._trouble: Failure | None = None
        self._cannot_store = False
        """Of this machine alone, which tells nobody of it."""
        self._without = 0
        """How often in a row there was no worker when they were counted."""
        self._store_ended = False
        self.worker_ended = False
        """The worker within this process has ended before it: nobody answers until a new start."""

    @property
    def last(self) -> Failure | None:
        """Why the last question has no answer."""
        return Failure.STORAGE if self._cannot_store or self._store_ended else self._last

    @property
    def trouble(self) -> Failure | None:
        """A failure that does not pass by itself."""
        return Failure.STORAGE if self._cannot_store or self._store_ended else self._trouble

    @property
    def nobody_works(self) -> bool:
        """Whether there is no worker, be it a thread of ours or a program of its own."""
        return self.worker_ended or self._without >= SURE

    @property
    def needs_a_start(self) -> bool:
        """Whether a thread has ended before the program, which nothing else brings back."""
        return self.worker_ended or self._store_ended

    def counted(self, workers: int) -> None:
        """So many workers were there just now."""
        self._without = 0 if workers else self._without + 1

    def answered(self) -> None:
        known = self._last or self._trouble
        self._last = self._trouble = None
        self._cannot_store = False
        if known:
            self._tell(self._told())

    def stored(self) -> None:
        """A question could be written down, or could be once more."""
        self._cannot_store = False

    def away(self) -> None:
        """The database is, whether or not somebody asks something meanwhile."""
        self._cannot_store = True

    def ended(self, store: bool = False, worker: bool = False) -> None:
        """The thread of the store or of the worker has, before the program."""
        self._store_ended |= store
        self.worker_ended |= worker

    def failed(self, failure: Failure) -> bool:
        """Whether it is news."""
        if failure == Failure.PRACTISED:
            return False
        news = failure != self.last
        if failure == Failure.STORAGE:
            self._cannot_store = True
            return news
        before = self._told()
        self._last = failure
        if failure.permanent:
            self._trouble = failure
        if self._told() != before:
            self._tell(self._told())
        return news

    # --- other machines -----------------------------------------------------------------------

    def share(self, tell: Callable[[str], object]) -> None:
        """From now on `tell` is called with what others should hear, whenever it is another."""
        self._tell = tell

    def heard(self, told: str) -> None:
        """What another machine has told last; empty where none did."""
        self._last, self._trouble = map(_failure, json.loads(told or "[null, null]"))

    def _told(self) -> str:
        return json.dumps([self._last, self._trouble])


def _failure(name: str | None) -> Failure | None:
    """None also for what only a newer version of the program knows."""
    return Failure(name) if name in set(Failure) else None
