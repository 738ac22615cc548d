"""The store's promises: all or nothing, each alone, and exactly once."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from chatgee.errors import Failure, StoreError
from chatgee.questions import Delivery, State
from chatgee.store import Asked, Limits, Outcome, Store
from chatgee.store.database import BATCH
from chatgee.store.database_session import Session
from tests.support import beside
from tests.support.far_ends import PATIENCE

DAY = 86400.0
MORNING = 1_800_000_000 // DAY * DAY - 9 * 3600
"""Midnight of some day in Korea."""
GROUP = " group:반"


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store(database)
    yield store
    store.close()


def now(future: "Future[Any]") -> Any:
    return future.result(PATIENCE)


def answer(store: Store, id: str, user_id: str = "friend") -> None:
    now(store.ask(id, user_id, "질문"))
    now(store.fill(now(store.find(id, user_id)), Outcome("답", "답")))


def stored(database: str, sql: str = "SELECT count(*) FROM questions") -> Any:
    return beside.value(database, sql)


def all_at_once(store: Store, *works: Any) -> list["Future[Any]"]:
    """Have it all done in one batch: it piles up while the store is busy."""
    begun, go_on = Event(), Event()

    def busy(_: Session) -> None:
        begun.set()
        go_on.wait(PATIENCE)

    store.database.submit(busy)
    assert begun.wait(PATIENCE)
    futures = [work() for work in works]
    go_on.set()
    wait(futures, PATIENCE)
    return futures


# --- all or nothing -------------------------------------------------------------------------


def test_what_fails_in_a_batch_fails_alone(store: Store, database: str) -> None:
    def bug(db: Session) -> None:
        db.change("count_question", user_id="nobody", in_group=0, now=0.0)
        raise LookupError("a bug of ours")

    asked, broken, twice, also = all_at_once(
        store,
        lambda: store.ask("one", "friend", "질문"),
        lambda: store.database.submit(bug),
        lambda: store.ask("one", "friend", "같은 이름"),
        lambda: store.ask("two", "friend", "질문"),
    )
    assert (asked.result().place, also.result().place) == (1, 2)
    assert isinstance(broken.exception(), LookupError)
    assert isinstance(twice.exception(), StoreError)
    assert stored(database, "SELECT max(id || questions) FROM friends") == "friend2"
    assert stored(database, "SELECT count(*) FROM friends") == 1


def test_what_cannot_be_written_changes_nothing(store: Store, database: str) -> None:
    now(store.ask("one", "friend", "질문"))
    beside.change(database, "DROP TABLE questions")
    with pytest.raises(StoreError):
        now(store.ask("two", "friend", "질문"))
    assert stored(database, "SELECT questions FROM friends") == 1


def test_a_database_that_another_program_holds_for_a_moment_is_waited_for(
    store: Store, database: str
) -> None:
    with beside.held(database):
        asking = store.ask("one", "friend", "질문")
        with pytest.raises(TimeoutError):
            asking.result(0.1)
    assert now(asking).place == 1


# --- opening and closing --------------------------------------------------------------------


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(database: str) -> None:
    Store(database).close()
    beside.change(database, "UPDATE about SET value = '99' WHERE name = 'version'")
    with pytest.raises(StoreError) as caught:
        Store(database)
    assert caught.value.key == "start.newer_database"
    assert stored(database, "SELECT value FROM about") == "99"


def test_what_was_handed_over_before_the_end_is_done(database: str) -> None:
    store = Store(database)
    count = BATCH * 2 + 1
    asked = [store.ask(str(number), "friend", "질문") for number in range(count)]
    store.close()
    assert [one.result(0).place for one in asked] == list(range(1, count + 1))
    assert stored(database) == count


def test_what_comes_after_the_end_is_a_store_error(database: str) -> None:
    store = Store(database)
    store.close()
    store.close()
    with pytest.raises(StoreError):
        now(store.ask("late", "friend", "질문"))


def test_what_comes_while_it_ends_is_done_or_refused_but_never_left(database: str) -> None:
    store = Store(database)

    def ask_many(user: str) -> list[Future[Asked]]:
        return [store.ask(f"{user} {number}", user, "질문") for number in range(300)]

    with ThreadPoolExecutor(9) as threads:
        asking = [threads.submit(ask_many, f"friend-{number}") for number in range(8)]
        threads.submit(store.close)
        asked = [one for some in asking for one in some.result(PATIENCE)]
    done, left = wait(asked, 1)
    assert len(left) == 0
    assert stored(database) == len([one for one in done if not one.exception()])


def test_who_is_refused_while_it_ends_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    for number in range(10):
        store = Store(f"sqlite:///{tmp_path / str(number)}")
        ours: Any = store.database
        ours._away = StoreError("reply.not_stored", why="as with several machines")
        ended = Event()

        def ask_on(store: Store = store, ended: Event = ended) -> None:
            while not ended.is_set():
                store.newest_answer("friend")

        with ThreadPoolExecutor(5) as threads:
            for _ in range(4):
                threads.submit(ask_on)
            closing = threads.submit(store.close)
            try:
                closing.result(PATIENCE)
                assert not ours._thread.is_alive()
            finally:
                ended.set()


# --- exactly once ---------------------------------------------------------------------------


def test_of_many_who_claim_an_answer_one_has_it(store: Store) -> None:
    answer(store, "one")
    with ThreadPoolExecutor(20) as threads:
        claims = list(
            threads.map(lambda how: now(store.claim("one", "friend", how)), [*Delivery] * 10)
        )
    assert [one.mine for one in claims if one.mine] == [("one",)]


def test_a_claim_holds_in_another_process(store: Store, database: str) -> None:
    answer(store, "one")
    other = Store(database)
    first, second = (now(one.claim("one", "friend", Delivery.PRESS)) for one in (other, store))
    other.close()
    assert (first.mine, second.mine) == (("one",), ())


def test_nothing_can_be_claimed_before_it_is_answered(store: Store) -> None:
    now(store.ask("one", "friend", "질문"))
    claimed = now(store.claim("one", "friend", Delivery.REPLY))
    assert (claimed.question.state, claimed.mine) == (State.ASKED, ())


def test_nobody_claims_what_is_somebody_elses(store: Store) -> None:
    answer(store, "one")
    assert now(store.claim("one", "somebody else", Delivery.PRESS)) is None


def test_an_answer_is_written_once(store: Store) -> None:
    answer(store, "one")
    now(store.fill(now(store.find("one", "friend")), Outcome("다른 답", "다른 답")))
    assert now(store.find("one", "friend")).shown == "답"


# --- days -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("later", "refused"), [(DAY - 2, True), (DAY, False)])
def test_a_day_ends_at_midnight_in_korea(database: str, later: float, refused: bool) -> None:
    moments = iter([MORNING + 1, MORNING + later])
    store = Store(database, now=lambda: next(moments))
    limits = Limits(per_day=1)
    now(store.ask("one", "friend", "질문", limits=limits))
    again = now(store.ask("two", "friend", "질문", limits=limits))
    store.close()
    assert (again.refusal == ("limit.day", 1)) is refused


def test_what_is_still_unanswered_is_not_purged(database: str) -> None:
    clock = [MORNING]
    store = Store(database, now=lambda: clock[0])
    answer(store, "answered")
    now(store.ask("asked", "friend", "질문"))
    clock[0] += 2 * DAY
    assert now(store.purge(1, most=10)) == 1
    assert now(store.find("asked", "friend"))
    store.close()


def test_a_friend_goes_with_the_last_question_and_what_it_used(database: str) -> None:
    clock = [MORNING]
    store = Store(database, now=lambda: clock[0])
    for number in range(3):
        answer(store, f"question {number}")
    clock[0] += 2 * DAY
    assert [now(store.purge(1, most=2)) for _ in range(2)] == [2, 1]
    store.close()
    assert stored(database, "SELECT count(*) FROM friends") == 0
    assert stored(database, "SELECT count(*) FROM usage WHERE user_id != ''") == 0


def test_a_group_goes_with_its_last_question(database: str) -> None:
    clock = [MORNING]
    store = Store(database, now=lambda: clock[0])
    for number, user_id in enumerate(("민지", "수호")):
        now(store.ask(f"q{number}", user_id, "질문", room_id=GROUP))
        now(store.fill(now(store.find(f"q{number}", GROUP)), Outcome("답", "답")))
        clock[0] += 1.5 * DAY
    assert now(store.purge(2, most=10)) == 1
    assert stored(database, "SELECT questions FROM rooms") == 2
    clock[0] += DAY
    assert now(store.purge(2, most=10)) == 1
    store.close()
    assert stored(database, "SELECT count(*) FROM rooms") == 0
    assert stored(database, "SELECT count(*) FROM friends") == 0


# --- limits ---------------------------------------------------------------------------------


@pytest.mark.parametrize("limits", [Limits(per_day=3), Limits(per_minute=3)], ids=["day", "minute"])
def test_asking_again_is_asking(database: str, limits: Limits) -> None:
    """A question that fails whenever it is asked costs a call each time."""
    store = Store(database)
    assert now(store.ask("q", "friend", "질문", limits=limits)).refusal is None
    told = []
    for _ in range(4):
        due = now(store.next("friend", 1))
        if due:
            now(store.fill(due.question, Outcome(failure=Failure.TIMEOUT)))
        asked = now(store.ask_again("q", "friend", limits))
        assert asked is not None
        told.append(asked.refusal is None)
    assert told == [True, True, False, False]
    assert now(store.ask("other", "friend", "새 질문", limits=limits)).refusal is not None
    assert now(store.ask("theirs", "other", "질문", limits=limits)).refusal is None
    store.close()


def test_what_was_asked_before_today_does_not_count(database: str) -> None:
    moment = [1_800_000_000.0]
    store = Store(database, now=lambda: moment[0])
    limits = Limits(per_day=2)
    for number in range(2):
        assert now(store.ask(f"a{number}", "friend", "질문", limits=limits)).refusal is None
    assert now(store.ask("a2", "friend", "질문", limits=limits)).refusal is not None
    moment[0] += 86400
    for number in range(2):
        assert now(store.ask(f"b{number}", "friend", "질문", limits=limits)).refusal is None
    assert now(store.ask("b2", "friend", "질문", limits=limits)).refusal is not None
    moment[0] += 5 * 86400
    now(store.purge(2, 100))
    assert now(store.ask("c", "friend", "질문", limits=limits)).refusal is None
    store.close()


def test_limits_are_exact_for_what_is_asked_in_turn_here_and_there(database: str) -> None:
    """Also after a question was asked again, and older ones are gone."""
    moment, limits = [MORNING], Limits(per_day=4)
    store = Store(database, now=lambda: moment[0])
    for day in range(3):
        for number, room_id in enumerate(("friend", GROUP, "another")):
            id_ = f"{day}.{number}"
            assert now(store.ask(id_, "friend", "질문", (), limits, room_id)).refusal is None
            now(store.ask(f"{id_}.other", "other", "질문", (), limits, GROUP))
        now(store.fill(now(store.find(f"{day}.1", GROUP)), Outcome(failure=Failure.TIMEOUT)))
        assert now(store.ask_again(f"{day}.1", "other", limits, GROUP)) is None, "not theirs"
        assert now(store.ask_again(f"{day}.1", "friend", limits, GROUP)).refusal is None
        assert now(store.ask("five", "friend", "질문", (), limits, GROUP)).refusal is not None
        moment[0] += DAY
        now(store.purge(day + 1, 100))
    assert stored(database, "SELECT questions FROM friends WHERE id = 'friend'") == 12
    assert stored(database, "SELECT in_groups FROM friends WHERE id = 'friend'") == 9
    store.close()
