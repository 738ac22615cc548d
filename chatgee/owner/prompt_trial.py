"""The owner asks with a character that is not saved yet. Kept is nothing but what it cost."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError, Future, wait
from dataclasses import dataclass, field
from typing import Any

from chatgee.conversation.responder import Responder
from chatgee.errors import ChatGeeError, Failure, ModelError, StoreError
from chatgee.kakao.bubbles import is_blank
from chatgee.kakao.markdown import to_plain
from chatgee.questions import Prompt, Turn, Usage
from chatgee.store import Store

MOST_AT_ONCE = 4
"""Each holds a thread of the server's until there is an answer."""
GLANCE_SECONDS = 0.25
"""How often it is looked whether the asker is still there."""
GRACE_SECONDS = 5.0
"""After which the worker, which keeps the limit itself, is not waited for."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tried:
    """What became of one question."""

    seconds: float
    answer: str = ""
    """As the model said it."""
    shown: str = ""
    """The same as KakaoTalk text."""
    usage: Usage = field(default_factory=Usage)
    failure: Failure | None = None


@dataclass(frozen=True)
class Trial:
    """Safe from any thread."""

    responder: Responder
    store: Store
    call: Callable[[Coroutine[Any, Any, Tried]], "Future[Tried]"]
    """Runs it where the model is asked."""
    most_seconds: float
    _places: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MOST_AT_ONCE), repr=False
    )

    def ask(
        self, question: str, turns: Sequence[Turn], system: str, gone: Callable[[], bool]
    ) -> Tried:
        """Wait for the answer; `gone` tells whether the asker still does.

        `ChatGeeError` where too many are asked at once, or it ended before there was an answer.
        """
        if not self._places.acquire(blocking=False):
            raise ChatGeeError("character.busy", most=MOST_AT_ONCE)
        try:
            return self._wait(self.call(self._answer(question, turns, system)), gone)
        finally:
            self._places.release()

    def _wait(self, future: "Future[Tried]", gone: Callable[[], bool]) -> Tried:
        until = time.monotonic() + self.most_seconds + GRACE_SECONDS
        while not wait([future], GLANCE_SECONDS).done:
            if gone() or time.monotonic() > until:
                future.cancel()
                raise ChatGeeError("character.stopped")
        try:
            return future.result()
        except CancelledError as error:  # the program ends, or its settings have changed
            raise ChatGeeError("character.stopped") from error

    async def _answer(self, question: str, turns: Sequence[Turn], system: str) -> Tried:
        started = time.monotonic()
        try:
            prompt = self.responder.prompt(question, turns, self.store.now(), character=system)
            return await self._ask(prompt, started)
        except ModelError as error:
            failure = error.failure
        except TimeoutError:
            failure = Failure.TIMEOUT
        except Exception:
            log.exception("a character that was tried")
            failure = Failure.BUG
        return Tried(time.monotonic() - started, failure=failure)

    async def _ask(self, prompt: Prompt, started: float) -> Tried:
        async with asyncio.timeout(self.most_seconds):
            answer = await self.responder.ask(prompt)
        seconds = time.monotonic() - started
        await self._count(answer.usage)
        text = answer.text.encode("utf-8", "replace").decode()  # no lone surrogates
        shown = await asyncio.to_thread(to_plain, text)
        failure = Failure.EMPTY if is_blank(shown) else None
        return Tried(seconds, text, shown, answer.usage, failure)

    async def _count(self, usage: Usage) -> None:
        try:
            await asyncio.wrap_future(self.store.spend(self.responder.model.name, usage))
        except StoreError as error:
            log.error("%s tokens were not counted: %s", usage, error)
