"""The two ends of a move: the file that is only read, and the PostgreSQL that it goes to."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection, create_engine, exc, func, select
from sqlalchemy.pool import NullPool

from chatgee.errors import StoreError
from chatgee.store import schema
from chatgee.store.databases import migrations
from chatgee.store.databases.connection_errors import package_missing
from chatgee.store.databases.opening import broken, holds_every_letter, shown
from chatgee.store.moving.row_conversion import text
from chatgee.store.reading.archive import file_of, read_only

ID = "id"
"""In `about` of a source that was moved: a number that no other has."""
CONNECT_SECONDS = 10
LOCK = 0x6368617467656521
"""Of PostgreSQL's advisory locks, the one of a move."""
LISTENS = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10"
"""A machine that lost its power holds the lock no longer than this."""


@contextmanager
def opened_source(url: str) -> Iterator[tuple[Connection, str]]:
    """The file as it is at this moment, and the mark by which it is known."""
    file = file_of(url)
    if not file.is_file():
        raise StoreError("move.no_source", file=file)
    try:
        mark = f"{_brought_up(url)} {_sha256(file)}"
        with read_only(url, poolclass=NullPool).connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.text_factory = text
            connection.exec_driver_sql("BEGIN")
            yield connection, mark
    except (exc.DBAPIError, OSError) as error:
        raise broken(url, error) from error


def _brought_up(url: str) -> str:
    """Make the tables those of our version; the number that this database is known by."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        if migrations.bring_up(connection) > schema.VERSION:
            raise StoreError("start.newer_database", url=url)
        found = connection.execute(select(schema.about.c.value).where(schema.about.c.name == ID))
        id = found.scalar()
        if id is None:
            id = token_hex(16)
            connection.execute(schema.about.insert().values(name=ID, value=id))
            connection.commit()
        # All of it in the one file.
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return str(id)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def opened_target(url: str, patience_seconds: float) -> Iterator[Connection]:
    """For one move at a time."""
    options: dict[str, Any] = {
        "connect_args": {"connect_timeout": CONNECT_SECONDS, "client_encoding": "utf8"}
    }
    try:
        engine = create_engine(url, poolclass=NullPool, pool_reset_on_return=None, **options)
    except ImportError as error:
        raise package_missing(error) from error
    try:
        with engine.connect() as connection:
            _take(connection, patience_seconds)
            yield connection
    except exc.DBAPIError as error:
        raise broken(engine.url, error) from error


def _take(connection: Connection, patience_seconds: float) -> None:
    holds_every_letter(connection)
    connection.exec_driver_sql(LISTENS)
    connection.exec_driver_sql(f"SET lock_timeout = {patience_seconds * 1000:.0f}")
    try:
        connection.execute(select(func.pg_advisory_lock(LOCK)))
    except exc.OperationalError as error:
        raise StoreError("move.busy", url=shown(connection.engine.url)) from error
    connection.commit()
