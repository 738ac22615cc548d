"""What the rows of a file from outside may hold: all that ours do, and nothing that stops us.

SQLite keeps any value in any column. One that no page can show, no sum can hold or no migration
can read would come back with every page, every question or every start.
"""

from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    Table,
    and_,
    case,
    cast,
    func,
    inspect,
    literal,
    not_,
    or_,
    select,
    update,
)

from chatgee.errors import Failure
from chatgee.kakao import messages
from chatgee.questions import Delivery, Handled, State
from chatgee.store import describing, schema, tallies
from chatgee.store.files.released_schemas import broken
from chatgee.store.moving.source_and_target import ID

FROM_OUTSIDE = (
    *(schema.about, schema.friends, schema.rooms, schema.questions),
    *(schema.usage, schema.by_hour, schema.by_day),
)
"""The tables of which an owner's file has rows; `chatgee.store.files.disarm` empties the others."""
KINDS: dict[type, tuple[str, ...]] = {str: ("text",), int: ("integer",), float: ("real", "integer")}
"""What SQLite calls the values of a column, by its type here."""
LAST_MOMENT = 2**33
"""Every float is a moment, in Unix time: until the year 2242."""
MOST = 10**12
"""Of anything that is counted: a million times as much still fits into a sum."""
MOST_QUESTIONS = 10**9
"""Of one friend: with room in the 31 bits of a PostgreSQL."""
BYTES, LONG_BYTES, ANSWER_BYTES = 1000, 1 << 20, 1 << 21
"""Of a word, of a text, which a request brings, and of an answer, with more than a model says."""
ID_BYTES, FRIEND_BYTES = 4 * messages.ID_CHARS, 1 << 16
"""Of an id of ours, and of a friend's, which older versions took of any length."""

_q, _f, _u, _about = schema.questions.c, schema.friends.c, schema.usage.c, schema.about.c
_r = schema.rooms.c
_h, _d = schema.by_hour.c, schema.by_day.c

