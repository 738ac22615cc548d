"""How answers become bubbles and buttons: held ones first, then the new one, never above three."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from chatgee.kakao.attachments import OtherMedia
from chatgee.kakao.bubbles import clip, cut, length
from chatgee.kakao.messages import (
    BUBBLE_CHARS,
    BUBBLES,
    Press,
    QuickReply,
    Reply,
    SkillRequest,
    TextCard,
    same_words,
)
from chatgee.questions import Question, State, UnreadPart
from chatgee.store import Claimed
from chatgee.texts import Texts

HELD = BUBBLES - 1
"""How many held answers one reply shows at the most: the last bubble is for what was asked now."""

MARK_CHARS = 80
"""Room in every bubble for the line that says which question it answers.

As much again where an answer was cut, for the line that says so.
"""

ASKED_CHARS = 40

IN_GROUP = {
    "reply.greeting": "group.greeting",
    "reply.not_yet": "group.not_yet",
    "reply.callback_late": "group.callback_late",
    "reply.no_worker": "group.no_worker",
}
"""What is said in place of sentences that speak of a button, where KakaoTalk shows none."""

OF_HELD = ("more", "rest")
"""Buttons with another label where the answer is not to what was asked now."""

UNSEEN = {one: f"reply.no_{one}" for one in OtherMedia}
UNSEEN[OtherMedia.UNKNOWN] = "reply.only_photos"
"""The sentence about what no model of ours looks at."""


@dataclass(frozen=True)
class Replies:
    """Everything that a friend is told."""

    texts: Texts
    notice_every: int = 0
    """After how many answers the owner's notice stands beside one; 0 is never."""
    bubble_chars: int = BUBBLE_CHARS
    """How long the bubbles of an answer become."""

    def sentence(self, key: str, **values: object) -> Reply:
        return Reply((self.texts(key, **values),))

    def question_of(self, skill: SkillRequest) -> str:
        """What the friend asked, in our words where nobody wrote any beside a photo."""
        said, kakaos = skill.utterance, self.texts("kakao.photo_sent").splitlines()
        if skill.image_urls and (not said or any(same_words(said, one) for one in kakaos)):
            return self.texts("reply.photo_question")
        return said

    def help(self) -> Reply:
        cards = (TextCard(one.title, one.description, one.buttons) for one in self.texts.help_cards)
        return Reply((tuple(cards),))

    def not_yet(self, question_id: str, first: bool = False) -> Reply:
        """The button with which the friend fetches the answer later."""
        greeting = (self.texts("reply.greeting"),) if first else ()
        return Reply((*greeting, self.texts("reply.not_yet")), (self._fetch(question_id),))

    def compose(
        self,
        claimed: Claimed,
        page: int = 1,
        beside: bool = False,
        waiting: str = "reply.not_yet",
        bubble_chars: int | None = None,
    ) -> Reply:
        """What was claimed: held answers, then the question's own from bubble `page` on.

        That bubble is counted where they are as long as `bubble_chars`, which is ours by default.
        `beside`: greet a new friend and show the notice when it is due. `waiting` is the sentence
        while the answer is in the making.
        """
        question, chars = claimed.question, bubble_chars or self.bubble_chars
        greeting, notice = self._beside(claimed) if beside else ((), ())
        room = BUBBLES - len(greeting) - len(notice) - len(claimed.held)
        own = self._pieces(question, waiting, chars)[page - 1 :]
        shown = own[:room] or (self.texts("reply.no_more"),)
        bubbles = [*greeting]
        more = page + room if len(own) > room else None
        buttons, rests = self._buttons(question, chars, more), {question.id: _unread(more, chars)}
        spare = room - len(shown)
        for one in claimed.held:
            pieces = self._pieces(one, waiting, self.bubble_chars)
            taken = 1 + min(spare, len(pieces) - 1)
            spare -= taken - 1
            bubbles += [self._marked(one, pieces[0]), *pieces[1:taken]]
            more = taken + 1 if len(pieces) > taken else None
            buttons += self._buttons(one, self.bubble_chars, more, "_of_held")
            rests[one.id] = _unread(more, self.bubble_chars)
        bubbles += [*shown, *notice]
        unread = rests if question.in_group and (page > 1 or any(rests.values())) else {}
        reply = Reply(tuple(bubbles), tuple(buttons), claimed.mine, unread)
        unseen = [Press(claimed.unseen)] if claimed.unseen else []
        return self.offering(reply, "button.unseen", unseen)

    def offering(self, reply: Reply, label: str, presses: Iterable[Press]) -> Reply:
        """With a button more for each of other answers, as its label's key says."""
        buttons = [self._button(label, one) for one in presses]
        return replace(reply, quick_replies=(*reply.quick_replies, *buttons))

    def in_words(self, reply: Reply) -> Reply:
        """The same for a group, where KakaoTalk draws neither buttons nor cards."""
        said = {self.texts(one): self.texts(other) for one, other in IN_GROUP.items()}
        bubbles: list[str] = []
        for one in reply.bubbles:
            bubbles += [said.get(one, one)] if isinstance(one, str) else self._listed(one)
        typed = {
            self.texts(f"button.{one}_of_held"): self.texts(f"button.{one}") for one in OF_HELD
        }
        labels = [typed.get(one.label, one.label) for one in reply.quick_replies]
        if labels:
            bubbles[-1] = _with_line(bubbles[-1], self._to_type(labels))
        return replace(reply, bubbles=tuple(bubbles), quick_replies=())

    def _listed(self, cards: Sequence[TextCard]) -> tuple[str, ...]:
        return cut("\n\n".join(map(self._card, cards)), BUBBLE_CHARS)

    def _card(self, card: TextCard) -> str:
        words = [self._to_type(card.buttons)] if card.buttons else []
        return "\n".join([card.title, card.description, *words])

    def _to_type(self, labels: Iterable[str]) -> str:
        return self.texts("group.to_type", words="’, ‘".join(dict.fromkeys(labels)))

    def _beside(self, claimed: Claimed) -> tuple[tuple[str, ...], tuple[str, ...]]:
        place, answered = claimed.question.place, claimed.question.state == State.ANSWERED
        greeting = (self.texts("reply.greeting"),) if place == 1 else ()
        due = self.notice_every and answered and place % self.notice_every == 0
        # A held answer is worth more than a notice.
        notice = (self.texts("reply.notice"),) if due and len(claimed.held) < HELD else ()
        return greeting, notice

    def _pieces(self, question: Question, waiting: str, bubble_chars: int) -> tuple[str, ...]:
        if question.state == State.ASKED:
            return (self.texts(waiting),)
        if question.failure:
            return (self.texts(f"failure.{question.failure}"),)
        marks = 2 if question.broken_off else 1
        pieces = cut(question.shown or "", bubble_chars - marks * MARK_CHARS)
        if not pieces:
            return (self.texts("failure.empty"),)
        if question.broken_off:
            mark = clip(self.texts("reply.broken_off"), MARK_CHARS - 2)
            return (*pieces[:-1], f"{pieces[-1]}\n\n{mark}")
        return pieces

    def _marked(self, question: Question, piece: str) -> str:
        mark = self.texts("reply.held", question=clip(question.text, ASKED_CHARS))
        return f"{clip(mark, MARK_CHARS - 2)}\n\n{piece}"

    def _buttons(
        self, question: Question, bubble_chars: int, more: int | None, held: str = ""
    ) -> list[QuickReply]:
        """`held` is the end of the labels' keys where it is no answer to what was asked now."""
        if question.state == State.ASKED:
            return [self._fetch(question.id)]
        if question.failure:
            return [self._button("button.again", Press(question.id, again=True))]
        if more:
            press = Press(question.id, more, bubble_chars=bubble_chars)
            return [self._button(f"button.more{held}", press)]
        if question.broken_off:
            return [self._button(f"button.rest{held}", Press(question.id, rest=True))]
        return []

    def _fetch(self, question_id: str) -> QuickReply:
        return self._button("button.fetch", Press(question_id))

    def _button(self, label: str, press: Press) -> QuickReply:
        return QuickReply(self.texts(label), press)


def _unread(more: int | None, bubble_chars: int) -> UnreadPart | None:
    return UnreadPart(more, bubble_chars) if more else None


def _with_line(text: str, line: str) -> str:
    """Answers leave room for it; what an owner wrote is cut, as it is where it is too long."""
    pieces = cut(text, BUBBLE_CHARS - length(line) - 2)
    return "\n\n".join((*pieces[:1], line))
