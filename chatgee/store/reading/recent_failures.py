"""Which failures there were of late about which its owner has done nothing yet."""

from dataclasses import dataclass

from sqlalchemy import bindparam, func, literal_column, select

from chatgee.errors import Failure
from chatgee.questions import State
from chatgee.store.reading.archive import Archive
from chatgee.store.reading.simulated import real
from chatgee.store.schema import place, questions

_q = questions.c
_FAILED = _q.state == literal_column(f"'{State.FAILED}'")  # written out, as in the index
_REAL = _q.failure != literal_column(f"'{Failure.PRACTISED}'")
_LATER = _q.asked_at > bindparam("since")
_OPEN = (_FAILED, _REAL, real(_q.user_id), _q.handled.is_(None), _LATER)
_LATELY = (
    select(_q.failure, func.count(), func.max(_q.asked_at))
    .where(*_OPEN)
    .group_by(_q.failure)
    .order_by(func.max(_q.asked_at).desc())
)
_SAME = (
    select(_q.id)
    .where(*_OPEN, _q.failure == bindparam("failure"))
    .order_by(_q.asked_at, place, _q.id)
)

_SAID = select(_q.failure, _q.said).where(
    _FAILED, _q.asked_at.in_(bindparam("moments", expanding=True)), _q.said.is_not(None)
)


@dataclass(frozen=True)
class FailureCount:
    """Questions that have no answer for the same reason. Asked again with success, or handled, they
    count no more."""

    failure: Failure
    count: int
    last_at: float
    """Unix time."""
    said: str | None = None
    """By the service, to the last of them."""


def lately(archive: Archive, since: float) -> list[FailureCount]:
    """The newest first, from the unix time `since` on."""
    rows = archive.all(_LATELY, since=since)
    said = {row[0]: row[1] for row in archive.all(_SAID, moments=[row[2] for row in rows])}
    return [FailureCount(Failure(name), count, at, said.get(name)) for name, count, at in rows]


def ids(archive: Archive, failure: Failure, since: float) -> list[str]:
    """The questions that `lately` counts for one reason, in the order in which they were asked."""
    return [row[0] for row in archive.all(_SAME, since=since, failure=failure.value)]
