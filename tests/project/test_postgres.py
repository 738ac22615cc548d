"""What the tests' own PostgreSQL promises them."""

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")

import psycopg
from sqlalchemy.engine import make_url

from tests.support import postgres as real
from tests.support.postgres import OwnServer, Server
from tests.support.process import ROOT
from tests.support.tunnel_side import until

COUNT = "SELECT count(*) FROM pg_database WHERE datname = %s"
KILLED = """
import os, signal
from tests.support import postgres
with postgres.durable() as server:
    print(server.url("postgres"), server.folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"


def written(server: OwnServer) -> str:
    """The URL of a database with one committed row."""
    url = server.create()
    with real.connect(url) as connection:
        connection.execute("CREATE TABLE said AS SELECT '안녕' AS words")
    return url


def kept(url: str) -> list[tuple[str]]:
    with real.connect(url) as connection:
        return connection.execute("SELECT words FROM said").fetchall()


def test_a_database_is_new_and_empty_each_time(postgres: Server, empty_url: str) -> None:
    with real.connect(empty_url) as connection:
        connection.execute("CREATE TABLE said (words text)")
    other = postgres.create()
    with real.connect(other) as connection:
        assert connection.execute(TABLES).fetchone() == (0,)
    postgres.drop(other)


def test_a_dropped_database_is_gone_also_for_those_inside(postgres: Server) -> None:
    url = postgres.create()
    with real.connect(url) as inside:
        postgres.drop(url)
        with pytest.raises(psycopg.OperationalError):
            inside.execute("SELECT 1")
    with postgres.connect() as connection:
        assert connection.execute(COUNT, [make_url(url).database]).fetchone() == (0,)


def test_an_url_is_what_an_owner_writes_and_holds_a_password(own_postgres: OwnServer) -> None:
    url = make_url(own_postgres.url("shop"))
    assert (url.drivername, url.host, url.port) == (
        "postgresql+psycopg",
        "127.0.0.1",
        own_postgres.port,
    )
    assert len(str(url.password)) > 20
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        real.connect(url.set(password="guessed").render_as_string(hide_password=False))


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_keeps_what_was_committed(own_postgres: OwnServer, mode: str) -> None:
    url = written(own_postgres)
    own_postgres.restart(mode)
    assert kept(url) == [("안녕",)]


def test_a_stopped_server_answers_nobody_until_it_starts(own_postgres: OwnServer) -> None:
    url = written(own_postgres)
    own_postgres.stop()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        real.connect(url)
    own_postgres.start()
    assert kept(url) == [("안녕",)]


def test_a_killed_server_recovers_all_that_was_committed(own_postgres: OwnServer) -> None:
    url = written(own_postgres)
    with closing(real.connect(url)) as busy:
        busy.execute("BEGIN")
        busy.execute("INSERT INTO said VALUES ('never committed')")
        own_postgres.kill()
    own_postgres.start()
    assert kept(url) == [("안녕",)]
    assert "was not properly shut down" in own_postgres.log


@pytest.mark.skipif(real.WINDOWS, reason="the guard is a shell's")
def test_a_server_ends_also_when_its_tests_are_killed() -> None:
    argv = [sys.executable, "-c", KILLED]
    tests = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=real.SECONDS)
    url, folder = tests.stdout.split()
    assert tests.returncode == -signal.SIGKILL
    until(lambda: not Path(folder).exists())
    with pytest.raises(psycopg.OperationalError, match="refused"):
        real.connect(url)


def test_where_nothing_is_installed_the_test_skips_and_says_what_to_install() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"apt-get install postgresql, or set CHATGEE_"):
        real.binaries(path="", places=())


def test_the_newest_of_several_versions_is_taken() -> None:
    assert real.newest_first(["/pg/9/bin", "/pg/17/bin", "/pg/15/bin"])[0] == "/pg/17/bin"
