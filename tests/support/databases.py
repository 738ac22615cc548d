"""Databases that have our tables already: to make them takes longer than most tests."""

from dataclasses import dataclass, field
from typing import Any

import psycopg

from chatgee.cluster import queue
from chatgee.store import Store
from tests.support.postgres import Server, connect

CATALOGS = (
    "class",
    "attribute",
    "constraint",
    "database",
    "db_role_setting",
    "index",
    "namespace",
    "proc",
    "trigger",
    "type",
)
"""Where every change of what a database is made of leaves a newer row, or one less."""
BUILD = " UNION ALL ".join(
    f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM pg_{name}"
    + (" WHERE datname = current_database()" if name == "database" else "")
    for name in CATALOGS
)
END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
VERSION = "SELECT 'version', value FROM about WHERE name = 'version'"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename DESC"
"""Which refer to tables that come later."""
START_AGAIN = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"

Build = list[tuple[Any, ...]]


@dataclass
class Databases:
    """Of one server, for one test after the other."""

    server: Server
    _builds: dict[str, Build] = field(default_factory=dict)
    """What each is made of, by URL."""
    _free: list[str] = field(default_factory=list)

    def take(self) -> str:
        """The URL of one with nothing in its tables."""
        return self._free.pop() if self._free else self._make()

    def _make(self) -> str:
        url = self.server.create()
        Store(url, teller=queue.Queue()).close()
        queue.make_tables(url)
        with connect(url) as connection:
            _empty(connection)
            self._builds[url] = _build(connection)
        return url

    def give_back(self, url: str) -> None:
        """For another test: emptied, or taken away where more has changed than its rows."""
        with connect(url) as connection:
            connection.execute(END_OTHERS)
            as_made = _build(connection) == self._builds[url]
            if as_made:
                _empty(connection)
        if as_made:
            self._free.append(url)
        else:
            self.server.drop(url)

    def close(self) -> None:
        for url in self._free:
            self.server.drop(url)


def _build(connection: psycopg.Connection[Any]) -> Build:
    return connection.execute(BUILD).fetchall() + connection.execute(VERSION).fetchall()


def _empty(connection: psycopg.Connection[Any]) -> None:
    """All but the version of our tables."""
    with connection.transaction():
        for (table,) in connection.execute(TABLES).fetchall():
            kept = " WHERE name <> 'version'" if table == "about" else ""
            connection.execute(f"DELETE FROM {table}{kept}")
        connection.execute(START_AGAIN)
