"""What a transaction tells the others: all of it, or nothing. And who works on it can be ended."""

import asyncio
import gc
import json

import pytest

pytest.importorskip(
    "procrastinate", reason="no procrastinate: pip install -r requirements-cluster.txt"
)
from chatgee.cluster import queue
from chatgee.cluster.worker_process import ClusterWorker, Duties
from chatgee.store import Store
from chatgee.store.notes import NoteDraft
from tests.support.cluster import until
from tests.support.far_ends import PATIENCE
from tests.support.postgres import OwnServer, connect

NAMES = [f"letters/{number:040d}" for number in range(500)]


def test_any_number_of_changes_is_told(database_url: str) -> None:
    """One message of PostgreSQL's has room for 8,000 bytes."""
    store = Store(database_url, teller=queue.Queue())
    for name in NAMES:
        store.write_note(name, "a letter")
    store.look().result(PATIENCE)
    with connect(database_url) as ear:
        ear.execute(f"LISTEN {queue.NOTED}")
        store.write_notes([NoteDraft(name, None, 0) for name in NAMES]).result(PATIENCE)
        heard: list[str] = []
        for note in ear.notifies(timeout=PATIENCE):
            heard += json.loads(note.payload)
            if len(heard) >= len(NAMES):
                break
    store.close()
    assert heard == NAMES


async def nothing(*_: object) -> None:
    """Work that is done at once."""


def cluster_worker(url: str) -> ClusterWorker:
    return ClusterWorker(url, Duties(nothing, nothing, nothing), 4)


def make_tables(url: str) -> None:
    Store(url, teller=queue.Queue()).close()
    queue.make_tables(url)


def test_who_has_just_begun_to_work_can_be_ended_at_any_moment(database_url: str) -> None:
    """As by settings that are changed twice in a row."""
    make_tables(database_url)

    async def begin_and_end(seconds: float) -> None:
        running = asyncio.create_task(cluster_worker(database_url).run())
        await asyncio.sleep(seconds)  # the moment itself is what is tested
        running.cancel()
        ended, _ = await asyncio.wait([running], timeout=PATIENCE)
        assert ended, f"not when ended after {seconds} s"

    async def all_moments() -> None:
        for number in range(40):
            await begin_and_end(number / 1000)

    asyncio.run(all_moments())


def test_who_is_ended_while_the_database_is_away_leaves_no_error_behind(
    own_postgres: OwnServer,
) -> None:
    url = own_postgres.create()
    make_tables(url)

    def begun() -> bool:
        with connect(url) as connection:
            count = connection.execute("SELECT count(*) FROM procrastinate_workers").fetchone()
            return count == (2,)

    async def begin_and_end() -> list[object]:
        found: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, about: found.append(about))
        running = asyncio.create_task(cluster_worker(url).run())
        await asyncio.to_thread(until, begun)
        await asyncio.to_thread(own_postgres.stop)
        running.cancel()
        ended, _ = await asyncio.wait([running], timeout=PATIENCE)
        assert ended
        gc.collect()  # which is when asyncio tells of an exception that nobody has looked at
        return found

    assert asyncio.run(begin_and_end()) == []
