"""What an owner is told of a PostgreSQL: by the doctor, on the status page, and when it is away."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import make_url

from chatgee import settings
from chatgee.backup import restore
from chatgee.cluster import queue
from chatgee.doctor import here
from chatgee.doctor.case import Case, Check
from chatgee.errors import StoreError
from chatgee.store import Store, server
from chatgee.texts import Texts
from tests import beside
from tests.bot import Bot


@pytest.fixture
def case(environ: dict[str, str], database_url: str, tmp_path: Path) -> Case:
    ours = settings.load(environ | {"DATABASE_URL": database_url}, file=tmp_path / "config.env")
    return Case(ours, (), Texts.load(), tmp_path / "config.env")


@pytest.fixture
def bot(environ: dict[str, str], database_url: str) -> Iterator[Bot]:
    with Bot(environ | {"DATABASE_URL": database_url}).open() as bot:
        yield bot


def seen(case: Case) -> list[Check]:
    return list(here.database(case))


def password(url: str) -> str:
    return make_url(url).password or "no password"


# --- the doctor -----------------------------------------------------------------------------


def test_an_empty_server_is_well(case: Case) -> None:
    (found,) = seen(case)
    assert (found.state, found.data["workers"]) == ("good", 0)
    assert "처음 켤 때 만들어요" in found.text


def test_without_a_worker_the_doctor_says_how_to_start_one(case: Case, database_url: str) -> None:
    Store(database_url, teller=queue.Queue()).close()
    queue.make_tables(database_url)
    store = Store(database_url, teller=queue.Queue())
    store.ask("one", "friend", "질문").result()
    store.close()
    (found,) = seen(case)
    assert (found.state, found.data["waiting"]) == ("warn", 1)
    assert "python run.py worker" in str(found.remedy)


def test_the_doctor_counts_those_who_work(case: Case, bot: Bot) -> None:
    workers = "SELECT count(*) FROM procrastinate_workers"
    beside.until(bot.database, workers, lambda count: count == 2)  # of one program
    (found,) = seen(case)
    assert (found.state, found.data["workers"]) == ("good", 1)
    assert str(found.data["software"]).startswith("PostgreSQL ")


def test_a_clock_that_is_wrong_is_told(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() - 300)
    *_, found = seen(case)
    assert (found.state, found.data["seconds"]) == ("warn", 300)


def test_what_cannot_be_reached_is_told_without_its_password(case: Case, database_url: str) -> None:
    gone = make_url(database_url).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(StoreError) as caught:
        server.look(gone)
    assert caught.value.key == "start.no_database"
    assert "nowhere" in str(caught.value.values["why"])
    assert password(gone) not in str(caught.value)


# --- the status page ------------------------------------------------------------------------


def test_the_page_says_how_to_make_a_backup_and_never_the_password(bot: Bot) -> None:
    page = requests.get(f"{bot.url}/status", timeout=20).text
    address = make_url(bot.database)
    assert server.dump_command(bot.database) in page
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
