"""From a database's URL to its first connection."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, exc, func, make_url, select

from chatgee.errors import EndedError, StoreError
from chatgee.store import schema
from chatgee.store.databases import migrations
from chatgee.store.databases.connection_errors import first_line, package_missing, refusal
from chatgee.store.databases.database_kind import DatabaseKind
from chatgee.store.databases.postgresql import Postgresql
from chatgee.store.databases.sqlite import Sqlite
from chatgee.system import stop_signals

START_SECONDS = 30.0
"""For a server that is started together with us, as after a power cut."""
REFUSAL_SECONDS = 3.0
"""For one that is there and refuses us, from then on."""
LOOK_SECONDS = 0.5

Tell = Callable[[str, str], None]
"""Takes a key of the texts, for the owner to read, and why."""


def silently(key: str, why: str) -> None:
    """For whoever looks in only for a moment."""


def is_shared(url: str | URL) -> bool:
    """Whether other machines may use the database too."""
    return make_url(url).get_backend_name() == "postgresql"


def conninfo(url: str | URL) -> str:
    """The URL as libpq takes it, its password in it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def kind_of(url: str) -> DatabaseKind:
    """`StoreError` where a package is missing."""
    if not is_shared(url):
        return Sqlite(url)
    try:
        return Postgresql(url)
    except ImportError as error:
        raise package_missing(error) from error


def first(engine: Engine, tell: Tell) -> Connection:
    """Connect, and make the tables; `StoreError` where the database cannot be used."""
    try:
        connection = _connect(engine, tell)
        holds_every_letter(connection)
        found = migrations.bring_up(connection)
        half = migrations.unfinished(connection)
    except (exc.SQLAlchemyError, OSError) as error:
        raise broken(engine.url, error) from error
    if found > schema.VERSION or half:
        connection.close()
        key = "start.unfinished_move" if half else "start.newer_database"
        raise StoreError(key, url=shown(engine.url))
    return connection


def broken(url: str | URL, error: Exception) -> StoreError:
    """What is told of a database that could not be opened, or read."""
    if is_shared(url):
        return refusal(error, make_url(url))
    return StoreError("start.database_broken", url=shown(url), why=first_line(error))


def shown(url: str | URL) -> str:
    """Without the password."""
    return make_url(url).render_as_string(hide_password=True)


def holds_every_letter(connection: Connection) -> None:
    """`StoreError` where it could not; SQLite always does."""
    if connection.dialect.name == "postgresql":
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
        connection.rollback()
        if encoding != "UTF8":
            raise StoreError("start.not_utf8", url=shown(connection.engine.url))


def _connect(engine: Engine, tell: Tell) -> Connection:
    began, refused, told = time.monotonic(), None, False
    while True:
        try:
            return engine.connect()
        except exc.OperationalError as error:
            if engine.dialect.name == "sqlite":
                raise
            refused = (refused or time.monotonic()) if _answers(engine) else None
            end = refused + REFUSAL_SECONDS if refused else began + START_SECONDS
            if time.monotonic() > end:
                raise
            if stop_signals.near:
                raise EndedError from error
            if not told:
                tell("start.store_waiting", first_line(error))
                told = True
            time.sleep(LOOK_SECONDS)


def _answers(engine: Engine) -> bool:
    """Whether somebody listens there who is ready, or nobody ever will."""
    try:
        address = engine.url.host or "", engine.url.port or 5432
        socket.create_connection(address, 1).close()
    except socket.gaierror as error:
        return error.errno == socket.EAI_NONAME
    except OSError:
        return False
    return not _begins(engine)


def _begins(engine: Engine) -> bool:
    """Whether the server reads its log still, as after a power cut, and then lets us in."""
    pq: Any = engine.dialect.loaded_dbapi.pq
    url = make_url(conninfo(engine.url)).update_query_dict({"connect_timeout": "2"})
    ping = pq.PGconn.ping(url.render_as_string(hide_password=False).encode())
    return bool(ping == pq.Ping.REJECT)


@contextmanager
def exclusively(url: str) -> Iterator[Any]:
    """A transaction of the driver's own, in which nobody else makes tables; PostgreSQL alone.

    `StoreError` where it fails.
    """
    engine = kind_of(url).engine()
    try:
        with engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(migrations.LOCK)))
            yield connection.connection.driver_connection
    except (exc.SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
        raise broken(engine.url, error) from error
    finally:
        engine.dispose()
