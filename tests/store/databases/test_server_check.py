"""What an owner is told of a PostgreSQL: by the doctor, on the status page, and when it is away."""

import time
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import pytest
import requests
from sqlalchemy import make_url
from werkzeug.test import Client

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")

from chatgee import app, settings
from chatgee.cluster import listener, queue
from chatgee.doctor import this_machine
from chatgee.doctor.case import Case, Check
from chatgee.errors import StoreError
from chatgee.owner.backup import restore
from chatgee.owner.status import OwnerStatus
from chatgee.store import Store
from chatgee.store.databases import server_check
from chatgee.texts import Texts
from chatgee.web import owner
from tests.support import beside
from tests.support.bot import Bot
from tests.support.cluster import until
from tests.support.every_page import Caller, owners

if TYPE_CHECKING:
    from tests.support.postgres import OwnServer, Server


@pytest.fixture
def case(environ: dict[str, str], empty_url: str, tmp_path: Path) -> Case:
    ours = settings.load(environ | {"DATABASE_URL": empty_url}, file=tmp_path / "config.env")
    return Case(ours, (), Texts.load(), tmp_path / "config.env")


@pytest.fixture
def bot(environ: dict[str, str], empty_url: str) -> Iterator[Bot]:
    with Bot(environ | {"DATABASE_URL": empty_url}).open() as bot:
        yield bot


def seen(case: Case) -> list[Check]:
    return list(this_machine.database(case))


def password(url: str) -> str:
    return make_url(url).password or "no password"


# --- the doctor -----------------------------------------------------------------------------


def test_an_empty_server_is_well(case: Case) -> None:
    (found,) = seen(case)
    assert (found.state, found.data["workers"]) == ("good", 0)
    assert "처음 켤 때 만들어요" in found.text


def test_without_a_worker_the_doctor_says_how_to_start_one(case: Case, empty_url: str) -> None:
    Store(empty_url, teller=queue.Queue()).close()
    queue.make_tables(empty_url)
    store = Store(empty_url, teller=queue.Queue())
    store.ask("one", "friend", "질문").result()
    store.close()
    (found,) = seen(case)
    assert (found.state, found.data["waiting"]) == ("warn", 1)
    assert "python run.py worker" in str(found.remedy)


def test_the_doctor_counts_those_who_work(case: Case, bot: Bot) -> None:
    beside.until(bot.database, server_check.WORKERS, lambda count: count == 1)
    with app.working(case.settings, case.texts):
        beside.until(bot.database, server_check.WORKERS, lambda count: count == 2)
        (found,) = seen(case)
        assert found.data["workers"] == 2
    beside.until(bot.database, server_check.WORKERS, lambda count: count == 1)
    (found,) = seen(case)
    assert (found.state, found.data["workers"]) == ("good", 1)
    assert str(found.data["software"]).startswith("PostgreSQL ")


def test_a_clock_that_is_wrong_is_told(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() - 300)
    *_, found = seen(case)
    assert (found.state, found.data["seconds"]) == ("warn", 300)


def test_what_cannot_be_reached_is_told_without_its_password(case: Case, empty_url: str) -> None:
    gone = make_url(empty_url).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(StoreError) as caught:
        server_check.look(gone)
    assert caught.value.key == "start.no_database"
    assert "nowhere" in str(caught.value.values["why"])
    assert password(gone) not in str(caught.value)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_letter_is_refused(
    postgres: "Server", encoding: str
) -> None:
    url = postgres.create(encoding)
    try:
        for use in (Store, server_check.look):
            with pytest.raises(StoreError) as caught:
                use(url)
            assert caught.value.key == "start.not_utf8"
    finally:
        postgres.drop(url)


def test_a_database_of_somebody_else_is_refused_with_the_remedy(
    postgres: "Server", empty_url: str
) -> None:
    address, name = make_url(empty_url), f"guest_{token_hex(4)}"
    with postgres.connect() as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'guest'")
    try:
        guest = address.set(username=name, password="guest")
        with pytest.raises(StoreError) as caught:
            Store(guest.render_as_string(hide_password=False))
        told = Texts.load().of(caught.value)
        assert f"ALTER DATABASE {address.database} OWNER TO {name}" in told
    finally:
        with postgres.connect() as connection:
            connection.execute(f"DROP ROLE {name}")


