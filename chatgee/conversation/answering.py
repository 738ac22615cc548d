"""The worker's side of a question: the model is asked, the answer written down, callbacks kept.

`Answering.next` is all that is needed to work on a question: it finds in the store what to do.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TypeVar

from chatgee.clock import PAUSES
from chatgee.conversation.callback import Callbacks
from chatgee.conversation.callback_quota import CallbackQuota
from chatgee.conversation.daily_tokens import Budget
from chatgee.conversation.health import Health
from chatgee.conversation.replies import HELD, Replies
from chatgee.conversation.responder import Responder
from chatgee.conversation.waiting import Waiters
from chatgee.errors import CallbackError, Failure, ModelError, StoreError
from chatgee.kakao import messages
from chatgee.kakao.bubbles import is_blank
from chatgee.kakao.markdown import to_plain
from chatgee.questions import Prompt, Question, State, Usage, storable
from chatgee.store import Outcome, Store
from chatgee.texts import Texts

T = TypeVar("T")

PhotoForModel = Callable[[str], str]
"""What the model is shown of a photo, by its address; it may block. Raises `StoreError`."""

LONG = 5_000
"""Answers above this length are turned into KakaoTalk text outside of the loop."""

TOO_SOON = 1.0
"""Seconds after the promise in which Kakao may refuse the callback (seen, not documented)."""

TOO_LATE = 2.0
"""Seconds past CALLBACK_SECONDS, counted from the promise, after which none is used any more."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answering:
    """Works on questions, in an asyncio loop."""

    store: Store
    responder: Responder
    waiters: Waiters
    health: Health
    texts: Texts
    replies: Replies
    callbacks: Callbacks
    quota: CallbackQuota
    photo_for_model: PhotoForModel
    budget: Budget
    callback_seconds: float

    async def next(self, room_id: str) -> None:
        """Answer the room's oldest question that has no answer yet, if there is one."""
        turns = self.responder.memory.turns or 1_000
        due = await self._patiently(lambda: self.store.next(room_id, turns))
        if due is None:
            return
        question = due.question
        prompt = self.responder.prompt(
            question.text,
            due.memory,
            question.asked_at,
            question.image_urls,
            continued=due.continued,
        )
        async with self.budget.turn(prompt) as has_room:
            outcome = await self._outcome(question, prompt) if has_room else self._used_up(question)
            await self._fill(question, outcome)

    def _used_up(self, question: Question) -> Outcome:
        self._report(question, Failure.DAILY_LIMIT)
        return Outcome(failure=Failure.DAILY_LIMIT)

    async def _fill(self, question: Question, outcome: Outcome) -> None:
        try:
            await self._patiently(lambda: self.store.fill(question, outcome))
        except Exception:  # no database takes it; unanswered, it would hold up all that follow
            log.exception("question %s", question.id)
            bug = Outcome(failure=Failure.BUG)
            await self._patiently(lambda: self.store.fill(question, bug))

    async def _patiently(self, work: Callable[[], "Future[T] | asyncio.Future[T]"]) -> T:
        """Again and again while the disk is full or locked, for as long as that is.

        An answer was paid for; and without it the friend's answers would be one behind for ever.
        """
        pauses = iter(PAUSES)
        while True:
            try:
                return await asyncio.wrap_future(work())
            except StoreError as error:
                if self.health.failed(Failure.STORAGE):
                    log.error("%s", self.texts("hint.storage"))
                pause = next(pauses, PAUSES[-1])
                log.info("%s; once more in %s s", error, pause)
                await asyncio.sleep(pause)

    async def _outcome(self, question: Question, prompt: Prompt) -> Outcome:
        started = time.monotonic()
        try:
            photos = [await self._photo(url) for url in prompt.image_urls]
            answer = await self.responder.ask(replace(prompt, image_urls=photos))
            seconds = time.monotonic() - started
            text = storable(answer.text)
            shown = await _plain(text)
            if is_blank(shown):
                used = answer.usage.prompt_tokens, answer.usage.completion_tokens
                raise ModelError(Failure.EMPTY, tokens=used)
        except ModelError as error:
            self._report(question, error.failure, error.said)
            paid = Usage(*error.tokens) if error.tokens else None
            name = self.responder.model.name
            return Outcome(failure=error.failure, said=error.said, usage=paid, model=name)
        except Exception:
            log.exception("question %s", question.id)
            return Outcome(failure=Failure.BUG)
        self.health.answered()
        log.info("question %s: answered in %.1f s", question.id, seconds)
        log.debug("question %s: %r -> %r", question.id, question.text, text)
        name = self.responder.model.name
        if answer.broken_off:
            log.warning("question %s: broken off. %s", question.id, self.texts("hint.broken_off"))
        return Outcome(text, shown, None, answer.usage, name, seconds, answer.broken_off)

    async def _photo(self, url: str) -> str:
        """For the model, which cannot see a simulated friend's where it is said to lie."""
        loop = asyncio.get_running_loop()
        return await self._patiently(lambda: loop.run_in_executor(None, self.photo_for_model, url))

    def _report(self, question: Question, failure: Failure, said: str | None = None) -> None:
        self.health.failed(failure)
        hint = self.texts(f"hint.{failure}", model=self.responder.model.name)
        told = f" {self.texts('service.said', said=said)}" if said else ""
        same = {"same": f"{failure}. {hint}{told}"}  # a terminal need not show it for each question
        log.warning("question %s: %s. %s%s", question.id, failure, hint, told, extra=same)

    # --- callbacks ------------------------------------------------------------------------

    async def keep_promise(self, question_id: str, room_id: str, promised_at: float) -> None:
        """One POST to Kakao: the answer when it is there, or that it takes longer.

        `promised_at` is unix time. Where Kakao refuses, or has stopped to wait before anybody
        could keep the promise, the answer is held for the friend's next message.
        """
        await self._answered(question_id, room_id)
        await asyncio.sleep(min(TOO_SOON, max(0.0, promised_at + TOO_SOON - self.store.now())))
        late = self.store.now() > promised_at + self.callback_seconds + TOO_LATE
        await self.callbacks.finish(self._post(question_id, room_id, late))

    async def _post(self, question_id: str, room_id: str, late: bool) -> None:
        taken = await asyncio.wrap_future(self.store.use_callback(question_id, room_id, HELD))
        if taken is None:
            return
        url, claimed = taken
        if late:
            log.warning("question %s: too late for its callback", question_id)
            await self._patiently(lambda: self.store.let_go(claimed.mine))
            return
        reply = self.replies.compose(claimed, beside=True, waiting="reply.callback_late")
        if claimed.question.in_group:
            reply = self.replies.in_words(reply)
        try:
            await self.callbacks.post(url, messages.encode(reply))
        except Exception as error:  # whatever it was: claimed, nobody else would announce it
            known = isinstance(error, CallbackError)
            why = self.texts.of(error) if isinstance(error, CallbackError) else error
            log.warning("question %s: callback refused: %s", question_id, why, exc_info=not known)
            await self._patiently(lambda: self.store.let_go(claimed.mine))
        else:
            await self._patiently(lambda: self.store.confirm(claimed.mine))
            if reply.rests:
                await self._patiently(lambda: self.store.leave_unread(reply.rests))
            await self.quota.look()

    async def _answered(self, question_id: str, room_id: str) -> None:
        """Wait for the answer, as long as Kakao keeps the callback open."""
        with self.waiters.waiting(question_id, to_the_end=True) as waiter:
            question = await asyncio.wrap_future(self.store.find(question_id, room_id))
            if question is None or question.state != State.ASKED:
                return
            left = question.asked_at + self.callback_seconds - self.store.now()
            await asyncio.wait([asyncio.wrap_future(waiter)], timeout=max(0.0, left))


async def _plain(markdown: str) -> str:
    if len(markdown) > LONG:
        return await asyncio.to_thread(to_plain, markdown)
    return to_plain(markdown)
