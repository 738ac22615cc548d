"""How long a worker takes to find its next job while many others wait."""

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contenders import PROJECT
from machines import database, postgres
from plan import say
from results import Table

sys.path.insert(0, str(PROJECT))

from chatgee.cluster import queue
from chatgee.cluster.connector import HASTE, PLANNING
from chatgee.store.transaction_news import News

FETCHES = 40
LONGEST_SECONDS = 8.0
DEFER_AT_ONCE = 500


@dataclass(frozen=True)
class Waiting:
    """Friends who wait, each with so many questions; one of them with many."""

    title: str
    friends: int
    busy: int = 0
    """Questions of one friend who came first, and whose first question is being answered."""

    def users(self) -> list[str]:
        return ["busy"] * self.busy + [f"friend-{number}" for number in range(self.friends)]


CASES = (
    Waiting("친구 100명이 하나씩", 100),
    Waiting("친구 1,000명이 하나씩", 1_000),
    Waiting("친구 10,000명이 하나씩", 10_000),
    Waiting("한 친구가 1,000개, 뒤에 10,000명", 10_000, busy=1_000),
    Waiting("한 친구가 5,000개, 뒤에 10,000명", 10_000, busy=5_000),
)


def line(server: postgres.Server) -> Table:
    """procrastinate's `fetch_job` with a long line."""
    rows = []
    for case in CASES:
        cells = []
        for ours in (True, False):
            say(f"line: {case.title}, {ours=}")
            with database(server) as url, postgres.connect(url) as connection:
                queue.make_tables(url)
                _plan(connection, ours)
                took = _fetches(connection, case)
            cells += [f"{1000 * each:.1f} ms" for each in (statistics.median(took), max(took))]
        rows.append([case.title, f"{len(case.users()):,}", *cells])
    return Table(
        "긴 줄에서 다음 질문 찾기",
        ("기다리는 질문", "모두", "p50", "가장 늦음", "procrastinate 그대로 p50", "가장 늦음"),
        rows,
        "일꾼이 procrastinate에게서 다음 일을 한 번 받는 시간이에요. "
        "갑자기 길어진 줄이라 PostgreSQL이 아직 통계를 내지 않았어요.",
    )


def _plan(connection: Any, ours: bool) -> None:
    """As a worker's connection is set up, or as procrastinate's would be."""
    if ours:
        for name, value in (PLANNING | HASTE).items():
            connection.execute(f"SET {name} = {value}")
    else:
        connection.execute("DROP INDEX chatgee_jobs_by_lock")


def _fetches(connection: Any, case: Waiting) -> Sequence[float]:
    (worker,) = connection.execute("SELECT procrastinate_register_worker_v1()").fetchone()
    _defer(connection, case.users())
    if case.busy:
        _fetch(connection, worker)
    took: list[float] = []
    while len(took) < FETCHES and sum(took) < LONGEST_SECONDS:
        began = time.monotonic()
        job = _fetch(connection, worker)
        took.append(time.monotonic() - began)
        connection.execute("SELECT procrastinate_finish_job_v1(%s, 'succeeded', true)", (job,))
    return took


def _defer(connection: Any, users: Sequence[str]) -> None:
    for start in range(0, len(users), DEFER_AT_ONCE):
        news = News(asked=list(users[start : start + DEFER_AT_ONCE]))
        queue.Queue().within(connection, news)


def _fetch(connection: Any, worker: int) -> int:
    row = connection.execute(
        "SELECT id FROM procrastinate_fetch_job_v2(%s::varchar[], %s)", ([queue.ANSWERS], worker)
    ).fetchone()
    return int(row[0])
