"""DAILY_TOKEN_LIMIT where the model is asked: what is in the making counts before it is paid.

At the door a question is refused by what is used and what waits; see `chatgee.store`. Between the
door and the model others may have used up the day, so it is looked at once more here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from chatgee.store import Spent

OVER = 1.2
"""At most a fifth over the limit, or one answer of each worker process where that is more."""
WORST = 10
"""Times the recent mean: so much may every answer in the making turn out to cost."""


class Budget:
    """Lets as many questions to the model as the day has room for. For one asyncio loop.

    Every worker process reckons for itself. As long as answers cost what they lately did, `WORST`
    of them together still keep within `OVER`.
    """

    def __init__(self, limit: int, spent: Callable[[], Awaitable[Spent]]) -> None:
        """`limit` in tokens a day, 0 for none; `spent` tells what all programs have used."""
        self._limit, self._spent = limit, spent
        self._gate = asyncio.Lock()
        self._asked = 0
        self._one_ended = asyncio.Event()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[bool]:
        """Wait until another answer fits into the day; False where nothing is left of it.

        Until its end it counts as in the making: what it cost must be written down by then.
        """
        if not self._limit:
            yield True
            return
        if not await self._begin():
            yield False
            return
        try:
            yield True
        finally:
            self._asked -= 1
            self._one_ended.set()

    async def _begin(self) -> bool:
        async with self._gate:  # one after the other, in the order in which they came
            while True:
                self._one_ended.clear()
                asked = self._asked  # before the look: who ends meanwhile must not be left out
                spent = await self._spent()
                if spent.tokens >= self._limit:
                    return False
                if not asked or self._fits(asked + 1, spent):
                    self._asked += 1
                    return True
                await self._one_ended.wait()

    def _fits(self, count: int, spent: Spent) -> bool:
        """Whether so many may be in the making; nobody knows before the first has an answer."""
        if spent.mean is None:
            return False
        making = count * spent.mean
        left = self._limit - spent.tokens
        return making <= left and WORST * making <= self._limit * OVER - spent.tokens
