"""What the store and the worker tell of themselves, and who has to hear of it."""

import logging
from collections.abc import Callable

from chatgee.conversation.health import Health
from chatgee.conversation.waiting import Waiters
from chatgee.store.databases.opening import Tell
from chatgee.texts import Texts

log = logging.getLogger(__name__)


def warning(texts: Texts) -> Tell:
    """Tells the owner by the log."""
    return lambda key, why: log.warning("%s", texts(key, why=why))


def telling(
    texts: Texts, health: Health, waiters: Waiters, ended: Callable[[], None], here: bool
) -> Tell:
    """Tells the owner, and whoever asks how it is, though nobody asks anything else.

    `here` says that questions are answered in this process.
    """
    warn = warning(texts)

    def over(store: bool, worker: bool) -> None:
        if store or worker:
            health.ended(store, worker)
            waiters.release()  # nobody is held for what does not come
        ended()

    news: dict[str, Callable[[], None]] = {
        "start.store_away": health.away,
        "start.store_back": health.stored,
        "start.store_ended": lambda: over(store=True, worker=False),
        "start.worker_ended": lambda: over(store=False, worker=here),
    }

    def tell(key: str, why: str) -> None:
        if key in news:
            news[key]()
        warn(key, why)

    return tell
