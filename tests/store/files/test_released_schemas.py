"""The tables of a file from outside are those that some version of ours has made, and no others."""

import sqlite3
import struct
import tracemalloc
import zipfile
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest

from chatgee.errors import StoreError
from chatgee.owner.backup import restore
from chatgee.settings import Settings
from chatgee.store import Store, schema
from chatgee.store.files import copy, released_schemas
from tests.support.backups import (
    OLD,
    asked,
    database,
    filled,
    folder_of_new,
    rebuilt,
    refused,
    stage,
)

OLD_BACKUPS = sorted((Path(__file__).parents[2] / "old_backups").glob("*.zip"))
"""Each written by the code of its version; 2.0.0 had no backups yet: only the file is its own."""


@pytest.mark.parametrize("file", OLD_BACKUPS, ids=lambda path: path.stem)
def test_backups_of_every_released_version_go_on_restoring(file: Path, ours: Settings) -> None:
    stage(file.read_bytes(), ours)
    restore.finish(ours)
    before = asked(ours.data_dir / "chatgee.db")
    store = Store(ours.sqlalchemy_url)
    store.ask("now", "friend-1", "지금").result()
    store.close()
    assert before
    assert set(asked(ours.data_dir / "chatgee.db")) == {*before, "지금"}


@pytest.mark.parametrize("file", [*OLD_BACKUPS, None], ids=lambda path: path.stem if path else "")
def test_a_database_has_the_form_of_its_version(file: Path | None, tmp_path: Path) -> None:
    """Also when it was brought up from an older one: then SQLite has put the words together."""
    made = tmp_path / "data" / "chatgee.db"
    ours = folder_of_new(tmp_path / "data")
    if file:
        stage(file.read_bytes(), ours)
        restore.finish(ours)
    Store(ours.sqlalchemy_url).close()
    with closing(sqlite3.connect(made)) as db:
        found = db.execute(released_schemas.EVERYTHING).fetchall()
    assert released_schemas.form(found) == released_schemas.forms()[schema.VERSION]


def again(name: str, *changes: tuple[str, str]) -> str:
    """A table made anew with other words, its rows and its indexes."""
    (sql,) = {one[3] for one in released_schemas.forms()[schema.VERSION] if one[1] == name}
    for old, new in changes:
        assert old in sql
        sql = sql.replace(old, new, 1)
    indexes = [
        one[3] for one in released_schemas.forms()[schema.VERSION] if one[2] == name and one[3]
    ]
    rest = ";".join(one for one in indexes if one.startswith(("CREATE INDEX", "CREATE UNIQUE")))
    return f"DROP TABLE {name}; {sql}; {rest}"


PLANTED = {
    "a CHECK": again("questions", ("text TEXT NOT NULL", "text TEXT NOT NULL CHECK(0)")),
    "a CHECK of the table": again("questions", ("PRIMARY KEY", "CHECK(position<2),PRIMARY KEY")),
    "an index on an expression": "CREATE INDEX i ON questions (abs(text))",
    "an index of ours on an expression": (
        "DROP INDEX questions_by_time; CREATE INDEX questions_by_time ON questions (abs(text))"
    ),
    "an index where nothing is": "CREATE INDEX i ON questions (id) WHERE abs(text) > 0",
    "one more UNIQUE": again("questions", ("text TEXT NOT NULL", "text TEXT NOT NULL UNIQUE")),
    "a unique index": "CREATE UNIQUE INDEX i ON friends (questions)",
    "a default": again("questions", ("image_url TEXT", "image_url TEXT DEFAULT 'x'")),
    "a generated column": "ALTER TABLE questions ADD COLUMN g GENERATED ALWAYS AS (abs(text))",
    "one more column": "ALTER TABLE friends ADD COLUMN more TEXT",
    "a collation": again("friends", ("id VARCHAR", "id VARCHAR COLLATE NOCASE")),
    "a foreign key": again("usage", ("user_id VARCHAR", "user_id VARCHAR REFERENCES friends(id)")),
    "a strict table": "DROP TABLE commits; CREATE TABLE commits (program TEXT) STRICT",
    "a table of somebody's": "CREATE TABLE others (id)",
    "a virtual table": "CREATE VIRTUAL TABLE t USING fts5(x)",
    "statistics": "ANALYZE",
    "an index too few": "DROP INDEX open_questions",
    "a view in place of a table": "DROP TABLE usage; CREATE VIEW usage AS SELECT 1 AS day",
    "a view without an end": """DROP TABLE about; CREATE VIEW about AS
        WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n)
        SELECT 'version' AS name, x AS value FROM n WHERE x > 1""",
    "another version's number": "UPDATE about SET value = '2' WHERE name = 'version'",
    "a version in other figures": "UPDATE about SET value = '٣' WHERE name = 'version'",
    "no version": "DELETE FROM about",
}


