"""What the owner makes of questions that failed, on both databases."""

from concurrent.futures import Future
from typing import Any

import pytest

from chatgee.errors import Failure
from chatgee.questions import Delivery, Handled, State
from chatgee.store import Limits, Outcome, Store
from chatgee.store.reading import recent_failures, talks
from chatgee.store.reading.archive import Archive
from chatgee.store.reading.talks import TalkKind, Wanted
from tests.support.clocks import StoppedClock
from tests.support.far_ends import PATIENCE

START = 1_800_000_000.0
GROUP = " group:반"
NO_CREDIT = Outcome(failure=Failure.NO_CREDIT)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(START)


def now(future: "Future[Any]") -> Any:
    return future.result(PATIENCE)


def ask(store: Store, id: str, outcome: Outcome, room_id: str | None = None) -> None:
    now(store.ask(id, "friend", f"질문 {id}", room_id=room_id))
    now(store.fill(now(store.find(id, room_id or "friend")), outcome))


def told(store: Store, id: str, room_id: str = "friend") -> None:
    """That there is no answer reaches the friend."""
    now(store.confirm(now(store.claim(id, room_id, Delivery.REPLY)).mine))


def counted(archive: Archive) -> dict[str, int]:
    return {one.failure.value: one.count for one in recent_failures.lately(archive, START - 1)}


@pytest.mark.parametrize("room_id", ["friend", GROUP], ids=["private", "group"])
def test_what_its_owner_asks_again_is_held_for_its_room(store: Store, room_id: str) -> None:
    ask(store, "one", NO_CREDIT, room_id)
    told(store, "one", room_id)
    assert now(store.ask_in_place(["one"])) == 1
    due = now(store.next(room_id, 9)).question
    assert (due.id, due.room_id) == ("one", room_id)
    now(store.fill(due, Outcome("답", "답")))
    assert now(store.unseen(room_id)) == "one"
    now(store.ask("two", "friend", "다음", room_id=room_id))
    held = now(store.claim("two", room_id, Delivery.REPLY, held=2)).held
    assert [(one.id, one.shown) for one in held] == [("one", "답")]


def test_it_takes_nothing_of_what_its_friend_may_ask(store: Store) -> None:
    limits = Limits(per_day=2, per_minute=2, strangers=2)
    ask(store, "one", NO_CREDIT)
    for _ in range(3):
        now(store.ask_in_place(["one"]))
        now(store.fill(now(store.next("friend", 1)).question, NO_CREDIT))
    assert now(store.ask("two", "friend", "둘", limits=limits)).refusal is None
    assert now(store.ask("three", "friend", "셋", limits=limits)).refusal is not None


def test_it_is_told_what_was_remembered_when_it_was_asked(store: Store) -> None:
    ask(store, "one", Outcome("답", "답"))
    ask(store, "two", NO_CREDIT)
    ask(store, "three", Outcome("답", "답"))
    now(store.ask_in_place(["two"]))
    due = now(store.next("friend", 9))
    assert [one.question for one in due.memory] == ["질문 one"]


def test_whoever_is_second_asks_nothing_twice(store: Store) -> None:
    ask(store, "one", NO_CREDIT)
    now(store.ask_in_place(["one"]))
    assert now(store.ask_in_place(["one"])) == 0
    assert now(store.ask_again("one", "friend")) is None
    now(store.fill(now(store.next("friend", 1)).question, Outcome("답", "답")))
    assert now(store.ask_in_place(["one"])) == 0
    assert now(store.find("one", "friend")).state == State.ANSWERED


def test_however_they_are_named_they_are_answered_in_order(store: Store) -> None:
    ask(store, "one", NO_CREDIT)
    ask(store, "two", NO_CREDIT)
    now(store.ask_in_place(["two", "one"]))
    order = []
    while due := now(store.next("friend", 0)):
        order.append(due.question.id)
        now(store.fill(due.question, Outcome("답", "답")))
    assert order == ["one", "two"], "as they were asked"


def test_what_was_handled_is_no_trouble_and_stays_what_it_is(
    store: Store, archive: Archive
) -> None:
    for id_ in ("one", "two", "three"):
        ask(store, id_, NO_CREDIT)
    assert now(store.handle(["one"], Handled.DISMISSED)) == 1
    assert now(store.handle(["two", "nobody's"], Handled.DONE)) == 1
    assert counted(archive) == {"no_credit": 1}
    failed = talks.find(archive, Wanted(kind=TalkKind.FAILED)).talks
    assert {one.id: one.handled for one in failed} == {
        "one": Handled.DISMISSED,
        "two": Handled.DONE,
        "three": None,
    }
    now(store.handle(["one"], None))
    assert counted(archive) == {"no_credit": 2}


def test_only_what_failed_is_handled(store: Store) -> None:
    ask(store, "one", Outcome("답", "답"))
    assert now(store.handle(["one"], Handled.DONE)) == 0


@pytest.mark.parametrize("by", ["owner", "friend"])
def test_asked_again_it_is_handled_no_more(store: Store, archive: Archive, by: str) -> None:
    ask(store, "one", NO_CREDIT)
    now(store.handle(["one"], Handled.DONE))
    now(store.ask_in_place(["one"]) if by == "owner" else store.ask_again("one", "friend"))
    now(store.fill(now(store.next("friend", 1)).question, NO_CREDIT))
    assert counted(archive) == {"no_credit": 1}


def test_the_questions_of_one_reason_come_as_they_were_asked(
    store: Store, archive: Archive, clock: StoppedClock
) -> None:
    ask(store, "long ago", NO_CREDIT)
    clock.now += 100
    for id_ in ("b", "a", "c", "d"):
        ask(store, id_, Outcome(failure=Failure.TIMEOUT) if id_ == "c" else NO_CREDIT)
    now(store.handle(["d"], Handled.DISMISSED))
    assert recent_failures.ids(archive, Failure.NO_CREDIT, START) == ["b", "a"]


def test_talks_are_found_by_their_reason(store: Store, archive: Archive) -> None:
    ask(store, "one", NO_CREDIT)
    ask(store, "two", Outcome(failure=Failure.TIMEOUT))
    ask(store, "three", Outcome("답", "답"))
    found = talks.find(archive, Wanted(failure=Failure.NO_CREDIT)).talks
    assert [one.id for one in found] == ["one"]
