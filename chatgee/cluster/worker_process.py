"""Works on the queue's questions in this process, beside any number of others."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from procrastinate import App, BaseRetryStrategy, JobContext, RetryDecision, exceptions
from procrastinate.jobs import DeleteJobCondition, Job, Status
from procrastinate.worker import Worker

from chatgee.clock import OncePerMinute
from chatgee.cluster import queue
from chatgee.cluster.connector import PatientConnector
from chatgee.errors import StoreError

HEARTBEAT_SECONDS = 3.0
STALLED_SECONDS = 12.0
"""A worker without a heartbeat for so long is dead or hangs: others take up what it has begun."""
LOOK_SECONDS = 2.0
"""How often the queue is looked at, where news of a job was lost."""
LAST_SECONDS = 1.5
"""For what is nearly done when the program ends."""
GLANCE_SECONDS = 0.5
LETTING_GO_SECONDS = 0.2
"""For what nobody has waited for; on a server that hangs it may never end."""
EVERY_FIVE_SECONDS = "* * * * * */5"
CARE_SECONDS = 0.5
"""How often the rest is looked for: a callback may go a second after its promise, no earlier."""
CARES_AT_ONCE = 10_000
"""Promises mostly wait, and take nobody's place."""

AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
"""When a job may be tried again. Long ago, by any machine's clock."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Duties:
    """What there is to do."""

    answer: Callable[[str], Awaitable[None]]
    """See `Answering.next`."""
    keep_promise: Callable[[str, str, float], Awaitable[None]]
    """See `Answering.keep_promise`."""
    tidy: Callable[[App], Awaitable[None]]
    """Done every few seconds by one worker or another, also by two at once."""


class RetryAlways(BaseRetryStrategy):
    """For ever: what a question needs of its worker fails only while the database is away."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        return RetryDecision(retry_at=AT_ONCE)


