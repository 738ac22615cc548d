"""Figures of a time: they add up, and tell the same as the questions do."""

import random
from collections.abc import Callable, Iterator
from datetime import date

import pytest

from chatgee.errors import Failure
from chatgee.questions import Delivery, Usage
from chatgee.store import Store
from chatgee.store.database_session import Session
from chatgee.store.korean_days import HOURS_OF_DAY, day_of
from chatgee.store.reading.archive import Archive
from chatgee.store.reading.usage_figures import EPOCH, Figures, Period, Span, look
from chatgee.store.tallies import Tallies, bucket
from tests.support.far_ends import PATIENCE

HOUR, DAY = 3600.0, 86400.0
NOW = 1_800_000_000 // DAY * DAY + 4.5 * HOUR
"""Half past one in the afternoon of 2027-01-15 in Korea, a Friday."""


class Bench:
    """A store in which something was counted."""

    def __init__(self, url: str) -> None:
        self.store, self.archive = Store(url), Archive(url)

    def count(self, work: Callable[[Tallies], None]) -> None:
        def run(db: Session) -> None:
            work(db.tallies)

        self.store.database.submit(run).result(PATIENCE)

    def look(self, span: Span, now: float = NOW) -> Period:
        return look(self.archive, span, now)


@pytest.fixture
def bench(database: str) -> Iterator[Bench]:
    bench = Bench(database)
    yield bench
    bench.archive.close()
    bench.store.close()


def ago(days: float = 0, hours: float = 0) -> float:
    return NOW - days * DAY - hours * HOUR


def test_nothing_was_ever_counted(bench: Bench) -> None:
    period = bench.look(Span.WEEK)
    assert period.empty
    assert (period.total.asked, period.total.at_once, period.total.seconds(0.5)) == (0, None, None)
    assert period.before is None


@pytest.mark.parametrize(
    ("span", "points", "first", "last"),
    [
        (Span.DAY, 24, date(2027, 1, 15), date(2027, 1, 15)),
        (Span.WEEK, 7, date(2027, 1, 9), date(2027, 1, 15)),
        (Span.MONTH, 30, date(2026, 12, 17), date(2027, 1, 15)),
        (Span.YEAR, 12, date(2026, 2, 1), date(2027, 1, 1)),
    ],
)
def test_a_span_ends_today_and_has_its_points(
    bench: Bench, span: Span, points: int, first: date, last: date
) -> None:
    found = bench.look(span).points
    assert (len(found), found[0].day, found[-1].day) == (points, first, last)


def test_an_hour_is_koreas(bench: Bench) -> None:
    bench.count(lambda tallies: tallies.asked(NOW, None))
    assert [one.hour for one in bench.look(Span.DAY).points if one.figures.asked] == [13]


@pytest.mark.parametrize("span", Span)
def test_the_points_add_up_to_the_whole(bench: Bench, span: Span) -> None:
    chance = random.Random(1)
    moments = [ago(days=chance.uniform(0, 500)) for _ in range(3000)]

    def work(tallies: Tallies) -> None:
        for at in moments:
            tallies.asked(at, None)
            tallies.spent(at, "gpt", Usage(10, 1))

    bench.count(work)
    period = bench.look(span)
    first = (period.points[0].day - EPOCH).days
    expected = sum(day_of(at) >= first for at in moments)
    assert sum(one.figures.asked for one in period.points) == period.total.asked == expected
    assert period.total.usage == {"gpt": Usage(10 * expected, expected)}


def test_what_became_of_questions_adds_up_to_all_of_them(bench: Bench) -> None:
    def work(tallies: Tallies) -> None:
        for _ in range(10):
            tallies.asked(NOW, NOW)
        for how, count in ((Delivery.REPLY, 4), (Delivery.CALLBACK, 2), (Delivery.PRESS, 1)):
            for _ in range(count):
                tallies.delivered(NOW, how)
        tallies.failed(NOW, Failure.NETWORK)
        tallies.failed(NOW, Failure.TIMEOUT)
        tallies.failed(NOW, Failure.TIMEOUT)

    bench.count(work)
    total = bench.look(Span.DAY).total
    assert (total.at_once, total.failed, total.waiting) == (0.4, 3, 0)
    assert list(total.failures.items()) == [(Failure.TIMEOUT, 2), (Failure.NETWORK, 1)]


