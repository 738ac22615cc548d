"""What a transaction tells the others: all of it, or nothing."""

import json

import pytest

pytest.importorskip(
    "procrastinate", reason="no procrastinate: pip install -r requirements-cluster.txt"
)
from chatgee.cluster import queue
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
