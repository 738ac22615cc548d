"""The talks, for their owner: the newest, what is looked for, one friend's, and all of them.

There may be a million messages, and a page has a fifth of a second. So nothing is counted or
sorted as a whole: a search walks back in time, slice by slice, and says where it stopped.
"""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from chatgee.errors import Failure
from chatgee.questions import Delivery, Handled, State
from chatgee.store import schema
from chatgee.store.describing import split
from chatgee.store.reading import friends
from chatgee.store.reading.archive import Archive
from chatgee.store.reading.simulated import real
from chatgee.store.reading.word_search import holds
from chatgee.store.schema import place, questions

PAGE = 50
SLICE = 1_000
"""Questions that are looked through at once; the patience is looked at between two slices."""
PATIENCE_SECONDS = 0.08
EXPORTED_AT_ONCE = 500

_q = questions.c


class TalkKind(StrEnum):
    """What has become of a question: how its answer reached the friend, or why there is none."""

    THINKING = "thinking"
    REPLY = "reply"
    PRESS = "press"
    HELD = "held"
    CALLBACK = "callback"
    WAITING = "waiting"  # nobody has fetched the answer
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Talk:
    """One question and its answer, as its owner may read them."""

    id: str
    user_id: str
    position: int
    """Among all that the friend has asked."""
    room_id: str | None
    """The group's; None in the private chat."""
    place: int
    """Among all that was asked in the room."""
    text: str
    image_url: str | None  # of each of its photos, a line each
    asked_at: float
    state: State
    answer: str | None
    """As the model said it, in Markdown."""
    shown: str | None
    """The same as KakaoTalk text."""
    failure: Failure | None
    answered_at: float | None
    delivery: Delivery | None
    delivered_at: float | None
    broken_off: bool = False  # the model cut the answer at its length
    said: str | None = None  # by the service that gave no answer
    handled: Handled | None = None  # by its owner, where there is no answer
    nickname: str = ""  # as the owner calls the friend
    labels: tuple[str, ...] = ()  # by which the owner tells friends apart, such as a class

    @property
    def kind(self) -> TalkKind:
        if self.state == State.ASKED:
            return TalkKind.THINKING
        if self.state == State.FAILED:
            return TalkKind.FAILED
        return TalkKind(self.delivery.value) if self.delivery else TalkKind.WAITING

    @property
    def settled(self) -> bool:
        """Whether nothing will change by itself any more."""
        return self.state != State.ASKED and self.delivered_at is not None


@dataclass(frozen=True, slots=True)
class TalkPlace:
    """Between two questions; what is older than it comes next."""

    asked_at: float
    id: str = ""


