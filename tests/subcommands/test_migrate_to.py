"""`python run.py migrate-to`, as its owner runs it: a process of its own, and a real PostgreSQL."""

from pathlib import Path

import pytest

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")

from filelock import FileLock
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from chatgee.store import Store
from chatgee.store.databases import migrations
from chatgee.store.moving import move
from chatgee.system import single_instance
from tests.support import postgres as real
from tests.support.backups import NEW, OLD, backup_of_old, filled, settings_of, stage
from tests.support.moves import class_in, everything, many_in, noted
from tests.support.postgres import Server
from tests.support.process import START_SECONDS, Program, program
from tests.support.tunnel_side import until

COUNT = "SELECT count(*) FROM questions"
IN_THE_WAY = """
INSERT INTO questions (id, user_id, position, text, asked_at, state)
VALUES (%s, 'x', 1, 'x', 1, 'asked')
"""
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'COPY%'
"""


def ended(running: Program, code: int) -> str:
    """What it said, once it has ended with this code."""
    assert running.process.wait(START_SECONDS) == code, running.output
    running.logged(r"^\(end\)$")
    return running.output


def run(environ: dict[str, str], *words: str, code: int = 0, **options: bool) -> str:
    with program(environ, "migrate-to", *words, **options) as running:
        return ended(running, code)


def password(url: str) -> str:
    return str(make_url(url).password)


@pytest.fixture
def here(tmp_path: Path) -> dict[str, str]:
    return {"DATA_DIR": str(tmp_path), "PORT": "0"}


def test_all_is_moved_compared_and_told(
    tmp_path: Path, here: dict[str, str], empty_url: str
) -> None:
    source = class_in(tmp_path)
    before = everything(source)
    output = run(here, empty_url.replace("+psycopg", ""), by_run_py=True)
    assert everything(empty_url) == before == everything(source)
    count = len(before["questions"])
    assert f"질문과 답: {count:,}개 가운데 {count:,}개를 옮겼어요." in output
    assert f"질문과 답: {count:,}개가 똑같아요(" in output
    assert "DATABASE_URL=postgresql+psycopg://chatgee:***@127.0.0.1" in output
    assert f"원래 파일은 그대로 남겨 두었어요: {tmp_path / 'chatgee.db'}" in output
    assert password(empty_url) not in output
    assert "이미 다 옮겼어요" in run(here, empty_url)


def test_with_empty_url_set_by_then_it_goes_there(
    tmp_path: Path, here: dict[str, str], empty_url: str
) -> None:
    before = everything(class_in(tmp_path, days=1))
    assert "다 옮겼어요" in run(here | {"DATABASE_URL": empty_url})
    assert everything(empty_url) == before
    assert "이미 다 옮겼어요" in run(here | {"DATABASE_URL": empty_url}, empty_url)


def test_killed_in_the_middle_of_a_piece_it_loses_and_doubles_nothing(
    tmp_path: Path, here: dict[str, str], empty_url: str
) -> None:
    """The third piece waits for a row of the same key, which is never written."""
    source = many_in(tmp_path, 3 * move.SOME)
    with create_engine(empty_url, poolclass=NullPool).connect() as connection:
        migrations.bring_up(connection)
    with real.connect(empty_url) as watching, real.connect(empty_url) as in_the_way:
        with in_the_way.transaction(force_rollback=True):
            in_the_way.execute(IN_THE_WAY, [f"q{2 * move.SOME + 7:06}"])
            with program(here, "migrate-to", empty_url) as running:
                running.logged("이 데이터베이스로 옮겨요", START_SECONDS)
                until(lambda: watching.execute(WAITING).fetchone() == (1,))
                running.kill()
        assert watching.execute(COUNT).fetchone() == (2 * move.SOME,)
    assert move.FROM in noted(empty_url)
    output = run(here, empty_url)
    assert "지난번에 멈춘 곳부터" in output
    assert f"{2 * move.SOME:,}개를 옮겼어요" not in output
    assert everything(empty_url) == everything(source)


def test_while_chatgee_runs_it_is_refused_and_told_where(
    here: dict[str, str], empty_url: str
) -> None:
    with program(here) as running:
        address = running.url.removesuffix("/prompt")
        output = run(here, empty_url, code=1)
        running.stop()
    assert f"ChatGee가 켜져 있어요: {address} 먼저 끄고" in output
    with real.connect(empty_url) as connection:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(tables).fetchone() == (0,)


def test_while_another_move_runs_it_is_refused(
    tmp_path: Path, here: dict[str, str], empty_url: str
) -> None:
    with FileLock(tmp_path / single_instance.LOCK):
        output = run(here, empty_url, code=1)
    assert "ChatGee나 다른 migrate-to가 DATA_DIR을 쓰고 있어요" in output


def test_without_psycopg_the_line_that_installs_it_is_told(
    tmp_path: Path, here: dict[str, str], empty_url: str
) -> None:
    class_in(tmp_path, days=0)
    (tmp_path / "psycopg.py").write_text("raise ModuleNotFoundError(name='psycopg')")
    output = run(here | {"PYTHONPATH": str(tmp_path)}, empty_url, code=1)
    assert "pip install -r requirements-cluster.txt" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_place_that_cannot_hold_every_letter_is_refused(
    tmp_path: Path, here: dict[str, str], postgres: Server, encoding: str
) -> None:
    class_in(tmp_path, days=0)
    url = postgres.create(encoding)
    try:
        output = run(here, url, code=1)
    finally:
        postgres.drop(url)
    assert "--encoding=UTF8 --template=template0" in output


def test_a_place_with_something_in_it_is_refused(
    tmp_path: Path, here: dict[str, str], empty_url: str
) -> None:
    Store(empty_url).close()
    with real.connect(empty_url) as connection:
        connection.execute("INSERT INTO friends VALUES ('theirs', 1, 0, 1, 1, 0, NULL, NULL, NULL)")
    class_in(tmp_path, days=1)
    output = run(here, empty_url, code=1)
    assert "비어 있지 않은 데이터베이스예요. 아무것도 바꾸지 않았어요." in output
    assert password(empty_url) not in output


def test_a_backup_that_was_to_be_put_in_place_goes_there_first(
    tmp_path: Path, here: dict[str, str], empty_url: str
) -> None:
    data = tmp_path / "data"
    old = backup_of_old(tmp_path / "old")
    filled(data, NEW)
    stage(old, settings_of(data))
    run(here | {"DATA_DIR": str(data)}, empty_url)
    assert [row[3] for row in everything(empty_url)["questions"]] == [OLD]


WRONG = [
    ({"password": "guessed-it"}, "비밀번호가 맞지 않아요. 이름(chatgee)"),
    ({"database": "nowhere"}, "서버에 nowhere 데이터베이스가 없어요"),
    ({"host": "nowhere.invalid"}, "서버 nowhere.invalid을(를) 찾을 수 없어요"),
    ({"port": 1}, "서버 127.0.0.1에 연결할 수 없어요"),
    ({"query": {"sslmode": "require"}}, "데이터베이스를 쓸 수 없어요("),
    ({"query": {"nonsense": "x"}}, "데이터베이스를 쓸 수 없어요("),
]


@pytest.mark.parametrize(("part", "told"), WRONG, ids=[next(iter(part)) for part, _ in WRONG])
def test_a_place_that_cannot_be_had_is_told_without_its_password(
    tmp_path: Path,
    here: dict[str, str],
    empty_url: str,
    part: dict[str, object],
    told: str,
) -> None:
    class_in(tmp_path, days=0)
    wrong = make_url(empty_url).set(**part)  # type: ignore[arg-type]  # a part of WRONG
    output = run(here, wrong.render_as_string(hide_password=False), code=1)
    assert told in output
    assert password(empty_url) not in output
    assert "guessed-it" not in output
    assert "Traceback" not in output
    logged = "".join(file.read_text("utf-8") for file in tmp_path.glob("chatgee.log*"))
    assert told in logged
    assert password(empty_url) not in logged


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "옮길 곳을 하나만 적어 주세요"),
        (("postgresql://a/b", "postgresql://a/c"), "옮길 곳을 하나만 적어 주세요"),
        (("mysql://me:hidden@db/chatgee",), "데이터베이스의 주소가 아니에요"),
        (("sqlite:///other.db",), "PostgreSQL로만 옮길 수 있어요"),
        (("postgresql://me:hidden@127.0.0.1:1/b",), "옮길 대화 파일이 없어요"),
    ],
)
def test_what_cannot_be_meant_is_told(
    tmp_path: Path, here: dict[str, str], words: tuple[str, ...], told: str
) -> None:
    output = run(here, *words, code=1)
    assert told in output
    assert "hidden" not in output
    assert not (tmp_path / "chatgee.db").exists()
