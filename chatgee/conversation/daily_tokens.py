"""DAILY_TOKEN_LIMIT where the model is asked: what is in the making counts before it is paid.

At the door a question is refused by what is used and what waits; see `chatgee.store`. Between the
door and the model others may have used up the day, so it is looked at once more here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from chatgee.questions import Prompt
from chatgee.store import SpentToday

OVER = 1.2
"""At most a fifth over the limit, or one answer of each worker process where that is more."""
WORST = 10
"""Times what was lately written: so much may every answer in the making turn out to hold."""
WRITTEN = 500
"""Tokens of an answer, as long as nobody knows what answers hold."""

BYTES_OF_A_TOKEN = 2.6
"""Never undercounted (measured on Korean, English and code)."""
PHOTO_TOKENS = 1_500


def size_of(prompt: Prompt) -> float:
    """Tokens that are sent, rather too many than too few."""
    turns = [text for turn in prompt.turns for text in (turn.question, turn.answer)]
    words = "".join([prompt.system, *turns, prompt.last_words]).encode("utf-8", "replace")
    return len(words) / BYTES_OF_A_TOKEN + PHOTO_TOKENS * len(prompt.image_urls)


@dataclass(frozen=True, slots=True)
class Cost:
    """Tokens of answers in the making: as expected, and at the worst."""

    expected: float = 0
    worst: float = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.expected + other.expected, self.worst + other.worst)

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(self.expected - other.expected, self.worst - other.worst)


class Budget:
    """Lets as many questions to the model as the day has room for. For one asyncio loop.

    Every worker process reckons for itself. Answers cost what they lately did, `WORST` of them
    together still keep within `OVER`.
    """

    def __init__(self, limit: int, spent: Callable[[], Awaitable[SpentToday]]) -> None:
        """`limit` in tokens a day, 0 for none; `spent` tells what all programs have used."""
        self._limit, self._spent = limit, spent
        self._gate = asyncio.Lock()
        self._asked, self._making = 0, Cost()
        self._one_ended = asyncio.Event()

    @asynccontextmanager
    async def turn(self, prompt: Prompt) -> AsyncIterator[bool]:
        """Wait until its answer fits into the day; False where nothing is left of it.

        Until its end it counts as in the making: what it cost must be written down by then.
        """
        if not self._limit:
            yield True
            return
        cost = await self._begin(size_of(prompt))
        if cost is None:
            yield False
            return
        try:
            yield True
        finally:
            self._asked -= 1
            self._making -= cost
            self._one_ended.set()

    async def _begin(self, size: float) -> Cost | None:
        async with self._gate:  # one after the other, in the order in which they came
            while True:
                self._one_ended.clear()
                # Before the look: who ends meanwhile must not be left out.
                asked, making = self._asked, self._making
                spent = await self._spent()
                if spent.tokens >= self._limit:
                    return None
                cost = _cost(size, spent)
                if not asked or self._fits(making + cost, spent):
                    self._asked += 1
                    self._making += cost
                    return cost
                await self._one_ended.wait()

    def _fits(self, making: Cost, spent: SpentToday) -> bool:
        return (
            spent.tokens + making.expected <= self._limit
            and spent.tokens + making.worst <= self._limit * OVER
        )


def _cost(size: float, spent: SpentToday) -> Cost:
    """Of one answer, by what is sent and by what answers lately cost, whichever is more."""
    if spent.mean is None or spent.written is None:
        return Cost(size + WRITTEN, size + WRITTEN * WORST)
    if not spent.mean:  # the model counts nothing
        return Cost()
    expected = max(size + spent.written, spent.mean)
    return Cost(expected, max(size + spent.written * WORST, spent.mean * WORST))
