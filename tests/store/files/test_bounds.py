"""Rows of a backup hold what ours could, and then neither a page nor a question fails of them."""

import sqlite3
import time
from contextlib import closing
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest

from chatgee.errors import Failure
from chatgee.kakao import messages
from chatgee.owner.backup import pack, restore
from chatgee.questions import Delivery, Handled
from chatgee.settings import Settings
from chatgee.store.files import bounds
from chatgee.store.korean_days import day_name, day_of, hour_of
from tests.support.backups import (
    database,
    rebuilt,
    refused,
    settings_of,
    stage,
)
from tests.support.bot import Bot
from tests.support.visitor import ask


def answered(**changed: str) -> str:
    """The one question that is there, answered, with these values."""
    values = {"state": "'answered'", "answer": "'a'", "shown": "'a'", "answered_at": "2.0"}
    pairs = ", ".join(f"{name} = {value}" for name, value in (values | changed).items())
    return f"UPDATE questions SET {pairs}"


def tally(name: str, count: str = "1", day: str = "20000") -> str:
    return f"INSERT INTO tallies_by_day VALUES ({day}, {name}, {count})"


NO_TEXT = "CAST(x'ff' AS TEXT)"
ENDLESS = f"CAST(zeroblob({bounds.ANSWER_BYTES + 1}) AS TEXT)"
LONG = f"CAST(zeroblob({bounds.LONG_BYTES + 1}) AS TEXT)"
USAGE = "INSERT INTO usage VALUES ({day}, {user_id}, {answers}, {tokens}, 1)"


def usage(day: str = "'2026-01-01'", user_id: str = "''", answers: str = "1", t: str = "1") -> str:
    return USAGE.format(day=day, user_id=user_id, answers=answers, tokens=t)


