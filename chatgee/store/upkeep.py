"""What is done with a store as a whole: starting again, and cleaning up."""

import math
from collections.abc import Sequence

from chatgee.store import korean_days
from chatgee.store.database_session import Session


def look(db: Session) -> None:
    """Done where work could be done."""


def recover(db: Session, callback_seconds: float) -> int:
    """After a stop of any kind: how many questions are without an answer.

    They, and the promises that can still be kept, are told anew. Answers that were claimed
    and not sent are held again.
    """
    now = db.now()
    db.change("let_all_go", before=math.inf)
    db.change("drop_promises", before=now - callback_seconds)
    unanswered = db.all("unanswered", before=math.inf)
    db.news.asked += [row[0] for row in unanswered]
    db.news.promised += [(row[0], row[1], row[2]) for row in db.all("promises")]
    return len(unanswered)


def release(db: Session, before: float) -> int:
    """Hold again what was claimed before a moment and never sent, since the program ended."""
    return db.change("let_all_go", before=before)


def waiting(db: Session, before: float) -> list[str]:
    """Rooms, once for each question that was asked before a moment and has no answer."""
    return [row[0] for row in db.all("unanswered", before=before)]


def line_up(db: Session, room_ids: Sequence[str]) -> None:
    """Tell once more that these rooms wait, once for each question."""
    db.news.asked += room_ids


def purge(db: Session, keep_days: int, most: int) -> int:
    """Delete up to `most` questions older than `keep_days`; how many there were.

    With the last of them go the friends and groups that have asked nothing since, and what they
    used.
    """
    before = db.now() - keep_days * 86400
    count = db.change("purge_questions", before=before, limit=most)
    if count < most:
        db.change("purge_friends", before=before)
        db.change("purge_rooms", before=before)
        db.change("purge_usage", day=korean_days.day_name(before))
    return count


def delete_friend(db: Session, user_id: str, most: int) -> int:
    """Delete up to `most` of the friend's questions, in whatever room; how many there were.

    With the last of them goes all else that is known of the friend.
    """
    count = db.change("delete_questions", user_id=user_id, limit=most)
    if count < most:
        db.change("delete_usage", user_id=user_id)
        db.change("delete_friend", user_id=user_id)
    return count
