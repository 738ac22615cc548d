"""Waiting for a store that may be away, where somebody waits for us."""

from concurrent.futures import Future
from typing import TypeVar

from chatgee.errors import StoreError

T = TypeVar("T")

PATIENCE_SECONDS = 3.0


def soon(work: "Future[T]", seconds: float | None = PATIENCE_SECONDS) -> T:
    """`StoreError` also where it takes longer; what has begun by then may still take place."""
    try:
        return work.result(seconds)
    except TimeoutError as error:
        work.cancel()  # what nobody has begun with, nobody will
        raise StoreError("reply.not_stored", why="it takes too long") from error
