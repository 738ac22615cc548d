"""Moving a SQLite database to PostgreSQL: a piece at a time, and compared when all is there.

The target's `about` tells whose it is and how far it is. A piece and the note of it are one
transaction, so that a move which was cut short anywhere goes on where it was. The source is known
by a number of its own and by the SHA-256 of its file; apart from that number it is only read.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Table,
    delete,
    exc,
    func,
    inspect,
    literal,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert

from chatgee.errors import StoreError
from chatgee.store import schema
from chatgee.store.databases import migrations
from chatgee.store.databases.connection_errors import drivers_own, first_line
from chatgee.store.databases.opening import broken, is_shared, shown
from chatgee.store.moving.row_conversion import RowConversion, summed
from chatgee.store.moving.source_and_target import opened_source, opened_target
from chatgee.store.reading.archive import file_of

SOME = 5_000
"""Rows of a piece: so many are held at a time, as the database may be larger than the memory."""
FROM, PIECES, DONE = migrations.UNFINISHED, "moving.%", "moved.from"
DIFFERENT = "different"
"""In place of the SHA-256 of the source: what is there is not to be gone on with."""
OWN = (schema.about, schema.commits)
"""What is the database's, not its owner's."""
MOVED = {name: one for name, one in schema.metadata.tables.items() if one not in OWN}
TABLES = tuple(MOVED)
"""The names of those that go over."""


class MoveState(StrEnum):
    """How a move stands when it begins."""

    NEW = "new"
    RESUMED = "resumed"
    AGAIN = "again"
    """From its beginning: the source is no longer what it was, or the copy was not like it."""
    DONE = "done"


@dataclass(frozen=True)
class Compared:
    """A table that is the same on both sides."""

    rows: int
    checksum: str
    mended: int
    """Rows with a letter that PostgreSQL cannot hold, which has another in its place."""


@contextmanager
def between(source: str, target: str, patience_seconds: float = 5.0) -> Iterator["Move"]:
    """The move of the SQLite file at one URL to the PostgreSQL at the other.

    The source must not be in use. `StoreError` where one of them cannot be used, and where
    another move into the target does not end in so many seconds: one that was killed does.
    """
    if not is_shared(target):
        raise StoreError("move.only_postgresql")
    with opened_source(source) as (here, mark), opened_target(target, patience_seconds) as there:
        driver: Any = there.dialect.loaded_dbapi
        try:
            yield Move(here, there, mark, file_of(source), shown(target))
        except (exc.DBAPIError, driver.Error) as error:
            if isinstance(drivers_own(error), driver.Error):
                raise StoreError("move.interrupted", why=first_line(error)) from error
            raise broken(source, error) from error


class Move:
    """What is done in turn: `begin`, then `copy` and `compare` for each table, then `finish`."""

    def __init__(
        self, here: Connection, there: Connection, mark: str, file: Path, url: str
    ) -> None:
        """`url` is the target's, without its password."""
        self._here, self._there, self._mark = here, there, mark
        self.file, self.url = file, url

    def begin(self) -> MoveState:
        """Make the target ready; `StoreError` where it holds anything else, and stays as it is."""
        state = self._state()
        if state is MoveState.DONE:
            return state
        found = migrations.bring_up(self._there)
        if found > schema.VERSION:
            raise StoreError("start.newer_database", url=self.url)
        if state is MoveState.AGAIN:
            self._there.exec_driver_sql(f"TRUNCATE {', '.join(TABLES)}")
        if state is not MoveState.RESUMED:
            self._begin_as(self._mark)
        return state

    def count(self, name: str) -> int:
        """How many rows there are to move."""
        wanted = select(func.count()).select_from(MOVED[name])
        return int(self._here.execute(wanted).scalar_one())

    def copy(self, name: str) -> Iterator[int]:
        """Copy what is missing, a piece at a step; how many rows the target has by then."""
        table, note = MOVED[name], f"moving.{name}"
        fitting = RowConversion(table)
        keys = list(table.primary_key.columns)
        wanted = _every(name).order_by(*keys)
        copied, after = json.loads(self._noted().get(note, "[0, null]"))
        self._there.rollback()  # no transaction may wait for what is read here
        if after:
            wanted = wanted.where(tuple_(*keys) > tuple_(*after))
        for rows in self._here.execute(wanted).partitions():
            self._write(table, [fitting(row) for row in rows])
            copied += len(rows)
            after = [rows[-1]._mapping[key] for key in keys]
            self._note(note, json.dumps([copied, after]))
            self._there.commit()
            yield copied

    def compare(self, name: str, read: Callable[[], None] = lambda: None) -> Compared:
        """Read both sides to the end; `StoreError` unless they are the same.

        `read` is called for every row of either side.
        """
        fitting, mended = RowConversion(MOVED[name]), 0

        def fitted() -> Iterator[list[Any]]:
            nonlocal mended
            for row in self._here.execute(_every(name)):
                fits = fitting(row)
                mended += fits != list(row)
                read()
                yield fits

        def arrived() -> Iterator[list[Any]]:
            for row in self._there.execute(_every(name)):
                read()
                yield list(row)

        ours, theirs = summed(fitted()), summed(arrived())
        self._there.rollback()
        if ours != theirs:
            self._begin_as(f"{self._id} {DIFFERENT}")
            raise StoreError("move.different", table=name, here=ours[0], there=theirs[0])
        return Compared(*ours, mended)

    def finish(self) -> None:
        """From here on the target may be used."""
        self._there.execute(delete(schema.about).where(schema.about.c.name.like(PIECES)))
        self._note(DONE, self._mark)
        self._there.commit()

    @property
    def _id(self) -> str:
        return self._mark.split()[0]

    def _state(self) -> MoveState:
        """`StoreError` where the target holds something that is none of this move's."""
        there = set(inspect(self._there).get_table_names())
        if not there & schema.metadata.tables.keys():
            return MoveState.NEW
        try:
            noted = self._noted()
        except exc.ProgrammingError as error:  # somebody else's, who has names like ours
            raise StoreError("move.not_empty", url=self.url) from error
        if DONE in noted:
            return self._state_of_finished(noted[DONE])
        if FROM in noted:
            return self._state_of_unfinished(noted[FROM])
        ours = (one for name, one in MOVED.items() if name in there)
        rows = (select(literal(1)).select_from(one).limit(1) for one in ours)
        if any(self._there.execute(one).first() for one in rows):
            raise StoreError("move.not_empty", url=self.url)
        return MoveState.NEW

    def _state_of_finished(self, mark: str) -> MoveState:
        if mark == self._mark:
            return MoveState.DONE
        same = mark.startswith(self._id)
        raise StoreError("move.changed_since" if same else "move.not_empty", url=self.url)

    def _state_of_unfinished(self, mark: str) -> MoveState:
        if not mark.startswith(self._id):
            raise StoreError("move.of_another", url=self.url)
        return MoveState.RESUMED if mark == self._mark else MoveState.AGAIN

    def _begin_as(self, mark: str) -> None:
        """Forget how far it was, and say whose it is."""
        self._there.execute(delete(schema.about).where(schema.about.c.name.like(PIECES)))
        self._note(FROM, mark)
        self._there.commit()

    def _noted(self) -> dict[str, str]:
        rows = self._there.execute(select(schema.about.c.name, schema.about.c.value))
        return dict(rows.all())

    def _note(self, name: str, value: str) -> None:
        noting = insert(schema.about).values(name=name, value=value)
        changed = noting.on_conflict_do_update(index_elements=["name"], set_={"value": value})
        self._there.execute(changed)

    def _write(self, table: Table, rows: list[list[Any]]) -> None:
        """COPY is several times as fast as INSERT, and stands in the same transaction."""
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        driver: Any = self._there.connection.driver_connection
        with driver.cursor() as cursor:
            with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row)


def _every(name: str) -> Select[Any]:
    return select(MOVED[name]).execution_options(yield_per=SOME)
