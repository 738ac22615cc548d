"""What a file from outside would do by itself, once it is opened, is taken out of it.

A promise would be a POST to whatever address stands there, a photo be fetched from it, an open
question be put to the model, and what programs remember together would be believed. Only friends
may begin anything.
"""

import time
from collections.abc import Iterator

from sqlalchemy import Connection, inspect, or_, select, text, update

from chatgee.errors import Failure
from chatgee.kakao.attachments import PHOTOS, is_photo
from chatgee.questions import State
from chatgee.store import schema
from chatgee.store.reading.simulated import real
from chatgee.store.rows import joined
from chatgee.store.statements import STATEMENTS
from chatgee.store.tallies import Tallies

INSTEAD = Failure.REJECTED
"""Of questions that were open: a word that every version knows. Their friends are offered to ask
again, with their next message."""
EMPTIED = (schema.notes, schema.commits)
"""Of several programs with a server; a file has no rows in them."""

_q = schema.questions.c
_open = _q.state == State.ASKED.value


def disarm(connection: Connection) -> None:
    """In a copy that nobody uses yet."""
    there = inspect(connection).get_table_names()
    for table in EMPTIED:
        if table.name in there:
            connection.execute(table.delete())
    promised = or_(_q.callback_url.is_not(None), _q.promised_at.is_not(None))
    connection.execute(
        update(schema.questions).where(promised).values(callback_url=None, promised_at=None)
    )
    _forget_photos(connection)
    if schema.by_day.name in there:  # an older version's are counted when it is brought up
        _count(connection)
    connection.execute(
        update(schema.questions)
        .where(_open)
        .values(
            state=State.FAILED.value,
            failure=INSTEAD.value,
            answered_at=time.time(),
            delivery=None,
            delivered_at=None,
        )
    )
    connection.commit()


def _forget_photos(connection: Connection) -> None:
    """Those that do not lie at Kakao's; older versions took some that we do not."""
    photos = connection.execute(select(_q.id, _q.image_url).where(_q.image_url.is_not(None)))
    kept = ((id_, urls, joined(list(_kakaos(urls))[:PHOTOS])) for id_, urls in photos)
    for id_, right in [(id_, right) for id_, urls, right in kept if right != urls]:
        connection.execute(update(schema.questions).where(_q.id == id_).values(image_url=right))


def _kakaos(urls: str) -> Iterator[str]:
    return filter(is_photo, urls.split("\n"))


def _count(connection: Connection) -> None:
    """So that the parts go on adding up: no question waits for what will never come."""
    tallies = Tallies()
    for (asked_at,) in connection.execute(select(_q.asked_at).where(_open, real(_q.user_id))):
        tallies.failed(asked_at, INSTEAD)
    for statement, rows in zip(("tally_hour", "tally_day"), tallies.take(), strict=True):
        for row in rows:
            connection.execute(text(STATEMENTS[statement]), row)
