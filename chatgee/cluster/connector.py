"""procrastinate's way to PostgreSQL, which waits where the server is away.

procrastinate ends a worker whose heartbeat could not be written. Ours goes on with what it has
begun, and takes up the rest once the server is back.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

import psycopg
from procrastinate import PsycopgConnector, exceptions, sql
from procrastinate.connector import Notify
from psycopg_pool import AsyncConnectionPool, TooManyRequests

from chatgee.clock import OncePerMinute
from chatgee.store.databases.connection_errors import first_line
from chatgee.store.databases.opening import conninfo
from chatgee.store.databases.postgresql import CONNECT, options

T = TypeVar("T")

ONE_MORE = '{"type": "job_inserted", "job_id": 0}'
AGAIN_SECONDS = 0.3
POOL_SECONDS = 1.0
"""Then a connection is asked for anew, which is when the pool tries again."""
CONNECTIONS = 4
"""Of a worker's queue: a query takes a millisecond, and a server has room for a hundred."""
MOST_WAITING = 1_000
"""For one of them. While the server is away, the pool keeps also those who have given up."""
NAME = "chatgee works"

PLANNING = dict.fromkeys(
    ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_bitmapscan", "enable_sort"),
    "off",
)
"""The next job is looked up by indexes alone.

PostgreSQL counts the rows of the queue once a minute, and as a rule finds it empty. For a line of
10,000 it then plans a walk through all of it for every job (measured: 2.3 s against 0.4 ms).
"""
HASTE = {"synchronous_commit": "off"}
"""That a job was given out, or done, need not be on the disk at once.

A server that crashes may forget the last half second of it. Such a job is done again, and finds
its question answered, or its answer is the second and not taken.
"""
AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,  # it had given us up
    psycopg.errors.ReadOnlySqlTransaction,  # it has become a mirror of another one
)

log = logging.getLogger(__name__)


class PatientConnector(PsycopgConnector):
    """As its parent, for one asyncio loop. A query is a transaction and one round trip.

    procrastinate looks for a job when one is told of. It does not when a friend's last job has
    ended, for which the next one waits; and what it is told while it looks, it forgets. Both
    would make an answer late by LOOK_SECONDS.
    """

    _listener: Notify | None = None
    _told = 0
    """How often there may have been a job more."""

    def __init__(self, url: str) -> None:
        super().__init__(
            pool_factory=_pool,
            conninfo=conninfo(url),
            configure=_one_by_one,
            kwargs=CONNECT | {"options": options(**PLANNING, **HASTE), "application_name": NAME},
            min_size=1,
            max_size=CONNECTIONS,
            max_waiting=MOST_WAITING,
            timeout=POOL_SECONDS,
            reconnect_timeout=POOL_SECONDS / 2,  # its pauses double up to this
        )
        self._seldom = OncePerMinute()
        self.ending = False
        """Whether nothing is waited for any more."""

    async def open_async(self, pool: AsyncConnectionPool | None = None) -> None:
        """Without waiting for the server."""
        if self._async_pool is None:
            self._async_pool = await self._create_pool(self._pool_args)
            await self._async_pool.open()

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        run = super().execute_query_async
        try:
            await self._patiently(lambda: run(query, **arguments))
        except exceptions.ConnectorException as error:
            if not isinstance(error.__cause__, psycopg.errors.RaiseException):
                raise
            # Done by another worker, or by ourselves in a reply that was lost.
            log.info("queue: %s", _why(error))
        if query is sql.queries["finish_job"] and self._listener:
            await self._listener(channel="", payload=ONE_MORE)

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:
        run = super().execute_query_one_async
        while True:
            told = self._told
            row: dict[str, Any] = await self._patiently(lambda: run(query, **arguments))
            if query is not sql.queries["fetch_job"] or row["id"] or told == self._told:
                return row

    async def execute_query_all_async(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:
        run = super().execute_query_all_async
        return await self._patiently(lambda: run(query, **arguments))

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        async def heard(*, channel: str, payload: str) -> None:
            self._told += 1
            await on_notification(channel=channel, payload=payload)

        listen, names = super().listen_notify, tuple(channels)
        self._listener = heard
        await self._patiently(lambda: listen(heard, names))

    async def _patiently(self, run: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await run()
            except exceptions.ConnectorException as error:
                if self.ending or not passes(error):
                    raise
                if self._seldom():
                    log.info("queue: %s", _why(error))
                if isinstance(error.__cause__, TooManyRequests) and self._async_pool:
                    await self._async_pool.check()  # who comes now does not make it try again
                await asyncio.sleep(AGAIN_SECONDS)


def _pool(**arguments: Any) -> AsyncConnectionPool:
    """One that looks at no connection before it is used: a query that fails is repeated."""
    return AsyncConnectionPool(**arguments | {"check": None})


async def _one_by_one(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)


def passes(error: exceptions.ConnectorException) -> bool:
    """Whether the server is away, or two workers were in each other's way."""
    if isinstance(error, exceptions.UniqueViolation):
        return bool(error.constraint_name == "procrastinate_jobs_lock_idx_v1")
    return isinstance(error.__cause__, AWAY)


def _why(error: Exception) -> str:
    return first_line(error.__cause__ or error)
