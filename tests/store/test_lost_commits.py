"""A commit whose reply is lost: whether it took place is known, also after a crash."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")
from chatgee.store import Store
from chatgee.store.databases.postgresql import Postgresql
from tests.support.cluster import until
from tests.support.far_ends import PATIENCE
from tests.support.postgres import connect

if TYPE_CHECKING:
    from tests.support.postgres import OwnServer

WAITING = """
SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE datname = current_database() AND NOT granted"""
FRIEND = "INSERT INTO friends VALUES (%s, 1, 0, 0, 0, 0, NULL, NULL, NULL)"


class Machine:
    """One of several with a connection to the database."""

    def __init__(self, url: str) -> None:
        Store(url).close()
        self.kind = Postgresql(url)
        self.connect()

    def connect(self) -> None:
        self.connection: Connection = self.kind.engine().connect()
        self.kind.connected(self.connection)
        self.driver = self.connection.connection
        self.cursor = self.driver.cursor()

    def writes(self, name: str) -> str | None:
        """And leaves its mark."""
        self.cursor.execute(FRIEND, (name,))
        return self.kind.mark(self.cursor)

    def close(self) -> None:
        self.connection.invalidate()
        self.connection.close()


@pytest.fixture
def crashed(own_postgres: "OwnServer") -> "tuple[Machine, str | None]":
    """A machine whose commit never arrived, and what it had left."""
    url = own_postgres.create()
    lost = Machine(url)
    mark = lost.writes("lost")
    own_postgres.restart("immediate")
    lost.close()
    other = Machine(url)
    for number in range(3):  # the lost transaction's number is given out once more
        other.writes(f"other-{number}")
        other.driver.commit()
    other.close()
    lost.connect()
    return lost, mark


def test_a_crash_makes_no_commit_of_another_one_ours(crashed: tuple[Machine, str]) -> None:
    lost, mark = crashed
    assert not lost.kind.was_committed(lost.cursor, mark)
    lost.close()


def is_known_again(machine: Machine) -> bool:
    """Whether a commit is, once the connection is another one."""
    mark = machine.writes("friend")
    machine.driver.commit()
    machine.close()
    machine.connect()
    assert mark
    known = machine.kind.was_committed(machine.cursor, mark)
    machine.close()
    return known


def test_what_took_place_is_known_again(database_url: str) -> None:
    assert is_known_again(Machine(database_url))


def test_who_was_silent_for_a_month_is_known_again_too(database_url: str) -> None:
    """Though another program has tidied up meanwhile."""
    machine = Machine(database_url)
    with connect(database_url) as beside:
        beside.execute("UPDATE commits SET written_at = written_at - 31 * 86400")
    Store(database_url).close()
    assert is_known_again(machine)


def test_reading_leaves_no_mark(database_url: str) -> None:
    machine = Machine(database_url)
    machine.cursor.execute("SELECT 1")
    mark = machine.kind.mark(machine.cursor)
    machine.driver.commit()
    assert mark
    assert not machine.kind.was_committed(machine.cursor, mark)
    machine.close()


def test_what_is_under_way_still_is_waited_for(database_url: str) -> None:
    """As where the server has not noticed yet that our connection is lost."""
    machine = Machine(database_url)
    mark, old = machine.writes("friend"), machine.connection
    machine.connect()
    assert mark
    with ThreadPoolExecutor(1) as thread, connect(database_url) as beside:
        found = thread.submit(machine.kind.was_committed, machine.cursor, mark)
        until(lambda: beside.execute(WAITING).fetchall())
        old.connection.commit()
        assert found.result(PATIENCE)
    old.close()
    machine.close()
