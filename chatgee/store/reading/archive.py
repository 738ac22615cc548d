"""Looking at what is stored, for the owner's pages: beside the store's thread, never in its way.

What is looked for stands in files of its own, a page each; they hand in their Core statements.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Row, create_engine, exc, make_url
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql.expression import Executable

from chatgee.errors import StoreError
from chatgee.store.databases import opening, postgresql
from chatgee.store.databases.connection_errors import first_line

BUSY_SECONDS = 2.0


def file_of(url: str) -> Path:
    """Where a SQLite database lies."""
    return Path(make_url(url).database or "")


def read_only(url: str, **options: Any) -> Engine:
    """Of a database that is there already; it cannot be changed through it."""
    if opening.is_shared(url):
        return create_engine(url, connect_args=postgresql.reading(), **options)
    only_reading = f"{file_of(url).absolute().as_uri()}?mode=ro"
    address = URL.create("sqlite", database=only_reading, query={"uri": "true"})
    return create_engine(address, connect_args={"timeout": BUSY_SECONDS}, **options)


class Archive:
    """Safe from any thread. Opens nothing before the first look."""

    def __init__(self, url: str) -> None:
        pool: dict[str, Any] = {"pool_size": 2, "max_overflow": 8, "pool_timeout": BUSY_SECONDS}
        # A server may have been started anew since the last look.
        pool["pool_pre_ping"] = opening.is_shared(url)
        self._engine = read_only(url, poolclass=QueuePool, **pool)

    def all(self, statement: Executable, **values: Any) -> Sequence[Row[*tuple[Any, ...]]]:
        """Every row; `StoreError` where the database cannot be read."""
        with self.look() as connection:
            return connection.execute(statement, values).fetchall()

    def one(self, statement: Executable, **values: Any) -> Row[*tuple[Any, ...]] | None:
        """The first row, or None; raises as `all` does."""
        with self.look() as connection:
            return connection.execute(statement, values).first()

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """For what is read piece by piece: one moment of the database, until it is left.

        Leave it soon: what changes meanwhile is kept twice. Raises as `all` does.
        """
        try:
            with self._engine.connect() as connection:
                yield connection
        except exc.SQLAlchemyError as error:
            raise StoreError("reply.not_stored", why=first_line(error)) from error

    def close(self) -> None:
        self._engine.dispose()
