"""A value that several may change at a time: threads, or programs with one database."""

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Changeable(Protocol[T]):
    """Safe from any thread."""

    def change(self, work: Callable[[T], tuple[T, R]]) -> R:
        """Make another value of it, with nobody in between; what `work` returns beside.

        `work` may be called more than once. `StoreError` where the value lies in a database that
        is away.
        """


class ValueHere(Generic[T]):
    """In this program's memory."""

    def __init__(self, value: T) -> None:
        self._value = value
        self._lock = threading.Lock()

    def change(self, work: Callable[[T], tuple[T, R]]) -> R:
        with self._lock:
            self._value, result = work(self._value)
            return result
