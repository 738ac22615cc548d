"""One program among many with the same database: what it tells them, hears and does for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chatgee.cluster import queue
from chatgee.cluster.listener import NewsListener, told
from chatgee.cluster.shared_state import InDatabase
from chatgee.conversation.waiting import Waiters
from chatgee.store import Store
from chatgee.system.key_values import KeyValues


@dataclass
class Node:
    """Joined once the store is open; left before it closes."""

    url: str
    waiters: Waiters
    teller: queue.Queue = field(default_factory=queue.Queue)
    _listener: NewsListener | None = field(default=None, init=False)

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
            waited_for = self.waiters.waited_for()
            if waited_for:
                self._wake(store.known_of(waited_for).result())
            missed()

        channels = {
            queue.ANSWERED: lambda payload: self._wake(told(payload)),
            queue.NOTED: lambda payload: noted(told(payload)),
        }
        self._listener = NewsListener(self.url, channels, look, counted, lost=store.look)
        self._listener.start()

    def key_values(self, store: Store) -> KeyValues:
        """Those that are kept with the others."""
        return InDatabase(store)

    def leave(self) -> None:
        if self._listener:
            self._listener.close()

    def _wake(self, question_ids: Sequence[str]) -> None:
        for one in question_ids:
            self.waiters.wake(one)
