"""A look at SQLite's file, which another program may be using: it is only read, and briefly."""

import time
from typing import Any

from sqlalchemy import Connection, exc, select
from sqlalchemy.pool import NullPool

from chatgee.errors import StoreError
from chatgee.store import schema
from chatgee.store.databases import opening
from chatgee.store.reading.archive import read_only


def look(url: str, seconds: float = 0) -> None:
    """Read what it is and, for so many seconds, whether its pages are whole.

    `StoreError` where ChatGee could not use it. Nothing is locked against a writer.
    """
    try:
        with read_only(url, poolclass=NullPool).connect() as connection:
            version = connection.execute(
                select(schema.about.c.value).where(schema.about.c.name == "version")
            ).scalar()
            broken = damage(connection, seconds) if seconds else None
    except exc.SQLAlchemyError as error:
        raise opening.broken(url, error) from error
    if not str(version or 0).isdecimal():
        broken = f"version {version!r}"
    if broken:
        raise StoreError("start.database_broken", url=url, why=broken)
    if int(version or 0) > schema.VERSION:
        raise StoreError("start.newer_database", url=url)


def damage(connection: Connection, seconds: float) -> str | None:
    """The first page that is not whole, as far as the time allows."""
    until = time.monotonic() + seconds
    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(lambda: time.monotonic() > until, 10_000)
    try:
        told = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    except exc.OperationalError as error:
        if getattr(error.orig, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
            return None  # a large file, whole as far as it was read
        raise
    finally:
        driver.set_progress_handler(None, 0)
    return None if told == "ok" else told
