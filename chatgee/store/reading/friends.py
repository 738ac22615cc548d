"""A friend, as their owner may know them."""

from dataclasses import dataclass

from sqlalchemy import func, select

from chatgee.store.reading.archive import Archive
from chatgee.store.schema import friends, questions, usage

_q, _f, _u = questions.c, friends.c, usage.c


@dataclass(frozen=True, slots=True)
class Friend:
    user_id: str
    memory_from: int
    """Questions of the private chat up to this place are forgotten."""
    first_seen_at: float
    last_seen_at: float
    questions: int
    """That are stored; older ones may have been deleted."""
    tokens: int


def find(archive: Archive, user_id: str) -> Friend | None:
    """None where nobody has that id, or their data is deleted."""
    stored = select(func.count()).where(_q.user_id == _f.id).scalar_subquery()
    tokens = select(func.coalesce(func.sum(_u.prompt_tokens + _u.completion_tokens), 0))
    row = archive.one(
        select(
            _f.id,
            _f.memory_from,
            _f.first_seen_at,
            _f.last_seen_at,
            stored,
            tokens.where(_u.user_id == _f.id).scalar_subquery(),
        ).where(_f.id == user_id)
    )
    return Friend(*tuple(row)) if row else None
