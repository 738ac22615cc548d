"""What is PostgreSQL's own: a server that other machines use too, and that may be away."""

import logging
import re
import secrets
import time
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.pool import NullPool

GONE_SECONDS = 5
"""After so long without a sign of the other side a connection counts as lost, here and there."""
IDLE_SECONDS = 2
"""A transaction that makes such a pause is given up: it is begun anew once we are back."""

CONNECT = {
    "client_encoding": "utf8",  # of an old server's default we would get bytes
    "connect_timeout": GONE_SECONDS,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "tcp_user_timeout": GONE_SECONDS * 1000,
}
"""Of libpq: what has gone to a machine that is cut off is given up."""

SESSION = {
    "tcp_keepalives_idle": 3,
    "tcp_keepalives_interval": 1,
    "tcp_keepalives_count": 2,
    "tcp_user_timeout": GONE_SECONDS * 1000,
    # Locks of a machine that was cut off in the midst of a transaction hold up all the others.
    "idle_in_transaction_session_timeout": IDLE_SECONDS * 1000,
}
"""Of the server's side of our connections."""

# Of a connection that is lost it warns in words of its own; the store tells it once, in its own.
logging.getLogger("psycopg").setLevel(logging.ERROR)

_PASSES = {"40001", "40P01"}
"""Two machines in each other's way: one of the two has to begin anew."""
_MIRROR = "25006"
"""A server that has become a mirror of another one takes nothing any more."""
_FATAL = {"FATAL", "PANIC"}
"""By which the server ends the connection: it stops, begins, or has waited for us too long."""
CLOCK = "SELECT extract(epoch FROM clock_timestamp())::float8"
CLOCK_SECONDS = 60.0

# A transaction's own number would not do: after a crash another one gets the same.
_BEGIN = """
INSERT INTO commits (program, mark, written_at)
SELECT %(name)s::text, '', extract(epoch FROM now())
WHERE NOT EXISTS (SELECT 1 FROM commits WHERE program = %(name)s::text)"""
# Of a program that was silent for long, others have forgotten the row.
_MARK = """
INSERT INTO commits (program, mark, written_at)
SELECT %(name)s::text, %(mark)s, extract(epoch FROM now())
WHERE pg_current_xact_id_if_assigned() IS NOT NULL
ON CONFLICT (program) DO UPDATE SET mark = excluded.mark, written_at = excluded.written_at"""
_MARKED = "SELECT mark FROM commits WHERE program = %(name)s FOR UPDATE"
_FORGET = """
DELETE FROM commits
WHERE program != %(name)s AND written_at < extract(epoch FROM now()) - 30 * 86400"""


def options(**more: object) -> str:
    """The session's settings, as a connection takes them."""
    return " ".join(f"-c {name}={value}" for name, value in (SESSION | more).items())


def reading() -> dict[str, Any]:
    """Of a connection that changes nothing, and sees one moment as long as it looks."""
    still = {"read_only": "on", "isolation": r"repeatable\ read"}
    about = {f"default_transaction_{name}": value for name, value in still.items()}
    return CONNECT | {"options": options(**about), "application_name": "chatgee looks"}


class Postgresql:
    """See `chatgee.store.databases.database_kind.Kind`."""

    def __init__(self, url: str) -> None:
        arguments = CONNECT | {"options": options(), "application_name": "chatgee"}
        arguments["target_session_attrs"] = "read-write"  # no mirror
        self._engine = create_engine(url, poolclass=NullPool, connect_args=arguments)
        self._ahead = time.time() - time.monotonic()
        self._looked_at = 0.0
        self._name = secrets.token_urlsafe(9)
        """Of the row in which the last transaction that took place has left its mark."""

    def engine(self) -> Engine:
        return self._engine

    def sql(self, statement: str) -> str:
        return re.sub(r":(\w+)", r"%(\1)s", statement.replace("%", "%%"))

    def connected(self, connection: Connection) -> None:
        cursor = connection.connection.cursor()
        self._look_at_clock(cursor)
        cursor.execute(_BEGIN, {"name": self._name})
        cursor.execute(_FORGET, {"name": self._name})
        connection.connection.commit()

    def now(self) -> float:
        """The server's: machines whose clocks differ agree on it."""
        return time.monotonic() + self._ahead

    def _look_at_clock(self, cursor: DBAPICursor) -> None:
        before = time.monotonic()
        cursor.execute(CLOCK)
        (theirs,) = cursor.fetchone() or (time.time(),)
        self._looked_at = time.monotonic()
        self._ahead = theirs - (before + self._looked_at) / 2

    def passes(self, error: Exception) -> bool:
        return getattr(error, "sqlstate", None) in _PASSES

    def is_away(self, error: Exception) -> bool:
        """Whether the connection is of no use any more."""
        driver = self._engine.dialect.loaded_dbapi
        if not isinstance(error, driver.Error):
            return False
        state, severity = error.sqlstate, error.diag.severity_nonlocalized
        if state == _MIRROR or severity in _FATAL:
            return True
        lost = state is None or state.startswith("08")
        return lost and isinstance(error, (driver.OperationalError, driver.InterfaceError))

    def hurrying(self, connection: Any) -> AbstractContextManager[object]:
        """One round trip for all (measured: a question's CPU, here and there, is a fifth less).

        Now and then the clock is looked at before.
        """
        if time.monotonic() - self._looked_at > CLOCK_SECONDS:
            self._look_at_clock(connection.cursor())
        pipeline: AbstractContextManager[object] = connection.pipeline()
        return pipeline

    def mark(self, cursor: Any) -> str | None:
        """Written into the transaction, unless it writes nothing else."""
        mark = secrets.token_urlsafe(9)
        cursor.execute(_MARK, {"name": self._name, "mark": mark})
        return mark

    def was_committed(self, cursor: Any, mark: str) -> bool:
        """Whether a transaction took place whose commit was sent, and its reply lost.

        Waits where the server has not noticed yet that we are gone; IDLE_SECONDS at the most.
        """
        cursor.execute(_MARKED, {"name": self._name})
        return bool(cursor.fetchone() == (mark,))
