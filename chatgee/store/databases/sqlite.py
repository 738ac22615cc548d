"""What is SQLite's own: one file, on this machine."""

import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool


class Sqlite:
    """See `chatgee.store.databases.database_kind.Kind`."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, poolclass=NullPool)
        event.listen(self._engine, "connect", _prepare)

    def engine(self) -> Engine:
        return self._engine

    def sql(self, statement: str) -> str:
        """Without what it need not be told: there is one who writes."""
        return statement.replace(" FOR UPDATE", "")

    def connected(self, connection: Connection) -> None: ...

    def now(self) -> float:
        return time.time()

    def passes(self, error: Exception) -> bool:
        """Whether another program holds the file: SQLITE_BUSY or SQLITE_LOCKED.

        SQLite has waited by then; a backup takes longer.
        """
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in (5, 6)

    def is_away(self, error: Exception) -> bool:
        return False

    def hurrying(self, connection: Any) -> AbstractContextManager[object]:
        return nullcontext()

    def mark(self, cursor: Any) -> str | None:
        return None

    def was_committed(self, cursor: Any, mark: str) -> bool:
        return False


def _prepare(driver: Any, _: object) -> None:
    """Readers do not wait for the writer, and a commit survives a power cut."""
    cursor = driver.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=10000")  # a backup program may hold the file
    cursor.close()
