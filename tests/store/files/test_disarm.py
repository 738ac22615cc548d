"""Nothing happens by itself because a backup was put back: only friends begin anything."""

import sqlite3
import time
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest

from chatgee.owner.backup import restore
from chatgee.settings import Settings
from chatgee.store.files.disarm import INSTEAD
from chatgee.store.korean_days import day_of
from tests.support.backups import (
    database,
    folder_of_new,
    rebuilt,
    settings_of,
    stage,
)
from tests.support.bot import Bot
from tests.support.far_ends import FakeKakao, FakeOpenAI
from tests.support.visitor import ask

AGAIN = "다시 물어보기"
ASKED = """INSERT INTO friends VALUES ('friend-1', 2, 0, {now}, {now}, 0, NULL, NULL, NULL);
    INSERT INTO questions VALUES ('open', 'friend-1', 1, '몇 시에 열어요?', NULL, {now}, 'asked',
        NULL, NULL, NULL, NULL, {delivery}, {delivered}, '{url}', {now}, {now}, NULL, NULL, NULL,
        NULL, NULL, NULL, NULL, NULL, NULL);
    INSERT INTO questions VALUES ('known', 'friend-1', 2, '문 닫아요?', NULL, {now}, 'answered',
        '아홉 시요.', '아홉 시요.', NULL, {now}, NULL, NULL, '{url}', {now}, NULL, NULL, NULL,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL)"""


def restored(good: bytes, folder: Path, sql: str) -> Settings:
    ours = settings_of(folder)
    stage(rebuilt(good, database(sql)), ours)
    restore.finish(ours)
    return ours


def rows(ours: Settings, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(ours.data_dir / "chatgee.db")) as db:
        return db.execute(sql).fetchall()


CLAIMS = {
    "open": ("NULL", "NULL"),
    "claimed": ("'callback'", "NULL"),
    "delivered before it was answered": ("'reply'", "1.0"),
}


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("claim", CLAIMS)
def test_a_restoring_sends_nothing_asks_nothing_and_swallows_nothing(
    good: bytes,
    stopped_bot: Bot,
    fake_openai: FakeOpenAI,
    fake_kakao: FakeKakao,
    tmp_path: Path,
    claim: str,
) -> None:
    delivery, delivered = CLAIMS[claim]
    planted = {"now": time.time(), "url": fake_kakao.callback_url()}
    sql = ASKED.format(delivery=delivery, delivered=delivered, **planted)
    restored(good, tmp_path, sql)
    with stopped_bot.open() as bot:
        shown = bot.friend().says("안녕")
        assert fake_kakao.requests == []
        assert len(fake_openai.requests) == 1, "the friend's own, and no other"
        failed, held, own = shown.bubbles
        assert "몇 시에 열어요?" in failed
        assert stopped_bot.texts(f"failure.{INSTEAD}") in failed
        assert "아홉 시요." in held
        assert own == "답: 안녕"
        assert bot.friend().presses(shown, AGAIN).bubbles == ["답: 몇 시에 열어요?"]


def test_no_address_of_a_callback_is_left_in_it(good: bytes, tmp_path: Path) -> None:
    where = {"now": 1.0, "url": "http://127.0.0.1:9/", "delivery": "NULL", "delivered": "NULL"}
    ours = restored(good, tmp_path, ASKED.format(**where))
    left = "SELECT count(*) FROM questions WHERE callback_url IS NOT NULL OR promised_at NOT NULL"
    assert rows(ours, left) == [(0,)]


def test_what_was_open_is_counted_as_failed(good: bytes, tmp_path: Path) -> None:
    """So that the numbers go on adding up: nothing waits for what will never come."""
    ours = restored(good, tmp_path, "UPDATE questions SET asked_at = 86400 * 20000.5")
    counted = f"SELECT count FROM tallies_by_day WHERE name = 'failed.{INSTEAD}' AND day = "
    assert rows(ours, counted + str(day_of(86400 * 20000.5))) == [(1,)]
    by_hour = f"SELECT hour, count FROM tallies_by_hour WHERE name = 'failed.{INSTEAD}'"
    assert rows(ours, by_hour) == [(20000 * 24 + 12, 1)]


def test_what_programs_remember_together_is_not_believed(good: bytes, tmp_path: Path) -> None:
    """A file has none of it: in a server it would be settings, and secrets of logins."""
    sql = """INSERT INTO notes VALUES ('settings', 'OPENAI_BASE_URL=http://evil', 1, 1.0);
        INSERT INTO commits VALUES ('p', 'm', 1.0)"""
    ours = restored(good, tmp_path, sql)
    assert rows(ours, "SELECT * FROM notes") == rows(ours, "SELECT * FROM commits") == []


def test_the_way_back_asks_nothing_either(good: bytes, tmp_path: Path) -> None:
    """What was open when the restoring began is a file from outside by then."""
    ours = folder_of_new(tmp_path / "data")
    stage(good, ours)
    restore.finish(ours)
    (kept,) = restore.before(ours)
    with closing(sqlite3.connect(kept / "chatgee.db")) as db:
        assert db.execute("SELECT state FROM questions").fetchall() == [("asked",)]
    found = restore.look_back(kept.name, ours)
    restore.confirm(found.id, ours)
    kept.rename(ours.data_dir / "before-restore-2026-01-01-000000")
    restore.finish(ours)
    assert rows(ours, "SELECT state, failure FROM questions") == [("failed", INSTEAD.value)]


def test_the_owner_is_told_before(good: bytes, bot: Bot, tmp_path: Path) -> None:
    restore.look_into(BytesIO(good), settings_of(tmp_path))
    assert "저절로 답하지 않아요" in ask(bot, "/status").text
    assert f"‘{AGAIN}’" in ask(bot, "/status").text
