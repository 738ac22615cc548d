"""An answer on its way to its friend: who claims it announces it, by a reply or a callback."""

from collections.abc import Mapping, Sequence

from chatgee.questions import Delivery, Question, State, UnreadPart
from chatgee.store.database_session import Row, Session
from chatgee.store.results import Claimed
from chatgee.store.rows import as_question, question_of

LAST_PLACE = 2**31 - 1
"""Behind every question of a room: the highest number that a column of PostgreSQL holds."""


def find(db: Session, question_id: str, room_id: str) -> Question | None:
    """The question as it stands; None where the room has no such question."""
    return question_of(db.one("question", id=question_id, room_id=room_id))


def known_of(db: Session, ids: Sequence[str]) -> list[str]:
    """Those of which is known by now what became."""
    found = (db.one("is_known", id=one) for one in ids)
    return [row[0] for row in found if row]


def claim(
    db: Session, question_id: str, room_id: str, how: Delivery, held: int = 0
) -> Claimed | None:
    """Claim an answer, with up to `held` earlier ones that nobody has delivered.

    None where the room has no such question. A question still in the making, and an answer
    that was delivered before, come back unclaimed. A press is told of any other answer that
    nobody has seen, also of a later one.
    """
    question = question_of(db.one("question_alone", id=question_id, room_id=room_id))
    if question is None:
        return None
    return _claim(db, question, how, held)


def _claim(db: Session, question: Question, how: Delivery, held: int) -> Claimed:
    mine = []
    now = db.now()
    if db.change("claim", id=question.id, how=how.value, now=now):
        mine.append(question.id)
    rows: Sequence[Row] = ()
    if held or how == Delivery.PRESS:
        before = question.place if held else LAST_PLACE
        rows = _held(db, question.room_id, before, held + 1, but=question.id)
    found = [as_question(row) for row in rows]
    # Another program may have been quicker with one of them.
    taken = [
        one
        for one in found[:held]
        if db.change("claim", id=one.id, how=Delivery.HELD.value, now=now)
    ]
    mine += [one.id for one in taken]
    unseen = found[held].id if len(found) > held else None
    return Claimed(question, taken, tuple(mine), unseen)


def unseen(db: Session, room_id: str) -> str | None:
    """The id of the oldest answer that nobody has claimed."""
    rows = _held(db, room_id, LAST_PLACE, 1)
    return as_question(rows[0]).id if rows else None


def _held(db: Session, room_id: str, before: int, limit: int, but: str = "") -> Sequence[Row]:
    return db.all("held", id=but, room_id=room_id, before=before, limit=limit)


def confirm(db: Session, ids: Sequence[str]) -> None:
    """Claimed answers are on their way: nobody else needs to announce them."""
    for one in ids:
        sent = db.one("confirm", id=one, now=db.now())
        if sent and sent[1] == State.ANSWERED:
            db.tallies_of(sent[3]).delivered(sent[0], Delivery(sent[2]))


def let_go(db: Session, ids: Sequence[str]) -> None:
    """Claimed answers could not be sent: they are held again."""
    for one in ids:
        db.change("let_go", id=one)


def newest_answer(db: Session, room_id: str) -> str | None:
    """The id of the newest answer that nobody has claimed, else of the newest in the making."""
    row = db.one("newest_answer", room_id=room_id)
    return row[0] if row else None


def newest_cut(db: Session, room_id: str) -> str | None:
    """The id of the newest answer that was cut and whose rest the room has not been given."""
    row = db.one("newest_cut", room_id=room_id)
    return row[0] if row else None


def last_failed(db: Session, user_id: str, room_id: str | None = None) -> str | None:
    """The id of the friend's last question in the room, if it failed."""
    last = question_of(db.one("last", user_id=user_id, room_id=room_id or user_id))
    return last.id if last and last.state == State.FAILED else None


def leave_unread(db: Session, rests: Mapping[str, UnreadPart | None]) -> None:
    """By the ids of answers, what is unread of them; None where all was shown."""
    for one, rest in rests.items():
        page, chars = rest or (None, None)
        db.change("leave_unread", id=one, more_from=page, more_chars=chars, now=db.now())


def unread(db: Session, room_id: str) -> list[tuple[str, UnreadPart]]:
    """The answer of which the group was shown a part last, with what comes next of it.

    Behind it the one before, if there is one.
    """
    rows = db.all("unread", room_id=room_id)
    return [(id_, UnreadPart(page, chars)) for id_, page, chars in rows]


def promise(db: Session, question_id: str, room_id: str, url: str) -> bool:
    """Keep a callback address for a question in the making; False where it is answered."""
    now = db.now()
    promised = bool(db.change("promise", id=question_id, url=url, now=now))
    if promised:
        db.news.promised.append((question_id, room_id, now))
    return promised


def break_promise(db: Session, question_id: str) -> None:
    """The callback address of a question is not used: Kakao never heard of the promise."""
    db.change("use_callback", id=question_id)


def use_callback(
    db: Session, question_id: str, room_id: str, held: int
) -> tuple[str, Claimed] | None:
    """Take the callback address of a question, which works once, and claim as `claim` does.

    None where there is no address, or nothing left to say by it: the answer was delivered.
    """
    question = question_of(db.one("question_alone", id=question_id, room_id=room_id))
    promised = db.one("promised", id=question_id)
    if promised is None or question is None:
        return None
    db.change("use_callback", id=question_id)
    if question.delivery is not None:
        return None
    return promised[0], _claim(db, question, Delivery.CALLBACK, held)
