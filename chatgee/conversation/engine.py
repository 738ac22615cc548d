"""The life of a question: what a friend's message becomes, before the deadline.

Every question is written down before any work begins. The worker fills in the answer; whoever
delivers it claims it first, so that it is announced once, and its own button can fetch it again
at any time. No web server and no key are needed here: the parts are handed in.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from chatgee.clock import Deadline
from chatgee.conversation import commands
from chatgee.conversation.callback import CallbackHosts
from chatgee.conversation.commands import Command, Does
from chatgee.conversation.health import Health
from chatgee.conversation.replies import HELD, UNSEEN, Replies
from chatgee.conversation.waiting import Waiter, Waiters
from chatgee.errors import Failure, StoreError
from chatgee.kakao.messages import UTTERANCE_CHARS, Press, Promise, Reply, SkillRequest
from chatgee.questions import Delivery, State, UnreadPart, new_id
from chatgee.store import Asked, Claimed, Limits, Store
from chatgee.store.bounded_wait import soon

T = TypeVar("T")

GRACE = 0.2
"""Seconds past the deadline in which the store may still be asked what to say."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Engine:
    """Answers requests, each in a thread of its own."""

    store: Store
    waiters: Waiters
    replies: Replies
    limits: Limits
    callback_hosts: CallbackHosts
    health: Health
    callback: str = "auto"

    def answer(self, skill: SkillRequest, deadline: Deadline) -> Reply | Promise:
        """What the friend is told now. Never raises for what a friend or Kakao may send."""
        try:
            reply = self._with_unseen(self._answer(skill, deadline), skill, deadline)
        except (StoreError, TimeoutError) as error:
            self._not_stored(error)
            return self.replies.sentence("reply.not_stored")
        if skill.in_group and isinstance(reply, Reply):
            return self.replies.in_words(reply)
        return reply

    def _answer(self, skill: SkillRequest, deadline: Deadline) -> Reply | Promise:
        command = commands.meant(skill.utterance, self.replies.texts)
        if command and command.does == Does.READ_ON and skill.in_group and not skill.press:
            if unread := _now(self.store.unread(skill.room_id), deadline):
                return self._read_on(skill, unread, deadline)
        typed = self._typed_press(skill, command, deadline) if command and not skill.press else None
        if press := skill.press or typed:
            if press.rest:
                return self._ask(skill, deadline, rest_of=press.question)
            return self._pressed(skill, press, deadline)
        if command and command.in_menu:
            return self._commanded(skill, command, deadline)
        return self._said(skill, deadline)

    def _not_stored(self, error: Exception) -> None:
        """Told to the owner once, not with every message."""
        if isinstance(error, StoreError) and self.health.failed(Failure.STORAGE):
            log.error("%s", self.replies.texts("hint.storage"))
        log.info("not stored: %s", error or "the store is too slow")

    def can_store(self, deadline: Deadline) -> bool:
        """Whether questions can be written down, as found out before the deadline."""
        try:
            soon(self.store.look(), deadline.remaining)
        except StoreError:
            return False
        return True

    # --- presses and commands ---------------------------------------------------------------

    def _pressed(self, skill: SkillRequest, press: Press, deadline: Deadline) -> Reply:
        try:
            return self._again(skill, press, deadline) or self._fetch(skill, press, deadline)
        except (StoreError, TimeoutError):  # its button works once the store does
            return self.replies.not_yet(press.question)

    def _read_on(
        self, skill: SkillRequest, unread: Sequence[tuple[str, UnreadPart]], deadline: Deadline
    ) -> Reply:
        """Of what the group was shown last; at its end, what was shown before it is offered."""
        last, *others = [
            Press(one, part.page, bubble_chars=part.bubble_chars) for one, part in unread
        ]
        reply = self._pressed(skill, last, deadline)
        at_end = not any(reply.rests.values())
        return self.replies.offering(reply, "button.more", others if at_end else ())

    def _again(self, skill: SkillRequest, press: Press, deadline: Deadline) -> Reply | None:
        """Ask a failed question again, where that is what was pressed; None unless refused."""
        if not press.again:
            return None
        limits = self._limits(skill)
        asking = self.store.ask_again(press.question, skill.user_id, limits, skill.room_id)
        asked = _now(asking, deadline)
        return self._refused(*asked.refusal) if asked and asked.refusal else None

    def _typed_press(
        self, skill: SkillRequest, command: Command, deadline: Deadline
    ) -> Press | None:
        """Our buttons' words without `extra`: they mean the newest for which the button stands."""
        match command.does:
            case Does.FETCH | Does.READ_ON:
                newest = _now(self.store.newest_answer(skill.room_id), deadline)
                return Press(newest) if newest else None
            case Does.ASK_AGAIN:
                failing = self.store.last_failed(skill.user_id, skill.room_id)
                if failed := _now(failing, deadline):
                    return Press(failed, again=True)
                # Its owner may have asked it again meanwhile.
                newest = _now(self.store.newest_answer(skill.room_id), deadline)
                return Press(newest) if newest else None
            case Does.ASK_REST:
                cut = _now(self.store.newest_cut(skill.room_id), deadline)
                return Press(cut, rest=True) if cut else None
        return None

    def _fetch(self, skill: SkillRequest, press: Press, deadline: Deadline) -> Reply:
        with self.waiters.waiting(press.question) as waiter:
            claimed = self._claim(press.question, skill.room_id, deadline, Delivery.PRESS)
            if claimed and claimed.question.state == State.ASKED:
                self.waiters.wait(waiter, deadline)
                late = deadline.at_least(GRACE)
                claimed = self._claim(press.question, skill.room_id, late, Delivery.PRESS)
        if claimed is None:
            return self.replies.sentence("reply.unknown_question")
        chars = press.bubble_chars if press.page > 1 else None
        return self.replies.compose(
            claimed, page=press.page, waiting=self._waiting, bubble_chars=chars
        )

    def _commanded(self, skill: SkillRequest, command: Command, deadline: Deadline) -> Reply:
        if command.does == Does.SHOW_HELP:
            return self.replies.help()
        if command.does == Does.FORGET:
            _now(self.store.forget(skill.room_id), deadline)
        return self.replies.sentence(command.reply)

    def _said(self, skill: SkillRequest, deadline: Deadline) -> Reply | Promise:
        if skill.other_media:
            return self.replies.sentence(UNSEEN[skill.other_media])
        if not (skill.utterance or skill.image_urls):
            return self.replies.sentence("reply.empty")
        if len(skill.utterance) > UTTERANCE_CHARS:
            return self.replies.sentence(f"failure.{Failure.TOO_LONG}")
        return self._ask(skill, deadline)

    # --- a new question ---------------------------------------------------------------------

    def _ask(
        self, skill: SkillRequest, deadline: Deadline, rest_of: str | None = None
    ) -> Reply | Promise:
        """What the friend asks, or the rest of the answer to `rest_of`."""
        question_id = new_id()
        with self.waiters.waiting(question_id) as waiter:
            storing = self._store(question_id, skill, rest_of)
            try:
                asked = storing.result(timeout=max(deadline.remaining, GRACE))
            except TimeoutError:
                if storing.cancel():  # nobody has begun to write it down, and nobody will
                    raise
                return self.replies.not_yet(question_id)  # once it is written, its button works
            self.health.stored()
            if asked.refusal:
                return self._refused(*asked.refusal)
            if asked.instead:
                return self._pressed(skill, Press(asked.instead), deadline)
            try:
                return self._when_ready(question_id, skill, asked, waiter, deadline)
            except (StoreError, TimeoutError):  # stored it is, so its button will fetch it
                return self.replies.not_yet(question_id)

    def _store(self, question_id: str, skill: SkillRequest, rest_of: str | None) -> "Future[Asked]":
        if rest_of:
            return self.store.ask_rest(
                question_id,
                rest_of,
                skill.user_id,
                self.replies.texts("reply.rest_question"),
                self._limits(skill),
                skill.room_id,
            )
        text = self.replies.question_of(skill)
        return self.store.ask(
            question_id, skill.user_id, text, skill.image_urls, self._limits(skill), skill.room_id
        )

    def _limits(self, skill: SkillRequest) -> Limits:
        known = skill.is_friend or skill.is_tester
        return self.limits.for_friend() if known else self.limits

    def _refused(self, key: str, limit: int) -> Reply:
        return self.replies.sentence(key, limit=limit)

    def _when_ready(
        self,
        question_id: str,
        skill: SkillRequest,
        asked: Asked,
        waiter: Waiter,
        deadline: Deadline,
    ) -> Reply | Promise:
        callback_url = self._usable_callback(skill)
        if callback_url and self.callback == "always":
            promise = self._promise(question_id, skill, callback_url, deadline)
            if promise:
                return promise
        ready = self.waiters.wait(waiter, deadline)
        late = deadline.at_least(GRACE)
        if not ready and callback_url:
            promise = self._promise(question_id, skill, callback_url, late)
            if promise:
                return promise
        if not ready and not asked.earlier:
            return self.replies.not_yet(question_id, first=asked.place == 1)
        held = HELD if asked.earlier else 0
        claimed = self._claim(question_id, skill.room_id, late, held=held)
        if claimed is None:  # deleted by its owner in the meantime
            return self.replies.sentence("reply.unknown_question")
        return self.replies.compose(claimed, beside=True, waiting=self._waiting)

    @property
    def _waiting(self) -> str:
        """What is said of a question in the making."""
        return "reply.no_worker" if self.health.worker_ended else "reply.not_yet"

    def _usable_callback(self, skill: SkillRequest) -> str | None:
        if self.callback == "off" or not skill.callback_url or self.health.worker_ended:
            return None
        if not self.callback_hosts.allow(skill.callback_url):
            log.warning("a callback address outside of CALLBACK_HOSTS is not used")
            return None
        return skill.callback_url

    def _promise(
        self, question_id: str, skill: SkillRequest, url: str, deadline: Deadline
    ) -> Promise | None:
        """None where the answer came in the meantime."""
        promising = self.store.promise(question_id, skill.room_id, url)
        try:
            promised = _now(promising, deadline)
        except TimeoutError:  # Kakao is told of a button instead, and would refuse a callback
            if not promising.cancel():
                promising.add_done_callback(lambda _: self.store.break_promise(question_id))
            raise
        return Promise(self.replies.texts("reply.callback_waiting")) if promised else None

    # --- delivering -------------------------------------------------------------------------

    def _claim(
        self,
        question_id: str,
        room_id: str,
        deadline: Deadline,
        how: Delivery = Delivery.REPLY,
        held: int = 0,
    ) -> Claimed | None:
        claiming = self.store.claim(question_id, room_id, how, held)
        try:
            return _now(claiming, deadline)
        except TimeoutError:
            claiming.add_done_callback(self._let_go)  # nobody is there to deliver it any more
            raise

    def _with_unseen(
        self, reply: Reply | Promise, skill: SkillRequest, deadline: Deadline
    ) -> Reply | Promise:
        """A reply that delivers nothing offers what is ready, and waits to be seen."""
        if isinstance(reply, Promise) or reply.claimed or reply.quick_replies:
            return reply
        try:
            unseen = _now(self.store.unseen(skill.room_id), deadline.at_least(GRACE))
        except (StoreError, TimeoutError):  # what there is to say can be said all the same
            return reply
        return self.replies.offering(reply, "button.unseen", [Press(unseen)] if unseen else ())

    def _let_go(self, claiming: "Future[Claimed | None]") -> None:
        if not claiming.exception() and (claimed := claiming.result()):
            self.store.let_go(claimed.mine)

    def sent(self, reply: Reply | Promise) -> None:
        """The reply is on its way to Kakao."""
        if isinstance(reply, Reply) and reply.claimed:
            self.store.confirm(reply.claimed)
        if isinstance(reply, Reply) and reply.rests:
            self.store.leave_unread(reply.rests)

    def not_sent(self, reply: Reply | Promise) -> None:
        """Nobody was there to take the reply: what it claimed is held again."""
        if isinstance(reply, Reply) and reply.claimed:
            self.store.let_go(reply.claimed)


def _now(future: "Future[T]", deadline: Deadline) -> T:
    """The result, if the store has it before the deadline; else `TimeoutError`."""
    return future.result(timeout=deadline.remaining)
