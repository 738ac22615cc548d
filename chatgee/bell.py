"""Who waits for which answer, and telling them that it is there."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from chatgee.clock import Deadline

Listener = Future[None]
"""Done once the answer is in the store, or nobody should wait any longer."""


class Bell:
    """Rings for everybody who waits for a question. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, list[Listener]] = {}
        self._closed = False
        self.asleep = 0
        """How many threads are in `wait`."""

    def __len__(self) -> int:
        """How many questions are waited for."""
        return len(self._listeners)

    def wait(self, listener: Listener, deadline: Deadline) -> bool:
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
    def listening(self, question_id: str) -> Iterator[Listener]:
        """Begin to listen before you look into the store, and no ring is missed."""
        listener: Listener = Future()
        with self._lock:
            if self._closed:
                listener.set_result(None)
            else:
                self._listeners.setdefault(question_id, []).append(listener)
        try:
            yield listener
        finally:
            with self._lock:
                others = self._listeners.get(question_id, [])
                if listener in others:
                    others.remove(listener)
                if not others:
                    self._listeners.pop(question_id, None)

    def waited_for(self) -> list[str]:
        """The questions of which somebody wants to know."""
        with self._lock:
            return list(self._listeners)

    def ring(self, question_id: str) -> None:
        with self._lock:
            listeners = self._listeners.pop(question_id, [])
        for listener in listeners:
            listener.set_result(None)

    def close(self) -> None:
        """Let everybody go, now and from now on: the program ends."""
        with self._lock:
            self._closed = True
            waiting = list(self._listeners)
        for question_id in waiting:
            self.ring(question_id)
