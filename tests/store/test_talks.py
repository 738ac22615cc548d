"""Looking through the talks: all of them are found, in slices, and a friend's can be deleted."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from chatgee.errors import Failure
from chatgee.questions import Delivery, Usage
from chatgee.store import Outcome, Store
from chatgee.store.reading import database_size, friends, recent_failures, talks
from chatgee.store.reading.archive import Archive
from chatgee.store.reading.talks import NEWEST, TalkKind, TalkPlace, Wanted
from tests.support.clocks import StoppedClock
from tests.support.far_ends import PATIENCE

START = 1_800_000_000.0


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(START)


Tell = Callable[..., None]


@pytest.fixture
def tell(store: Store, clock: StoppedClock) -> Tell:
    """Have a friend ask, a second after the last one, and be answered or not."""

    def told(
        id: str, text: str = "질문", outcome: Outcome | None = None, user_id: str = "friend"
    ) -> None:
        clock.now += 1
        now(store.ask(id, user_id, text))
        if outcome:
            now(store.fill(now(store.find(id, user_id)), outcome))

    return told


def now(future: "Future[Any]") -> Any:
    return future.result(PATIENCE)


def said(answer: str) -> Outcome:
    return Outcome(answer, answer, usage=Usage(10, 5))


def ids(found: talks.FoundTalks) -> list[str]:
    return [one.id for one in found.talks]


def search(archive: Archive, *words: str, kind: TalkKind | None = None) -> list[str]:
    return ids(talks.find(archive, Wanted(words, kind)))


# --- finding --------------------------------------------------------------------------------


def test_the_newest_come_first_page_after_page_and_none_twice(
    archive: Archive, tell: Tell, clock: StoppedClock
) -> None:
    for number in range(7):
        tell(f"q{number}")
        clock.now -= number % 2  # some share their moment
    pages, on = [], NEWEST
    while on:
        found = talks.find(archive, Wanted(), on, most=2)
        pages.append(ids(found))
        on = found.on
    in_order = [one for page in pages for one in page]
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    assert sorted(in_order) == [f"q{number}" for number in range(7)]
    assert in_order[0] == "q6"


def test_every_word_must_be_there_in_the_question_or_the_answer(
    archive: Archive, tell: Tell
) -> None:
    tell("both", "광합성이 뭐예요?", said("햇빛으로 밥을 짓는 일이에요."))
    tell("one", "햇빛은 왜 따뜻해요?", said("열이 있어서요."))
    tell("unanswered", "광합성이요")
    assert search(archive, "햇빛", "광합성") == ["both"]
    assert search(archive, "광합성") == ["unanswered", "both"]
    assert search(archive, "합") == ["unanswered", "both"]
    assert search(archive, "없는말") == []


def test_capitals_do_not_matter(archive: Archive, tell: Tell) -> None:
    tell("english", "What is DNA?")
    assert search(archive, "dna") == search(archive, "WHAT") == ["english"]


@pytest.mark.parametrize("sign", ["%", "_", "\\", "/", "'", '"', "*", "100%_a"])
def test_a_sign_stands_for_itself(archive: Archive, tell: Tell, sign: str) -> None:
    tell("with", f"앞{sign}뒤")
    tell("without", "앞과 뒤, 100 aa")
    assert search(archive, sign) == ["with"]


def test_a_search_that_takes_long_says_where_it_stopped_and_goes_on_from_there(
    archive: Archive, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talks, "SLICE", 3)
    tell("old", "바늘")
    for number in range(10):
        tell(f"hay{number}", "짚")
    first = talks.find(archive, Wanted(("바늘",)), patience=0)
    assert (first.talks, first.full) == ([], False)
    assert first.on == TalkPlace(START + 9)  # three were looked through
    rounds, found = 1, first
    while found.on:
        found = talks.find(archive, Wanted(("바늘",)), found.on, patience=0)
        rounds += 1
    assert (ids(found), rounds) == (["old"], 4)


def test_a_full_page_is_not_taken_for_want_of_time(
    archive: Archive, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talks, "SLICE", 2)
    for number in range(4):
        tell(f"q{number}")
    found = talks.find(archive, Wanted(), most=2, patience=0)
    assert (ids(found), found.full) == (["q3", "q2"], True)
    assert found.on
    assert ids(talks.find(archive, Wanted(), found.on)) == ["q1", "q0"]


def test_it_is_known_what_became_of_each(archive: Archive, store: Store, tell: Tell) -> None:
    tell("thinking")
    tell("failed", outcome=Outcome(failure=Failure.TIMEOUT))
    for how in Delivery:
        tell(how.value, outcome=said("답"))
        now(store.claim(how.value, "friend", how))
    tell("waiting", outcome=said("답"))
    kinds = {one.id: one.kind for one in talks.find(archive, Wanted()).talks}
    assert kinds == {kind.value: kind for kind in TalkKind}
    assert {kind.value: search(archive, kind=kind) for kind in TalkKind} == {
        kind.value: [kind.value] for kind in TalkKind
    }


# --- what is new ----------------------------------------------------------------------------


def test_only_what_is_new_or_open_is_looked_at_again(
    archive: Archive, store: Store, tell: Tell, clock: StoppedClock
) -> None:
    for id in ("old", "open", "last"):
        tell(id)
    (last, *_) = talks.find(archive, Wanted()).talks
    after = TalkPlace(last.asked_at, last.id)
    assert ids(talks.news(archive, after, [])) == []
    tell("new")
    now(store.fill(now(store.find("open", "friend")), said("답")))
    found = talks.news(archive, after, ["open", "gone", "new"])
    assert ids(found) == ["new", "open"]
    assert found.talks[1].shown == "답"


def test_simulated_friends_are_left_out_unless_they_are_wanted(
    archive: Archive, tell: Tell
) -> None:
    failed = Outcome(failure=Failure.TIMEOUT)
    for id, user_id in (("before", "desk"), ("mine", "desk-abcdefgh"), ("behind", "desk.")):
        tell(id, "질문", failed, user_id)
    tell("last", "질문", failed, "desk-abcdefgh")
    assert search(archive, "질문") == ["behind", "before"]
    assert ids(talks.find(archive, Wanted(simulated=True))) == ["last", "behind", "mine", "before"]
    assert ids(talks.news(archive, TalkPlace(0.0), [])) == ["behind", "before"]
    every = talks.news(archive, TalkPlace(0.0), [], wanted=Wanted(simulated=True))
    assert ids(every) == ["last", "behind", "mine", "before"]
    assert ids(talks.thread(archive, "desk-abcdefgh")) == ["last", "mine"]
    [trouble] = recent_failures.lately(archive, 0.0)
    assert trouble.count == 2
    known = database_size.facts(archive)
    assert (known.questions, known.friends) == (2, 2)
    assert known.newest_at == talks.find(archive, Wanted()).talks[0].asked_at


def test_too_much_news_is_a_page_that_goes_on(archive: Archive, tell: Tell) -> None:
    for number in range(4):
        tell(f"q{number}")
    found = talks.news(archive, TalkPlace(0.0), [], most=3)
    assert (ids(found), found.full) == (["q3", "q2", "q1"], True)


# --- one friend -----------------------------------------------------------------------------


def test_a_thread_holds_one_friend_alone(archive: Archive, store: Store, tell: Tell) -> None:
    for number in range(5):
        tell(f"mine{number}", outcome=said("답"))
        tell(f"other{number}", user_id="other")
    now(store.forget("friend"))
    found = talks.thread(archive, "friend", upto=4, most=2)
    assert (ids(found), found.full) == (["mine3", "mine2"], True)
    one = friends.find(archive, "friend")
    assert one
    assert (one.questions, one.tokens, one.memory_from) == (5, 75, 5)
    assert (one.first_seen_at, one.last_seen_at) == (START + 1, START + 9)
    assert talks.last_position(archive, "friend") == 5
    assert (friends.find(archive, "nobody"), talks.last_position(archive, "nobody")) == (None, 0)


def test_all_of_it_is_read_piece_by_piece(
    archive: Archive, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talks, "EXPORTED_AT_ONCE", 2)
    for number in range(5):
        tell(f"q{number}")
        tell(f"other{number}", user_id="other")
    mine = [f"q{number}" for number in reversed(range(5))]
    assert [one.id for one in talks.every_of(archive, "friend")] == mine
    assert [one.id for one in talks.every(archive, Wanted(("질",)))][::2] == [
        f"other{number}" for number in reversed(range(5))
    ]


# --- deleting -------------------------------------------------------------------------------


def test_a_friend_is_deleted_in_pieces_and_nobody_else(
    archive: Archive, store: Store, tell: Tell
) -> None:
    for number in range(5):
        tell(f"mine{number}", outcome=said("답"))
        tell(f"other{number}", outcome=said("답"), user_id="other")
    assert [now(store.delete_friend("friend", 2)) for _ in range(3)] == [2, 2, 1]
    assert friends.find(archive, "friend") is None
    assert search(archive, "답") == [f"other{number}" for number in reversed(range(5))]
    other = friends.find(archive, "other")
    assert other
    assert (other.questions, other.tokens) == (5, 75)
    assert usage(archive) == {"other": 75, "": 150}


def test_while_it_is_deleted_the_friend_can_still_be_found(
    archive: Archive, store: Store, tell: Tell
) -> None:
    """So that what a crash left over can be deleted too."""
    for number in range(3):
        tell(f"q{number}")
    now(store.delete_friend("friend", 2))
    one = friends.find(archive, "friend")
    assert one
    assert one.questions == 1


def test_an_answer_in_the_making_does_not_bring_the_friend_back(
    archive: Archive, store: Store, tell: Tell
) -> None:
    tell("q")
    making = now(store.find("q", "friend"))
    now(store.delete_friend("friend", 100))
    now(store.fill(making, said("늦은 답")))
    assert now(store.claim("q", "friend", Delivery.PRESS)) is None
    assert friends.find(archive, "friend") is None
    assert search(archive) == []
    assert usage(archive) == {"": 15}  # it was paid


def usage(archive: Archive) -> dict[str, int]:
    from sqlalchemy import text

    rows = archive.all(text("SELECT user_id, prompt_tokens + completion_tokens FROM usage"))
    return {row[0]: row[1] for row in rows}
