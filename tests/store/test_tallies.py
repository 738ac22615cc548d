"""What is counted: once for everything that happened, at the moment of its question."""

from concurrent.futures import Future
from typing import Any

import pytest

from chatgee.errors import Failure, StoreError
from chatgee.questions import Delivery, Usage
from chatgee.store import Limits, Outcome, Store
from chatgee.store.korean_days import day_of, hour_of
from chatgee.store.tallies import bucket, bucket_end
from tests.support import beside
from tests.support.clocks import StoppedClock
from tests.support.far_ends import PATIENCE

HOUR, DAY = 3600.0, 86400.0
MORNING = 1_800_000_000 // DAY * DAY
"""Nine o'clock in Korea."""
GOOD = Outcome("답", "답", None, Usage(100, 20), "gpt-test", 2.0)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(MORNING)


def now(future: "Future[Any]") -> Any:
    return future.result(PATIENCE)


def ask(store: Store, id: str, user_id: str = "friend") -> None:
    now(store.ask(id, user_id, "질문"))


def fill(store: Store, id: str, outcome: Outcome = GOOD, user_id: str = "friend") -> None:
    now(store.fill(now(store.find(id, user_id)), outcome))


def deliver(store: Store, id: str, how: Delivery = Delivery.REPLY) -> None:
    now(store.confirm(now(store.claim(id, "friend", how)).mine))


def counted(database: str, table: str = "hour", at: float = MORNING) -> dict[str, int]:
    number = hour_of(at) if table == "hour" else day_of(at)
    sql = f"SELECT name, count FROM tallies_by_{table} WHERE {table} = {number}"
    return {name: count for name, count in beside.rows(database, sql)}


# --- what happens to a question -------------------------------------------------------------


def test_an_answer_in_time_counts_with_what_it_took_and_used(store: Store, database: str) -> None:
    ask(store, "one")
    fill(store, "one")
    deliver(store, "one")
    found = {
        "asked": 1,
        "answered": 1,
        f"seconds.{bucket(2.0)}": 1,
        "prompt_tokens:gpt-test": 100,
        "completion_tokens:gpt-test": 20,
        "delivered.reply": 1,
    }
    assert counted(database) == found | {"friends": 1, "friends.day": 1}
    assert counted(database, "day") == found | {"back.400": 1}


def test_what_comes_later_counts_at_the_hour_of_the_question(
    store: Store, database: str, clock: StoppedClock
) -> None:
    ask(store, "one")
    clock.now += 2 * DAY
    fill(store, "one")
    deliver(store, "one", Delivery.PRESS)
    assert counted(database)["delivered.press"] == 1
    assert counted(database, at=clock.now) == {}


def test_an_answer_that_is_sent_twice_was_delivered_once(store: Store, database: str) -> None:
    ask(store, "one")
    fill(store, "one")
    deliver(store, "one")
    now(store.confirm(["one"]))
    assert counted(database)["delivered.reply"] == 1


def test_an_answer_that_could_not_be_sent_is_not_delivered(store: Store, database: str) -> None:
    ask(store, "one")
    fill(store, "one")
    now(store.let_go(now(store.claim("one", "friend", Delivery.CALLBACK)).mine))
    assert "delivered.callback" not in counted(database)


def test_a_failure_counts_by_its_kind_and_is_no_answer(store: Store, database: str) -> None:
    ask(store, "one")
    fill(store, "one", Outcome(failure=Failure.TIMEOUT))
    deliver(store, "one")
    assert counted(database) == {"asked": 1, "friends": 1, "friends.day": 1, "failed.timeout": 1}


def test_a_question_that_is_asked_again_counts_once_where_it_was_asked_last(
    store: Store, database: str, clock: StoppedClock
) -> None:
    ask(store, "one")
    fill(store, "one", Outcome(failure=Failure.TIMEOUT))
    clock.now += HOUR
    now(store.ask_again("one", "friend"))
    fill(store, "one")
    before = counted(database)
    assert (before["asked"], before["failed.timeout"]) == (0, 0)
    again = counted(database, at=clock.now)
    assert (again["asked"], again["answered"], again["friends"]) == (1, 1, 1)
    assert "friends.day" not in again


