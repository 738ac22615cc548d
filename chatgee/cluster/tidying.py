"""What has to be looked after among many programs, whichever of them does it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from procrastinate import App

from chatgee.cluster import shared_state
from chatgee.cluster.worker_process import waiting_rooms
from chatgee.store import Store

CLAIM_SECONDS = 60.0
"""Nobody holds a claim for longer: a request has five seconds, a callback ten."""
ORPHAN_SECONDS = 30.0
"""A question that is older should have its job."""
PURGE_SECONDS = 3600.0

log = logging.getLogger(__name__)


@dataclass
class Tidying:
    """For one asyncio loop."""

    store: Store
    purge: Callable[[], Awaitable[None]]
    """Deletes what is older than KEEP_DAYS."""
    _purged_at: float = field(default=-PURGE_SECONDS, init=False)

    async def __call__(self, app: App) -> None:
        now = self.store.now()
        await asyncio.wrap_future(self.store.release(now - CLAIM_SECONDS))
        await self._adopt(app, now - ORPHAN_SECONDS)
        if time.monotonic() - self._purged_at > PURGE_SECONDS:
            self._purged_at = time.monotonic()
            await shared_state.tidy(self.store)
            await self.purge()

    async def _adopt(self, app: App, before: float) -> None:
        """Give a job to rooms that wait without one, such as after a move from one machine."""
        waiting = await asyncio.wrap_future(self.store.waiting(before))
        if waiting and (lost := set(waiting) - await waiting_rooms(app, waiting)):
            log.warning("queue: %s questions without a job are taken up", len(lost))
            await asyncio.wrap_future(self.store.line_up([one for one in waiting if one in lost]))