NEWEST = TalkPlace(math.inf)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: questions with every word in them, in their answers, or in what the
    owner calls the friend."""

    words: tuple[str, ...] = ()
    kind: TalkKind | None = None
    simulated: bool = False
    """Also what simulated friends asked."""
    failure: Failure | None = None
    """The only reason for which they failed."""
    label: str = ""
    """That the friend has."""

    def __bool__(self) -> bool:
        return bool(self.words or self.kind or self.failure or self.label)


ANY = Wanted()


@dataclass(frozen=True, slots=True)
class FoundTalks:
    talks: Sequence[Talk]
    """Newest first."""
    on: TalkPlace | None
    """Where to look further; None where the oldest was reached."""
    full: bool = False
    """Whether it ends because there are as many as were asked for, not for want of time."""


TALK = select(
    _q.id,
    _q.user_id,
    _q.position,
    _q.room_id,
    place,
    _q.text,
    _q.image_url,
    _q.asked_at,
    _q.state,
    _q.answer,
    _q.shown,
    _q.failure,
    _q.answered_at,
    _q.delivery,
    _q.delivered_at,
    _q.broken_off,
    _q.said,
    _q.handled,
    friends.of_asker(schema.friends.c.nickname),
    friends.of_asker(schema.friends.c.labels),
)
"""The columns of `Talk`, in its order."""

_newest_first = TALK.order_by(_q.asked_at.desc(), _q.id.desc())


def find(
    archive: Archive,
    wanted: Wanted,
    before: TalkPlace = NEWEST,
    most: int = PAGE,
    patience: float | None = None,
) -> FoundTalks:
    """Up to `most` talks older than `before`; fewer where the patience (in seconds) ends."""
    until = time.monotonic() + (PATIENCE_SECONDS if patience is None else patience)
    found: list[Talk] = []
    with archive.look() as database:
        while True:
            oldest = database.execute(_end_of_slice(before)).scalar()
            slice_ = _slice(wanted, before, oldest).limit(most - len(found) + 1)
            found += map(_talk, database.execute(slice_))
            if len(found) > most:
                last = found[most - 1]
                return FoundTalks(found[:most], TalkPlace(last.asked_at, last.id), full=True)
            if oldest is None:
                return FoundTalks(found, None)
            before = TalkPlace(oldest)
            if time.monotonic() >= until:
                return FoundTalks(found, before, full=len(found) == most)


def _end_of_slice(before: TalkPlace) -> Select[Any]:
    older = select(_q.asked_at).where(_q.asked_at < before.asked_at)
    return older.order_by(_q.asked_at.desc()).offset(SLICE - 1).limit(1)


def _slice(wanted: Wanted, before: TalkPlace, oldest: float | None) -> Select[Any]:
    statement = _newest_first.where(_older_than(before), *_conditions(wanted))
    return statement if oldest is None else statement.where(_q.asked_at >= oldest)


def _older_than(place: TalkPlace) -> ColumnElement[bool]:
    """By time first, so that the index is used, then by id where two share a moment."""
    at = _q.asked_at
    return and_(at <= place.asked_at, or_(at < place.asked_at, _q.id < place.id))


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if not wanted.simulated:
        yield real(_q.user_id)
    for word in wanted.words:
        yield or_(holds(_q.text, word), holds(_q.shown, word), friends.asker_is_called(word))
    if wanted.failure:
        yield _q.failure == wanted.failure.value
    if wanted.label:
        yield friends.asker_has(wanted.label)
    match wanted.kind:
        case None:
            return
        case TalkKind.THINKING:
            yield _q.state == State.ASKED.value
        case TalkKind.FAILED:
            yield _q.state == State.FAILED.value
        case TalkKind.WAITING:
            yield and_(_q.state == State.ANSWERED.value, _q.delivery.is_(None))
        case _:
            yield and_(_q.state == State.ANSWERED.value, _q.delivery == wanted.kind.value)


def news(
    archive: Archive,
    after: TalkPlace,
    open_ids: Sequence[str],
    most: int = PAGE,
    wanted: Wanted = ANY,
) -> FoundTalks:
    """What was asked since, and behind it the questions of `open_ids` as they stand now.

    With more news than `most` there are only so many, and `on` says where the older ones begin.
    """
    at = _q.asked_at
    newer = and_(
        at >= after.asked_at, or_(at > after.asked_at, _q.id > after.id), *_conditions(wanted)
    )
    with archive.look() as database:
        new = list(map(_talk, database.execute(_newest_first.where(newer).limit(most + 1))))
        if len(new) > most:
            last = new[most - 1]
            return FoundTalks(new[:most], TalkPlace(last.asked_at, last.id), full=True)
        known = {one.id for one in new}
        again = _newest_first.where(_q.id.in_(set(open_ids) - known))
        return FoundTalks([*new, *map(_talk, database.execute(again))], None)


def thread(archive: Archive, user_id: str, upto: int | None = None, most: int = PAGE) -> FoundTalks:
    """A friend's questions up to a position, newest first; `full` where there are older ones."""
    mine = TALK.where(_q.user_id == user_id).order_by(_q.position.desc()).limit(most + 1)
    rows = archive.all(mine if upto is None else mine.where(_q.position <= upto))
    return FoundTalks([_talk(row) for row in rows[:most]], None, full=len(rows) > most)


def last_position(archive: Archive, user_id: str) -> int:
    """Of the newest question that is stored; 0 where there is none."""
    row = archive.one(select(func.max(_q.position)).where(_q.user_id == user_id))
    return (row and row[0]) or 0


def every(archive: Archive, wanted: Wanted, before: TalkPlace = NEWEST) -> Iterator[Talk]:
    """All that is looked for, newest first, however much it is: read piece by piece.

    Nothing is held between two pieces, so that a slow reader is in nobody's way.
    """
    on: TalkPlace | None = before
    while on:
        found = find(archive, wanted, on, EXPORTED_AT_ONCE)
        yield from found.talks
        on = found.on


def every_of(archive: Archive, user_id: str) -> Iterator[Talk]:
    """All of one friend's, as `every` does."""
    upto = None
    while True:
        found = thread(archive, user_id, upto, EXPORTED_AT_ONCE)
        yield from found.talks
        if not found.full:
            return
        upto = found.talks[-1].position - 1


def _talk(row: Sequence[Any]) -> Talk:
    id_, user_id, position, room_id, place, text, image_url, asked_at, *rest = row
    state, answer, shown, failure, answered_at, delivery, delivered_at, *rest = rest
    broken_off, said, handled, nickname, labels = rest
    return Talk(
        id_,
        user_id,
        position,
        room_id,
        place,
        text,
        image_url,
        asked_at,
        State(state),
        answer,
        shown,
        Failure(failure) if failure else None,
        answered_at,
        Delivery(delivery) if delivery else None,
        delivered_at,
        bool(broken_off),
        said,
        Handled(handled) if handled else None,
        nickname or "",
        split(labels),
    )
