"""Who waits for which answer, and telling them that it is there."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from chatgee.clock import Deadline

Waiter = Future[None]
"""Done once the answer is in the store, or nobody should wait any longer."""


class Waiters:
    """Rings for everybody who waits for a question. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, list[Waiter]] = {}
        self._patient: dict[str, list[Waiter]] = {}
        self._released = self._closed = False
        self.asleep = 0
        """How many threads are in `wait`."""

    def __len__(self) -> int:
        """How many questions are waited for."""
        return len(self._listeners)

    def wait(self, listener: Waiter, deadline: Deadline) -> bool:
        """Wait in a thread; whether it rang before the deadline."""
        with self._lock:
            self.asleep += 1
        try:
            listener.result(timeout=deadline.remaining)
        except TimeoutError:
            return False
        finally:
            with self._lock:
                self.asleep -= 1
        return True

    @contextmanager
    def listening(self, question_id: str, to_the_end: bool = False) -> Iterator[Waiter]:
        """Begin to listen before you look into the store, and no ring is missed.

        `to_the_end`: for a coroutine, which holds nobody up; `release` does not let it go.
        """
        listener: Waiter = Future()
        with self._lock:
            if self._closed or (self._released and not to_the_end):
                listener.set_result(None)
            else:
                listeners = self._patient if to_the_end else self._listeners
                listeners.setdefault(question_id, []).append(listener)
        try:
            yield listener
        finally:
            with self._lock:
                for listeners in (self._listeners, self._patient):
                    others = listeners.get(question_id, [])
                    if listener in others:
                        others.remove(listener)
                    if not others:
                        listeners.pop(question_id, None)

    def waited_for(self) -> list[str]:
        """The questions of which somebody wants to know."""
        with self._lock:
            return [*self._listeners, *self._patient]

    def ring(self, question_id: str) -> None:
        with self._lock:
            listeners = self._listeners.pop(question_id, [])
            listeners += self._patient.pop(question_id, [])
        for listener in listeners:
            listener.set_result(None)

    def release(self) -> None:
        """Let go who waits in a thread, now and from now on: other settings come."""
        with self._lock:
            self._released = True
            waiting, self._listeners = self._listeners, {}
        for listeners in waiting.values():
            for listener in listeners:
                listener.set_result(None)

    def close(self) -> None:
        """Let everybody go, now and from now on: the program ends."""
        self.release()
        with self._lock:
            self._closed = True
            waiting = list(self._patient)
        for question_id in waiting:
            self.ring(question_id)
