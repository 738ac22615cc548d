"""The queue in which questions wait for a worker on any machine.

procrastinate keeps it in the same database. A job is a row like the question, written in the same
transaction: whatever is stored has its job, and a question that was not stored has none.
"""

import json
from collections.abc import Iterator
from typing import Any

from procrastinate import App, SyncPsycopgConnector, exceptions
from procrastinate.jobs import Job
from procrastinate.schema import SchemaManager

from chatgee.store.databases.opening import exclusively
from chatgee.store.transaction_news import News

ANSWERS, CARE = "chatgee", "chatgee care"
"""What waits for the model, and what must not wait behind it."""
ANSWER, KEEP_PROMISE = "answer", "keep_promise"
ANSWERED, NOTED = "chatgee_answered", "chatgee_noted"
"""The channels on which ids of answered questions and names of notes are told, as JSON lists."""
AT_ONCE = 50
"""So many ids or names are told in one list: the server takes 8,000 bytes."""


_BY_LOCK = (
    "CREATE INDEX IF NOT EXISTS chatgee_jobs_by_lock ON procrastinate_jobs (lock, id)"
    " WHERE status IN ('todo', 'doing')"
)
"""By which the next job is found soon in a long line; see `connector.PLANNING`."""


class Queue:
    """Tells the workers of questions, and everybody of answers; see `NewsTeller`."""

    def __init__(self) -> None:
        # It never opens a connection: every job is written on the store's own.
        self._jobs = App(connector=SyncPsycopgConnector()).job_manager

    def within(self, connection: Any, news: News) -> None:
        jobs = [answer(room_id) for room_id in news.asked]
        jobs += [keep_promise(*promise) for promise in news.promised]
        if jobs:
            try:
                self._jobs.batch_defer_jobs(jobs, connection=connection)
            except exceptions.ConnectorException as error:
                raise error.__cause__ or error from None
        for channel, told in ((ANSWERED, news.answered), (NOTED, news.noted)):
            for piece in batched(told):
                connection.execute("SELECT pg_notify(%s, %s)", (channel, json.dumps(piece)))

    def after(self, news: News) -> None: ...


def batched(told: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(told), AT_ONCE):
        yield told[start : start + AT_ONCE]


def answer(room_id: str) -> Job:
    """The room's oldest question without an answer, one room's after the other."""
    return _job(ANSWERS, ANSWER, room_id, room_id=room_id)


def keep_promise(question_id: str, room_id: str, promised_at: float) -> Job:
    about = {"question_id": question_id, "room_id": room_id, "promised_at": promised_at}
    return _job(CARE, KEEP_PROMISE, None, **about)


def _job(queue: str, name: str, lock: str | None, **arguments: Any) -> Job:
    return Job(queue=queue, lock=lock, queueing_lock=None, task_name=name, task_kwargs=arguments)


def make_tables(url: str) -> None:
    """procrastinate's own, where they are missing; of several that start at once one makes them."""
    with exclusively(url) as connection:
        found = connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
        if found[0] is None:
            connection.execute(SchemaManager.get_schema())
        connection.execute(_BY_LOCK)
