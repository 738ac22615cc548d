"""Two programs with one PostgreSQL: what is promised once happens once, and limits are exact."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Barrier
from typing import Any

import pytest

from chatgee.errors import Failure
from chatgee.questions import Delivery, Usage
from chatgee.store import Limits, Outcome, Store
from tests.support import beside
from tests.support.far_ends import PATIENCE

MANY = 60


@pytest.fixture
def stores(database_url: str) -> Iterator[tuple[Store, Store]]:
    both = Store(database_url), Store(database_url)
    yield both
    for store in both:
        store.close()


def now(future: "Future[Any]") -> Any:
    return future.result(PATIENCE * 3)


def at_once(stores: tuple[Store, Store], work: Any) -> list[Any]:
    """Have both do the same at the same moment, and wait for it."""
    ready = Barrier(2)

    def begin(store: Store) -> list[Any]:
        ready.wait(PATIENCE)
        futures = work(store)
        wait(futures, PATIENCE * 3)
        return [future.result(0) for future in futures]

    with ThreadPoolExecutor(2) as threads:
        return [one for done in threads.map(begin, stores) for one in done]


def answered(store: Store, *ids: str) -> None:
    for one in ids:
        now(store.ask(one, "friend", "질문"))
    for one in ids:
        now(store.fill(now(store.find(one, "friend")), Outcome("답", "답")))


def test_of_two_who_claim_the_same_answers_each_is_one_programs(
    stores: tuple[Store, Store],
) -> None:
    ids = [f"q{number}" for number in range(MANY)]
    answered(stores[0], *ids)
    claims = at_once(
        stores, lambda store: [store.claim(one, "friend", Delivery.PRESS, held=2) for one in ids]
    )
    mine = Counter(id for claim in claims for id in claim.mine)
    assert mine == dict.fromkeys(ids, 1)
    shown = Counter(one.id for claim in claims for one in claim.held)
    assert set(shown.values()) <= {1}


def test_whoever_claims_an_answer_has_it(stores: tuple[Store, Store]) -> None:
    """Though it was written down a moment before, by the other."""
    one, two = stores
    for number in range(MANY):
        id = f"q{number}"
        now(one.ask(id, "friend", "질문"))
        question = now(one.find(id, "friend"))
        filling = one.fill(question, Outcome("답", "답"))
        claimed = now(two.claim(id, "friend", Delivery.REPLY))
        now(filling)
        assert bool(claimed.mine) == (claimed.question.shown is not None)


def test_an_answer_that_two_have_made_is_written_once_and_paid_twice(
    stores: tuple[Store, Store], database_url: str
) -> None:
    ids = [f"q{number}" for number in range(MANY)]
    for one in ids:
        now(stores[0].ask(one, "friend", "질문"))
    questions = [now(stores[0].find(one, "friend")) for one in ids]

    def fill(store: Store) -> list["Future[Any]"]:
        outcome = Outcome(f"{store}", f"{store}", usage=Usage(2, 1), model="gpt-test")
        return [store.fill(one, outcome) for one in questions]

    at_once(stores, fill)
    counted = "SELECT sum(count) FROM tallies_by_day WHERE name = "
    assert beside.value(database_url, f"{counted}'answered'") == MANY
    assert beside.value(database_url, f"{counted}'prompt_tokens:gpt-test'") == 4 * MANY
    rows = "SELECT user_id, answers, prompt_tokens FROM usage ORDER BY user_id"
    assert beside.rows(database_url, rows) == [("", 2 * MANY, 4 * MANY), ("friend", MANY, 2 * MANY)]


def test_a_callback_address_is_taken_once(stores: tuple[Store, Store]) -> None:
    ids = [f"q{number}" for number in range(MANY)]
    for one in ids:
        now(stores[0].ask(one, "friend", "질문"))
        assert now(stores[0].promise(one, "friend", f"https://kakao.example/{one}"))
    taken = at_once(
        stores, lambda store: [store.use_callback(one, "friend", held=2) for one in ids]
    )
    urls = [found[0] for found in taken if found]
    assert sorted(urls) == sorted(f"https://kakao.example/{one}" for one in ids)


@pytest.mark.parametrize(
    ("limits", "most"),
    [(Limits(per_minute=1), 1), (Limits(per_day=7), 7), (Limits(strangers=3), 3)],
    ids=["minute", "day", "stranger"],
)
def test_a_limit_is_exact_however_many_programs_are_asked(
    stores: tuple[Store, Store], database_url: str, limits: Limits, most: int
) -> None:
    """From the first question of a friend whom nobody knows."""
    friends = [f"friend{number}" for number in range(8)]

    def ask(store: Store) -> list["Future[Any]"]:
        return [
            store.ask(f"{id(store)} {number} {friend}", friend, "질문", limits=limits)
            for number in range(10)
            for friend in friends
        ]

    answers = at_once(stores, ask)
    assert sum(one.refusal is None for one in answers) == most * len(friends)
    positions = "SELECT position, count(*) FROM questions GROUP BY position ORDER BY position"
    expected = [(position, len(friends)) for position in range(1, most + 1)]
    assert beside.rows(database_url, positions) == expected
    new = "SELECT count FROM tallies_by_day WHERE name = 'back.400'"
    assert beside.rows(database_url, new) == [(len(friends),)]


def test_who_was_refused_before_asking_anything_is_no_friend(database: str) -> None:
    store = Store(database)
    now(store.spend("gpt-test", Usage(10, 10)))
    refused = now(store.ask("q", "friend", "질문", limits=Limits(tokens_per_day=20)))
    store.close()
    assert refused.refusal == ("limit.tokens", 20)
    assert beside.value(database, "SELECT count(*) FROM friends") == 0


def test_a_question_that_failed_is_asked_again_once(
    stores: tuple[Store, Store], database_url: str
) -> None:
    ids = [f"q{number}" for number in range(MANY)]
    for one in ids:
        now(stores[0].ask(one, "friend", "질문"))
        now(stores[0].fill(now(stores[0].find(one, "friend")), Outcome(failure=Failure.BUG)))
    again = at_once(stores, lambda store: [store.ask_again(one, "friend") for one in ids])
    assert len([one for one in again if one]) == MANY
    assert beside.value(database_url, "SELECT questions FROM friends") == 2 * MANY


def test_the_clock_of_a_machine_that_is_wrong_does_no_harm(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All programs go by that of the database."""
    right = time.time()
    monkeypatch.setattr(time, "time", lambda: right - 3600)
    store = Store(database_url)
    now(store.ask("q", "friend", "질문"))
    question = now(store.find("q", "friend"))
    store.close()
    assert abs(question.asked_at - right) < 60


def test_numbers_beyond_four_bytes_are_kept(database: str) -> None:
    store = Store(database)
    now(store.spend("gpt-test", Usage(3_000_000_000, 1)))
    now(store.spend("gpt-test", Usage(3_000_000_000, 1)))
    store.close()
    assert beside.value(database, "SELECT prompt_tokens FROM usage") == 6_000_000_000


def test_what_no_database_takes_is_no_trouble_of_the_databases(database: str) -> None:
    """So nobody tries it again, as they would where the disk is full."""
    store = Store(database)
    too_much = store.spend("gpt-test", Usage(10**30)).exception(PATIENCE)
    store.close()
    assert type(too_much).__name__ in {"OverflowError", "NumericValueOutOfRange"}
