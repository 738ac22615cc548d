"""Who waits for which answer, and telling them that it is there."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from chatgee.clock import Deadline

Waiter = Future[None]
"""Done once the answer is in the store, or nobody should wait any longer."""


class Waiters:
    """Wakes everybody who waits for a question. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: dict[str, list[Waiter]] = {}
        self._patient: dict[str, list[Waiter]] = {}
        self._released = self._closed = False
        self.asleep = 0
        """How many threads are in `wait`."""

    def __len__(self) -> int:
        """How many questions are waited for."""
        return len(self._waiters)

    def wait(self, waiter: Waiter, deadline: Deadline) -> bool:
        """Wait in a thread; whether it was woken before the deadline."""
        with self._lock:
            self.asleep += 1
        try:
            waiter.result(timeout=deadline.remaining)
        except TimeoutError:
            return False
        finally:
            with self._lock:
                self.asleep -= 1
        return True

    @contextmanager
    def waiting(self, question_id: str, to_the_end: bool = False) -> Iterator[Waiter]:
        """Begin to wait before you look into the store, and no answer is missed.

        `to_the_end`: for a coroutine, which holds nobody up; `release` does not let it go.
        """
        waiter: Waiter = Future()
        with self._lock:
            if self._closed or (self._released and not to_the_end):
                waiter.set_result(None)
            else:
                waiters = self._patient if to_the_end else self._waiters
                waiters.setdefault(question_id, []).append(waiter)
        try:
            yield waiter
        finally:
            with self._lock:
                for waiters in (self._waiters, self._patient):
                    others = waiters.get(question_id, [])
                    if waiter in others:
                        others.remove(waiter)
                    if not others:
                        waiters.pop(question_id, None)

    def waited_for(self) -> list[str]:
        """The questions of which somebody wants to know."""
        with self._lock:
            return [*self._waiters, *self._patient]

    def wake(self, question_id: str) -> None:
        with self._lock:
            waiters = self._waiters.pop(question_id, [])
            waiters += self._patient.pop(question_id, [])
        for waiter in waiters:
            waiter.set_result(None)

    def release(self) -> None:
        """Let go who waits in a thread, now and from now on: other settings come."""
        with self._lock:
            self._released = True
            left, self._waiters = self._waiters, {}
        for waiters in left.values():
            for waiter in waiters:
                waiter.set_result(None)

    def close(self) -> None:
        """Let everybody go, now and from now on: the program ends."""
        self.release()
        with self._lock:
            self._closed = True
            left = list(self._patient)
        for question_id in left:
            self.wake(question_id)