@pytest.mark.parametrize("kind", PLANTED)
def test_anything_else_in_its_tables_is_refused(good: bytes, ours: Settings, kind: str) -> None:
    assert refused(rebuilt(good, database(PLANTED[kind])), ours) == "backup.damaged"


def test_texts_of_another_encoding_are_refused(ours: Settings, tmp_path: Path) -> None:
    file = tmp_path / "utf16.db"
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA encoding = 'UTF-16le'")
        db.executescript(";".join(released_schemas.STEPS.values()))
        db.execute("INSERT INTO about VALUES ('version', ?)", [str(schema.VERSION)])
        db.commit()
    with pytest.raises(StoreError) as caught:
        copy.take_in(file)
    assert "UTF-16" in str(caught.value.values["why"])


def test_an_index_that_says_what_is_not_there_is_made_anew(tmp_path: Path) -> None:
    """Made over a table without the row; deleting that would end in 'malformed' otherwise."""
    lie = """PRAGMA writable_schema = ON;
        UPDATE sqlite_master SET sql = replace(sql, 'questions (asked_at)', 'questions (position)')
            WHERE name = 'questions_by_time';"""
    truth = lie.replace(
        "'questions (asked_at)', 'questions (position)'", "'(position)', '(asked_at)'"
    )
    file = tmp_path / "lying.db"
    first = filled(tmp_path / "first", OLD).data_dir / "chatgee.db"
    with closing(sqlite3.connect(first)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.executescript(lie)
    with closing(sqlite3.connect(first)) as db:
        db.execute("REINDEX questions_by_time")
        db.commit()
        db.executescript(truth)
    file.write_bytes(first.read_bytes())
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",)
    copy.take_in(file)
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_file_of_a_great_many_tables_is_not_even_read(good: bytes, tmp_path: Path) -> None:
    """Each takes a kilobyte of memory, and a few bytes of the file."""
    rows = """PRAGMA writable_schema = ON;
        WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 60000)
        INSERT INTO sqlite_master SELECT 'table', 't' || x, 't' || x,
            (SELECT rootpage FROM sqlite_master WHERE name = 'about'),
            'CREATE TABLE t' || x || '(a)' FROM n"""
    file = tmp_path / "many.db"
    with zipfile.ZipFile(BytesIO(rebuilt(good, database(rows)))) as archive:
        file.write_bytes(archive.read("chatgee.db"))
    with pytest.raises(StoreError) as caught:
        copy.take_in(file)
    assert caught.value.values["why"] == "interrupted"


def test_words_without_an_end_are_not_read(good: bytes, ours: Settings) -> None:
    long = f"""PRAGMA writable_schema = ON;
        UPDATE sqlite_master SET sql = sql || printf('%{20_000_000}s', '') WHERE name = 'about'"""
    packed = BytesIO(rebuilt(good, database(long))).getvalue()
    tracemalloc.start()
    try:
        assert refused(packed, ours) == "backup.damaged"
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_file_that_would_have_another_beside_it_is_made_one(good: bytes, ours: Settings) -> None:
    """As the header of every running database says: then SQLite wants a -wal file."""

    def as_it_runs(files: dict[str, bytes], told: dict[str, object]) -> None:
        raw = bytearray(files["chatgee.db"])
        raw[18:20] = struct.pack("BB", 2, 2)
        files["chatgee.db"] = bytes(raw)
        told["files"]["chatgee.db"] = ""  # type: ignore[index]  # a table, as rebuilt makes it

    restore.look_into(BytesIO(rebuilt(good, as_it_runs)), ours)
    files = {path.name for path in (ours.data_dir / restore.FOLDER / restore.FILES).iterdir()}
    assert not [name for name in files if name.startswith("chatgee.db-")]
