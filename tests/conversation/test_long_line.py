"""A worker finds its next question soon, however many wait."""

import asyncio
import time

import pytest

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")

from procrastinate import App

from chatgee.cluster import queue
from chatgee.cluster.connector import PatientConnector
from chatgee.store.transaction_news import News
from tests.support import postgres

WAITING, TAKEN = 5_000, 20
SECONDS = 1.5
"""As procrastinate looks by itself, it takes ten times as long."""


def test_the_next_question_is_found_soon_in_a_line_that_has_just_become_long(
    database_url: str,
) -> None:
    queue.make_tables(database_url)
    with postgres.connect(database_url) as connection:
        friends = [f"friend-{number}" for number in range(WAITING)]
        queue.Queue().within(connection, News(asked=friends))
    assert asyncio.run(taken(database_url)) < SECONDS


async def taken(url: str) -> float:
    async with App(connector=PatientConnector(url)).open_async() as app:
        worker = await app.job_manager.register_worker()
        began = time.monotonic()
        jobs = [await app.job_manager.fetch_job([queue.ANSWERS], worker) for _ in range(TAKEN)]
        took = time.monotonic() - began
    assert [job.lock for job in jobs if job] == [f"friend-{number}" for number in range(TAKEN)]
    return took
