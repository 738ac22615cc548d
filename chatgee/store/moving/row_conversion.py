"""Rows of SQLite as PostgreSQL can hold them, and the sum by which two tables are compared.

SQLite keeps any value in any column, and every letter in a text.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Table

from chatgee.errors import StoreError

Fit = Callable[[Any], Any]

NUL, INSTEAD = "\0", "\N{REPLACEMENT CHARACTER}"
SUM_BYTES = 32

_written = json.JSONEncoder(ensure_ascii=False).encode
"""A float as its shortest digits that mean no other, None as null, a text in quotes."""


class RowConversion:
    """For the rows of one table, with its columns in their order."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._fits = tuple(map(_fit, table.columns))

    def __call__(self, row: Sequence[Any]) -> list[Any]:
        """The row for PostgreSQL; `StoreError` where a value cannot be one of its column's."""
        try:
            return [fit(value) for fit, value in zip(self._fits, row, strict=True)]
        except (TypeError, OverflowError) as error:
            raise self._odd(row) from error

    def _odd(self, row: Sequence[Any]) -> StoreError:
        values = dict(zip(self._table.columns.keys(), row, strict=True))
        keys = self._table.primary_key.columns.keys()
        which = ", ".join(f"{name}={values[name]!r}" for name in keys)
        column = next(
            column
            for column, fit in zip(self._table.columns, self._fits, strict=True)
            if not _takes(fit, values[column.name])
        )
        return StoreError("move.odd_value", table=self._table.name, row=which, column=column.name)


def text(raw: bytes) -> str | bytes:
    """For the driver of SQLite: what is no text stays bytes, and fits no column."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def summed(rows: Iterable[Sequence[Any]]) -> tuple[int, str]:
    """How many, and the sum of their SHA-256: the same for the same rows in whatever order.

    The two databases sort text by different rules, and neither has to sort a large table.
    """
    count = total = 0
    for row in rows:
        count += 1
        total += int.from_bytes(hashlib.sha256(_written(row).encode()).digest())
    return count, (total % (1 << 8 * SUM_BYTES)).to_bytes(SUM_BYTES).hex()


def _fit(column: Column[Any]) -> Fit:
    kind: type = column.type.python_type
    fit = {str: _text, int: _whole(column), float: _real}[kind]
    return (lambda value: None if value is None else fit(value)) if column.nullable else fit


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError(value)
    return value.replace(NUL, INSTEAD) if NUL in value else value


def _whole(column: Column[Any]) -> Fit:
    bits = 63 if isinstance(column.type, BigInteger) else 31

    def whole(value: Any) -> int:
        if type(value) is not int:
            raise TypeError(value)
        if not -(1 << bits) <= value < 1 << bits:
            raise OverflowError(value)
        return value

    return whole


def _real(value: Any) -> float:
    if type(value) not in (float, int):
        raise TypeError(value)
    return float(value)


def _takes(fit: Fit, value: Any) -> bool:
    try:
        fit(value)
    except (TypeError, OverflowError):
        return False
    return True