STRANGE = {
    "a question that is no text": f"UPDATE questions SET text = {NO_TEXT}",
    "half a letter": "UPDATE questions SET text = CAST(x'eab0' AS TEXT)",
    "a surrogate": "UPDATE questions SET text = CAST(x'eda080' AS TEXT)",
    "an id that is no text": f"UPDATE questions SET id = {NO_TEXT}",
    "an answer that is no text": answered(answer=NO_TEXT),
    "an answer that is no text as it is shown": answered(shown=NO_TEXT),
    "a friend that is no text": f"UPDATE friends SET id = {NO_TEXT}",
    "usage of what is no text": usage(user_id=NO_TEXT),
    "a version that is no text": f"UPDATE about SET value = {NO_TEXT}",
    "a long question": f"UPDATE questions SET text = {LONG}",
    "a question beyond every limit": "UPDATE questions SET text = CAST(zeroblob(20000000) AS TEXT)",
    "a long answer": answered(answer=ENDLESS),
    "a long answer as it is shown": answered(shown=ENDLESS),
    "a long callback": f"UPDATE questions SET callback_url = {LONG}",
    "a long id behind a NUL": "UPDATE questions SET id = 'a' || char(0) || printf('%900s', 'x')",
    "a long friend": "UPDATE friends SET id = printf('%70000s', 'x')",
    "a long nickname": "UPDATE friends SET nickname = printf('%161s', 'x')",
    "a nickname that is no text": f"UPDATE friends SET nickname = {NO_TEXT}",
    "a long note": "UPDATE friends SET note = printf('%4001s', 'x')",
    "long labels": "UPDATE friends SET labels = printf('%1241s', 'x')",
    "no id": "UPDATE questions SET id = ''",
    "no friend": "UPDATE questions SET user_id = ''",
    "the position 0": "UPDATE questions SET position = 0",
    "a position below 0": "UPDATE questions SET position = -1",
    "the last position": f"UPDATE questions SET position = {2**63 - 1}",
    "as many questions as can be": f"UPDATE friends SET questions = {2**63 - 1}",
    "fewer questions than none": "UPDATE friends SET questions = -1",
    "a memory of what comes": f"UPDATE friends SET memory_from = {2**40}",
    "a place that the next one gets": "UPDATE questions SET position = 9",
    "a place in the room that the next one gets": "UPDATE questions SET place = 9",
    "the place 0": "UPDATE questions SET place = 0",
    "a group that is somebody's own": "UPDATE questions SET room_id = user_id",
    "a group that nobody knows": "UPDATE questions SET room_id = ' group:x'",
    "a group that has asked less": (
        "INSERT INTO rooms VALUES (' group:x', 0, 0, 1.0);"
        "UPDATE questions SET room_id = ' group:x'; UPDATE friends SET in_groups = 1"
    ),
    "a group with somebody's name": "INSERT INTO rooms VALUES ('friend', 1, 0, 1.0)",
    "a long group": "INSERT INTO rooms VALUES (printf(' group:%9000s', 'x'), 1, 0, 1.0)",
    "all questions in groups, and one in private": "UPDATE friends SET in_groups = questions",
    "a page below none": "UPDATE questions SET more_from = -1",
    "bubbles that nobody can choose": "UPDATE questions SET more_chars = 5",
    "a friend whom nobody knows": "UPDATE questions SET user_id = 'somebody'",
    "a question before there was time": "UPDATE questions SET asked_at = -1",
    "a question after all time": "UPDATE questions SET asked_at = 1e12",
    "an answer at no time": answered(answered_at="NULL"),
    "no answer": answered(answer="NULL"),
    "nothing to show": answered(shown="NULL"),
    "an answer that failed": answered(failure="'bug'"),
    "a failure of nothing": "UPDATE questions SET state = 'failed'",
    "handled in a way that nobody knows": "UPDATE questions SET handled = 'zzz'",
    "a delivery by nothing": answered(delivered_at="3.0"),
    "a delivery by somebody": answered(delivery="'post'"),
    "a day that is none": usage(day="'gestern'"),
    "a day that no month has": usage(day="'2026-02-30'"),
    "a day before all years": usage(day="'0000-01-01'"),
    "a day with an hour": usage(day="'2026-01-01 10:00'"),
    "more answers than can be": usage(answers=str(2**31)),
    "a count below none": tally("'asked'", "-1"),
    "a count below nothing": tally("'asked'", "-1"),
    "a count without an end": tally("'asked'", str(2**63 - 1)),
    "a count of somebody's": tally("'other'"),
    "a count that is no text": tally(NO_TEXT),
    "a failure that is none": tally("'failed.zzz'"),
    "a delivery that is none": tally("'delivered.zzz'"),
    "seconds that are none": tally("'seconds.x'"),
    "seconds without an end": tally("'took.99999'"),
    "seconds below none": tally("'took.-1'"),
    "a friend back after no days": tally("'back.'"),
    "a friend back after too many": tally("'back.401'"),
    "a long model": tally("'prompt_tokens:' || printf('%2000s', 'x')"),
    "a day below all": tally("'asked'", day="-1"),
    "a day after all": tally("'asked'", day="99999999"),
    "an hour after all": "INSERT INTO tallies_by_hour VALUES (99999999, 'asked', 1)",
    "a move that is not at its end": "INSERT INTO about VALUES ('moving.from', 'x')",
    "something about it": "INSERT INTO about VALUES ('other', 'x')",
}


@pytest.mark.parametrize("kind", STRANGE)
def test_what_none_of_ours_could_hold_is_refused(good: bytes, ours: Settings, kind: str) -> None:
    assert refused(rebuilt(good, database(STRANGE[kind])), ours) == "backup.damaged"