@pytest.mark.parametrize("may", ["SELECT", "SELECT, INSERT, UPDATE, DELETE"])
def test_whoever_may_not_do_all_that_is_needed_is_told_the_remedy(
    postgres: "Server", empty_url: str, environ: dict[str, str], may: str
) -> None:
    """As where somebody else has moved the talks into it."""
    Store(empty_url).close()
    address, name = make_url(empty_url), f"guest_{token_hex(4)}"
    guest = address.set(username=name, password="guest").render_as_string(hide_password=False)
    beside.change(
        empty_url,
        f"CREATE ROLE {name} LOGIN PASSWORD 'guest'",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"GRANT {may} ON ALL TABLES IN SCHEMA public TO {name}",
    )
    ours, texts = settings.load(environ | {"DATABASE_URL": guest}), Texts.load()

    def begin() -> None:
        Store(guest).close()
        with app.running(
            ours, texts, OwnerStatus(ours.data_dir / "board.json", "http://127.0.0.1:1")
        ):
            pass

    try:
        with pytest.raises(StoreError) as caught:
            begin()
        told = texts.of(caught.value)
        assert f"ALTER DATABASE {address.database} OWNER TO {name}" in told
        assert f"{name}:***@" in told
    finally:
        beside.change(empty_url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_where_nobody_works_the_owner_and_their_watcher_are_told(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until somebody does."""
    monkeypatch.setattr(listener, "ALIVE_SECONDS", 0.1)
    status = OwnerStatus(tmp_path / "board.json", "http://127.0.0.1:1")
    with app.running(case.settings, case.texts, status) as chatgee:
        web = Client(chatgee.wsgi)
        until(lambda: web.get("/health").status_code == 503)
        assert web.get("/health").get_json()["reason"] == "no_worker"
        assert web.get("/health/live").status_code == 200, "questions are stored all the same"
        assert "python run.py worker" in status.glance(case.texts).model.text
        with app.working(case.settings, case.texts):
            until(lambda: web.get("/health").status_code == 200)
        assert status.health.trouble is None


def test_that_the_database_is_away_is_told_before_anybody_asks_and_until_it_is_back(
    environ: dict[str, str], own_postgres: "OwnServer"
) -> None:
    with Bot(environ | {"DATABASE_URL": own_postgres.create()}).open() as bot:

        def get(path: str = "/") -> requests.Response:
            return requests.get(bot.url + path, timeout=20)

        assert get("/health").status_code == 200
        own_postgres.stop()
        until(lambda: get("/health").status_code == 503)
        assert get("/health").json()["reason"] == "storage"
        assert bot.texts("hint.storage") in get().text
        assert "/manual/trouble" in get().text
        assert get("/talks").status_code == get("/stats").status_code == 503
        assert bot.texts("frame.trouble_store") in get("/talks").text
        own_postgres.start()
        until(lambda: get("/health").status_code == 200)
        assert bot.texts("hint.storage") not in get().text
        assert get("/talks").status_code == get("/stats").status_code == 200


def test_no_page_breaks_while_the_database_is_away(
    environ: dict[str, str], own_postgres: "OwnServer"
) -> None:
    with Bot(environ | {"DATABASE_URL": own_postgres.create()}).open() as bot:
        own_postgres.stop()
        with Caller(bot, **{owner.TOKEN_HEADER: owner.TOKEN}) as caller:
            answers = [(caller.calls(call).status, call) for call in owners(bot)]
    assert [call for status, call in answers if status == 500] == []
    assert 503 in {status for status, _ in answers}, "or it was not away"


# --- the status page ------------------------------------------------------------------------


def test_the_page_says_how_to_make_a_backup_and_never_the_password(bot: Bot) -> None:
    page = requests.get(f"{bot.url}/status", timeout=20).text
    address = make_url(bot.database)
    assert server_check.dump_command(bot.database) in page
    assert f"--host={address.host} --port={address.port} --username={address.username}" in page
    assert "PostgreSQL" in page
    assert password(bot.database) not in page
    assert 'action="/status/restore"' not in page


def test_a_zip_backup_is_refused_and_the_way_is_named(bot: Bot) -> None:
    with requests.Session() as owner:
        token = owner.get(f"{bot.url}/settings", timeout=20).text
        token = token.partition('name="csrf" value="')[2].partition('"')[0]
        for path in ("restore", "backup"):
            told = owner.post(f"{bot.url}/status/{path}", {"csrf": token}, timeout=20).text
            assert "migrate-to" in told


def test_what_was_confirmed_for_a_file_is_left_alone(case: Case) -> None:
    waiting = case.settings.data_dir / restore.FOLDER
    waiting.mkdir()
    (waiting / restore.CONFIRMED).write_text('["before-restore-2026-11-23-000000", []]')
    assert restore.finish(case.settings) is False
    assert (waiting / restore.CONFIRMED).exists()
