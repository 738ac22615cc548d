"""A question is written down, or refused: steps of a transaction, each handed its session."""

from collections.abc import Sequence
from dataclasses import replace

from chatgee.errors import Failure
from chatgee.questions import State
from chatgee.store import korean_days
from chatgee.store.database_session import Session
from chatgee.store.results import Asked, Limits, SpentToday
from chatgee.store.rows import joined, question_of, value_of

NO_LIMITS = Limits()


def ask(
    db: Session,
    question_id: str,
    user_id: str,
    text: str,
    image_urls: Sequence[str] = (),
    limits: Limits = NO_LIMITS,
    room_id: str | None = None,
    continues: str | None = None,
) -> Asked:
    """Write down the friend's next question, unless a limit is reached.

    The room is the private chat where none is named.
    """
    now, room_id = db.now(), room_id or user_id
    seen = _seen(db, user_id, now)
    if refusal := _refusal(db, user_id, limits, now):
        db.change("never_met", user_id=user_id)
        return Asked(refusal=refusal)
    position, place = _line_up(db, user_id, room_id, seen, now)
    db.change(
        "insert_question",
        id=question_id,
        user_id=user_id,
        position=position,
        group=None if room_id == user_id else room_id,
        place=place,
        text=text,
        image_url=joined(image_urls),
        continues=continues,
        now=now,
    )
    earlier = db.one("has_earlier", room_id=room_id, place=place) is not None
    return Asked(place, earlier)


def ask_again(
    db: Session,
    question_id: str,
    user_id: str,
    limits: Limits = NO_LIMITS,
    room_id: str | None = None,
) -> Asked | None:
    """Put the friend's own failed question at the end again, as `ask` does.

    None where it did not fail, or is another friend's.
    """
    room_id = room_id or user_id
    question = question_of(db.one("question_alone", id=question_id, room_id=room_id))
    if question is None or question.user_id != user_id or question.state != State.FAILED:
        return None
    now = db.now()
    seen = _seen(db, user_id, now)
    if refusal := _refusal(db, user_id, limits, now):
        return Asked(refusal=refusal)
    position, place = _line_up(db, user_id, room_id, seen, now)
    db.tallies_of(user_id).asked_again(question.asked_at, question.failure or Failure.BUG)
    db.change("ask_again", id=question_id, position=position, place=place, now=now)
    return Asked(place)


def ask_rest(
    db: Session,
    question_id: str,
    cut_id: str,
    user_id: str,
    text: str,
    limits: Limits = NO_LIMITS,
    room_id: str | None = None,
) -> Asked:
    """Ask for the rest of the room's cut answer, as `ask` does; once, however often it is wanted.

    Where nothing was cut, its own question stands `instead`.
    """
    room_id = room_id or user_id
    cut = question_of(db.one("question_alone", id=cut_id, room_id=room_id))
    if cut is None or not cut.broken_off:
        return Asked(instead=cut_id)
    found = db.one("rest", id=cut_id, room_id=room_id, place=cut.place, user_id=user_id)
    rest = question_of(found)
    if rest is None:
        return ask(db, question_id, user_id, text, (), limits, room_id, cut_id)
    again = ask_again(db, rest.id, user_id, limits, room_id) or Asked()
    return replace(again, instead=rest.id)


def forget(db: Session, room_id: str) -> None:
    """Start the room's memory anew; what is in the making will not enter it either."""
    if not db.change("forget", room_id=room_id):
        db.change("forget_in_group", room_id=room_id)


def forget_everyone(db: Session) -> None:
    """Start the memory of every room anew, as `forget` does with one."""
    db.change("forget_everyone")
    db.change("forget_in_groups")


def spent(db: Session) -> SpentToday:
    return _spent(db, db.now())


def _seen(db: Session, user_id: str, now: float) -> float | None:
    """When the friend asked before; until the end of the transaction, nobody else can."""
    known = db.one("last_seen", user_id=user_id)
    questions, seen_at = known or db.one("meet", user_id=user_id, now=now) or (0, None)
    return seen_at if questions else None


def _line_up(
    db: Session, user_id: str, room_id: str, seen_at: float | None, now: float
) -> tuple[int, int]:
    """The position of one question more among the friend's, and its place in the room."""
    in_group = room_id != user_id
    db.tallies_of(user_id).asked(now, seen_at)
    db.news.asked.append(room_id)
    position, place = db.one(
        "count_question", user_id=user_id, in_group=int(in_group), now=now
    ) or (0, 0)
    if in_group:
        place = value_of(db.one("count_in_group", room_id=room_id, now=now))
    return position, place


def _refusal(db: Session, user_id: str, limits: Limits, now: float) -> tuple[str, int] | None:
    if limits == NO_LIMITS:
        return None

    def asked_since(moment: float) -> int:
        return value_of(db.one("count_since", user_id=user_id, since=moment))

    if limits.strangers and value_of(db.one("questions_of", user_id=user_id)) >= limits.strangers:
        return "limit.stranger", limits.strangers
    if limits.per_minute and asked_since(now - 60) >= limits.per_minute:
        return "limit.minute", limits.per_minute
    if limits.per_day and asked_since(korean_days.midnight(now)) >= limits.per_day:
        return "limit.day", limits.per_day
    if limits.tokens_per_day and _promised(db, now) >= limits.tokens_per_day:
        return "limit.tokens", limits.tokens_per_day
    return None


def _promised(db: Session, now: float) -> float:
    """Tokens that today has cost, with what the questions that wait will probably cost."""
    spent = _spent(db, now)
    waiting = value_of(db.one("count_waiting")) if spent.mean else 0
    return spent.tokens + waiting * (spent.mean or 0)


def _spent(db: Session, now: float) -> SpentToday:
    names = (korean_days.day_name(now), korean_days.day_name(now - 86400))
    today, before = (db.one("used_on", day=day) or (0, 0, 0) for day in names)
    for calls, sent, written in (today, before):
        if calls:
            return SpentToday(sum(today[1:]), (sent + written) / calls, written / calls)
    return SpentToday(sum(today[1:]))
