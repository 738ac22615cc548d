"""What their owner makes of questions that failed, whoever asked them and wherever."""

from collections.abc import Sequence

from chatgee.errors import Failure
from chatgee.questions import Handled
from chatgee.store.database_session import Session
from chatgee.store.rows import question_of


def ask_in_place(db: Session, ids: Sequence[str]) -> int:
    """Have them worked on once more; how many of them had failed.

    Each keeps its place, so that it takes none of what its friend may ask, and is told what was
    remembered then. Nobody waits for the answer: it is held for whoever writes next in the room.
    """
    return sum(_ask_in_place(db, one) for one in ids)


def _ask_in_place(db: Session, question_id: str) -> bool:
    question = question_of(db.one("failed_alone", id=question_id))
    if question is None:
        return False
    db.tallies.failed_no_more(question.asked_at, question.failure or Failure.BUG)
    db.change("ask_in_place", id=question_id)
    db.news.asked.append(question.room_id)
    return True


def handle(db: Session, ids: Sequence[str], handled: Handled | None) -> int:
    """Note it of those that have failed; how many they were. None makes them trouble again."""
    return sum(db.change("handle", id=one, handled=handled and handled.value) for one in ids)
