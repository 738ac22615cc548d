"""What a transaction tells the others: all of it, or nothing. And who works on it can be ended."""

import asyncio
import json

import pytest

pytest.importorskip(
    "procrastinate", reason="no procrastinate: pip install -r requirements-cluster.txt"
)
from chatgee.cluster import queue
from chatgee.cluster.hands import Hands, Work
from chatgee.store import Store
from chatgee.store.notes import Draft
from tests.far_ends import PATIENCE
from tests.postgres import connect

NAMES = [f"letters/{number:040d}" for number in range(500)]


def test_any_number_of_changes_is_told(database_url: str) -> None:
    """One message of PostgreSQL's has room for 8,000 bytes."""
    store = Store(database_url, teller=queue.Queue())
    for name in NAMES:
        store.write_note(name, "a letter")
    store.look().result(PATIENCE)
    with connect(database_url) as ear:
        ear.execute(f"LISTEN {queue.NOTED}")
        store.write_notes([Draft(name, None, 0) for name in NAMES]).result(PATIENCE)
        heard: list[str] = []
        for note in ear.notifies(timeout=PATIENCE):
            heard += json.loads(note.payload)
            if len(heard) >= len(NAMES):
                break
    store.close()
    assert heard == NAMES


def test_who_has_just_begun_to_work_can_be_ended_at_any_moment(database_url: str) -> None:
    """As by settings that are changed twice in a row."""
    Store(database_url, teller=queue.Queue()).close()
    queue.make_tables(database_url)

    async def nothing(*_: object) -> None:
        pass

    async def begin_and_end(seconds: float) -> None:
        running = asyncio.create_task(Hands(database_url, Work(nothing, nothing, nothing), 4).run())
        await asyncio.sleep(seconds)  # the moment itself is what is tested
        running.cancel()
        ended, _ = await asyncio.wait([running], timeout=PATIENCE)
        assert ended, f"not when ended after {seconds} s"

    async def all_moments() -> None:
        for number in range(40):
            await begin_and_end(number / 1000)

    asyncio.run(all_moments())
