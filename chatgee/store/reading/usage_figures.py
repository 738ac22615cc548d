"""What was counted in some time, for the owner to look at; read through the archive."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from chatgee.errors import Failure
from chatgee.questions import Delivery, Usage
from chatgee.store import schema, tallies
from chatgee.store.korean_days import HOURS_OF_DAY, day_of, first_hour, hour_of
from chatgee.store.reading.archive import Archive

Counts = dict[int, Counter[str]]
"""By the day or the hour."""

EPOCH = date(1970, 1, 1)
MONTHS = 12
LEAST_SECONDS = 0.1
"""Told of answers that took no time worth speaking of."""


class Span(StrEnum):
    """How far back is looked, and by what steps: hours of today, days, or months."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True)
class Figures:
    """What was counted in one piece of time."""

    counts: Mapping[str, int] = field(default_factory=dict)
    friends: int = 0
    """Different ones."""

    @property
    def asked(self) -> int:
        return self.counts.get(tallies.ASKED, 0)

    @property
    def answered(self) -> int:
        return self.counts.get(tallies.ANSWERED, 0)

    @property
    def failures(self) -> dict[Failure, int]:
        """By kind, the most frequent first."""
        found = self._after(tallies.FAILED)
        ordered = sorted(found.items(), key=lambda one: -one[1])
        return {Failure(name): count for name, count in ordered}

    @property
    def failed(self) -> int:
        return sum(self._after(tallies.FAILED).values())

    def delivered(self, how: Delivery) -> int:
        """Answers that reached their friends in this way."""
        return self.counts.get(f"{tallies.DELIVERED}{how}", 0)

    @property
    def waiting(self) -> int:
        """Questions of which the friends do not know yet what became."""
        known = sum(self.delivered(how) for how in Delivery) + self.failed
        return max(0, self.asked - known)

    @property
    def at_once(self) -> float | None:
        """The share of all questions that were answered while KakaoTalk waited."""
        return self.delivered(Delivery.REPLY) / self.asked if self.asked else None

    @property
    def usage(self) -> dict[str, Usage]:
        """Tokens by the model's name."""
        prompt = self._after(tallies.PROMPT)
        completion = self._after(tallies.COMPLETION)
        models = sorted(prompt.keys() | completion.keys())
        return {one: Usage(prompt.get(one, 0), completion.get(one, 0)) for one in models}

    def seconds(self, share: float) -> float | None:
        """What so large a share of the answers took at the most.

        It is known to a twentieth; the lower end is told, since none may have taken more.
        """
        took = Counter({int(one): n for one, n in self._after(tallies.TOOK).items()})
        for old, count in self._after(tallies.TOOK_ROUGHLY).items():
            took[max(0, (int(old) - 1) * tallies.FINE + 1)] += count
        rank, below = share * took.total(), 0
        for number, count in sorted(took.items()):
            if below + count >= rank:
                return tallies.bucket_end(number - 1) if number else LEAST_SECONDS
            below += count
        return None

    def _after(self, prefix: str) -> dict[str, int]:
        found = self.counts.items()
        return {name.removeprefix(prefix): n for name, n in found if n and name.startswith(prefix)}


@dataclass(frozen=True)
class Point:
    """One column of a chart."""

    day: date
    """The first of its days."""
    hour: int | None
    """Of that day; None where it is a whole day or more."""
    figures: Figures


@dataclass(frozen=True)
class Period:
    """What the page shows."""

    span: Span
    points: tuple[Point, ...]
    total: Figures
    before: Figures | None
    """The time of the same length just before it, up to this hour of its last day.

    None where not all of it was counted: a young bot would seem to grow without end.
    """
    empty: bool
    """Whether nothing was ever counted."""


_DAYS = select(schema.by_day).where(
    schema.by_day.c.day >= bindparam("first"), schema.by_day.c.day < bindparam("end")
)
_HOURS = select(schema.by_hour).where(
    schema.by_hour.c.hour >= bindparam("first"), schema.by_hour.c.hour < bindparam("end")
)
_BEGINNING = select(func.min(schema.by_day.c.day))


