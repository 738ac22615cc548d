"""Charts of stacked columns, laid out in numbers; a page's template draws them as SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

HEIGHT = 100.0
STEP = 10.0
"""From one column to the next; the drawing is stretched to its place."""
TICKS = (1.0, 0.5, 0.0)
"""Shares of the scale that have a line and a label."""


@dataclass(frozen=True)
class Column:
    """What happened in one piece of time."""

    name: str
    """Its day, or its hour, in the owner's words."""
    label: str
    """The same below the chart, where there is room for it; empty where it has none."""
    values: tuple[float, ...]
    """Of every series, from the bottom up."""
    words: tuple[str, ...]
    """The cells of its row, where the chart is a table."""


@dataclass(frozen=True)
class Box:
    """One coloured piece of a column."""

    series: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    """A chart, and the same as a table."""

    title: str
    about: str
    series: tuple[str, ...]
    heads: tuple[str, ...]
    """Of the table's columns after the first."""
    columns: tuple[Column, ...]
    ticks: tuple[str, ...]
    """Beside the lines, from the top down."""
    top: float

    @property
    def width(self) -> float:
        return STEP * len(self.columns)

    def left(self, number: int) -> float:
        """Where a column's share of the width begins."""
        return STEP * number

    def boxes(self, number: int) -> Iterator[Box]:
        """The pieces of a column that are not nothing."""
        width = STEP * (0.72 if len(self.columns) > 12 else 0.5)
        x, base = STEP * number + (STEP - width) / 2, HEIGHT
        for series, value in enumerate(self.columns[number].values):
            height = HEIGHT * value / self.top
            base -= height
            if value > 0:
                yield Box(series, round(x, 2), round(base, 2), width, round(height, 2))


def top(values: Sequence[float]) -> float:
    """The end of the scale: no less than any of the values, and round, as is its half."""
    most = max(values, default=0.0)
    size = 2.0
    while True:
        for factor in (1, 2, 3, 4, 5):
            if size * factor >= most:
                return size * factor
        size *= 10
