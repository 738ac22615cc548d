"""Failures of the last days that nobody has handled, and what is done with them."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

from flask import request

from chatgee.errors import Failure
from chatgee.questions import Handled
from chatgee.store import Store
from chatgee.store.bounded_wait import soon
from chatgee.store.reading import recent_failures
from chatgee.store.reading.recent_failures import FailureCount
from chatgee.web import request_values
from chatgee.web.parts import now, parts

LATELY_SECONDS = 7 * 86_400
"""So long a failure is trouble."""
AT_ONCE = 200
"""Between so many and the next the store is there for friends."""
PATIENCE_SECONDS = 30
MOST = 10**9

WAYS: dict[str, Callable[[Store, Sequence[str]], "Future[int]"]] = {
    "again": lambda store, ids: store.ask_in_place(ids),
    "dismissed": lambda store, ids: store.handle(ids, Handled.DISMISSED),
    "done": lambda store, ids: store.handle(ids, Handled.DONE),
    "open": lambda store, ids: store.handle(ids, None),
}
"""By what its button says in a form; what was done has its words below `talks.told_`."""


def counts() -> list[FailureCount]:
    """By their reason; `StoreError` where that cannot be read."""
    return recent_failures.lately(parts().archive, _since())


def ids(failure: Failure) -> list[str]:
    """Those of one reason, as many as `counts` tells."""
    return recent_failures.ids(parts().archive, failure, _since())


def failure_of(name: str) -> Failure | None:
    return Failure(name) if name in list(Failure) else None


def do(what: str, ids: Sequence[str]) -> int:
    """Of how many it could be done; `StoreError` where the store is away."""
    pieces = (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
    store = parts().engine.store
    return sum(soon(WAYS[what](store, piece), PATIENCE_SECONDS) for piece in pieces)


def told() -> str | None:
    """What has just been done, for the page that is shown after it."""
    did, count = request.args.get("did"), request_values.number(request.args.get("count", ""), MOST)
    if did not in WAYS or count is None:
        return None
    return parts().texts(f"talks.told_{did}" if count else "talks.told_none", count=f"{count:,}")


def _since() -> float:
    return now() - LATELY_SECONDS