FINE = {
    "a NUL, which 2.0 let in": "UPDATE questions SET text = 'a' || char(0) || 'b'",
    "as long as a message can be": f"UPDATE questions SET text = printf('%{50_000}s', 'x')",
    "a friend with the longest id": (
        f"UPDATE friends SET id = '{'가' * messages.ID_CHARS}';"
        f"UPDATE questions SET user_id = '{'가' * messages.ID_CHARS}'"
    ),
    "a question of a group": (
        "INSERT INTO rooms VALUES (' group:x', 1, 0, 1.0);"
        "UPDATE questions SET room_id = ' group:x', more_from = 4, more_chars = 500, more_at = 1.0;"
        "UPDATE friends SET in_groups = 1"
    ),
    "two photos": "UPDATE questions SET image_url = 'https://kakaocdn.net/' || char(10) || 'http://secure.kakaocdn.net/b'",
    "what its owner has written of a friend": (
        f"UPDATE friends SET nickname = '{'🐳' * 40}', note = '{'가' * 1000}',"
        f" labels = '{','.join('한' * 29 + str(n) for n in range(10))}'"
    ),
    "a photo": "UPDATE questions SET image_url = 'https://talk.kakaocdn.net/dn/a.jpg'",
    "a move that ended": "INSERT INTO about VALUES ('id', '0123456789abcdef0123456789abcdef')",
    "an answer": answered(),
    "an answer that was sent": answered(delivery="'callback'", delivered_at="3.0"),
    "an answer before its question": answered(answered_at="0"),
    "a leap day": usage(day="'2028-02-29'"),
    "seconds": tally("'seconds.80'"),
    "seconds of 2.3": tally("'took.20'"),
    "what was asked again": tally("'failed.timeout'", "0"),
    "a friend who was away": tally("'back.400'"),
    "tokens of no model": tally("'prompt_tokens:?'", "123456789"),
    "friends without a question": "DELETE FROM questions",
}


@pytest.mark.parametrize("kind", FINE)
def test_what_ours_may_hold_is_taken(good: bytes, ours: Settings, kind: str) -> None:
    restore.look_into(BytesIO(rebuilt(good, database(FINE[kind]))), ours)


STRANGE_ID = "a%\"'<b>&\n\t/../?#" + "가" * (messages.ID_CHARS - 17)
PAGES = (
    *("/", "/board", "/talks", "/talks?q=x", "/talks?kind=failed", "/talks?until=2242-01-01"),
    *("/talks/live", "/talks/export/csv", "/talks/export/jsonl", "/status", "/setup", "/settings"),
    *(f"/stats?range={span}" for span in ("day", "week", "month", "year")),
    *("/talks/friend?id={id}", "/talks/delete?id={id}"),
    *("/talks/export/csv?id={id}", "/talks/export/jsonl?id={id}", "/health"),
)


