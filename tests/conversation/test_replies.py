"""Promises of chatgee.conversation.replies: whatever was claimed is shown, or has its button."""

import re
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from chatgee.conversation.replies import OF_HELD, Replies
from chatgee.errors import Failure
from chatgee.kakao.bubbles import length
from chatgee.kakao.messages import (
    BUBBLE_CHARS,
    BUBBLES,
    LEAST_BUBBLE_CHARS,
    Press,
    Reply,
    render,
)
from chatgee.questions import Question, State, UnreadPart
from chatgee.store import Claimed
from chatgee.texts import Texts
from tests.support.kakao_side import check

TEXTS = Texts.load()


@st.composite
def claims(draw: st.DrawFn) -> Claimed:
    """A question with up to two held answers, as the store hands them out."""
    positions = sorted(draw(st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True)))
    *held, own = [draw(questions(position)) for position in positions]
    held = [one for one in held if one.state != State.ASKED]
    unseen = draw(st.sampled_from([None, "unseen"])) if len(held) == 2 else None
    return Claimed(own, held, tuple(one.id for one in (*held, own)), unseen)


@st.composite
def questions(draw: st.DrawFn, position: int) -> Question:
    text = draw(st.sampled_from(["질문", "", "긴 질문 " * 999, "\u3164", "{shown}\n👍" * 30]))
    state = draw(st.sampled_from(State))
    words = range(draw(st.sampled_from([0, 1, 100, 300, 1000])))
    shown = " ".join(f"p{position}w{n}" for n in words)
    return Question(
        id=f"id{position}",
        user_id="friend",
        room_id="friend",
        place=position,
        text=text,
        image_urls=(),
        asked_at=0.0,
        state=state,
        shown=shown if state == State.ANSWERED else None,
        failure=draw(st.sampled_from(Failure)) if state == State.FAILED else None,
        delivery=None,
        broken_off=state == State.ANSWERED and shown != "" and draw(st.booleans()),
    )


def read(replies: Replies, reply: Reply, question: Question) -> str:
    """The words of one answer, those behind its buttons too."""
    text = " ".join(bubble for bubble in reply.bubbles if isinstance(bubble, str))
    words = re.findall(rf"\bp{question.place}w\d+", text)
    presses = presses_of(reply, question.id)
    assert len(presses) == 1 or not question.broken_off  # to its next page, or for its rest
    for press in presses:
        if press.rest:
            assert question.broken_off
            continue
        next_page = replies.compose(Claimed(question), press.page, bubble_chars=press.bubble_chars)
        words += [read(replies, next_page, question)]
    return " ".join(words)


def typed(replies: Replies, claimed: Claimed, beside: bool) -> Iterator[str]:
    """All bubbles of a group's answers: what is typed reads on where the last reply has ended."""
    asked = {one.id: one for one in (*claimed.held, claimed.question)}
    reply, rests = replies.compose(claimed, beside=beside), dict[str, UnreadPart | None]()
    while True:
        told = replies.in_words(reply)
        check(render(told))
        assert not told.quick_replies
        assert len(told.bubbles) <= BUBBLES
        yield from map(str, told.bubbles)
        rests |= reply.rests
        unread = next(((one, rest) for one, rest in rests.items() if rest), None)
        if unread is None:
            return
        one, rest = unread
        reply = replies.compose(Claimed(asked[one]), rest.page, bubble_chars=rest.bubble_chars)


def presses_of(reply: Reply, question_id: str) -> list[Press]:
    presses = (quick.press for quick in reply.quick_replies)
    return [press for press in presses if press and press.question == question_id]


@settings(max_examples=150, deadline=None)
@given(
    claimed=claims(),
    page=st.integers(1, 9),
    beside=st.booleans(),
    every=st.integers(0, 3),
    chars=st.sampled_from([LEAST_BUBBLE_CHARS, 500, BUBBLE_CHARS]),
)
def test_every_claimed_answer_is_shown_or_has_its_button(
    claimed: Claimed, page: int, beside: bool, every: int, chars: int
) -> None:
    replies = Replies(TEXTS, every, chars)
    reply = replies.compose(claimed, page, beside)
    check(render(reply))
    assert len(reply.bubbles) <= BUBBLES
    assert all(length(bubble) <= chars for bubble in reply.bubbles if isinstance(bubble, str))
    assert reply.claimed == claimed.mine
    for one in (*claimed.held, claimed.question):
        if one.state != State.ANSWERED:
            assert presses_of(reply, one.id)
        elif one in claimed.held or page == 1:
            assert read(replies, reply, one) == one.shown
        else:
            assert (one.shown or "").endswith(read(replies, reply, one))
    assert not claimed.unseen or presses_of(reply, claimed.unseen)


@settings(max_examples=100, deadline=None)
@given(claimed=claims(), beside=st.booleans(), every=st.integers(0, 3))
def test_a_group_reads_every_claimed_answer_to_its_end(
    claimed: Claimed, beside: bool, every: int
) -> None:
    replies = Replies(TEXTS, every)
    *held, own = [replace(one, room_id="group") for one in (*claimed.held, claimed.question)]
    here = replace(claimed, held=held, question=own)
    said = "\n".join(typed(replies, here, beside))
    for one in (*held, own):
        assert re.findall(rf"\bp{one.place}w\d+", said) == (one.shown or "").split()
    reply = replies.compose(here, beside=beside)
    last = str(replies.in_words(reply).bubbles[-1])
    words = {TEXTS(f"button.{one}_of_held"): TEXTS(f"button.{one}") for one in OF_HELD}
    for quick in reply.quick_replies:
        assert words.get(quick.label, quick.label) in last