def test_a_question_that_its_owner_asks_again_counts_where_its_friend_asked_it(
    store: Store, database: str, clock: StoppedClock
) -> None:
    ask(store, "one")
    fill(store, "one", Outcome(failure=Failure.TIMEOUT))
    clock.now += HOUR
    now(store.ask_in_place(["one", "one", "nobody's"]))
    fill(store, "one")
    found = counted(database)
    assert (found["asked"], found["failed.timeout"], found["answered"]) == (1, 0, 1)
    assert "asked" not in counted(database, at=clock.now)


def test_an_answer_that_is_written_twice_counts_once_and_its_tokens_twice(
    store: Store, database: str
) -> None:
    ask(store, "one")
    fill(store, "one")
    fill(store, "one", Outcome(failure=Failure.BUG))
    fill(store, "one")
    found = counted(database)
    assert (found["answered"], found["prompt_tokens:gpt-test"]) == (1, 200)
    assert "failed.bug" not in found


def test_a_question_above_a_limit_was_not_asked(store: Store, database: str) -> None:
    ask(store, "one")
    now(store.ask("two", "friend", "질문", limits=Limits(per_day=1)))
    assert counted(database)["asked"] == 1


def test_a_simulated_friend_costs_tokens_and_counts_no_more_than_that(
    store: Store, database: str
) -> None:
    ask(store, "one", "desk-abcdefgh")
    fill(store, "one", Outcome(failure=Failure.TIMEOUT), "desk-abcdefgh")
    now(store.ask_again("one", "desk-abcdefgh"))
    fill(store, "one", user_id="desk-abcdefgh")
    now(store.confirm(now(store.claim("one", "desk-abcdefgh", Delivery.REPLY)).mine))
    tokens = {"prompt_tokens:gpt-test": 100, "completion_tokens:gpt-test": 20}
    assert counted(database) == counted(database, "day") == tokens
    assert now(store.spent()).tokens == 120


# --- friends --------------------------------------------------------------------------------


def test_a_friend_counts_once_an_hour_and_once_a_day(
    store: Store, database: str, clock: StoppedClock
) -> None:
    for number in range(4):
        ask(store, f"{number}")
        ask(store, f"other {number}", f"other {number % 2}")
        clock.now += HOUR / 2
    first, second = counted(database), counted(database, at=MORNING + HOUR)
    assert (first["friends"], first["friends.day"]) == (3, 3)
    assert (second["friends"], second.get("friends.day")) == (3, None)
    assert counted(database, "day")["back.400"] == 3


def test_a_friend_who_comes_back_counts_by_the_days_between(
    store: Store, database: str, clock: StoppedClock
) -> None:
    for days in (0, 1, 5, 1000):
        clock.now += days * DAY
        ask(store, f"after {days}")
        known = {
            name: n for name, n in counted(database, "day", clock.now).items() if "back" in name
        }
        assert known == {f"back.{days if 0 < days < 400 else 400}": 1}


# --- all or nothing, and for good -----------------------------------------------------------


def test_what_could_not_be_written_was_not_counted(store: Store, database: str) -> None:
    ask(store, "one")
    with pytest.raises(StoreError):
        ask(store, "one")
    ask(store, "two")
    assert counted(database)["asked"] == 2


def test_the_counts_stay_when_the_questions_go(
    store: Store, database: str, clock: StoppedClock
) -> None:
    ask(store, "one")
    fill(store, "one")
    clock.now += 10 * DAY
    assert now(store.purge(1, most=10)) == 1
    assert counted(database)["answered"] == 1


def test_two_programs_count_in_the_same_rows(
    store: Store, database: str, clock: StoppedClock
) -> None:
    other = Store(database, clock)
    asking = [
        one.ask(f"{number} {one is other}", f"friend {number}", "질문")
        for number in range(20)
        for one in (store, other)
    ]
    assert [now(one).refusal for one in asking] == [None] * 40
    other.close()
    assert counted(database)["asked"] == 40


# --- buckets --------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.0, 0.25, 0.3, 1.0, 2.34, 30.0, 599.9])
def test_a_bucket_holds_what_ends_with_it(seconds: float) -> None:
    number = bucket(seconds)
    assert seconds <= bucket_end(number) + 1e-9
    assert number == 0 or seconds > bucket_end(number - 1)
