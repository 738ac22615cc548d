"""One program among many with the same database: what it tells them, hears and does for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chatgee.cluster import queue
from chatgee.cluster.listener import Ear, told
from chatgee.cluster.shared_state import shared
from chatgee.cluster.state import Keepers
from chatgee.conversation.waiting import Bell
from chatgee.store import Store


@dataclass
class Company:
    """Joined once the store is open; left before it closes."""

    url: str
    bell: Bell
    teller: queue.Queue = field(default_factory=queue.Queue)
    _ear: Ear | None = field(default=None, init=False)

    def join(
        self,
        store: Store,
        noted: Callable[[Sequence[str]], None],
        missed: Callable[[], None],
        counted: Callable[[int], None],
    ) -> None:
        """Listen from now on: to answers, and to the names of notes that others have written.

        `missed` is called whenever there may have been notes that were not heard, and `counted`
        now and then with the number of workers. All are called in a thread of their own, one
        after the other. `StoreError` where the queue's tables are missing and cannot be made.
        """
        queue.make_tables(self.url)

        def look() -> None:
            waited_for = self.bell.waited_for()
            if waited_for:
                self._ring(store.known_of(waited_for).result())
            missed()

        channels = {
            queue.ANSWERED: lambda payload: self._ring(told(payload)),
            queue.NOTED: lambda payload: noted(told(payload)),
        }
        self._ear = Ear(self.url, channels, look, counted, lost=store.look)
        self._ear.start()

    def keepers(self, store: Store) -> Keepers:
        """What is kept with the others."""
        return shared(store)

    def leave(self) -> None:
        if self._ear:
            self._ear.close()

    def _ring(self, question_ids: Sequence[str]) -> None:
        for one in question_ids:
            self.bell.ring(one)
