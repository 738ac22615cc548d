"""The tables of an older ChatGee become ours when its database is opened.

Each step makes the tables of one version from those of the version before. All steps, and the new
version's number, are one transaction: a program that is stopped in between has changed nothing.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import Column, Connection, func, inspect, select, update
from sqlalchemy.schema import CreateColumn

from chatgee.errors import Failure
from chatgee.questions import Delivery, State, Usage
from chatgee.store import schema
from chatgee.store.korean_days import KOREA_SECONDS
from chatgee.store.reading.simulated import real
from chatgee.store.tallies import UNKNOWN_MODEL, Tallies

LOCK = 0x43686174476565
"""Of PostgreSQL, for whoever makes or changes our tables."""
UNFINISHED = "moving.from"
"""In `about` until a move into this database is at its end; see `chatgee.store.moving.move`."""
SOME = 5_000
"""Rows that are held at a time: an old database may be larger than the memory."""


def bring_up(connection: Connection) -> int:
    """Make our tables, or ours of older ones; the version that was found. A newer one is left."""
    found = version_of(connection)
    connection.rollback()
    if found is not None and found >= schema.VERSION:
        return found
    _begin(connection)
    try:
        found = _climb(connection)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
    return found


def unfinished(connection: Connection) -> bool:
    """Whether a move into this database was cut short: not all that was talked is in it."""
    wanted = select(schema.about.c.name).where(schema.about.c.name == UNFINISHED)
    found = connection.execute(wanted).first()
    connection.rollback()
    return found is not None


def _climb(connection: Connection) -> int:
    found = version_of(connection)
    if found is None:
        schema.metadata.create_all(connection)
        connection.execute(schema.about.insert().values(name="version", value=str(schema.VERSION)))
    for version in range(found or schema.VERSION, schema.VERSION):
        STEPS[version + 1](connection)
        connection.execute(
            update(schema.about)
            .where(schema.about.c.name == "version")
            .values(value=str(version + 1))
        )
    return found or schema.VERSION


def _begin(connection: Connection) -> None:
    """Of programs that open an old database at once, the others wait and find it done.

    SQLite's driver begins by itself only before rows are changed, not before tables are.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))


def version_of(connection: Connection) -> int | None:
    """None where there are no tables yet."""
    if not inspect(connection).has_table(schema.about.name):
        return None
    wanted = select(schema.about.c.value).where(schema.about.c.name == "version")
    return int(connection.execute(wanted).scalar() or 1)


def _tallies(connection: Connection) -> None:
    """Version 2 counts: from here on as it happens, and from what is stored as far as that tells.

    The model's own time was not kept: it is taken for the whole time until there was an answer.
    """
    schema.metadata.create_all(connection, tables=[schema.by_hour, schema.by_day])
    schema.failed_questions.create(connection)
    count_stored(connection)


def count_stored(connection: Connection) -> None:
    """Fill the empty tables of counts from the questions and the tokens that are stored."""
    tallies = Tallies()
    _count_questions(connection, tallies)
    _count_tokens(connection, tallies)
    hours, days = map(list, tallies.take())
    if hours:
        connection.execute(schema.by_hour.insert(), hours)
        connection.execute(schema.by_day.insert(), days)


def _count_questions(connection: Connection, tallies: Tallies) -> None:
    q = schema.questions.c
    wanted = select(
        *(q.user_id, q.asked_at, q.state, q.failure, q.answered_at, q.delivery, q.delivered_at)
    ).where(real(q.user_id))
    wanted = wanted.order_by(q.asked_at)
    rows = connection.execute(wanted.execution_options(yield_per=SOME))
    seen: dict[str, float] = {}
    for user_id, asked_at, state, failure, answered_at, delivery, delivered_at in rows:
        tallies.asked(asked_at, seen.get(user_id))
        seen[user_id] = asked_at
        if state == State.FAILED:
            tallies.failed(asked_at, Failure(failure))
        if state == State.ANSWERED:
            tallies.answered(asked_at, answered_at - asked_at)
            if delivered_at is not None:
                tallies.delivered(asked_at, Delivery(delivery))


def _count_tokens(connection: Connection, tallies: Tallies) -> None:
    u = schema.usage.c
    wanted = select(u.day, u.prompt_tokens, u.completion_tokens).where(u.user_id == "")
    for day, prompt_tokens, completion_tokens in connection.execute(wanted):
        noon = (date.fromisoformat(day) - date(1970, 1, 1)).days * 86400 + 43200 - KOREA_SECONDS
        tallies.spent(noon, UNKNOWN_MODEL, Usage(prompt_tokens, completion_tokens))


def _company(connection: Connection) -> None:
    """Version 3 can be used by several programs at once: claims are dated and notes shared."""
    _add(connection, schema.questions.c.claimed_at)
    schema.metadata.create_all(connection, tables=[schema.notes, schema.commits])
    asked_again = schema.questions.c.state == State.ASKED.value
    connection.execute(update(schema.questions).where(asked_again).values(answered_at=None))
    for index in (schema.claimed_questions, schema.waiting_questions, schema.usage_by_friend):
        index.create(connection)


def _what_models_send(connection: Connection) -> None:
    """Version 4: what a service said, answers that it cut and their rests, groups, nicknames, and
    what the owner made of failures."""
    q = schema.questions.c
    read_on = q.more_from, q.more_chars, q.more_at
    added = q.broken_off, q.said, q.room_id, q.place, *read_on, q.continues, q.handled
    for column in added:
        _add(connection, column)
    f = schema.friends.c
    for column in (f.in_groups, f.nickname, f.note, f.labels):
        _add(connection, column)
    schema.rooms.create(connection)
    schema.open_questions.drop(connection)
    for index in (schema.questions_by_room, schema.open_questions, schema.unread_pages):
        index.create(connection)
    for index in (schema.named_friends, schema.labelled_friends):
        index.create(connection)


def _add(connection: Connection, column: Column[Any]) -> None:
    new = CreateColumn(column).compile(dialect=connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE {column.table.name} ADD COLUMN {new}")


STEPS: dict[int, Callable[[Connection], None]] = {2: _tallies, 3: _company, 4: _what_models_send}
"""By the version that they make."""
