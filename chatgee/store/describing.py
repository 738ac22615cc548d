"""What an owner has written of a friend, of whom Kakao tells an id alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from chatgee.store.database_session import Session

MOST_NICKNAME, MOST_NOTE = 40, 1000
MOST_LABELS, MOST_LABEL = 10, 30
"""Of one friend, and letters of one label."""
BETWEEN = ","
"""No label has it: so they stand in one column."""


@dataclass(frozen=True, slots=True)
class Description:
    """All of it; empty where nothing is written."""

    nickname: str = ""
    note: str = ""
    labels: tuple[str, ...] = ()


def describe(db: Session, user_id: str, before: Description, after: Description) -> bool:
    """Whether it was written: not where another was before, or the friend is gone."""
    changed = db.change(
        "describe",
        user_id=user_id,
        nickname=after.nickname,
        note=after.note,
        labels=joined(after.labels),
        was_nickname=before.nickname,
        was_note=before.note,
        was_labels=joined(before.labels),
    )
    return changed == 1


def joined(labels: Iterable[str]) -> str:
    return BETWEEN.join(labels)


def split(labels: str | None) -> tuple[str, ...]:
    """`joined` makes the same of them again."""
    return tuple(labels.split(BETWEEN)) if labels else ()
