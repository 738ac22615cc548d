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

T = TypeVar("T")

ONE_MORE = '{"type": "job_inserted", "job_id": 0}'
AGAIN_SECONDS = 0.3
POOL_SECONDS = 5.0

log = logging.getLogger(__name__)


class PatientConnector(PsycopgConnector):
    """As its parent, for one asyncio loop.

    procrastinate looks for a job when one is told of. It does not when a friend's last job has
    ended, for which the next one waits; and what it is told while it looks, it forgets. Both
    would make an answer late by LOOK_SECONDS.
    """

    _listener: Notify | None = None
    _told = 0
    """How often there may have been a job more."""

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        run = super().execute_query_async
        await _patiently(lambda: run(query, **arguments))
        if query is sql.queries["finish_job"] and self._listener:
            await self._listener(channel="", payload=ONE_MORE)

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:
        run = super().execute_query_one_async
        while True:
            told = self._told
            row: dict[str, Any] = await _patiently(lambda: run(query, **arguments))
            if query is not sql.queries["fetch_job"] or row["id"] or told == self._told:
                return row

    async def execute_query_all_async(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:
        run = super().execute_query_all_async
        return await _patiently(lambda: run(query, **arguments))

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        async def heard(*, channel: str, payload: str) -> None:
            self._told += 1
            await on_notification(channel=channel, payload=payload)

        listen, names = super().listen_notify, tuple(channels)
        self._listener = heard
        await _patiently(lambda: listen(heard, names))


async def _patiently(run: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await run()
        except exceptions.ConnectorException as error:
            if not passes(error.__cause__):
                raise
            log.info("queue: %s", str(error.__cause__).partition("\n")[0])
            await asyncio.sleep(AGAIN_SECONDS)


def passes(cause: BaseException | None) -> bool:
    """Whether the server is away, or two workers were in each other's way."""
    if isinstance(cause, psycopg.errors.UniqueViolation):
        return cause.diag.constraint_name == "procrastinate_jobs_lock_idx_v1"
    return isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError))
