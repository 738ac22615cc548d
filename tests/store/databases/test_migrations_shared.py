"""Several programs that open one PostgreSQL at once: one makes the tables, the others find them."""

import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from chatgee.errors import StoreError
from chatgee.store import Store, schema
from chatgee.store.databases import migrations, server_check
from tests.store.databases.test_migrations import FIRST
from tests.support import beside
from tests.support.far_ends import PATIENCE
from tests.support.process import ROOT

if TYPE_CHECKING:
    from tests.support.postgres import Server

AT_ONCE = 8
OPEN = """\
import sys
from chatgee.store import Store
from chatgee.cluster.queue import make_tables
print("ready", flush=True)
sys.stdin.readline()
store = Store(sys.argv[1])
make_tables(sys.argv[1])
store.close()
"""
"""As every program does at its start."""
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
COLUMNS = """\
SELECT table_name, column_name, is_nullable FROM information_schema.columns
WHERE table_schema = 'public' AND table_name NOT LIKE 'procrastinate%%' ORDER BY 1, 2"""
INDEXES = """\
SELECT indexname FROM pg_indexes
WHERE schemaname = 'public' AND tablename NOT LIKE 'procrastinate%%' ORDER BY 1"""
VERSION = "SELECT value FROM about"


@pytest.fixture
def old(empty_url: str) -> str:
    """A database as the first version would have made it."""
    beside.change(empty_url, *filter(str.strip, FIRST.split(";\n")))
    return empty_url


def opened_at_once(url: str) -> list[str]:
    """What went wrong in each of so many programs."""
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(AT_ONCE)
    ]
    for one in programs:
        assert one.stdout
        assert one.stdout.readline() == "ready\n"
    for one in programs:
        assert one.stdin
        one.stdin.write("\n")
        one.stdin.flush()
    return [one.communicate(timeout=PATIENCE * 6)[1] for one in programs]


def test_an_empty_database_is_made_once_by_many_programs_that_start_at_once(
    empty_url: str,
) -> None:
    assert opened_at_once(empty_url) == [""] * AT_ONCE
    assert beside.rows(empty_url, VERSION) == [(str(schema.VERSION),)]
    assert beside.value(empty_url, "SELECT to_regclass('procrastinate_jobs')::text")


def test_an_old_database_is_brought_up_once_by_many_programs_that_start_at_once(old: str) -> None:
    assert opened_at_once(old) == [""] * AT_ONCE
    assert beside.rows(old, VERSION) == [(str(schema.VERSION),)]
    assert beside.value(old, "SELECT sum(count) FROM tallies_by_day WHERE name = 'asked'") == 3
    store = Store(old)
    due = store.next("민지", 10).result(PATIENCE)
    store.close()
    assert due
    assert due.question.text == "셋째"


def test_an_old_database_and_a_new_one_have_the_same_tables(old: str, postgres: "Server") -> None:
    new = postgres.create()
    for one in (old, new):
        Store(one).close()
    for looked_at in (COLUMNS, INDEXES):
        assert beside.rows(old, looked_at) == beside.rows(new, looked_at)
    postgres.drop(new)


@pytest.mark.parametrize("version", migrations.STEPS)
def test_a_program_that_ends_in_the_middle_has_changed_nothing(
    old: str, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    whole = migrations.STEPS[version]

    def cut(connection: Any) -> None:
        whole(connection)
        connection.connection.driver_connection.close()

    before = beside.rows(old, TABLES), beside.rows(old, COLUMNS), everything(old)
    with monkeypatch.context() as patched:
        patched.setitem(migrations.STEPS, version, cut)
        with pytest.raises(StoreError):
            Store(old)
    assert (beside.rows(old, TABLES), beside.rows(old, COLUMNS), everything(old)) == before
    assert beside.rows(old, VERSION) == [("1",)]
    Store(old).close()
    assert beside.rows(old, VERSION) == [(str(schema.VERSION),)]


def everything(url: str) -> list[Sequence[object]]:
    return [*beside.rows(url, "SELECT * FROM friends"), *beside.rows(url, "SELECT * FROM usage")]


def test_a_newer_database_is_refused_and_its_password_told_nobody(empty_url: str) -> None:
    Store(empty_url).close()
    beside.change(empty_url, "UPDATE about SET value = '99'")
    before = beside.rows(empty_url, TABLES)
    for opening in (Store, server_check.look):
        with pytest.raises(StoreError) as caught:
            opening(empty_url)
        assert caught.value.key == "start.newer_database"
        assert "***" in str(caught.value.values["url"])
    assert beside.rows(empty_url, TABLES) == before