WORDS: dict[Column[Any], type[StrEnum]] = {
    _q.state: State,
    _q.failure: Failure,
    _q.delivery: Delivery,
    _q.handled: Handled,
}
SIZES = {
    _q.id: (1, ID_BYTES),
    _q.continues: (1, ID_BYTES),
    _q.user_id: (1, FRIEND_BYTES),
    _f.id: (1, FRIEND_BYTES),
    _f.nickname: (1, 4 * describing.MOST_NICKNAME),
    _f.note: (1, 4 * describing.MOST_NOTE),
    _f.labels: (1, 4 * describing.MOST_LABELS * (describing.MOST_LABEL + 1)),
    _r.id: (1, ID_BYTES + len(messages.GROUP)),
    _q.room_id: (1, ID_BYTES + len(messages.GROUP)),
    _u.user_id: (0, FRIEND_BYTES),
    _q.answer: (0, ANSWER_BYTES),
    _q.shown: (0, ANSWER_BYTES),
    _q.said: (0, 4 * BYTES),
}
"""In bytes, where it is not what every text of the kind may have."""
RANGES: dict[Column[Any], tuple[int, int]] = {
    _f.questions: (0, MOST_QUESTIONS),
    _f.memory_from: (0, MOST_QUESTIONS),
    _f.in_groups: (0, MOST_QUESTIONS),
    _r.questions: (0, MOST_QUESTIONS),
    _r.memory_from: (0, MOST_QUESTIONS),
    _q.position: (1, MOST_QUESTIONS),
    _q.place: (1, MOST_QUESTIONS),
    _q.more_from: (1, MOST_QUESTIONS),
    _q.more_chars: (messages.LEAST_BUBBLE_CHARS, messages.BUBBLE_CHARS),
    _q.broken_off: (0, 1),
    _u.answers: (0, MOST_QUESTIONS),
    _u.prompt_tokens: (0, MOST),
    _u.completion_tokens: (0, MOST),
    _h.hour: (0, LAST_MOMENT // 3600 + 1),
    _d.day: (0, LAST_MOMENT // 86400 + 1),
    _h["count"]: (0, MOST),
    _d["count"]: (0, MOST),
}
TOOK = (tallies.TOOK, tallies.TOOK_ROUGHLY)
TALLIES = (
    *(tallies.ASKED, tallies.ANSWERED, tallies.FRIENDS, tallies.FRIENDS_OF_DAY),
    *(f"{tallies.FAILED}{one}" for one in Failure),
    *(f"{tallies.DELIVERED}{one}" for one in Delivery),
    *(f"{tallies.BACK}{days}" for days in range(1, tallies.LONGEST_BACK + 1)),
    *(f"{took}{n}" for took in TOOK for n in range(tallies.bucket(LAST_MOMENT) + 1)),
)
"""The names of all counts but those of tokens, which have a model's name behind them."""
FIRST_DAY, LAST_DAY = "1970-01-01", "2242-12-31"


def put_right(connection: Connection) -> None:
    """Counts that versions of ours have taken from a model's server as it told them."""
    there = inspect(connection).get_table_names()
    for column in (_u.prompt_tokens, _u.completion_tokens):
        for wrong, right in ((column < 0, 0), (column > MOST, MOST)):
            put = update(column.table).where(func.typeof(column) == "integer", wrong)
            connection.execute(put.values({column: right}))
    for table in (schema.by_hour, schema.by_day):
        if table.name in there:
            told = [func.typeof(table.c["count"]) == "integer", _counts_tokens(table)]
            connection.execute(table.delete().where(*told, table.c["count"] < 1))
            too_many = update(table).where(*told, table.c["count"] > MOST)
            connection.execute(too_many.values(count=MOST))


def check(connection: Connection) -> None:
    """`StoreError` where a row holds what none of ours could."""
    there = {name: _columns(connection, name) for name in inspect(connection).get_table_names()}
    for table in FROM_OUTSIDE:
        if table.name not in there:
            continue  # of an older version
        if connection.execute(_strange(table, there[table.name])).first():
            raise broken(f"{table.name}: values that are none of ours")
        _decode(connection, table.name)
    for wrong in _out_of_line(with_rooms=schema.rooms.name in there):
        if connection.execute(wrong).first():
            raise broken("questions whose friend or room has no such position")


def _columns(connection: Connection, table: str) -> set[str]:
    return {str(one["name"]) for one in inspect(connection).get_columns(table)}


def _strange(table: Table, there: Collection[str]) -> Select[Any]:
    """Rows that are not right, in those columns that an older version has."""
    wrong = (not_(_is_right(column)) for column in table.columns if column.name in there)
    together = (not_(one) for one in _rules(table, there))
    return select(literal(1)).select_from(table).where(or_(*wrong, *together)).limit(1)


def _is_right(column: Column[Any]) -> ColumnElement[bool]:
    kind = column.type.python_type
    right: ColumnElement[bool] = func.typeof(column).in_(KINDS[kind])
    if kind is str:
        least, most = SIZES.get(column, (0, LONG_BYTES if column.nullable else BYTES))
        most = LONG_BYTES if column is _q.text else most
        right = and_(right, func.length(cast(column, LargeBinary)).between(least, most))
    if kind is float:
        right = and_(right, column.between(0, LAST_MOMENT))
    if column in RANGES:
        right = and_(right, column.between(*RANGES[column]))
    if column in WORDS:
        right = and_(right, column.in_([one.value for one in WORDS[column]]))
    return or_(column.is_(None), right) if column.nullable else right


def _rules(table: Table, there: Collection[str]) -> Iterator[ColumnElement[bool]]:
    """What holds for the columns of a row together."""
    if table is schema.about:
        yield _about.name.in_(["version", ID])
    if table is schema.questions:
        answered = and_(
            *(_q.answer.is_not(None), _q.shown.is_not(None), _q.answered_at.is_not(None)),
            _q.failure.is_(None),
        )
        done = {State.ANSWERED.value: answered, State.FAILED.value: _q.failure.is_not(None)}
        yield case(done, value=_q.state, else_=True)
        sent = or_(_q.delivered_at.is_(None), _q.delivery.is_not(None))
        yield or_(_q.state == State.ASKED.value, sent)
    if table is schema.questions and _q.room_id.name in there:
        yield or_(_q.room_id.is_(None), _names_group(_q.room_id))
    if table is schema.rooms:
        yield _names_group(_r.id)
    if table is schema.usage:
        # Of a day such as 2026-02-30 SQLite makes another only where it has to reckon with it.
        yield and_(func.date(_u.day, "+0 days") == _u.day, _u.day.between(FIRST_DAY, LAST_DAY))
    if table in (schema.by_hour, schema.by_day):
        name = table.c.name
        yield or_(name.in_(TALLIES), _counts_tokens(table))


def _counts_tokens(table: Table) -> ColumnElement[bool]:
    starts = (tallies.PROMPT, tallies.COMPLETION)
    return or_(*(func.substr(table.c.name, 1, len(one)) == one for one in starts))


def _names_group(column: Column[Any]) -> ColumnElement[bool]:
    """A room that is nobody's own."""
    return func.substr(column, 1, len(messages.GROUP)) == messages.GROUP


def _out_of_line(with_rooms: bool) -> Iterator[Select[Any]]:
    """Friends and groups whose next question would get the number of one that is there."""
    yield _beyond(_q.user_id, _q.position, _f.id, _f.questions)
    if with_rooms:
        private, asked = _q.room_id.is_(None), _f.questions - _f.in_groups
        yield _beyond(_q.user_id, schema.place, _f.id, asked, private)
        yield _beyond(_q.room_id, schema.place, _r.id, _r.questions, not_(private))


def _beyond(
    one: Column[Any],
    number: ColumnElement[int],
    id_: Column[Any],
    asked: ColumnElement[int],
    *which: ColumnElement[bool],
) -> Select[Any]:
    last = select(one.label("one"), func.max(number).label("last")).where(*which).group_by(one)
    lines = (found := last.subquery()).outerjoin(id_.table, id_ == found.c.one)
    wrong = or_(asked.is_(None), asked < found.c.last)
    return select(literal(1)).select_from(lines).where(wrong).limit(1)


def _decode(connection: Connection, table: str) -> None:
    """Read every text to its end: bytes that are no UTF-8 would stop whoever reads them later."""
    driver: Any = connection.connection.driver_connection
    for _ in driver.execute(f'SELECT * FROM "{table}"'):
        pass
