"""A friend, as their owner may know them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, ScalarSelect, func, literal, select

from chatgee.store.describing import BETWEEN, Description, split
from chatgee.store.reading.archive import Archive
from chatgee.store.reading.word_search import has, holds
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
    description: Description

    @property
    def nickname(self) -> str:
        return self.description.nickname


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
            *(_f.nickname, _f.note, _f.labels),
        ).where(_f.id == user_id)
    )
    if row is None:
        return None
    id_, memory_from, first, last, count, spent, nickname, note, given = row
    description = Description(nickname or "", note or "", split(given))
    return Friend(id_, memory_from, first, last, count, spent, description)


def labels(archive: Archive) -> list[str]:
    """All that friends have."""
    rows = archive.all(select(_f.labels).where(_f.labels.is_not(None)).distinct())
    return sorted({label for (given,) in rows for label in split(given) if label})


# --- for statements about questions ---------------------------------------------------------


def of_asker(column: Column[Any]) -> ScalarSelect[Any]:
    """Not by a join: so a database reads the friends of a page alone, whatever it guesses."""
    return select(column).where(_f.id == _q.user_id).scalar_subquery()


def asker_is_called(word: str) -> ColumnElement[bool]:
    called = select(_f.id).where(_f.nickname.is_not(None), holds(_f.nickname, word))
    return _q.user_id.in_(called)


def asker_has(label: str) -> ColumnElement[bool]:
    """As a whole: 1A is not in 11A."""
    within = literal(BETWEEN).concat(_f.labels).concat(BETWEEN)
    labelled = _f.labels.is_not(None), has(within, f"{BETWEEN}{label}{BETWEEN}")
    return select(literal(1)).where(_f.id == _q.user_id, *labelled).exists()
