"""How much is stored, and in what."""

from dataclasses import dataclass

from sqlalchemy import func, select

from chatgee.store import schema
from chatgee.store.reading.archive import Archive

_questions = schema.questions


@dataclass(frozen=True)
class Facts:
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
        questions = connection.execute(select(func.count()).select_from(_questions)).scalar_one()
        newest = connection.execute(select(func.max(_questions.c.asked_at))).scalar_one()
        friends = connection.execute(select(func.count()).select_from(schema.friends)).scalar_one()
        version = ".".join(map(str, connection.dialect.server_version_info or ()))
        if connection.dialect.name == "sqlite":
            return Facts(questions, friends, newest, f"SQLite {version}")
        size = connection.execute(select(func.pg_database_size(func.current_database())))
        return Facts(questions, friends, newest, f"PostgreSQL {version}", size.scalar_one())
