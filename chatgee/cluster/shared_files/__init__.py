"""What several machines have in common besides questions: it holds on one as soon as on another.

The owner's settings and files, what the status remembers, whether questions can be answered, and
what the model was found not to take are notes in the database. Every process has its own copy, and
hears when somebody changes a note.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from chatgee.cluster.shared_files.mirror import FILES, HEALTH, SETTINGS, Mirror
from chatgee.conversation.health import Health
from chatgee.conversation.model_limits import ModelLimits
from chatgee.errors import SettingsError, StoreError
from chatgee.owner.status import OwnerStatus
from chatgee.settings import Settings
from chatgee.store import Store
from chatgee.store.databases.opening import Tell

T = TypeVar("T")

BOARD = "board"
RELOADING = {SETTINGS, f"{FILES}texts.toml"}
"""Notes that a program reads only when it begins."""
AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


def join(ours: Settings, config: Path, tell: Tell) -> None:
    """Before settings and texts are read for good: have the files of all machines.

    `StoreError` where the database cannot be used.
    """
    store = Store(ours.sqlalchemy_url, tell=tell)
    try:
        Mirror(ours, store).join(config)
    finally:
        store.close()


class SharedFiles:
    """Of one process, while its store is open."""

    def __init__(
        self,
        ours: Settings,
        store: Store,
        health: Health,
        limits: ModelLimits,
        status: OwnerStatus | None,
        reload: Callable[[], None],
    ) -> None:
        """`reload` is called where another process has changed what is read only at the start."""
        self._store, self._mirror = store, Mirror(ours, store)
        self._health, self._limits, self._status = health, limits, status
        self._reload = reload
        self._closed = threading.Event()
        health.share(lambda told: store.write_note(HEALTH, told))
        if status:
            status.share(lambda told: store.write_note(BOARD, told), store.now)

    def change(self, work: Callable[[], T], /) -> T:
        """See `chatgee.system.owner_files.Change`."""
        return self._mirror.change(work, self._refreshed)

    def close(self) -> None:
        self._closed.set()

    def noted(self, names: Sequence[str]) -> None:
        """Somebody has written these notes, perhaps we ourselves.

        They are read once that can be done, though that may be later.
        """
        while not self._closed.is_set():
            try:
                self._take_over(names)
                return
            except (StoreError, SettingsError) as error:
                log.info("shared: %s", error)
                self._closed.wait(AGAIN_SECONDS)

    def _take_over(self, names: Sequence[str]) -> None:
        if any(name == SETTINGS or name.startswith(FILES) for name in names):
            self._refreshed(self._mirror.refresh())
        if HEALTH in names:
            self._health.heard(self._told(HEALTH))
        if self._limits.name in names:
            self._limits.heard(self._told(self._limits.name))
        if self._status and BOARD in names:
            self._status.heard(self._told(BOARD))

    def missed(self) -> None:
        """Notes may have been written of which nothing was heard."""
        self.noted((SETTINGS, HEALTH, self._limits.name, BOARD))

    def _told(self, name: str) -> str:
        note = self._store.note(name).result()
        return note.value if note else ""

    def _refreshed(self, names: set[str]) -> None:
        if names & RELOADING:
            self._reload()
