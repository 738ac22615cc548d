"""A look into a database from beside the program, be it SQLite's or PostgreSQL's."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from tests.support.far_ends import PATIENCE


@contextmanager
def beside(url: str) -> Iterator[Connection]:
    """Each statement is a transaction of its own."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection


def rows(url: str, sql: str) -> Sequence[Sequence[Any]]:
    with beside(url) as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


def value(url: str, sql: str) -> Any:
    return rows(url, sql)[0][0]


def change(url: str, *statements: str) -> None:
    with beside(url) as connection:
        for sql in statements:
            connection.exec_driver_sql(sql)


def until(url: str, sql: str, enough: Callable[[Any], bool]) -> None:
    """Wait until the first value that is found is as it should be."""
    with beside(url) as connection:
        end = time.monotonic() + PATIENCE
        while not enough(found := connection.exec_driver_sql(sql).scalar()):
            assert time.monotonic() < end, f"{sql}: {found}"
            time.sleep(0.005)


@contextmanager
def held(url: str) -> Iterator[None]:
    """Another program, such as one that makes backups, has the database to itself."""
    with beside(url) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
        else:
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql("LOCK TABLE friends, questions IN ACCESS EXCLUSIVE MODE")
        yield
        connection.exec_driver_sql("ROLLBACK")


@contextmanager
def full(url: str) -> Iterator[None]:
    """There is no room to write down what became of a question."""
    with beside(url) as connection:
        if connection.dialect.name == "sqlite":
            action = "BEGIN SELECT RAISE(FAIL, 'full'); END"
        else:
            raising = "BEGIN RAISE disk_full; END"
            connection.exec_driver_sql(
                f"CREATE FUNCTION full_() RETURNS trigger LANGUAGE plpgsql AS '{raising}'"
            )
            action = "EXECUTE FUNCTION full_()"
        connection.exec_driver_sql(f"CREATE TRIGGER full_ BEFORE UPDATE ON questions {action}")
        yield
        on = "" if connection.dialect.name == "sqlite" else " ON questions"
        connection.exec_driver_sql(f"DROP TRIGGER full_{on}")
