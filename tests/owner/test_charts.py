"""Charts: every column is as high as its number."""

import pytest

from chatgee.owner.statistics.charts import HEIGHT, Chart, Column, top


@pytest.mark.parametrize(
    ("most", "end"),
    [(0, 2), (1, 2), (3, 4), (9, 10), (11, 20), (101, 200), (139, 200), (61_000, 80_000)],
)
def test_the_scale_ends_at_a_round_number(most: float, end: float) -> None:
    assert top([0.0, most]) == end


def test_the_pieces_stand_on_each_other() -> None:
    columns = tuple(Column("", "", values, ()) for values in ((2.0, 0.0, 1.0), (0.0, 0.0, 0.0)))
    chart = Chart("", "", ("a", "b", "c"), (), columns, (), 4.0)
    first, second = chart.boxes(0)
    assert (first.series, first.height, first.y + first.height) == (0, HEIGHT / 2, HEIGHT)
    assert (second.series, second.height, second.y + second.height) == (2, HEIGHT / 4, first.y)
    assert list(chart.boxes(1)) == []
