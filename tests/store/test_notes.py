"""Notes that several programs change: in a file of one machine, and in a database of many."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chatgee.errors import StoreError
from chatgee.store import Store


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'chatgee.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("database_url")
    store = Store(url)
    yield store
    store.close()


def names(store: Store) -> list[str]:
    return [note.name for note in store.notes("").result()]


def test_a_change_is_made_of_what_is_there(store: Store) -> None:
    def longer(text: str | None) -> tuple[str, int]:
        return (text or "") + "x", len(text or "")

    assert [store.change_note("one", longer).result() for _ in range(3)] == [0, 1, 2]
    note = store.note("one").result()
    assert note
    assert (note.value, note.version) == ("xxx", 3)


def test_a_change_may_leave_the_note_as_it_is(store: Store) -> None:
    assert store.change_note("one", lambda text: (None, text)).result() is None
    store.write_note("one", "ours").result()
    assert store.change_note("one", lambda text: (None, text)).result() == "ours"
    assert (note := store.note("one").result())
    assert note.version == 1


def test_a_change_that_fails_changes_nothing(store: Store) -> None:
    def wrong(text: str | None) -> tuple[str, None]:
        raise StoreError("reply.not_stored", why="no such text")

    with pytest.raises(StoreError):
        store.change_note("one", wrong).result()
    assert names(store) == []


def test_programs_that_change_a_note_at_once_wait_for_each_other(database_url: str) -> None:
    stores = [Store(database_url) for _ in range(3)]

    def longer(number: int) -> int:
        change = stores[number % 3].change_note("one", lambda it: ((it or "") + "x", len(it or "")))
        return change.result()

    with ThreadPoolExecutor(12) as pool:
        assert sorted(pool.map(longer, range(60))) == list(range(60))
    for store in stores:
        store.close()


def test_of_many_notes_the_newest_are_left(store: Store) -> None:
    for name in ("a/1", "a/2", "b/1", "a/3", "a/1"):
        store.write_note(name, "").result()
    store.trim_notes("a/", 2, 3600.0).result()
    assert names(store) == ["b/1", "a/3", "a/1"]


def test_notes_that_are_too_old_go_however_few_there_are(store: Store) -> None:
    for name in ("a/1", "b/1"):
        store.write_note(name, "").result()
    store.trim_notes("a/", 20, 3600.0).result()
    assert names(store) == ["a/1", "b/1"]
    now = store.database.now
    store.database.now = lambda: now() + 3601.0
    store.trim_notes("a/", 20, 3600.0).result()
    assert names(store) == ["b/1"]
