"""A copy of the SQLite database as it is at one moment, made while ChatGee goes on writing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, select
from sqlalchemy.pool import NullPool

from chatgee.errors import StoreError
from chatgee.store import schema
from chatgee.store.databases.connection_errors import drivers_own, first_line
from chatgee.store.files import bounds, checkup, disarm, released_schemas
from chatgee.store.reading.archive import read_only

SLICE_PAGES, PAUSE_SECONDS = 1000, 0.005
"""Between two slices the disk is free for the questions of friends."""
CHECK_SECONDS, TAKE_IN_SECONDS = 120.0, 1800.0
"""For its pages, and for everything: a million questions take half a minute."""
MOST_BYTES = 8 * bounds.LONG_BYTES
"""Of one row, with room for all its texts."""
FORM_STEPS = 50_000
"""Of SQLite's machine: a hundred times what it takes to read how a file of ours looks."""


def copy(url: str, target: Path) -> None:
    """All of it in one file, with nothing beside; `StoreError` where it cannot be made."""
    source, new = read_only(url, poolclass=NullPool), _engine(target)
    driver: Any = source.dialect.loaded_dbapi
    try:
        with source.connect() as here, new.connect() as there:
            _hold_still(here)
            _driver(here).backup(_driver(there), pages=SLICE_PAGES, progress=_pause)
        with new.connect() as there:  # else it would want a -wal file beside it, to be looked at
            there.exec_driver_sql("PRAGMA journal_mode=DELETE")
    except (exc.SQLAlchemyError, driver.Error) as error:
        key = "backup.disk_full" if _is_full(error) else "backup.not_made"
        raise StoreError(key, why=str(drivers_own(error))) from error


def take_in(file: Path) -> int:
    """Look through a copy that nobody uses yet, and make it harmless; the version that made it.

    `StoreError` unless it is a whole database of ChatGee's, and nothing else.
    """
    with _opened(file) as connection:
        version = released_schemas.version_of(connection)
        _driver(connection).set_progress_handler(None, 0)
        until = time.monotonic() + TAKE_IN_SECONDS
        if damage := checkup.damage(connection, CHECK_SECONDS):
            raise released_schemas.broken(damage)
        # What was not looked at may lead SQLite in circles.
        _driver(connection).set_progress_handler(lambda: time.monotonic() > until, 10_000)
        connection.exec_driver_sql("REINDEX")  # whatever they said, they say what is there
        bounds.put_right(connection)
        bounds.check(connection)
        disarm.disarm(connection)
    return version


@contextmanager
def _opened(file: Path) -> Iterator[Connection]:
    """A file that may be anything; `StoreError` where SQLite cannot use it, or the disk is full."""
    engine = create_engine(address(file), poolclass=NullPool)
    driver: Any = engine.dialect.loaded_dbapi
    event.listen(
        engine,
        "connect",
        lambda connection, _: _guard(connection, driver.SQLITE_LIMIT_LENGTH),
        insert=True,  # before anything of it is read
    )
    try:
        with engine.connect() as connection:
            yield connection
    except (exc.SQLAlchemyError, driver.Error) as error:
        if _is_full(error):
            raise StoreError("backup.disk_full") from error
        raise released_schemas.broken(first_line(error)) from error


def _guard(driver: Any, length: int) -> None:
    """What its tables are is read with the first statement, and a million would take all memory.

    What is written to a copy need not outlast a power cut.
    """
    driver.setlimit(length, MOST_BYTES)
    driver.set_progress_handler(lambda: True, FORM_STEPS)
    driver.execute("PRAGMA trusted_schema=OFF")
    driver.execute("PRAGMA cell_size_check=ON")
    driver.execute("PRAGMA synchronous=OFF")
    driver.execute("PRAGMA journal_mode=MEMORY")


def address(file: Path) -> str:
    return URL.create("sqlite", database=str(file)).render_as_string()


def _engine(file: Path) -> Engine:
    return create_engine(address(file), poolclass=NullPool)


def _is_full(error: Exception) -> bool:
    return getattr(drivers_own(error), "sqlite_errorname", "") == "SQLITE_FULL"


def _hold_still(connection: Connection) -> None:
    """See one moment from now on: what others write would make the copying begin anew."""
    connection.exec_driver_sql("BEGIN")
    connection.execute(select(schema.about).limit(1)).all()


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _pause(status: int, remaining: int, total: int) -> None:
    time.sleep(PAUSE_SECONDS)
