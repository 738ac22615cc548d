"""A database of an older ChatGee: opened, kept whole, and brought up to ours."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chatgee.errors import StoreError
from chatgee.store import Store, schema
from chatgee.store.databases import migrations
from chatgee.store.files import checkup
from chatgee.store.korean_days import day_of, hour_of
from chatgee.store.tallies import bucket
from tests.support.far_ends import PATIENCE

DAY = 86400.0
NOON = 1_800_000_000 // DAY * DAY + 3 * 3600
"""Of 2027-01-15 in Korea."""

FIRST = f"""
CREATE TABLE about (name VARCHAR NOT NULL, value VARCHAR NOT NULL, PRIMARY KEY (name));
INSERT INTO about VALUES('version', '1');
CREATE TABLE friends (
    id VARCHAR NOT NULL, questions INTEGER NOT NULL, memory_from INTEGER NOT NULL,
    first_seen_at FLOAT NOT NULL, last_seen_at FLOAT NOT NULL, PRIMARY KEY (id));
INSERT INTO friends VALUES('민지', 3, 1, {NOON}, {NOON + DAY});
CREATE TABLE questions (
    id VARCHAR NOT NULL, user_id VARCHAR NOT NULL, position INTEGER NOT NULL, text TEXT NOT NULL,
    image_url TEXT, asked_at FLOAT NOT NULL, state VARCHAR NOT NULL, answer TEXT, shown TEXT,
    failure VARCHAR, answered_at FLOAT, delivery VARCHAR, delivered_at FLOAT, callback_url TEXT,
    promised_at FLOAT, PRIMARY KEY (id));
INSERT INTO questions VALUES('one', '민지', 1, '처음', NULL, {NOON}, 'answered', '답', '답',
    NULL, {NOON + 3}, 'callback', {NOON + 4}, NULL, NULL);
INSERT INTO questions VALUES('two', '민지', 2, '둘째', NULL, {NOON + 60}, 'failed', NULL, NULL,
    'timeout', {NOON + 90}, 'reply', {NOON + 91}, NULL, NULL);
INSERT INTO questions VALUES('three', '민지', 3, '셋째', NULL, {NOON + DAY}, 'asked', NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE usage (
    day VARCHAR NOT NULL, user_id VARCHAR NOT NULL, answers INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, PRIMARY KEY (day, user_id));
INSERT INTO usage VALUES('2027-01-15', '', 1, 300, 40);
INSERT INTO usage VALUES('2027-01-15', '민지', 1, 300, 40);
CREATE INDEX questions_by_time ON questions (asked_at);
CREATE INDEX open_questions ON questions (user_id, position) WHERE delivered_at IS NULL;
CREATE UNIQUE INDEX questions_by_friend ON questions (user_id, position);
"""
"""As the first version made it."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "chatgee.db"
    with closing(sqlite3.connect(file)) as database:
        database.executescript(FIRST)
    return file


def rows(file: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as database:
        return database.execute(sql).fetchall()


def everything(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """In the columns that the first version had."""
    columns = {"friends": 5, "questions": 15}
    return {
        table: [row[:count] for row in rows(file, f"SELECT * FROM {table}")]
        for table, count in columns.items()
    }


def test_an_old_database_is_opened_and_keeps_all_that_it_has(file: Path) -> None:
    before = everything(file)
    store = Store(f"sqlite:///{file}")
    due = store.next("민지", 10).result(PATIENCE)
    store.close()
    assert due is not None
    assert due.question.text == "셋째"
    assert everything(file) == before
    assert rows(file, "SELECT value FROM about") == [(str(schema.VERSION),)]


def test_what_was_asked_before_there_were_groups_was_asked_in_private(file: Path) -> None:
    store = Store(f"sqlite:///{file}")
    group = store.ask("four", "민지", "넷째", room_id=" group:반").result(PATIENCE)
    private = store.ask("five", "민지", "다섯째").result(PATIENCE)
    due, of_group = (store.next(one, 10).result(PATIENCE) for one in ("민지", " group:반"))
    store.close()
    assert (group.place, private.place, private.earlier) == (1, 4, True)
    assert due is not None
    assert of_group is not None
    assert (due.question.text, due.question.in_group) == ("셋째", False)
    assert (of_group.question.text, of_group.memory) == ("넷째", ())


def test_what_an_old_database_tells_is_counted(file: Path) -> None:
    Store(f"sqlite:///{file}").close()
    by_hour = rows(file, f"SELECT name, count FROM tallies_by_hour WHERE hour = {hour_of(NOON)}")
    by_day = rows(file, "SELECT day, name, count FROM tallies_by_day ORDER BY day, name")
    first, second = day_of(NOON), day_of(NOON + DAY)
    found = {"asked": 2, "answered": 1, "failed.timeout": 1, "delivered.callback": 1}
    found |= {f"seconds.{bucket(3.0)}": 1}
    assert {name: count for name, count in by_hour if "tokens" not in str(name)} == found | {
        "friends": 1,
        "friends.day": 1,
    }
    tokens = {"prompt_tokens:?": 300, "completion_tokens:?": 40}
    days = [{name: n for on, name, n in by_day if on == day} for day in (first, second)]
    assert days[0] == found | {"back.400": 1} | tokens
    assert days[1] == {"asked": 1, "back.1": 1}


def test_it_is_counted_once_however_often_it_is_opened(file: Path) -> None:
    for _ in range(3):
        Store(f"sqlite:///{file}").close()
    assert rows(file, "SELECT sum(count) FROM tallies_by_day WHERE name = 'asked'") == [(3,)]


def test_a_step_that_cannot_be_ended_has_changed_nothing(file: Path) -> None:
    """Counts by the hour are written before those by the day, which fail here."""
    tables = "SELECT name FROM sqlite_master ORDER BY name"
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE tallies_by_day (day INTEGER CHECK (0), name, count)")
    before = everything(file), rows(file, tables)
    with pytest.raises(StoreError):
        Store(f"sqlite:///{file}")
    assert (everything(file), rows(file, tables)) == before
    assert rows(file, "SELECT value FROM about") == [("1",)]
    with closing(sqlite3.connect(file)) as other:
        other.execute("DROP TABLE tallies_by_day")
    Store(f"sqlite:///{file}").close()
    assert rows(file, "SELECT value FROM about") == [(str(schema.VERSION),)]


def test_there_is_a_step_to_every_version() -> None:
    assert sorted(migrations.STEPS) == list(range(2, schema.VERSION + 1))


def test_an_old_database_and_a_new_one_have_the_same_tables(file: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.db"
    for one in (file, new):
        Store(f"sqlite:///{one}").close()
    columns = (
        "SELECT m.name, c.name, c.type, c.pk FROM sqlite_master m, pragma_table_info(m.name) c"
    )
    ordered = f"{columns} ORDER BY m.name, c.cid"
    assert rows(file, ordered) == rows(new, ordered)


def test_the_doctor_takes_an_old_database_and_leaves_it_so(file: Path) -> None:
    checkup.look(f"sqlite:///{file}", seconds=5)
    assert rows(file, "SELECT value FROM about") == [("1",)]


def test_a_newer_database_is_refused_before_anything_is_made_in_it(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("UPDATE about SET value = '99'")
    before = rows(file, "SELECT name FROM sqlite_master")
    for opening in (Store, checkup.look):
        with pytest.raises(StoreError) as caught:
            opening(f"sqlite:///{file}")
        assert caught.value.key == "start.newer_database"
    assert rows(file, "SELECT name FROM sqlite_master") == before
