"""The page of statistics in words: numbers at its top, charts, what failed, and what it cost."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from chatgee.errors import Failure
from chatgee.model.prices import Prices, TypedPrice
from chatgee.owner.statistics.charts import TICKS, Chart, Column, top
from chatgee.questions import Delivery, Usage
from chatgee.store.reading.usage_figures import Figures, Period, Point, Span
from chatgee.store.tallies import UNKNOWN_MODEL
from chatgee.texts import Texts

USUAL, SLOW = 0.50, 0.95
"""Half of the answers, and all but one of twenty, took at the most so long."""

WAYS = (Delivery.REPLY, Delivery.CALLBACK, Delivery.PRESS, Delivery.HELD)
EVERY = {Span.DAY: 3, Span.WEEK: 1, Span.MONTH: 7, Span.YEAR: 1}
"""Columns from one label to the next."""


@dataclass(frozen=True)
class Tile:
    """A number at the top of the page."""

    title: str
    value: str
    change: str
    """Against the time before; empty where there is nothing to compare."""
    note: str = ""


@dataclass(frozen=True)
class FailureRow:
    """A kind of failure."""

    failure: Failure
    name: str
    count: str
    share: str
    hint: str


@dataclass(frozen=True)
class SpentByModel:
    """What one model cost."""

    model: str
    name: str
    sent: str
    written: str
    won: str


@dataclass(frozen=True)
class Stats:
    """One period, as the page shows it."""

    period: Period
    prices: Prices
    texts: Texts
    model: str
    """That of the settings."""
    practice: bool = False
    """Whether the practice model answers instead of it, which costs nothing."""

    # --- the top ----------------------------------------------------------------------------

    @property
    def tiles(self) -> Iterator[Tile]:
        now, before = self.period.total, self.period.before or Figures()
        yield self._tile("asked", _count(now.asked), self._growth(now.asked, before.asked))
        friends = self.texts("stats.people", count=_count(now.friends))
        yield self._tile("friends", friends, self._growth(now.friends, before.friends))
        yield self._tile(
            "at_once",
            self._or_none(now.at_once, lambda share: f"{share:.0%}"),
            self._difference("share", now.at_once, before.at_once, 100),
            self.texts("stats.at_once_note"),
        )
        slow = self._seconds(now.seconds(SLOW))
        yield self._tile(
            "seconds",
            self._seconds(now.seconds(USUAL)),
            self._difference("seconds", now.seconds(USUAL), before.seconds(USUAL)),
            self.texts("stats.slow_note", seconds=slow) if now.seconds(SLOW) is not None else "",
        )
        cost = self.prices.won(now.usage)
        yield self._tile(
            "cost",
            self._won(cost) if now.usage else self.texts("stats.won", won=0),
            self._growth(cost or 0, self.prices.won(before.usage) or 0),
            self.texts("stats.unknown_note") if self.has_unknown else "",
        )

    @property
    def has_unknown(self) -> bool:
        """Whether a model was used whose price is not known."""
        return any(self.prices.of(model) is None for model in self.period.total.usage)

    def _tile(self, name: str, value: str, change: str, note: str = "") -> Tile:
        return Tile(self.texts(f"stats.{name}"), value, change, note)

    def _growth(self, now: float, before: float) -> str:
        if not before:
            return ""
        percent = round((now - before) / before * 100)
        return self._changed("count", percent, f"{abs(percent):,}")

    def _difference(self, kind: str, now: float | None, before: float | None, by: int = 1) -> str:
        if now is None or before is None:
            return ""
        change = round((now - before) * by, 0 if by > 1 else 1)
        return self._changed(kind, change, f"{abs(change):g}")

    def _changed(self, kind: str, change: float, by: str) -> str:
        if not change:
            return self.texts("stats.same")
        return self.texts(f"stats.{'more' if change > 0 else 'less'}_{kind}", by=by)

    # --- charts -----------------------------------------------------------------------------

    @property
    def charts(self) -> Iterator[Chart]:
        ways = tuple(self.texts(f"stats.way_{way}") for way in (*WAYS, "failed", "waiting"))
        extra = (self.texts("stats.asked"), self.texts("stats.friends"))
        yield self._chart("questions", ways, extra, _ways, self._ways_words, self._short)
        if self.period.total.seconds(USUAL) is not None:
            names = (self.texts("stats.usual"), self.texts("stats.slow"))
            yield self._chart("took", names, (), _took, self._took_words, self._seconds)
        if self.period.total.usage:
            names = (self.texts("stats.sent"), self.texts("stats.written"))
            cost = (self.texts("stats.cost"),)
            yield self._chart("tokens", names, cost, _tokens, self._token_words, self._short)

    def _chart(
        self,
        name: str,
        series: tuple[str, ...],
        extra: tuple[str, ...],
        values: Callable[[Figures], tuple[float, ...]],
        words: Callable[[Figures], tuple[str, ...]],
        tick: Callable[[float], str],
    ) -> Chart:
        columns = tuple(
            Column(self._name(point), self._label(number, point), values(one), words(one))
            for number, point in enumerate(self.period.points)
            for one in (point.figures,)
        )
        end = top([sum(column.values) for column in columns])
        ticks = tuple(tick(end * share) for share in TICKS)
        title, about = self.texts(f"stats.{name}_title"), self.texts(f"stats.{name}_about")
        return Chart(title, about, series, (*series, *extra), columns, ticks, end)

    def _ways_words(self, figures: Figures) -> tuple[str, ...]:
        return (*map(_count, _ways(figures)), _count(figures.asked), _count(figures.friends))

    def _took_words(self, figures: Figures) -> tuple[str, ...]:
        return self._seconds(figures.seconds(USUAL)), self._seconds(figures.seconds(SLOW))

    def _token_words(self, figures: Figures) -> tuple[str, ...]:
        cost = self._won(self.prices.won(figures.usage)) if figures.usage else "–"
        return (*map(_count, _tokens(figures)), cost)

    def _name(self, point: Point) -> str:
        on = point.day
        if point.hour is not None:
            return self.texts("stats.hour", hour=point.hour)
        if self.period.span == Span.YEAR:
            return self.texts("stats.month_of_year", year=on.year, month=on.month)
        weekday = self.texts("stats.weekdays")[on.weekday()]
        return self.texts("stats.date", month=on.month, day=on.day, weekday=weekday)

    def _label(self, number: int, point: Point) -> str:
        span, count = self.period.span, len(self.period.points)
        place = number if span == Span.DAY else count - 1 - number  # days: today has its label
        if place % EVERY[span]:
            return ""
        if span == Span.YEAR:
            return self.texts("stats.month_only", month=point.day.month)
        return self._name(point) if span == Span.DAY else f"{point.day.month}.{point.day.day}"

    # --- what failed, and what it cost ------------------------------------------------------

    @property
    def troubles(self) -> Iterator[FailureRow]:
        total = self.period.total
        for failure, count in total.failures.items():
            yield FailureRow(
                failure,
                self.texts(f"stats.kind_{failure}"),
                self.texts("stats.times", count=_count(count)),
                f"{count / max(1, total.asked):.1%}",
                self._hint(failure),
            )

    def _hint(self, failure: Failure) -> str:
        return self.texts(f"hint.{failure}", model=self.model)

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Those that have a row among the prices: used, priced by the owner, or answering now."""
        known = self.period.total.usage.keys() | self.prices.own.keys()
        return tuple(sorted(known | (set() if self.practice else {self.model})))

    @property
    def typed(self) -> TypedPrice:
        return TypedPrice.showing(self.prices, self.models)

    def spent(self, model: str) -> SpentByModel:
        usage = self.period.total.usage.get(model, Usage())
        dollars = self.prices.dollars(model, usage)
        won = None if dollars is None else dollars * self.prices.won_per_dollar
        name = self.texts("stats.unknown_model") if model == UNKNOWN_MODEL else model
        tokens = self._short(usage.prompt_tokens), self._short(usage.completion_tokens)
        return SpentByModel(model, name, *tokens, self._won(won))

    # --- numbers in words -------------------------------------------------------------------

    def _or_none(self, value: float | None, words: Callable[[float], str]) -> str:
        return "–" if value is None else words(value)

    def _seconds(self, seconds: float | None) -> str:
        return self._or_none(
            seconds, lambda known: self.texts("stats.in_seconds", seconds=f"{known:.2g}")
        )

    def _short(self, number: float) -> str:
        """Of large numbers the first figures: nobody counts single tokens."""
        if number < 10_000:
            return _count(number)
        count = f"{number / 10_000:,.1f}".removesuffix(".0")
        return self.texts("stats.ten_thousands", count=count)

    def _won(self, won: float | None) -> str:
        if won is None:
            return self.texts("stats.unknown")
        return self.texts("stats.won", won=f"{won:,.0f}" if won >= 10 or not won else f"{won:.2g}")


def _count(number: float) -> str:
    return f"{number:,.0f}"


def _ways(figures: Figures) -> tuple[float, ...]:
    return (*map(figures.delivered, WAYS), figures.failed, figures.waiting)


def _took(figures: Figures) -> tuple[float, ...]:
    usual, slow = figures.seconds(USUAL) or 0, figures.seconds(SLOW) or 0
    return usual, slow - usual


def _tokens(figures: Figures) -> tuple[float, ...]:
    each = figures.usage.values()
    return sum(one.prompt_tokens for one in each), sum(one.completion_tokens for one in each)
