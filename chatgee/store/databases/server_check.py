"""A look at a PostgreSQL that other machines use too: whether it is well, and who works there."""

import shlex
import time
from dataclasses import dataclass

from sqlalchemy import Connection, exc, inspect, make_url, text
from sqlalchemy.pool import NullPool

from chatgee.errors import StoreError
from chatgee.store import schema
from chatgee.store.databases import migrations, opening
from chatgee.store.databases.connection_errors import package_missing
from chatgee.store.databases.postgresql import CLOCK
from chatgee.store.reading.archive import read_only

ALIVE_SECONDS = 15
"""A worker writes down more often than that that it is there."""

# The queue's own tables, by what procrastinate promises of them.
_WAITING = text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")
WORKERS = (
    "SELECT (count(*) + 1) / 2 FROM procrastinate_workers"
    f" WHERE last_heartbeat > now() - interval '{ALIVE_SECONDS} seconds'"
)
"""How many programs work on questions. Each is there twice: for questions, and for all else."""


@dataclass(frozen=True)
class DatabaseServer:
    software: str
    seconds: float
    """Of a question to it and back."""
    ahead: float
    """Seconds by which its clock is ahead of this machine's."""
    new: bool
    """Whether nobody has made tables in it yet."""
    workers: int
    """Programs that work on questions."""
    waiting: int
    """Questions, and callbacks, that nobody has begun with."""


def look(url: str) -> DatabaseServer:
    """`StoreError` where ChatGee could not use it. Waits for a moment where it is away."""
    try:
        engine = read_only(url, poolclass=NullPool)
        with engine.connect() as connection:
            return _seen(connection, url)
    except ImportError as error:
        raise package_missing(error) from error
    except exc.SQLAlchemyError as error:
        raise opening.broken(url, error) from error


def _seen(connection: Connection, url: str) -> DatabaseServer:
    opening.holds_every_letter(connection)
    seconds, ahead = _round_trip(connection)
    found = migrations.version_of(connection)
    if found is not None and found > schema.VERSION:
        raise StoreError("start.newer_database", url=opening.shown(url))
    queue = inspect(connection).has_table("procrastinate_jobs")
    version = ".".join(map(str, connection.dialect.server_version_info or ()))
    return DatabaseServer(
        f"PostgreSQL {version}",
        seconds,
        ahead,
        found is None,
        connection.execute(text(WORKERS)).scalar_one() if queue else 0,
        connection.execute(_WAITING).scalar_one() if queue else 0,
    )


def _round_trip(connection: Connection) -> tuple[float, float]:
    """The quickest of three, and by how much its clock was ahead then."""
    tries = []
    for _ in range(3):
        before, here = time.perf_counter(), time.time()
        theirs = connection.exec_driver_sql(CLOCK).scalar_one()
        seconds = time.perf_counter() - before
        tries.append((seconds, theirs - here - seconds / 2))
    return min(tries)


def dump_command(url: str) -> str:
    """For a terminal; it asks for the password, which is not in it."""
    address = make_url(url)
    words = ["pg_dump", "--format=custom", "--file=chatgee.dump"]
    given = {"host": address.host, "port": address.port, "username": address.username}
    words += [f"--{name}={value}" for name, value in given.items() if value]
    return shlex.join([*words, address.database or ""])
