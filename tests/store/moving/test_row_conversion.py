"""What SQLite holds, as PostgreSQL can hold it, and the sum that compares two tables."""

import random
from collections.abc import Sequence
from types import NoneType
from typing import Any

import pytest

from chatgee.errors import StoreError
from chatgee.store import schema
from chatgee.store.moving import move
from chatgee.store.moving.row_conversion import RowConversion, summed, text

FRIEND = ("민지", 3, 1, 1_800_000_000.123456, 1_800_000_001, 0, "별명", None, "3학년 2반,축구부")


def changed(**values: object) -> list[Any]:
    return [values.get(name, was) for name, was in zip(names(), FRIEND, strict=True)]


def names() -> list[str]:
    return schema.friends.columns.keys()


def test_every_column_of_every_table_has_its_way_over() -> None:
    for name in move.TABLES:
        RowConversion(schema.metadata.tables[name])


def test_a_row_stays_as_it_is_and_whole_numbers_become_moments() -> None:
    row = RowConversion(schema.friends)(FRIEND)
    assert row == list(FRIEND)
    assert [type(value) for value in row] == [str, int, int, float, float, int, str, NoneType, str]


def test_what_was_never_written_stays_so_and_is_not_the_empty_text() -> None:
    fitting = RowConversion(schema.questions)
    columns = schema.questions.columns
    row = [{"id": "q", "answer": ""}.get(one.name, _of(one.type.python_type)) for one in columns]
    row[columns.keys().index("image_url")] = None
    fits = dict(zip(columns.keys(), fitting(row), strict=True))
    assert (fits["image_url"], fits["answer"]) == (None, "")


def _of(kind: type) -> object:
    return {str: "x", int: 1, float: 1.5}[kind]


def test_a_letter_that_postgresql_cannot_hold_has_another_in_its_place() -> None:
    assert RowConversion(schema.friends)(changed(id="a\0b\0"))[0] == "a\ufffdb\ufffd"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", b"bytes"),
        ("id", None),
        ("id", text(b"\xff\xfe")),
        ("questions", "three"),
        ("questions", 3.5),
        ("questions", 2**31),
        ("memory_from", -(2**31) - 1),
        ("first_seen_at", "yesterday"),
        ("last_seen_at", None),
    ],
)
def test_a_value_that_no_column_takes_is_told_with_its_row(column: str, value: object) -> None:
    with pytest.raises(StoreError) as caught:
        RowConversion(schema.friends)(changed(**{column: value}))
    told = caught.value.values
    assert (caught.value.key, told["table"], told["column"]) == (
        "move.odd_value",
        "friends",
        column,
    )
    assert told["row"] == f"id={changed(**{column: value})[0]!r}"


ROWS = [["a", None, 0.1], ["a", "", 0.1], ["b", "한 줄\n둘째", 1e300], ["c", "\ufffd", -0.0]]


def test_the_sum_is_the_same_in_whatever_order() -> None:
    shuffled = random.Random(7).sample(ROWS, len(ROWS))
    assert shuffled != ROWS
    assert summed(shuffled) == summed(iter(ROWS))
    assert summed(ROWS)[0] == len(ROWS)


@pytest.mark.parametrize(
    "other",
    [
        ROWS[:-1],
        [*ROWS, ROWS[0]],
        [ROWS[0], *ROWS[:1], *ROWS[2:]],
        [*ROWS[:-1], ["c", "\ufffd", 0.0]],
        [["a", None, 0.1 + 1e-17 * 2], *ROWS[1:]],
        [["a", "None", 0.1], *ROWS[1:]],
        [["a", "null", 0.1], *ROWS[1:]],
        [["a,", None, 0.1], *ROWS[1:]],
    ],
)
def test_the_sum_of_anything_else_is_another(other: Sequence[Sequence[Any]]) -> None:
    assert summed(other) != summed(ROWS)
