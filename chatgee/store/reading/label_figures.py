"""Figures by the labels that an owner has given to friends.

What is counted as it happens names nobody. So these are counted from the questions that are stored.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, case, func, select

from chatgee.questions import State
from chatgee.store.describing import split
from chatgee.store.reading.archive import Archive
from chatgee.store.reading.simulated import real
from chatgee.store.schema import friends, questions

_q, _f = questions.c, friends.c


def _in_state(state: State) -> Any:
    return func.count(case((_q.state == state.value, 1)))


_BY_LABELS = (
    select(
        _f.labels,
        func.count(_q.user_id.distinct()),
        func.count(),
        _in_state(State.ANSWERED),
        _in_state(State.FAILED),
    )
    .join(friends, _f.id == _q.user_id)
    .where(_f.labels.is_not(None), real(_q.user_id), _q.asked_at >= bindparam("since"))
    .group_by(_f.labels)
)


@dataclass(frozen=True)
class LabelFigures:
    """A friend with several labels counts with each."""

    label: str
    friends: int
    """Who asked."""
    asked: int
    answered: int
    failed: int


def by_label(archive: Archive, since: float) -> list[LabelFigures]:
    """What was asked from the unix time `since` on, by labels in their order."""
    found: dict[str, list[int]] = defaultdict(lambda: [0] * 4)
    for labels, *counts in map(tuple, archive.all(_BY_LABELS, since=since)):
        for label in filter(None, split(labels)):
            found[label] = [sum(pair) for pair in zip(found[label], counts, strict=True)]
    return [LabelFigures(label, *found[label]) for label in sorted(found)]
