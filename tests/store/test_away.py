"""A PostgreSQL that goes away, as the store sees it: what was begun is done once it is back."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from chatgee.errors import StoreError
from chatgee.store import Store, database
from chatgee.store.database_session import Session
from chatgee.store.reading.archive import Archive
from chatgee.store.reading.database_size import facts
from chatgee.store.transaction_news import News
from tests.conftest import NO_PSYCOPG
from tests.support import beside
from tests.support.far_ends import PATIENCE

if TYPE_CHECKING:
    from tests.support.postgres import OwnServer

LONG = 60.0
"""Seconds that a server may take to come back on a busy machine."""


class Stumble:
    """Something happens to the server, once: before the commit, or right after it."""

    def __init__(self) -> None:
        self.before: Callable[[], None] | None = None
        self.told: list[str] = []

    def within(self, connection: Any, news: News) -> None:
        if news.asked and (happens := self.before):
            self.before = None
            happens()

    def after(self, news: News) -> None:
        self.told += news.asked


@pytest.fixture(scope="module")
def server() -> "Iterator[OwnServer]":
    """Starting one takes seconds; each test leaves it as it was."""
    pytest.importorskip("psycopg", reason=NO_PSYCOPG)
    from tests.support import postgres

    with postgres.durable() as server:
        yield server


@pytest.fixture
def url(server: "OwnServer") -> Iterator[str]:
    url = server.create()
    yield url
    if not server.is_up:
        server.start()
    server.drop(url)


@pytest.fixture
def stumble() -> Stumble:
    return Stumble()


@pytest.fixture
def store(url: str, stumble: Stumble) -> Iterator[Store]:
    store = Store(url, teller=stumble)
    yield store
    store.close()


def now(future: "Future[Any]") -> Any:
    return future.result(LONG)


def asked(url: str) -> list[str]:
    return [row[0] for row in beside.rows(url, "SELECT id FROM questions ORDER BY position")]


class LostReply:
    """A connection whose commit takes place, and whose reply is lost."""

    def __init__(self, connection: Any, happens: Callable[[], None]) -> None:
        self._connection, self._happens = connection, happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def commit(self) -> None:
        self._connection.commit()
        self._happens()
        self._connection.cursor().execute("SELECT 1")  # as whoever waits for a reply finds out


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_what_was_begun_when_the_server_stops_is_done_once_it_is_back(
    store: Store, stumble: Stumble, server: "OwnServer", url: str, mode: str
) -> None:
    now(store.ask("before", "friend", "질문"))
    stumble.before = lambda: server.restart(mode)
    assert now(store.ask("during", "friend", "질문")).place == 2
    assert now(store.ask("after", "friend", "질문")).place == 3
    assert asked(url) == ["before", "during", "after"]
    assert stumble.told == ["friend"] * 3


def test_a_commit_whose_reply_was_lost_is_not_done_twice(
    store: Store, stumble: Stumble, server: "OwnServer", url: str
) -> None:
    ours: Any = store.database
    ours._driver = LostReply(ours._driver, lambda: server.restart("immediate"))
    assert now(store.ask("one", "friend", "질문")).place == 1
    assert now(store.ask("two", "friend", "질문")).place == 2
    assert asked(url) == ["one", "two"]
    assert stumble.told == ["friend", "friend"]


def test_what_was_answered_without_a_change_is_asked_anew(
    store: Store, server: "OwnServer"
) -> None:
    now(store.ask("one", "friend", "질문"))
    ours: Any = store.database
    ours._driver = LostReply(ours._driver, server.restart)
    assert now(store.find("one", "friend")).text == "질문"


def test_a_server_that_knows_nothing_of_a_commit_has_not_done_it(
    store: Store, stumble: Stumble, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that took over from another, and never got the last of it."""
    ours: Any = store.database
    monkeypatch.setattr(ours._kind, "mark", lambda cursor: "99999999")

    def cut() -> None:
        beside.change(url, cut_off("chatgee"))
        ours._cursor.execute("SELECT 1")

    stumble.before = cut
    assert now(store.ask("one", "friend", "질문")).place == 1
    monkeypatch.undo()
    assert asked(url) == ["one"]


def cut_off(name: str) -> str:
    find = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name='{name}'"
    return f"{find} AND datname = current_database()"


def test_while_it_is_away_for_long_everybody_is_told_at_once(
    store: Store, server: "OwnServer", url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "AWAY_SECONDS", 0.5)
    server.stop()
    begun = store.ask("begun", "friend", "질문")
    while store.database.is_there:
        time.sleep(0.01)
    first = store.ask("first", "friend", "질문")
    assert isinstance(first.exception(PATIENCE), StoreError)
    following = store.ask("next", "friend", "질문")
    assert following.done(), "it waits for the next look"
    assert isinstance(following.exception(), StoreError)
    assert not store.database.is_there
    assert not begun.done()
    server.start()
    assert now(begun).place == 1
    assert now(store.ask("later", "friend", "질문")).place == 2
    assert store.database.is_there
    assert asked(url) == ["begun", "later"]


def test_a_connection_that_was_idle_for_too_long_inside_a_transaction_is_replaced(
    store: Store, url: str, stumble: Stumble
) -> None:
    """As after a laptop has slept."""
    beside.change(url, "CREATE TABLE slept (times int)")

    def sleep(db: Session) -> str:
        cursor: Any = db._cursor
        if beside.value(url, "SELECT count(*) FROM slept") == 0:
            beside.change(url, "INSERT INTO slept VALUES (1)")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 1")
            beside.until(url, f"SELECT count(*) {OURS}", lambda found: found == 0)
        cursor.execute("SELECT 1")
        return "done"

    assert now(store.database.submit(sleep)) == "done"


OURS = "FROM pg_stat_activity WHERE application_name='chatgee' AND datname = current_database()"


def test_a_store_without_work_holds_no_transaction_open(store: Store, url: str) -> None:
    """The server would end its connection after a while."""
    now(store.find("nothing", "nobody"))
    for one in (store, Store(url)):
        assert beside.value(url, f"SELECT count(*) {OURS} AND state <> 'idle'") == 0
        one.close()


def test_two_that_are_in_each_others_way_both_get_it_done(store: Store, url: str) -> None:
    other = Store(url)
    met, turn = Event(), Event()

    def write(db: Session, *friends: str, mine: Event, theirs: Event) -> None:
        db.change("count_question", user_id=friends[0], in_group=0, now=1.0)
        mine.set()
        theirs.wait(PATIENCE)
        db.change("count_question", user_id=friends[1], in_group=0, now=1.0)

    for one in ("a", "b"):
        now(store.ask(one, one, "질문"))
    both = [
        store.database.submit(lambda db: write(db, "a", "b", mine=met, theirs=turn)),
        other.database.submit(lambda db: write(db, "b", "a", mine=turn, theirs=met)),
    ]
    for one in both:
        now(one)
    other.close()
    assert beside.rows(url, "SELECT questions FROM friends") == [(3,), (3,)]


def test_the_owners_pages_find_a_server_that_was_started_anew(
    store: Store, server: "OwnServer", url: str
) -> None:
    now(store.ask("one", "friend", "질문"))
    archive = Archive(url)
    assert facts(archive).questions == 1
    server.stop()
    with pytest.raises(StoreError) as caught:
        facts(archive)
    assert server.url("x").split(":")[2].split("@")[0] not in str(caught.value.values)
    server.start()
    assert facts(archive).questions == 1
    archive.close()
