"""How near this month's callbacks are to the limit that one owner has seen."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from chatgee.errors import StoreError
from chatgee.store.korean_days import day_of
from chatgee.store.reading.archive import Archive
from chatgee.store.reading.usage_figures import callbacks_of_month
from chatgee.texts import Texts

QUOTA = 100_000
"""A month, as that owner saw it; Kakao's guide names no number, and others may have more."""
NEAR = 0.8
"""The share of it from which on the owner is warned."""

log = logging.getLogger(__name__)


@dataclass
class CallbackQuota:
    """For one asyncio loop."""

    archive: Archive
    now: Callable[[], float]
    texts: Texts
    _looked: int | None = field(default=None, init=False)
    """The day of the last look."""

    async def look(self) -> None:
        """Warn the owner where the limit is near: once a day, with its first callback."""
        now = self.now()
        if self._looked == day_of(now):
            return
        self._looked = day_of(now)
        try:
            count = await asyncio.to_thread(callbacks_of_month, self.archive, now)
        except StoreError as error:
            log.info("callbacks are not counted: %s", error)
            return
        if count >= NEAR * QUOTA:
            log.warning("%s", self.texts("hint.callback_quota", count=count, quota=QUOTA))
