"""What PostgreSQL has to do: commits that wait for each other, and what a question leaves."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from machines import Company, database, postgres
from plan import say
from results import Table

SECONDS = 2.0
AT_ONCE = (1, 4, 16)
PREPARE = "CREATE TABLE line (n bigint); CREATE TABLE hot (n bigint); INSERT INTO hot VALUES (0)"
KINDS = {
    "한 줄 쓰기": "INSERT INTO line VALUES (1)",
    "한 줄 쓰고 NOTIFY": "WITH x AS (INSERT INTO line VALUES (1)) SELECT pg_notify('x', '')",
    "한 줄 쓰고 같은 줄 세기": "WITH x AS (INSERT INTO line VALUES (1)) UPDATE hot SET n = n + 1",
    "한 줄 쓰고 디스크를 기다리지 않기": "SET LOCAL synchronous_commit = off;"
    "INSERT INTO line VALUES (1)",
}
FACTS = """SELECT (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()),
 wal_sync, wal_bytes, wal_records FROM pg_stat_wal"""
SIZE = """SELECT sum(pg_total_relation_size(oid)) FROM pg_class
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""


def commits(server: postgres.Server) -> Table:
    """Commits a second: how much of a commit others wait for."""
    rows = []
    with database(server) as url, postgres.connect(url) as connection:
        connection.execute(PREPARE)
        for title, statement in KINDS.items():
            say(f"commits: {title}")
            rates = (commits_a_second(url, statement, clients) for clients in AT_ONCE)
            rows.append([title, *(f"{rate:,.0f}" for rate in rates)])
    return Table(
        "PostgreSQL이 1초에 적는 수",
        ("무엇을", *(f"연결 {clients}개" for clients in AT_ONCE)),
        rows,
        "NOTIFY를 하거나 같은 줄을 고치면 디스크에 다 적힐 때까지 서로를 기다려요.",
    )


def commits_a_second(url: str, statement: str, clients: int) -> float:
    counts = [0] * clients
    until = time.monotonic() + SECONDS

    def commit(number: int) -> None:
        with postgres.connect(url) as connection:
            while time.monotonic() < until:
                connection.execute(statement)
                counts[number] += 1

    together([lambda number=number: commit(number) for number in range(clients)])
    return sum(counts) / SECONDS


def together(work: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Left:
    """What questions have left in a database since `Left(company)`."""

    def __init__(self, company: Company) -> None:
        self._url = company.url
        with postgres.connect(self._url) as connection:
            self._before = self._facts(connection)

    def row(self, title: str, questions: int) -> Sequence[str]:
        """Of the table of `WEIGHT`."""
        with postgres.connect(self._url) as connection:
            now = self._facts(connection)
            commits, syncs, wal, records = (
                float(after - before) / questions
                for after, before in zip(now, self._before, strict=True)
            )
            (connections,) = self._one(
                connection,
                "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'chatgee%'",
            )
            connection.execute("VACUUM FULL")
            (size,) = self._one(connection, SIZE)
            (total,) = self._one(connection, "SELECT count(*) FROM questions")
        each = (f"{commits:.1f}", f"{syncs:.2f}", f"{records:.0f}", f"{wal / 1024:.1f} KB")
        return [title, *each, f"{size / total / 1024:.1f} KB", str(connections)]

    def _facts(self, connection: Any) -> Any:
        return self._one(connection, FACTS)

    def _one(self, connection: Any, query: str) -> Any:
        return connection.execute(query).fetchone()


WEIGHT = ("트랜잭션", "디스크에 적기 (fsync)", "WAL 기록", "WAL", "남는 크기", "연결")
"""Columns, beside what was measured; all but the last of one question."""
