"""What an owner has written of friends is kept, found again, and goes with them."""

import pytest

from chatgee.store import Outcome, Store
from chatgee.store.describing import Description
from chatgee.store.reading import friends, talks
from chatgee.store.reading.archive import Archive
from chatgee.store.reading.talks import Wanted
from tests.support.clocks import StoppedClock
from tests.support.far_ends import PATIENCE

MINJUN = Description("민준", "과학부\n'\"<b>", ("1반", "축구부"))
NOBODY = Description()


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(1_800_000_000.0)


def ask(store: Store, id: str, user_id: str, room_id: str | None = None) -> None:
    store.ask(id, user_id, f"{user_id}의 질문", room_id=room_id).result(PATIENCE)


def answer(store: Store, room_id: str, answer: str = "답") -> tuple[str, ...]:
    """Have the room's next question answered; the questions that the model was told before."""
    due = store.next(room_id, 10).result(PATIENCE)
    assert due
    store.fill(due.question, Outcome(answer, answer)).result(PATIENCE)
    return tuple(turn.question for turn in due.memory)


def describe(store: Store, user_id: str, after: Description, before: Description = NOBODY) -> bool:
    return store.describe(user_id, before, after).result(PATIENCE)


def found(archive: Archive, **wanted: object) -> list[str]:
    return [one.id for one in talks.find(archive, Wanted(**wanted)).talks]  # type: ignore[arg-type]


# --- nicknames, notes and labels ------------------------------------------------------------


def test_it_stands_with_the_friend_and_with_every_question(store: Store, archive: Archive) -> None:
    ask(store, "one", "friend")
    assert describe(store, "friend", MINJUN)
    one, (talk,) = friends.find(archive, "friend"), talks.find(archive, Wanted()).talks
    assert one
    assert (one.description, one.nickname) == (MINJUN, "민준")
    assert (talk.nickname, talk.labels) == ("민준", ("1반", "축구부"))


def test_asking_on_changes_nothing_of_it_and_it_can_be_taken_away(
    store: Store, archive: Archive
) -> None:
    ask(store, "one", "friend")
    describe(store, "friend", MINJUN)
    ask(store, "two", "friend")
    assert {one.nickname for one in talks.find(archive, Wanted()).talks} == {"민준"}
    assert describe(store, "friend", NOBODY, MINJUN)
    one = friends.find(archive, "friend")
    assert one
    assert one.description == NOBODY
    assert friends.labels(archive) == []


def test_what_another_window_wrote_is_not_written_over(store: Store, archive: Archive) -> None:
    ask(store, "one", "friend")
    assert describe(store, "friend", MINJUN)
    assert not describe(store, "friend", Description("서연"))
    one = friends.find(archive, "friend")
    assert one
    assert one.description == MINJUN


def test_it_makes_no_friend_of_who_never_asked(store: Store, archive: Archive) -> None:
    assert not describe(store, "nobody", MINJUN)
    assert friends.find(archive, "nobody") is None


def test_it_is_deleted_with_the_friend(store: Store, archive: Archive, clock: StoppedClock) -> None:
    ask(store, "one", "friend")
    describe(store, "friend", MINJUN)
    store.delete_friend("friend", 100).result(PATIENCE)
    ask(store, "two", "friend")
    (talk,) = talks.find(archive, Wanted()).talks
    assert (talk.nickname, talk.labels) == ("", ())


def test_it_is_purged_with_the_last_question(
    store: Store, archive: Archive, clock: StoppedClock
) -> None:
    ask(store, "one", "friend")
    answer(store, "friend")
    describe(store, "friend", MINJUN)
    clock.now += 3 * 86400
    store.purge(2, 100).result(PATIENCE)
    assert (friends.find(archive, "friend"), friends.labels(archive)) == (None, [])


def test_a_label_is_found_as_a_whole_and_together_with_the_rest(
    store: Store, archive: Archive, clock: StoppedClock
) -> None:
    for id, labels in (("a", ("1반",)), ("b", ("11반", "축구부")), ("c", ("축구부", "1반"))):
        ask(store, id, id)
        describe(store, id, Description(labels=labels))
        clock.now += 1
    ask(store, "d", "d")
    assert found(archive, label="1반") == ["c", "a"]
    assert found(archive, label="축구부") == ["c", "b"]
    assert found(archive, label="반") == []
    assert found(archive, label="1반,") == []
    assert found(archive, label="1반", words=("c의",)) == ["c"]
    assert friends.labels(archive) == ["11반", "1반", "축구부"]
    assert [one.id for one in talks.every(archive, Wanted(label="11반"))] == ["b"]


def test_a_nickname_is_found_like_the_words_of_a_question(store: Store, archive: Archive) -> None:
    ask(store, "one", "friend")
    ask(store, "two", "other")
    describe(store, "friend", Description("Minjun 김"))
    assert found(archive, words=("minJUN",)) == ["one"]
    assert found(archive, words=("minjun", "질문")) == ["one"]
    assert found(archive, words=("minjun", "other")) == []


# --- beginning anew with everyone -----------------------------------------------------------


def test_nobodys_old_turns_are_told_any_more_and_nothing_is_deleted(
    store: Store, archive: Archive
) -> None:
    rooms = {"one": None, "two": None, " group:반": " group:반"}
    for number in range(2):
        for room, group in rooms.items():
            ask(store, f"{room}{number}", "one" if group else room, group)
            answer(store, room)
    store.forget_everyone().result(PATIENCE)
    for room, group in rooms.items():
        ask(store, f"{room}2", "one" if group else room, group)
        assert answer(store, room) == ()
        ask(store, f"{room}3", "one" if group else room, group)
        assert len(answer(store, room)) == 1, "from here on all is remembered"
    assert len(found(archive)) == 12


def test_what_is_in_the_making_is_not_remembered_either(store: Store) -> None:
    ask(store, "one", "friend")
    due = store.next("friend", 10).result(PATIENCE)
    assert due
    ask(store, "waits", "friend")
    store.forget_everyone().result(PATIENCE)
    store.fill(due.question, Outcome("옛 답", "옛 답")).result(PATIENCE)
    assert answer(store, "friend") == ()
    ask(store, "after", "friend")
    assert answer(store, "friend") == ()
    held = store.find("one", "friend").result(PATIENCE)
    assert held
    assert held.shown == "옛 답", "its friend gets it all the same"
