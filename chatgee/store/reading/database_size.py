"""How much is stored, and in what."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, func, select

from chatgee.store import schema
from chatgee.store.reading.archive import Archive
from chatgee.store.reading.simulated import real, simulated

_questions = schema.questions


_NEWEST = (
    select(_questions.c.asked_at)
    .where(real(_questions.c.user_id))
    .order_by(_questions.c.asked_at.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Facts:
    """Without what simulated friends asked, save for the bytes."""

    questions: int
    friends: int
    newest_at: float | None
    """When the last question was asked; unix time."""
    software: str
    """The database's name and version."""
    bytes: int | None = None
    """What it takes up on its server; None for a file."""


def facts(archive: Archive) -> Facts:
    """`StoreError` where the database cannot be read."""
    with archive.look() as connection:
        # Each by itself: together they would be read from the table, and not from an index.
        questions = _count(connection, _questions.c.user_id)
        newest = connection.execute(_NEWEST).scalar()
        friends = _count(connection, schema.friends.c.id)
        version = ".".join(map(str, connection.dialect.server_version_info or ()))
        if connection.dialect.name == "sqlite":
            return Facts(questions, friends, newest, f"SQLite {version}")
        size = connection.execute(select(func.pg_database_size(func.current_database())))
        return Facts(questions, friends, newest, f"PostgreSQL {version}", size.scalar_one())


def _count(connection: Connection, user_id: Column[Any]) -> int:
    """All, less the few that are simulated: to look at each would take ten times as long."""
    every = select(func.count()).select_from(user_id.table)
    found = connection.execute(every).scalar_one()
    return found - connection.execute(every.where(simulated(user_id))).scalar_one()