# --- different friends ----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_friends_are_counted_once_in_every_span(bench: Bench, seed: int) -> None:
    chance = random.Random(seed)
    asked = sorted((ago(days=chance.uniform(0, 420)), chance.randrange(40)) for _ in range(400))

    def work(tallies: Tallies) -> None:
        seen: dict[int, float] = {}
        for at, friend in asked:
            tallies.asked(at, seen.get(friend))
            seen[friend] = at

    def between(first: int, last: int) -> int:
        return len({friend for at, friend in asked if first <= day_of(at) <= last})

    bench.count(work)
    today = day_of(NOW)
    for span, days in ((Span.DAY, 1), (Span.WEEK, 7), (Span.MONTH, 30)):
        period = bench.look(span)
        assert period.total.friends == between(today - days + 1, today)
        if span != Span.DAY:
            assert period.before
            assert period.before.friends == between(today - 2 * days + 1, today - days)
            assert [one.figures.friends for one in period.points] == [
                between(today - back, today - back) for back in reversed(range(days))
            ]
    year = bench.look(Span.YEAR)
    assert year.total.friends == between(day_of(ago()) - 348, today)


# --- the time before ------------------------------------------------------------------------


def test_today_is_compared_with_yesterday_until_this_hour(bench: Bench) -> None:
    def work(tallies: Tallies) -> None:
        for hours, friend in ((0, 1), (1, 2), (-1, 3), (30, 4)):
            tallies.asked(ago(days=1, hours=hours), None)
            tallies.answered(ago(days=1, hours=hours), float(friend))

    bench.count(work)
    before = bench.look(Span.DAY).before
    assert before
    assert (before.asked, before.friends, before.answered) == (2, 2, 2)


def test_a_week_is_compared_with_the_seven_days_before_until_this_hour(bench: Bench) -> None:
    def work(tallies: Tallies) -> None:
        tallies.asked(ago(days=20), None)
        for days, hours in ((6, 0), (7, 0), (7, -1), (7, 1), (13, 0), (13, HOURS_OF_DAY)):
            tallies.asked(ago(days, hours), None)

    bench.count(work)
    period = bench.look(Span.WEEK)
    assert period.before
    assert (period.total.asked, period.before.asked) == (1, 3)


def test_a_young_bot_is_compared_with_nothing(bench: Bench) -> None:
    bench.count(lambda tallies: tallies.asked(ago(days=8), None))
    assert bench.look(Span.WEEK).before is None
    assert bench.look(Span.DAY).before is not None


# --- the model's seconds --------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_percentile_is_near_the_true_one(share: float) -> None:
    chance = random.Random(5)
    took = sorted(chance.lognormvariate(0.8, 0.7) for _ in range(5000))
    counts: dict[str, int] = {}
    for seconds in took:
        name = f"seconds.{bucket(seconds)}"
        counts[name] = counts.get(name, 0) + 1
    true = took[int(len(took) * share)]
    assert Figures(counts).seconds(share) == pytest.approx(true, rel=0.05)


@pytest.mark.parametrize("seconds", [0.2, 1.0, 2.0, 6.8, 7.0, 8.1, 54.9])
@pytest.mark.parametrize("share", [0.5, 0.95])
def test_no_percentile_is_above_the_slowest_answer(seconds: float, share: float) -> None:
    found = Figures({f"seconds.{bucket(seconds)}": 1}).seconds(share)
    assert found is not None
    assert found <= seconds
    assert seconds < 0.3 or found == pytest.approx(seconds, rel=0.05)


def test_what_was_counted_until_2_3_is_told_as_well() -> None:
    """There 7.0 seconds were in bucket 20, which ends at 8."""
    both = Figures({"took.20": 9, "took.0": 1, f"seconds.{bucket(3.0)}": 90})
    assert both.seconds(0.5) == pytest.approx(3.0, rel=0.05)
    assert both.seconds(0.95) == pytest.approx(6.727, rel=0.01)
    assert both.seconds(0.001) == pytest.approx(0.1)
