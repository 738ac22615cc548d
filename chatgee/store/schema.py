"""The tables."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    func,
    text,
)

from chatgee.questions import State

VERSION = 4
"""Of the tables; a database with a higher one was made by a newer ChatGee."""

metadata = MetaData()

# Ordered by the letters' numbers: by no rules of a language, which change with the system's.
_Key = String().with_variant(String(collation="C"), "postgresql")
_Count = Integer().with_variant(BigInteger(), "postgresql")

about = Table(
    "about",
    metadata,
    Column("name", _Key, primary_key=True),
    Column("value", String, nullable=False),
)

friends = Table(
    "friends",
    metadata,
    Column("id", _Key, primary_key=True),  # Kakao's user.id
    Column("questions", Integer, nullable=False),  # asked so far: the last position
    Column("memory_from", Integer, nullable=False),  # of the private chat, as in `rooms`
    Column("first_seen_at", Float, nullable=False),
    Column("last_seen_at", Float, nullable=False),
    Column("in_groups", Integer, nullable=False, server_default=text("0")),  # of the questions
    Column("nickname", Text),  # what the owner has written; see `chatgee.store.describing`
    Column("note", Text),
    Column("labels", Text),
)
_named, _labelled = friends.c.nickname.is_not(None), friends.c.labels.is_not(None)
named_friends = Index(
    "named_friends", friends.c.nickname, sqlite_where=_named, postgresql_where=_named
)
labelled_friends = Index(
    "labelled_friends", friends.c.labels, sqlite_where=_labelled, postgresql_where=_labelled
)

# Of groups: what a private chat needs stands in the row of its friend.
rooms = Table(
    "rooms",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("questions", Integer, nullable=False),  # asked so far: the last place
    Column("memory_from", Integer, nullable=False),  # places up to this one are forgotten
    Column("last_asked_at", Float, nullable=False),
)

questions = Table(
    "questions",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("user_id", _Key, nullable=False),
    Column("position", Integer, nullable=False),  # among all that the friend has asked
    Column("text", Text, nullable=False),
    Column("image_url", Text),  # of each photo, a line each
    Column("asked_at", Float, nullable=False),
    Column("state", String, nullable=False),
    Column("answer", Text),  # as the model said it, in Markdown
    Column("shown", Text),  # the same as KakaoTalk text: pages stay what they were
    Column("failure", String),
    Column("answered_at", Float),
    Column("delivery", String),  # set by whoever claims the answer
    Column("delivered_at", Float),  # set once the answer is on its way; until then it is open
    Column("callback_url", Text),  # a promise not yet kept
    Column("promised_at", Float),
    Column("claimed_at", Float),
    Column("broken_off", Integer),  # 1: the model's answer was cut at its length
    Column("said", Text),  # by the service that refused, without secrets
    Column("room_id", _Key),  # the group; none in a private chat
    Column("place", Integer),  # in the room; none in older rows, where it is the position
    Column("more_from", Integer),  # in a group: the bubble with which what is unread begins
    Column("more_chars", Integer),  # how long the bubbles were that were counted
    Column("more_at", Float),  # when that was written down
    Column("continues", _Key),  # the question whose answer's rest it asks for
    Column("handled", String),  # what its owner made of a failed one, if anything
)

# Both as they were before there were groups, so that a million older rows need not be rewritten.
room = func.coalesce(questions.c.room_id, questions.c.user_id)
place = func.coalesce(questions.c.place, questions.c.position)

Index("questions_by_friend", questions.c.user_id, questions.c.position, unique=True)
questions_by_room = Index("questions_by_room", room, place, unique=True)
Index("questions_by_time", questions.c.asked_at)
_failed = questions.c.state == State.FAILED.value
failed_questions = Index(
    "failed_questions",
    questions.c.asked_at,
    sqlite_where=_failed,
    postgresql_where=_failed,
)
_open = questions.c.delivered_at.is_(None)
open_questions = Index("open_questions", room, place, sqlite_where=_open, postgresql_where=_open)
_unread = questions.c.more_from.is_not(None)
unread_pages = Index(
    "unread_pages", questions.c.room_id, sqlite_where=_unread, postgresql_where=_unread
)
# Among answers that nobody ever fetches, those few that are claimed, and questions without one.
_claimed = and_(_open, questions.c.delivery.is_not(None))
claimed_questions = Index(
    "claimed_questions",
    questions.c.claimed_at,
    sqlite_where=_claimed,
    postgresql_where=_claimed,
)
# Not by the state: what looks for one friend's questions, or one by its id, must not walk through
# all of these, however few of them PostgreSQL believes there are.
_waiting = questions.c.answered_at.is_(None)
waiting_questions = Index(
    "waiting_questions",
    questions.c.asked_at,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)

usage = Table(
    "usage",
    metadata,
    Column("day", _Key, primary_key=True),  # of Korea, as 2026-11-22
    Column("user_id", _Key, primary_key=True),  # empty: everyone together
    Column("answers", Integer, nullable=False),  # calls that were paid, whatever came of them
    Column("prompt_tokens", _Count, nullable=False),
    Column("completion_tokens", _Count, nullable=False),
)

usage_by_friend = Index("usage_by_friend", usage.c.user_id)

# What `chatgee.store.tallies` counts, twice: a year of days is read in milliseconds.
by_hour = Table(
    "tallies_by_hour",
    metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("name", _Key, primary_key=True),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
by_day = Table(
    "tallies_by_day",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("name", _Key, primary_key=True),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What several programs remember together; see `chatgee.store.notes`.
notes = Table(
    "notes",
    metadata,
    Column("name", _Key, primary_key=True),
    Column("value", Text, nullable=False),
    Column("version", BigInteger, nullable=False),  # counts the changes
    Column("changed_at", Float, nullable=False),
)

# Of a server: by which each program knows whether its last transaction took place.
commits = Table(
    "commits",
    metadata,
    Column("program", _Key, primary_key=True),
    Column("mark", String, nullable=False),  # of the last transaction
    Column("written_at", Float, nullable=False),
)
