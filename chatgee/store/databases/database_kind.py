"""What the store asks of a database."""

from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import Connection, Engine


class DatabaseKind(Protocol):
    """What differs between databases: `Sqlite`, `Postgresql`."""

    def engine(self) -> Engine: ...

    def sql(self, statement: str) -> str:
        """One of `chatgee.store.statements` in the driver's own words."""

    def connected(self, connection: Connection) -> None:
        """Called once for every connection, before it is used."""

    def now(self) -> float:
        """Unix time, as all programs with this database agree on it."""

    def passes(self, error: Exception) -> bool:
        """Whether the same work may succeed in a moment."""

    def is_away(self, error: Exception) -> bool:
        """Whether the connection is lost, and all that was not committed."""

    def hurrying(self, connection: Any) -> AbstractContextManager[object]:
        """Within it, statements do not wait for those before, and fail later.

        Read no row there. The commit belongs in it as well: rows that others count in, too, are
        then let go though we hang.
        """

    def mark(self, cursor: Any) -> str | None:
        """Left in a transaction before it is committed, so that its fate can be found out."""

    def was_committed(self, cursor: Any, mark: str) -> bool: ...
