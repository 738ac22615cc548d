"""Folders with conversations that are to be moved, and a look at both sides."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select
from sqlalchemy.pool import NullPool

from chatgee.store import Store, schema
from chatgee.store.moving import move as moving
from tests.support import classroom

Everything = dict[str, list[tuple[Any, ...]]]
NOW = 1_800_000_000.0
QUESTION = """
INSERT INTO questions (id, user_id, position, text, asked_at, state, answer, shown, answered_at)
VALUES (?, ?, ?, ?, ?, 'answered', ?, ?, ?)
"""
DESCRIBED = """
UPDATE friends SET nickname = '김민준', note = '반장' || char(10) || '이과',
    labels = '3학년 2반,과학부'
WHERE id = (SELECT min(id) FROM friends)
"""


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'chatgee.db'}"


def class_in(folder: Path, days: int = 3) -> str:
    """The URL of a file in which a class has talked for some days."""
    classroom.fill(folder, NOW, days)
    change(folder, DESCRIBED)
    return url_of(folder)


def many_in(folder: Path, count: int) -> str:
    """The URL of a file with so many questions, q000000 and on."""
    Store(url_of(folder)).close()
    rows = (
        (f"q{n:06}", f"friend-{n % 7}", n, f"질문 {n}", NOW + n / 7, "답 " * 5, "답", NOW + n / 3)
        for n in range(count)
    )
    with closing(sqlite3.connect(folder / "chatgee.db")) as database, database:
        database.executemany(QUESTION, rows)
    return url_of(folder)


def change(folder: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / "chatgee.db")) as database, database:
        assert database.execute(sql, values).rowcount == 1


def everything(url: str) -> Everything:
    """Every row of every table that is moved, sorted here: no two databases sort alike."""
    found = {}
    with create_engine(url, poolclass=NullPool).connect() as connection:
        for name in moving.TABLES:
            rows = connection.execute(select(schema.metadata.tables[name]))
            found[name] = sorted(map(tuple, rows), key=repr)
    return found


def noted(url: str) -> dict[str, str]:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return dict(connection.execute(select(schema.about)).all())


def move(
    source: str,
    target: str,
    begun: Callable[[], None] = lambda: None,
    copied: Callable[[], None] = lambda: None,
) -> moving.MoveState:
    """As the command does it; what happens meanwhile is called."""
    with moving.between(source, target, patience_seconds=0.5) as one:
        state = one.begin()
        begun()
        if state is not moving.MoveState.DONE:
            for name in moving.TABLES:
                list(one.copy(name))
            copied()
            for name in moving.TABLES:
                one.compare(name)
            one.finish()
    return state
