"""What a model's service said, on the owner's pages and in the log, next to our hint."""

from html import unescape

import pytest
import requests

from tests.support import beside
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI

KEY = "sk-proj-abcdefgh12345678"
SAID = {"message": f"Your <b>plan</b> has no room. Key {KEY}", "code": "plan_full"}
SHOWN = "자세한 까닭: 400 Your <b>plan</b> has no room. Key ***** · [plan_full]"
PAGES = ("/", "/talks", "/talks/friend?id=friend")


def get(bot: Bot, path: str) -> str:
    return requests.get(bot.url + path, timeout=PATIENCE).text


def test_the_owner_reads_what_the_service_said_and_no_secret(
    bot: Bot, fake_openai: FakeOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    fake_openai.fails(400, SAID)
    shown = bot.friend("friend").says("안녕")
    for page in (get(bot, path) for path in PAGES):
        assert SHOWN in unescape(page)
        assert "<b>plan" not in page
        assert KEY not in page
    assert SHOWN in caplog.text
    assert KEY not in caplog.text
    assert "plan" not in shown.text
    assert "plan_full" in get(bot, "/talks/export/jsonl")


def test_asked_again_it_is_what_is_said_then(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.friend("friend")
    fake_openai.fails(400, SAID)
    failed = friend.says("안녕")
    fake_openai.fails(400, {"message": "Another reason"})
    friend.presses(failed, "다시 물어보기")
    assert "400 Another reason" in get(bot, "/talks")
    assert "plan_full" not in get(bot, "/talks")
    friend.presses(failed, "다시 물어보기")
    assert "Another reason" not in "".join(get(bot, path) for path in PAGES)


@pytest.mark.parametrize("body", [b"<html>Router: admin</html>", b'{"router": "admin"}'])
def test_what_is_no_services_error_is_shown_nowhere(
    bot: Bot, fake_openai: FakeOpenAI, caplog: pytest.LogCaptureFixture, body: bytes
) -> None:
    """An address of the owner's network may be saved as the model's, and be anything."""
    fake_openai.replies(body, times=3)
    bot.friend("friend").says("안녕")
    beside.until(bot.database, "SELECT count(*) FROM questions WHERE state = 'failed'", bool)
    assert "admin" not in caplog.text + "".join(get(bot, path) for path in PAGES)
