"""What a transaction on PostgreSQL writes down last, in one round trip."""

from collections.abc import Iterator
from concurrent.futures import Future, wait
from threading import Event
from typing import Any

import pytest

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")

from chatgee.cluster import queue
from chatgee.questions import Usage
from chatgee.store import Store
from tests.support import postgres
from tests.support.far_ends import PATIENCE

LARGE = 2**40
"""More tokens than fit into 32 bits: a busy day's."""
TOO_LARGE = 2**63


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store(database_url, teller=queue.Queue())
    queue.make_tables(database_url)
    yield store
    store.close()


def all_at_once(store: Store, *works: Any) -> list["Future[Any]"]:
    go_on = Event()
    store.database.submit(lambda _: go_on.wait(PATIENCE))
    futures = [work() for work in works]
    go_on.set()
    wait(futures, PATIENCE)
    return futures


def look(url: str, sql: str) -> list[Any]:
    with postgres.connect(url) as connection:
        return [row[0] for row in connection.execute(sql)]


def test_what_cannot_be_counted_fails_alone(store: Store, database_url: str) -> None:
    one, broken, two = all_at_once(
        store,
        lambda: store.ask("one", "friend", "질문"),
        lambda: store.spend("model", Usage(TOO_LARGE, 0)),
        lambda: store.ask("two", "friend", "질문"),
    )
    assert (one.result().place, two.result().place) == (1, 2)
    assert type(broken.exception()).__name__ == "NumericValueOutOfRange"
    assert look(database_url, "SELECT lock FROM procrastinate_jobs") == ["friend", "friend"]


def test_a_day_may_use_more_tokens_than_two_thousand_million(
    store: Store, database_url: str
) -> None:
    all_at_once(store, *[lambda: store.spend("model", Usage(LARGE, 1))] * 3)
    used = "SELECT prompt_tokens + completion_tokens FROM usage WHERE user_id = ''"
    assert look(database_url, used) == [3 * LARGE + 3]


def test_what_is_counted_together_is_one_row_each(store: Store, database_url: str) -> None:
    all_at_once(store, *(lambda id=id: store.ask(id, id, "질문") for id in ("a", "b", "c")))
    assert look(database_url, "SELECT count FROM tallies_by_day WHERE name = 'asked'") == [3]
