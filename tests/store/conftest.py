"""A store whose time is the `clock` of the file's own."""

from collections.abc import Iterator

import pytest

from chatgee.store import Store
from chatgee.store.reading.archive import Archive
from tests.support.clocks import StoppedClock


@pytest.fixture
def store(database: str, clock: StoppedClock) -> Iterator[Store]:
    store = Store(database, clock)
    yield store
    store.close()


@pytest.fixture
def archive(database: str, store: Store) -> Iterator[Archive]:
    archive = Archive(database)
    yield archive
    archive.close()
