"""The owner's first page: is it working, and what is left to do?"""

from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from typing import TYPE_CHECKING

import pytest
import requests

from chatgee.texts import Texts
from chatgee.tunnel import Link
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.kakao_side import payload

pytest.importorskip("playwright", reason="no playwright: pip install -r tests/requirements.txt")
from playwright.sync_api import expect

from tests.support.browser import shuts_nobody_out

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.usefixtures("unhurried")

TEXTS = Texts.load()
ADDRESS = "https://our-class.ngrok-free.dev"
NAMED = '<a href="/settings#option-SKILL_KEY">스킬의 키(SKILL_KEY)</a>'
OUTSIDE = {"X-Forwarded-For": "203.0.113.9", "Host": "our-class.ngrok-free.dev"}


def home(bot: Bot) -> str:
    return requests.get(bot.url, timeout=PATIENCE).text


def kakao_calls(bot: Bot, name: str, key: str = "") -> int:
    headers = OUTSIDE | {"X-ChatGee-Key": key}
    url = bot.url + "/prompt"
    return requests.post(url, json=payload(name), headers=headers, timeout=PATIENCE).status_code


def test_the_list_ticks_itself_as_kakaos_calls_come_in(page: "Page", bot: Bot) -> None:
    page.goto(bot.url)
    steps = page.locator("#steps li")
    expect(steps.nth(1)).to_have_attribute("aria-current", "step")
    bot.status.linked(Link("ngrok", ADDRESS))
    expect(steps.nth(2)).to_have_attribute("aria-current", "step", timeout=10_000)
    assert kakao_calls(bot, "02") == 200  # the admin center's skill test
    expect(steps.nth(3)).to_have_attribute("aria-current", "step", timeout=10_000)
    assert kakao_calls(bot, "01") == 200
    expect(page.locator("#steps .is-done")).to_have_count(4, timeout=10_000)
    shuts_nobody_out(page)


def test_the_address_is_a_code_to_be_photographed(page: "Page", bot: Bot) -> None:
    assert "data:image" not in home(bot)
    bot.status.linked(Link("ngrok", ADDRESS))
    page.goto(bot.url)
    picture = page.get_by_role("img", name=TEXTS("home.qr"))
    assert picture.evaluate("picture => picture.naturalWidth") > 100


def test_a_failure_is_told_with_its_remedy_until_it_is_asked_again(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    fake_openai.fails(429, {"code": "insufficient_quota"})
    friend = bot.friend()
    failed = friend.says("안녕")
    assert TEXTS("hint.no_credit") in home(bot)
    assert TEXTS("home.trouble_times", count=1, ago=TEXTS("ago.now")) in home(bot)
    friend.presses(failed, TEXTS("button.again"))
    assert TEXTS("home.troubles") not in home(bot)


def test_an_error_of_the_practice_model_is_no_trouble(stopped_bot: Bot) -> None:
    key = stopped_bot.environ.pop("OPENAI_API_KEY"), stopped_bot.environ.pop("OPENAI_BASE_URL")
    with stopped_bot.open() as bot:
        assert TEXTS("failure.practised") in bot.friend().says("오류").text
        assert TEXTS("home.troubles") not in home(bot)
    stopped_bot.environ["OPENAI_API_KEY"], stopped_bot.environ["OPENAI_BASE_URL"] = key
    with stopped_bot.open() as bot:
        assert TEXTS("home.troubles") not in home(bot)


def test_a_call_with_a_wrong_key_is_told_until_one_is_right(stopped_bot: Bot) -> None:
    with stopped_bot.open(SKILL_KEY="right-key-0123") as bot:
        assert kakao_calls(bot, "01", "wrong") == 401
        page, told = home(bot), TEXTS("page.wrong_key").removeprefix("SKILL_KEY")
        assert told in page
        assert NAMED in page
        assert kakao_calls(bot, "01", "right-key-0123") == 200
        assert told not in home(bot)


def test_where_the_talks_cannot_be_read_the_address_is_there_all_the_same(
    bot: Bot, tmp_path: Path
) -> None:
    sentence = bot.texts("frame.trouble_store")
    assert sentence not in home(bot)
    with closing(connect(tmp_path / "chatgee.db")) as other:
        other.execute("DROP TABLE questions")
    assert sentence in home(bot)
    assert f"{bot.url}<wbr>/prompt" in home(bot)
