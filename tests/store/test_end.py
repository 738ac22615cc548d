"""The end of a store: nothing that was handed over is left without a word."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, cast

import pytest

from chatgee.errors import StoreError
from chatgee.store import Store, database
from tests.support import beside
from tests.support.far_ends import PATIENCE

if TYPE_CHECKING:
    from tests.support.postgres import OwnServer


@pytest.fixture
def url(own_postgres: "OwnServer") -> str:
    return own_postgres.create()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.close()


def test_it_can_be_closed_while_the_server_is_away(store: Store, own_postgres: "OwnServer") -> None:
    """Nobody waits for ever, at whatever moment the work was handed over."""
    own_postgres.stop()
    left = [store.ask("begun", "friend", "질문")]
    while store.database.is_there:
        time.sleep(0.01)
    left += [store.ask(str(number), "friend", "질문") for number in range(2)]
    began = time.monotonic()
    store.close()
    assert time.monotonic() - began < 3
    assert [type(one.exception(0)) for one in left] == [StoreError] * 3


class Slowly(SimpleQueue[Any]):
    """Whoever took something stands still before it looks at it."""

    def __init__(self) -> None:
        self.took, self.go_on = Event(), Event()

    def get(self, *_: Any) -> Any:
        item = super().get()
        self.took.set()
        assert self.go_on.wait(PATIENCE)
        return item


def test_it_can_be_closed_at_the_moment_at_which_the_server_is_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody else found it away just before, and refuses what waits."""
    slowly, ours, woken = Slowly(), cast("Any", store.database), Future[None]()
    before = ours._waiting
    monkeypatch.setattr(ours, "_waiting", slowly)
    before.put((lambda _: None, woken))  # its thread waits there still
    woken.result(PATIENCE)
    last = store.ask("last", "friend", "질문")
    assert slowly.took.wait(PATIENCE)
    end = Thread(target=store.close)
    end.start()
    while slowly.empty():
        time.sleep(0.01)
    ours._away = StoreError("reply.not_stored", why="away")
    refused = store.ask("refused", "friend", "질문")
    ours._away = None
    slowly.go_on.set()
    end.join(PATIENCE)
    assert not end.is_alive()
    assert last.result(PATIENCE).place == 1
    assert isinstance(refused.exception(PATIENCE), StoreError)


def test_work_beside_one_that_failed_is_not_forgotten_at_such_an_end(
    store: Store, own_postgres: "OwnServer"
) -> None:
    begun, together, ended = Event(), Event(), Event()

    def wait(_: object) -> bool:
        begun.set()
        return together.wait(PATIENCE)

    def fail(_: object) -> None:
        ended.wait(PATIENCE)
        raise ValueError

    before = store.database.submit(wait)
    assert begun.wait(PATIENCE)
    failed = store.database.submit(fail)
    left = [store.ask(str(number), "friend", "질문") for number in range(2)]
    together.set()
    assert before.result(PATIENCE)
    own_postgres.stop()
    end = Thread(target=store.close)
    end.start()
    ended.set()
    end.join(PATIENCE)
    assert isinstance(failed.exception(0), ValueError)
    assert [type(one.exception(0)) for one in left] == [StoreError] * 2


def test_all_that_waits_is_refused_where_the_end_comes_before_the_server(
    store: Store, own_postgres: "OwnServer"
) -> None:
    own_postgres.stop()
    left = [store.confirm([str(number)]) for number in range(3 * database.BATCH)]
    store.close()
    assert {type(one.exception(0)) for one in left} == {StoreError}


def test_it_can_be_closed_while_the_server_hangs(store: Store, url: str) -> None:
    find = "SELECT pid FROM pg_stat_activity WHERE application_name = 'chatgee'"
    pid = beside.value(url, f"{find} AND datname = current_database()")
    os.kill(pid, signal.SIGSTOP)
    try:
        begun = store.ask("begun", "friend", "질문")
        while not begun.running():
            time.sleep(0.01)
        next_ = store.ask("next", "friend", "질문")
        began = time.monotonic()
        store.close()
        assert time.monotonic() - began < database.CLOSING_SECONDS + 1
        assert isinstance(next_.exception(0), StoreError)
        assert isinstance(store.ask("late", "friend", "질문").exception(PATIENCE), StoreError)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert begun.result(PATIENCE).place == 1
    assert beside.rows(url, "SELECT id FROM questions") == [("begun",)]
