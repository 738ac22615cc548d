"""What several webs keep together, as notes in the database that they share."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from chatgee.owner import login_tries
from chatgee.simulator import callbacks, photos
from chatgee.store import Store
from chatgee.store.bounded_wait import soon

R = TypeVar("R")

DAY, HOUR = 86_400.0, 3_600.0
KEPT = (
    (photos.NAMES, photos.MOST_PHOTOS, DAY),
    (callbacks.NAMES, callbacks.MOST_ADDRESSES, HOUR),
    (login_tries.NAME, 1, login_tries.WINDOW_SECONDS),
)
"""Of which notes how many are kept, and for how many seconds."""


@dataclass(frozen=True)
class InDatabase:
    """See `chatgee.system.key_values.KeyValues`."""

    store: Store

    def now(self) -> float:
        return self.store.now()

    def change(self, name: str, work: Callable[[str | None], tuple[str | None, R]]) -> R:
        result: R = soon(self.store.change_note(name, work))
        return result

    def trim(self, prefix: str, most: int) -> None:
        soon(self.store.trim_notes(prefix, most, DAY))


async def tidy(store: Store) -> None:
    """Drop what nobody will ask for any more."""
    for prefix, most, seconds in KEPT:
        await asyncio.wrap_future(store.trim_notes(prefix, most, seconds))
