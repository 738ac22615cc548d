"""The model that answers when there is no key, so that an owner can try every path for free.

`느리게 N초` delays the answer, `길게` makes it long, `오류` fails it.
"""

import asyncio
import re

from chatgee.errors import Failure, ModelError
from chatgee.questions import Answer, Prompt
from chatgee.texts import Texts

MOST_SECONDS = 50
LINES = 60


class PracticeModel:
    """Answers at once, and says in every answer that it is for practice."""

    name = "practice"

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    async def prepare(self) -> None:
        """Nothing to prepare."""

    async def answer(self, prompt: Prompt) -> Answer:
        question = prompt.question
        slow = re.search(r"느리게\s*(\d{1,4}(?:\.\d+)?)\s*초", question)
        seconds = min(float(slow[1]), MOST_SECONDS) if slow else 0
        await asyncio.sleep(seconds)
        if "오류" in question:
            raise ModelError(Failure.PRACTISED)
        if "길게" in question:
            return Answer(self.long())
        if prompt.image_urls:
            return Answer(self._texts("practice.photo"))
        if slow:
            return Answer(self._texts("practice.slow", seconds=f"{seconds:g}", question=question))
        return Answer(self._texts("practice.answer", question=question))

    async def close(self) -> None:
        """Nothing to let go of."""

    def long(self) -> str:
        """An answer that no reply has room for."""
        lines = (self._texts("practice.long_line", number=n) for n in range(1, LINES + 1))
        return "\n".join([self._texts("practice.long_start"), "", *lines])
