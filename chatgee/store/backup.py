"""A copy of the SQLite database as it is at one moment, made while ChatGee goes on writing."""

import time
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    and_,
    create_engine,
    exc,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.pool import NullPool

from chatgee.errors import Failure, StoreError
from chatgee.questions import Delivery, State
from chatgee.store import checkup, schema
from chatgee.store.archive import read_only
from chatgee.store.refusals import drivers_own

SLICE_PAGES, PAUSE_SECONDS = 1000, 0.005
"""Between two slices the disk is free for the questions of friends."""
CHECK_SECONDS = 120.0

TABLES = schema.metadata.sorted_tables
KINDS: dict[type, tuple[str, ...]] = {str: ("text",), int: ("integer",), float: ("real", "integer")}
"""What SQLite calls the values of a column, by its type here."""
MOMENTS = 0, 2**33
"""Every float is a moment, in Unix time: until the year 2242."""
WORDS: dict[Column[Any], type[StrEnum]] = {
    schema.questions.c.state: State,
    schema.questions.c.failure: Failure,
    schema.questions.c.delivery: Delivery,
}


def copy(url: str, target: Path) -> None:
    """All of it in one file, with nothing beside; `StoreError` where it cannot be made."""
    source, new = read_only(url, poolclass=NullPool), _engine(target)
    driver: Any = source.dialect.loaded_dbapi
    try:
        with source.connect() as here, new.connect() as there:
            _hold_still(here)
            _driver(here).backup(_driver(there), pages=SLICE_PAGES, progress=_pause)
        with new.connect() as there:  # else it would want a -wal file beside it, to be looked at
            there.exec_driver_sql("PRAGMA journal_mode=DELETE")
    except (exc.SQLAlchemyError, driver.Error) as error:
        why = drivers_own(error)
        full = getattr(why, "sqlite_errorname", "") == "SQLITE_FULL"
        key = "backup.disk_full" if full else "backup.not_made"
        raise StoreError(key, why=str(why)) from error


def examine(file: Path) -> None:
    """`StoreError` unless this is a whole database of ChatGee's, and nothing else."""
    url = address(file)
    checkup.look(url, CHECK_SECONDS)
    try:
        with read_only(url, poolclass=NullPool).connect() as connection:
            strange = any(connection.execute(_strange(one)).first() for one in TABLES)
            others = "SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')"
            foreign = connection.exec_driver_sql(others).scalar()
    except exc.SQLAlchemyError as error:
        raise StoreError("start.database_broken", url=url, why=str(error)) from error
    if foreign or strange:
        why = "triggers" if foreign else "values that are none of ours"
        raise StoreError("start.database_broken", url=url, why=why)


def _strange(table: Table) -> Select[Any]:
    """A row with a value that no page could show: SQLite keeps any in any column."""
    wrong = (not_(_is_right(column)) for column in table.columns)
    return select(literal(1)).select_from(table).where(or_(*wrong)).limit(1)


def _is_right(column: Column[Any]) -> ColumnElement[bool]:
    kind = column.type.python_type
    right: ColumnElement[bool] = func.typeof(column).in_(KINDS[kind])
    if kind is float:
        right = and_(right, column.between(*MOMENTS))
    if column in WORDS:
        right = and_(right, column.in_([one.value for one in WORDS[column]]))
    return or_(column.is_(None), right) if column.nullable else right


def address(file: Path) -> str:
    return URL.create("sqlite", database=str(file)).render_as_string()


def _engine(file: Path) -> Engine:
    return create_engine(address(file), poolclass=NullPool)


def _hold_still(connection: Connection) -> None:
    """See one moment from now on: what others write would make the copying begin anew."""
    connection.exec_driver_sql("BEGIN")
    connection.execute(select(schema.about).limit(1)).all()


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _pause(status: int, remaining: int, total: int) -> None:
    time.sleep(PAUSE_SECONDS)
