"""How SQLite's file looks that each version of ours has made, and nothing else may look.

SQLite keeps the words that made a table. A file from outside may say more in them: a CHECK that
fails every insert, an index on an expression, a trigger. So they are compared as a whole.
"""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, create_engine, exc
from sqlalchemy.pool import NullPool

from chatgee.errors import StoreError
from chatgee.store import schema

Form = frozenset[tuple[Any, ...]]
"""Of each table and index: what it is, its name, its table, and the words that made it."""

STEPS = {
    1: """
CREATE TABLE about (name VARCHAR NOT NULL, value VARCHAR NOT NULL, PRIMARY KEY (name));
CREATE TABLE friends (id VARCHAR NOT NULL, questions INTEGER NOT NULL,
    memory_from INTEGER NOT NULL, first_seen_at FLOAT NOT NULL, last_seen_at FLOAT NOT NULL,
    PRIMARY KEY (id));
CREATE TABLE questions (id VARCHAR NOT NULL, user_id VARCHAR NOT NULL, position INTEGER NOT NULL,
    text TEXT NOT NULL, image_url TEXT, asked_at FLOAT NOT NULL, state VARCHAR NOT NULL,
    answer TEXT, shown TEXT, failure VARCHAR, answered_at FLOAT, delivery VARCHAR,
    delivered_at FLOAT, callback_url TEXT, promised_at FLOAT, PRIMARY KEY (id));
CREATE TABLE usage (day VARCHAR NOT NULL, user_id VARCHAR NOT NULL, answers INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    PRIMARY KEY (day, user_id));
CREATE UNIQUE INDEX questions_by_friend ON questions (user_id, position);
CREATE INDEX questions_by_time ON questions (asked_at);
CREATE INDEX open_questions ON questions (user_id, position) WHERE delivered_at IS NULL;
""",
    2: """
CREATE TABLE tallies_by_hour (hour INTEGER NOT NULL, name VARCHAR NOT NULL, count BIGINT NOT NULL,
    PRIMARY KEY (hour, name)) WITHOUT ROWID;
CREATE TABLE tallies_by_day (day INTEGER NOT NULL, name VARCHAR NOT NULL, count BIGINT NOT NULL,
    PRIMARY KEY (day, name)) WITHOUT ROWID;
CREATE INDEX failed_questions ON questions (asked_at) WHERE state = 'failed';
""",
    3: """
ALTER TABLE questions ADD COLUMN claimed_at FLOAT;
CREATE TABLE notes (name VARCHAR NOT NULL, value TEXT NOT NULL, version BIGINT NOT NULL,
    changed_at FLOAT NOT NULL, PRIMARY KEY (name));
CREATE TABLE commits (program VARCHAR NOT NULL, mark VARCHAR NOT NULL, written_at FLOAT NOT NULL,
    PRIMARY KEY (program));
CREATE INDEX claimed_questions ON questions (claimed_at)
    WHERE delivered_at IS NULL AND delivery IS NOT NULL;
CREATE INDEX waiting_questions ON questions (asked_at) WHERE answered_at IS NULL;
CREATE INDEX usage_by_friend ON usage (user_id);
""",
    4: """
ALTER TABLE questions ADD COLUMN broken_off INTEGER;
ALTER TABLE questions ADD COLUMN said TEXT;
ALTER TABLE questions ADD COLUMN room_id VARCHAR;
ALTER TABLE questions ADD COLUMN place INTEGER;
ALTER TABLE questions ADD COLUMN more_from INTEGER;
ALTER TABLE questions ADD COLUMN more_chars INTEGER;
ALTER TABLE questions ADD COLUMN more_at FLOAT;
ALTER TABLE questions ADD COLUMN continues VARCHAR;
ALTER TABLE questions ADD COLUMN handled VARCHAR;
ALTER TABLE friends ADD COLUMN in_groups INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE friends ADD COLUMN nickname TEXT;
ALTER TABLE friends ADD COLUMN note TEXT;
ALTER TABLE friends ADD COLUMN labels TEXT;
CREATE INDEX named_friends ON friends (nickname) WHERE nickname IS NOT NULL;
CREATE INDEX labelled_friends ON friends (labels) WHERE labels IS NOT NULL;
CREATE TABLE rooms (id VARCHAR NOT NULL, questions INTEGER NOT NULL, memory_from INTEGER NOT NULL,
    last_asked_at FLOAT NOT NULL, PRIMARY KEY (id));
CREATE UNIQUE INDEX questions_by_room
    ON questions (coalesce(room_id, user_id), coalesce(place, position));
DROP INDEX open_questions;
CREATE INDEX open_questions ON questions (coalesce(room_id, user_id), coalesce(place, position))
    WHERE delivered_at IS NULL;
CREATE INDEX unread_pages ON questions (room_id) WHERE more_from IS NOT NULL;
""",
}
"""What each version added. As it was released: never changed, also where `schema` changes."""

EVERYTHING = "SELECT type, name, tbl_name, sql FROM sqlite_master"


def version_of(connection: Connection) -> int:
    """Of the file, by its form and by what it says; `StoreError` unless both are the same.

    Reads nothing of it before its form is known: a view that has a table's name may never end.
    """
    found = connection.exec_driver_sql(EVERYTHING).all()
    version = next((one for one, form in forms().items() if _is(form, found)), None)
    if version is None and not _has_table_about(found):
        raise broken("tables that are none of ours")
    told = str(_told(connection))
    if told.isdecimal() and int(told) > schema.VERSION:
        raise StoreError("start.newer_database", url=connection.engine.url)
    if version is None or told != str(version):
        raise broken(f"version {told!r}, and the tables of {version}")
    if (encoding := connection.exec_driver_sql("PRAGMA encoding").scalar()) != "UTF-8":
        raise broken(f"texts in {encoding}")
    return version


def forms() -> dict[int, Form]:
    """By the version."""
    made: dict[int, Form] = {}
    with create_engine("sqlite://", poolclass=NullPool).connect() as connection:
        driver: Any = connection.connection.driver_connection
        for version, step in sorted(STEPS.items()):
            driver.executescript(step)
            made[version] = form(connection.exec_driver_sql(EVERYTHING).all())
    return made


def form(rows: Sequence[Any]) -> Form:
    return frozenset((kind, name, table, _plain(sql)) for kind, name, table, sql in rows)


def broken(why: str) -> StoreError:
    return StoreError("start.database_broken", url="", why=why)


def _is(known: Form, found: Sequence[Any]) -> bool:
    return len(found) == len(known) and form(found) == known


def _has_table_about(found: Sequence[Any]) -> bool:
    """As every version has it, those to come too."""
    ours = {one for one in forms()[1] if one[1] == schema.about.name}
    return ours <= form(found)


def _told(connection: Connection) -> Any:
    statement = "SELECT value FROM about WHERE name = 'version'"
    try:
        return connection.exec_driver_sql(statement).scalar()
    except exc.OperationalError as error:  # bytes that are no text
        raise broken(str(error.orig)) from error


def _plain(sql: Any) -> Any:
    """Without the white space, in which no two versions of SQLAlchemy agree."""
    if not isinstance(sql, str):
        return sql
    return re.sub(r" ?([(),]) ?", r"\1", " ".join(sql.split()))