def look(archive: Archive, span: Span, now: float) -> Period:
    """What happened from the beginning of the span until now; `StoreError` as the archive's."""
    today, this_hour = day_of(now), hour_of(now)
    first = _first_day(span, today)
    length = today + 1 - first
    days = _read(archive, _DAYS, first - length, today + 1)
    if span == Span.DAY:
        points = _hours_of(archive, today)
    else:
        points = _days_of(days, first, today, by_month=span == Span.YEAR)
    began = _beginning(archive)
    return Period(
        span,
        points,
        _whole(days, first, today),
        _before(archive, days, first - length, today - length, this_hour - length * HOURS_OF_DAY)
        if began is not None and began <= first - length
        else None,
        began is None,
    )


def beginning_of(span: Span, now: float) -> float:
    """The unix time from which `look` counts."""
    return first_hour(_first_day(span, day_of(now))) * 3600.0


def callbacks_of_month(archive: Archive, now: float) -> int:
    """Answers that went out by callback since the first of this month; raises as `look` does."""
    today = day_of(now)
    first = today + 1 - (EPOCH + timedelta(today)).day
    days = _read(archive, _DAYS, first, today + 1).values()
    return sum(day[f"{tallies.DELIVERED}{Delivery.CALLBACK}"] for day in days)


def _beginning(archive: Archive) -> int | None:
    """The first day on which something was counted."""
    row = archive.one(_BEGINNING)
    return row[0] if row else None


def _before(archive: Archive, days: Counts, first: int, last: int, last_hour: int) -> Figures:
    """From a day to an hour of another: so today, which is not over, is compared fairly."""
    hours = _read(archive, _HOURS, first_hour(last), last_hour + 1).values()
    if first == last:
        friends = sum(hour[tallies.FRIENDS_OF_DAY] for hour in hours)
    else:
        friends = _friends(days, first, last)
    return _together((*(days[day] for day in range(first, last)), *hours), friends)


def _first_day(span: Span, today: int) -> int:
    if span == Span.YEAR:
        last = EPOCH + timedelta(today)
        month = last.year * MONTHS + last.month - MONTHS  # the month that is eleven before
        return (date(month // MONTHS, month % MONTHS + 1, 1) - EPOCH).days
    return today + 1 - {Span.DAY: 1, Span.WEEK: 7, Span.MONTH: 30}[span]


def _read(archive: Archive, statement: Select[Any], first: int, end: int) -> Counts:
    found: Counts = defaultdict(Counter)
    for start, name, count in map(tuple, archive.all(statement, first=first, end=end)):
        found[start][name] = count
    return found


def _hours_of(archive: Archive, day: int) -> tuple[Point, ...]:
    start = first_hour(day)
    hours = _read(archive, _HOURS, start, start + HOURS_OF_DAY)
    return tuple(
        Point(
            EPOCH + timedelta(day),
            hour,
            Figures(hours[start + hour], hours[start + hour][tallies.FRIENDS]),
        )
        for hour in range(HOURS_OF_DAY)
    )


def _days_of(days: Counts, first: int, last: int, by_month: bool) -> tuple[Point, ...]:
    pieces: dict[date, list[int]] = defaultdict(list)
    for day in range(first, last + 1):
        on = EPOCH + timedelta(day)
        pieces[on.replace(day=1) if by_month else on].append(day)
    return tuple(Point(on, None, _whole(days, piece[0], piece[-1])) for on, piece in pieces.items())


def _whole(days: Counts, first: int, last: int) -> Figures:
    return _together((days[day] for day in range(first, last + 1)), _friends(days, first, last))


def _together(pieces: Iterable[Counter[str]], friends: int) -> Figures:
    total: Counter[str] = Counter()
    for piece in pieces:
        total.update(piece)
    return Figures(total, friends)


def _friends(days: Counts, first: int, last: int) -> int:
    """Different friends from one day to another.

    Each counts on one of these days: on that before which they had last asked before `first`.
    """
    return sum(
        count
        for day in range(first, last + 1)
        for name, count in days[day].items()
        if name.startswith(tallies.BACK) and int(name.removeprefix(tallies.BACK)) > day - first
    )
