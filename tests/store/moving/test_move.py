"""A SQLite file moved to a real PostgreSQL: whole, once, and only into a place of its own."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from chatgee.errors import StoreError
from chatgee.store import Store, schema
from chatgee.store.databases import migrations
from chatgee.store.moving import move as moving
from chatgee.store.moving.move import MoveState
from tests.support import postgres
from tests.support.moves import change, class_in, everything, many_in, move, noted, url_of

ALL = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"


def look(url: str, sql: str) -> list[tuple[object, ...]]:
    with postgres.connect(url) as connection:
        return connection.execute(sql).fetchall()


def do(url: str, sql: str) -> None:
    with postgres.connect(url) as connection:
        connection.execute(sql)


def unfinished(url: str) -> bool:
    return moving.FROM in noted(url)


def refused(source: str, target: str, **meanwhile: Callable[[], None]) -> StoreError:
    with pytest.raises(StoreError) as caught:
        move(source, target, **meanwhile)
    return caught.value


def begun(source: str, target: str, pieces: int) -> None:
    """A move that was cut short after so many pieces of questions."""
    with moving.between(source, target) as one:
        one.begin()
        copying = one.copy("questions")
        for _ in range(pieces):
            next(copying)
        copying.close()


@pytest.fixture
def pieces_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "SOME", 10)


def test_every_table_arrives_as_it_was(tmp_path: Path, empty_url: str) -> None:
    source = class_in(tmp_path)
    before = everything(source)
    assert move(source, empty_url) is MoveState.NEW
    assert everything(empty_url) == before == everything(source)
    assert all(before[name] for name in ("friends", "questions", "usage", "tallies_by_day"))
    assert not unfinished(empty_url)


def test_what_was_moved_is_gone_on_with(tmp_path: Path, empty_url: str) -> None:
    source = url_of(tmp_path)
    store = Store(source)
    store.ask("one", "민지", "처음").result()
    store.close()
    move(source, empty_url)
    store = Store(empty_url)
    assert store.ask("two", "민지", "둘째").result().place == 2
    due = store.next("민지", 10).result()
    store.close()
    assert due is not None
    assert due.question.text == "처음"


def test_a_file_of_an_older_version_is_brought_up_first(tmp_path: Path, empty_url: str) -> None:
    source = class_in(tmp_path, days=1)
    change(tmp_path, "UPDATE about SET value = '99' WHERE name = 'version'")
    assert refused(source, empty_url).key == "start.newer_database"
    assert look(empty_url, ALL) == []


def test_an_empty_file_is_moved_as_well(tmp_path: Path, empty_url: str) -> None:
    Store(url_of(tmp_path)).close()
    assert move(url_of(tmp_path), empty_url) is MoveState.NEW
    assert noted(empty_url)["version"] == str(schema.VERSION)


@pytest.mark.usefixtures("pieces_of_ten")
@pytest.mark.parametrize("count", [9, 10, 11, 30])
def test_the_last_piece_is_not_forgotten(tmp_path: Path, empty_url: str, count: int) -> None:
    source = many_in(tmp_path, count)
    move(source, empty_url)
    assert len(everything(empty_url)["questions"]) == count
    assert everything(empty_url) == everything(source)


# --- cut short ------------------------------------------------------------------------------


@pytest.mark.usefixtures("pieces_of_ten")
@pytest.mark.parametrize("pieces", [0, 1, 3])
def test_a_move_that_was_cut_short_goes_on(tmp_path: Path, empty_url: str, pieces: int) -> None:
    source = many_in(tmp_path, 35)
    begun(source, empty_url, pieces)
    assert unfinished(empty_url)
    assert look(empty_url, "SELECT count(*) FROM questions") == [(10 * pieces,)]
    marks = "SELECT xmin::text FROM questions ORDER BY id"
    arrived = look(empty_url, marks)
    assert move(source, empty_url) is MoveState.RESUMED
    assert look(empty_url, marks)[: len(arrived)] == arrived, "they were written once"
    assert everything(empty_url) == everything(source)
    assert not unfinished(empty_url)


def test_a_place_that_has_not_all_of_it_is_not_used(tmp_path: Path, empty_url: str) -> None:
    source = many_in(tmp_path, 5)
    begun(source, empty_url, 1)
    with pytest.raises(StoreError) as caught:
        Store(empty_url)
    assert caught.value.key == "start.unfinished_move"
    move(source, empty_url)
    Store(empty_url).close()


@pytest.mark.usefixtures("pieces_of_ten")
def test_a_file_that_was_used_meanwhile_is_moved_from_its_beginning(
    tmp_path: Path, empty_url: str
) -> None:
    source = many_in(tmp_path, 35)
    begun(source, empty_url, 2)
    change(tmp_path, "UPDATE questions SET shown = '고친 답' WHERE id = 'q000001'")
    change(tmp_path, "DELETE FROM questions WHERE id = 'q000002'")
    assert move(source, empty_url) is MoveState.AGAIN
    assert everything(empty_url) == everything(source)


def test_a_move_that_is_done_says_so_and_touches_nothing(tmp_path: Path, empty_url: str) -> None:
    source = class_in(tmp_path, days=1)
    move(source, empty_url)
    do(empty_url, "DELETE FROM friends")  # as ChatGee may by now
    assert move(source, empty_url) is MoveState.DONE
    assert everything(empty_url)["friends"] == []


def test_of_two_moves_at_once_the_second_is_refused(tmp_path: Path, empty_url: str) -> None:
    source = many_in(tmp_path, 5)
    with moving.between(source, empty_url) as one:
        one.begin()
        assert refused(source, empty_url).key == "move.busy"
    assert move(source, empty_url) is MoveState.RESUMED


def test_a_lost_connection_is_told_and_the_move_goes_on_afterwards(
    tmp_path: Path, empty_url: str
) -> None:
    source = many_in(tmp_path, 5)
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    ours = f"{end} AND datname = current_database()"
    error = refused(source, empty_url, begun=lambda: do(empty_url, ours))
    assert error.key == "move.interrupted"
    assert move(source, empty_url) is MoveState.RESUMED


# --- where there is something else ----------------------------------------------------------


def used(url: str) -> None:
    store = Store(url)
    store.ask("theirs", "수아", "내 질문").result()
    store.close()


def foreign(url: str) -> None:
    do(url, "CREATE TABLE about (id int); INSERT INTO about VALUES (1)")


def foreign_usage(url: str) -> None:
    do(url, "CREATE TABLE usage (id int); INSERT INTO usage VALUES (1)")


@pytest.mark.parametrize("fill", [used, foreign, foreign_usage])
def test_a_place_with_something_in_it_is_refused_and_stays_as_it_is(
    tmp_path: Path, empty_url: str, fill: Callable[[str], None]
) -> None:
    fill(empty_url)
    tables = look(empty_url, ALL)
    error = refused(class_in(tmp_path, days=1), empty_url)
    assert error.key == "move.not_empty"
    assert look(empty_url, ALL) == tables
    if fill is used:
        assert len(everything(empty_url)["questions"]) == 1


def test_tables_of_others_are_no_hindrance(tmp_path: Path, empty_url: str) -> None:
    do(empty_url, "CREATE TABLE theirs (id int); INSERT INTO theirs VALUES (1)")
    source = class_in(tmp_path, days=1)
    move(source, empty_url)
    assert everything(empty_url) == everything(source)
    assert look(empty_url, "SELECT * FROM theirs") == [(1,)]


def test_what_is_of_another_file_is_refused(tmp_path: Path, empty_url: str) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    one, other = many_in(tmp_path / "one", 5), many_in(tmp_path / "other", 6)
    begun(one, empty_url, 1)
    before = everything(empty_url), noted(empty_url)
    assert refused(other, empty_url).key == "move.of_another"
    assert (everything(empty_url), noted(empty_url)) == before
    move(one, empty_url)
    assert refused(other, empty_url).key == "move.not_empty"


def test_a_file_that_was_used_after_its_move_is_told_apart(tmp_path: Path, empty_url: str) -> None:
    source = many_in(tmp_path, 5)
    move(source, empty_url)
    change(tmp_path, "UPDATE questions SET shown = '새 답' WHERE id = 'q000001'")
    assert refused(source, empty_url).key == "move.changed_since"


def test_a_place_of_a_newer_chatgee_is_refused(tmp_path: Path, empty_url: str) -> None:
    Store(empty_url).close()
    do(empty_url, "UPDATE about SET value = '99' WHERE name = 'version'")
    assert refused(many_in(tmp_path, 5), empty_url).key == "start.newer_database"
    assert not unfinished(empty_url)


# --- compared -------------------------------------------------------------------------------

CHANGES = [
    "UPDATE questions SET shown = shown || ' ' WHERE id = 'q000003'",
    "UPDATE questions SET asked_at = asked_at + 0.000001 WHERE id = 'q000003'",
    "UPDATE questions SET image_url = '' WHERE id = 'q000003'",
    "DELETE FROM questions WHERE id = 'q000003'",
    "INSERT INTO friends VALUES ('stranger', 1, 0, 1, 1, 0, NULL, NULL, NULL)",
]


@pytest.mark.parametrize("sql", CHANGES)
def test_whatever_differs_is_found_and_the_next_move_mends_it(
    tmp_path: Path, empty_url: str, sql: str
) -> None:
    source = many_in(tmp_path, 5)
    error = refused(source, empty_url, copied=lambda: do(empty_url, sql))
    assert error.key == "move.different"
    assert unfinished(empty_url)
    assert move(source, empty_url) is MoveState.AGAIN
    assert everything(empty_url) == everything(source)


def test_text_that_postgresql_cannot_hold_is_mended_and_counted(
    tmp_path: Path, empty_url: str
) -> None:
    source = many_in(tmp_path, 5)
    change(tmp_path, "UPDATE questions SET text = ? WHERE id = 'q000001'", "한\0글\0")
    change(tmp_path, "UPDATE questions SET id = ? WHERE id = 'q000004'", "a\0")
    with moving.between(source, empty_url) as one:
        one.begin()
        for name in moving.TABLES:
            list(one.copy(name))
        assert one.compare("questions").mended == 2
    rows = look(empty_url, "SELECT id, text FROM questions ORDER BY position")
    assert (rows[1], rows[4][0]) == (("q000001", "한\ufffd글\ufffd"), "a\ufffd")


def test_a_row_that_cannot_go_over_is_named_and_nothing_is_lost(
    tmp_path: Path, empty_url: str
) -> None:
    source = many_in(tmp_path, 5)
    change(tmp_path, "UPDATE questions SET answer = CAST(x'ff00fe' AS TEXT) WHERE id = 'q000002'")
    error = refused(source, empty_url)
    assert (error.key, error.values["table"]) == ("move.odd_value", "questions")
    assert (error.values["row"], error.values["column"]) == ("id='q000002'", "answer")
    change(tmp_path, "UPDATE questions SET answer = '다시' WHERE id = 'q000002'")
    assert move(source, empty_url) is MoveState.AGAIN
    assert everything(empty_url) == everything(source)


def test_a_damaged_file_is_told_and_can_be_replaced(tmp_path: Path, empty_url: str) -> None:
    source = many_in(tmp_path, 20_000)
    file = tmp_path / "chatgee.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
    whole, half = file.read_bytes(), file.stat().st_size // 2
    file.write_bytes(whole[:half] + bytes(half))
    assert refused(source, empty_url).key == "start.database_broken"
    file.write_bytes(file.read_bytes()[:half] + whole[half:])
    move(source, empty_url)
    assert everything(empty_url) == everything(source)


def test_only_a_postgresql_is_moved_to(tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path / 'other.db'}"
    assert refused(many_in(tmp_path, 1), target).key == "move.only_postgresql"


def test_the_tables_are_made_by_the_same_hand_as_elsewhere(tmp_path: Path, empty_url: str) -> None:
    """As a start of ChatGee would have made them, if it has not moved in yet."""
    with create_engine(empty_url, poolclass=NullPool).connect() as connection:
        migrations.bring_up(connection)
    assert move(many_in(tmp_path, 5), empty_url) is MoveState.NEW