def extremes(now: float) -> str:
    """Everything that is let in, as large and as strange as it is let in."""
    rows, long = [], "printf('%' || {} || 's', '가')"
    most, end = bounds.MOST, bounds.LAST_MOMENT
    ways = [None, *Delivery]
    kinds: list[tuple[str, Failure | None]] = [("asked", None), ("answered", None)]
    kinds += [("failed", one) for one in Failure]
    moments = (0, 1.5, now - 60, now, end)
    position = bounds.MOST_QUESTIONS
    for state, failure in kinds:
        for way in ways:
            for at in moments:
                long_one = 300_000 if at == now and way is None else 9
                rows.append(
                    f"('q{position}', ?1, {position}, {long.format(long_one)}, "
                    f"'https://talk.kakaocdn.net/', {at}, '{state}', 'a', "
                    f"'**x** ' || char(0), {repr(failure.value) if failure else 'NULL'}, "
                    f"{end - at}, {repr(way.value) if way else 'NULL'}, "
                    f"{at if way else 'NULL'}, 'http://127.0.0.1:9/', {now}, {now}, "
                    f"1, {long.format(9)}, NULL, {position}, {bounds.MOST_QUESTIONS}, 400, {end}, "
                    f"'q{position}', {repr(Handled.DONE.value) if failure else 'NULL'})"
                )
                position -= 1
    id = "'" + STRANGE_ID.replace("'", "''") + "'"
    today, hour = day_of(now), hour_of(now)
    sql = [
        "DELETE FROM questions; DELETE FROM friends; DELETE FROM usage",
        "DELETE FROM tallies_by_day; DELETE FROM tallies_by_hour",
        f"INSERT INTO friends VALUES ({id}, {bounds.MOST_QUESTIONS}, "
        f"{bounds.MOST_QUESTIONS}, 0, {end}, 0, '<b>\n\"=1+1', '</textarea>', ',<b>,,{{1}},')",
        f"INSERT INTO rooms VALUES (' group:<b>', {bounds.MOST_QUESTIONS}, 0, {end})",
        *(f"INSERT INTO questions VALUES {row.replace('?1', id)}" for row in rows),
    ]
    for name in (*bounds.TALLIES, "prompt_tokens:?", "completion_tokens:" + "<b>" * 200):
        sql += [
            f"INSERT INTO tallies_by_day VALUES ({day}, '{name}', {most})"
            for day in (0, today - 365, today - 1, today, end // 86400 + 1)
        ]
        sql += [
            f"INSERT INTO tallies_by_hour VALUES ({at}, '{name}', {most})"
            for at in (0, hour - 24, hour, end // 3600 + 1)
        ]
    for day in ("1970-01-01", day_name(now), "2242-12-31"):
        for user in ("''", id):
            counts = f"{bounds.MOST_QUESTIONS}, {most}, {most}"
            sql.append(f"INSERT INTO usage VALUES ('{day}', {user}, {counts})")
    return ";".join(sql)


@pytest.mark.usefixtures("unhurried")
def test_whatever_is_let_in_no_page_fails_and_friends_are_answered(
    good: bytes, stopped_bot: Bot, tmp_path: Path
) -> None:
    ours = settings_of(tmp_path)
    stage(rebuilt(good, database(extremes(time.time()))), ours)
    restore.finish(ours)
    with stopped_bot.open() as bot:
        for page in PAGES:
            reply = ask(bot, page.format(id=quote(STRANGE_ID)))
            assert reply.status_code == 200, page
        assert ask(bot, f"/talks/friend?id={quote(STRANGE_ID)}").status_code == 200
        assert bot.friend("new").says("안녕").bubbles[-1] == "답: 안녕"
        assert bot.friend(STRANGE_ID).says("안녕").bubbles[-1] == "답: 안녕"


# --- what older versions took ---------------------------------------------------------------

TAKEN = {
    "a photo with no slash": "UPDATE questions SET image_url = 'https://kakaocdn.net?x'",
    "a photo with a name": "UPDATE questions SET image_url = 'https://talk.kakaocdn.net/한글.jpg'",
    "a photo elsewhere": "UPDATE questions SET image_url = 'http://127.0.0.1/admin'",
    "photos elsewhere": "UPDATE questions SET image_url = 'https://a/' || char(10) || 'http://b/'",
    "tokens below none": usage(t="-1"),
    "tokens without an end": usage(t=str(2**63 - 1)),
    "a count of tokens below none": tally("'prompt_tokens:m'", "-5"),
    "a count of tokens without an end": tally("'completion_tokens:m'", str(2**63 - 1)),
    "a friend with a long id": (
        "INSERT INTO friends VALUES (printf('%900s', 'x'), 0, 0, 1.0, 1.0, 0, NULL, NULL, NULL)"
    ),
    "a long answer": answered(answer="printf('%2000000s', 'x')", shown="printf('%2000000s', 'x')"),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_what_a_released_version_took_is_put_right_and_not_refused(
    good: bytes, ours: Settings, kind: str
) -> None:
    restore.look_into(BytesIO(rebuilt(good, database(TAKEN[kind]))), ours)
    file = ours.data_dir / restore.FOLDER / restore.FILES / pack.DATABASE
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT count(*) FROM questions").fetchone() == (1,)
        assert db.execute("SELECT count(image_url) FROM questions").fetchone() == (0,)
        tokens = db.execute("SELECT prompt_tokens FROM usage").fetchall()
        counts = db.execute("SELECT count FROM tallies_by_day WHERE name LIKE '%tokens:%'")
        assert all(0 <= one[0] <= bounds.MOST for one in (*tokens, *counts))


def test_of_several_photos_those_of_kakaos_stay(good: bytes, ours: Settings) -> None:
    kakaos = [f"https://talk.kakaocdn.net/{number}.jpg" for number in range(12)]
    mixed = "\n".join(["http://127.0.0.1/admin", *kakaos])
    restore.look_into(
        BytesIO(rebuilt(good, database(f"UPDATE questions SET image_url = '{mixed}'"))), ours
    )
    file = ours.data_dir / restore.FOLDER / restore.FILES / pack.DATABASE
    with closing(sqlite3.connect(file)) as db:
        (left,) = db.execute("SELECT image_url FROM questions").fetchone()
    assert left.split("\n") == kakaos[:10]