class ClusterWorker:
    """For one asyncio loop: `run` until it is cancelled."""

    def __init__(
        self, url: str, work: Duties, at_once: int, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._connector = PatientConnector(url)
        self.app = App(connector=self._connector)
        self._work, self._at_once, self._look_seconds = work, at_once, look_seconds
        self._mine: dict[asyncio.Task[Any], int] = {}
        """Jobs that are being done here, until the queue knows how they ended."""
        self._seldom = OncePerMinute()
        self._register()

    def _register(self) -> None:
        @self.app.task(name=queue.ANSWER, retry=RetryAlways(), pass_context=True)
        async def answer(context: JobContext, room_id: str = "", user_id: str = "") -> None:
            # `user_id` stands in jobs that a ChatGee before 2.4 has written; here and below.
            await self._doing(context, self._work.answer(room_id or user_id))

        @self.app.task(name=queue.KEEP_PROMISE, retry=RetryAlways(), pass_context=True)
        async def keep_promise(
            context: JobContext,
            question_id: str,
            promised_at: float,
            room_id: str = "",
            user_id: str = "",
        ) -> None:
            keeping = self._work.keep_promise(question_id, room_id or user_id, promised_at)
            await self._doing(context, keeping)

        @self.app.periodic(cron=EVERY_FIVE_SECONDS)
        @self.app.task(name="tidy", queue=queue.CARE, queueing_lock="tidy", pass_context=True)
        async def tidy(context: JobContext, timestamp: int) -> None:
            await self._doing(context, self._tidy())

    async def _doing(self, context: JobContext, work: Awaitable[None]) -> None:
        if task := asyncio.current_task():
            self._mine[task] = context.job.id or 0
            task.add_done_callback(self._mine.pop)
        try:
            await work
        except StoreError as error:
            log.info("queue: %s", error)
            raise
        except exceptions.ConnectorException:  # the connector has told of it
            raise
        except Exception:  # which the queue itself tells nobody of; it may come each time anew
            if self._seldom():
                log.exception("queue: %s", context.job.task_name)
            raise

    async def run(self) -> None:
        async with self.app.open_async():
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._take(queue.ANSWERS, self._at_once, listens=True))
                    both.create_task(self._take(queue.CARE, CARES_AT_ONCE, listens=False))
            finally:
                await self._let_go()  # before the connections, whose end may take long

    async def _let_go(self) -> None:
        """End the jobs that were not waited for, as happens where the server is away."""
        left = list(self._mine)
        for task in left:
            task.cancel()
        ended = asyncio.gather(*left, return_exceptions=True)
        await asyncio.wait([ended], timeout=LETTING_GO_SECONDS)

    async def _take(self, name: str, at_once: int, listens: bool) -> None:
        while not self._connector.ending:
            try:
                await self._turn(name, at_once, listens)
            except Exception as error:  # whatever it was: questions go on coming in
                expected = isinstance(error, exceptions.ConnectorException)
                log.warning("queue: %r; once more", error.__cause__ or error, exc_info=not expected)
                await asyncio.sleep(1)

    async def _turn(self, name: str, at_once: int, listens: bool) -> None:
        worker = Worker(
            self.app,
            queues=[name],
            concurrency=at_once,
            listen_notify=listens,
            fetch_job_polling_interval=self._look_seconds if listens else CARE_SECONDS,
            shutdown_graceful_timeout=LAST_SECONDS,
            delete_jobs=DeleteJobCondition.ALWAYS,
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=STALLED_SECONDS,
        )
        running = asyncio.create_task(worker.run())  # type: ignore[no-untyped-call]
        looking = asyncio.create_task(self._find_lost(worker))
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            self._connector.ending = True
            await _ended(worker, running)
            raise
        finally:
            looking.cancel()

    async def _find_lost(self, worker: Worker) -> None:
        """Jobs that were given to us in a reply that never came: nobody else may take them."""
        suspects: set[int] = set()
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            if worker.worker_id is None:
                continue
            try:
                jobs = await self.app.job_manager.list_jobs_async(
                    status="doing", worker_id=worker.worker_id
                )
            except exceptions.ConnectorException as error:
                log.info("queue: %r", error.__cause__ or error)
                continue
            mine = set(self._mine.values())
            lost = {job.id: job for job in jobs if job.id and job.id not in mine}
            for number in lost.keys() & suspects:
                await self._give_back(lost[number])
            suspects = set(lost)

    async def _tidy(self) -> None:
        manager = self.app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            await self._give_back(job)
        try:
            await self._work.tidy(self.app)
        except StoreError as error:  # in a few seconds somebody does it again
            log.info("queue: %s", error)

    async def _give_back(self, job: Job) -> None:
        log.warning("queue: %s was left undone; once more", job.task_name)
        try:
            await self.app.job_manager.retry_job(job, retry_at=AT_ONCE)
        except exceptions.UniqueViolation:  # the same is waiting already
            await self.app.job_manager.finish_job(job, Status.FAILED, delete_job=True)


async def _ended(worker: Worker, running: asyncio.Task[None]) -> None:
    """It is told twice, and again: a wait for a connection of the pool may lose a cancellation."""
    worker.stop()  # type: ignore[no-untyped-call]
    while not running.done():
        running.cancel()
        await asyncio.wait([running], timeout=LAST_SECONDS + GLANCE_SECONDS)
    error = None if running.cancelled() else running.exception()
    if error:  # the server is away: others take up what it could not give back
        log.info("queue: %r", error.__cause__ or error)


async def waiting_rooms(app: App, room_ids: list[str]) -> set[str]:
    """Those of the rooms for which there is a job."""
    found: list[dict[str, Any]] = await app.connector.execute_query_all_async(
        "SELECT DISTINCT lock FROM procrastinate_jobs"
        " WHERE status IN ('todo', 'doing') AND lock = ANY(%(locks)s)",
        locks=room_ids,
    )
    return {row["lock"] for row in found}
