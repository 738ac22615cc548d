"""Talks older than KEEP_DAYS are deleted."""

import asyncio
import logging
from dataclasses import dataclass

from chatgee.errors import StoreError
from chatgee.store import Store
from chatgee.texts import Texts

PURGE_SECONDS = 6 * 3600
PURGE_AT_ONCE = 500

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Purging:
    """In an asyncio loop; 0 days keep everything."""

    store: Store
    texts: Texts
    keep_days: int

    async def for_ever(self) -> None:
        """Every few hours; a database that is away is tried again the next time."""
        while self.keep_days:
            try:
                await self.once()
            except StoreError as error:
                log.error("purge: %s", error)
            await asyncio.sleep(PURGE_SECONDS)

    async def once(self) -> None:
        """In small pieces, between which the store is there for friends."""
        total, count = 0, PURGE_AT_ONCE if self.keep_days else 0
        while count == PURGE_AT_ONCE:
            count = await asyncio.wrap_future(self.store.purge(self.keep_days, PURGE_AT_ONCE))
            total += count
        if total:
            log.info("%s", self.texts("start.purged", days=self.keep_days, count=total))
