"""What an owner does with questions that failed, in a real browser."""

import pytest

from chatgee.texts import Texts
from tests.support.bot import Bot
from tests.support.far_ends import FakeOpenAI
from tests.web.pages.test_failed_questions import fails

pytest.importorskip("playwright", reason="no playwright: pip install -r tests/requirements.txt")
from playwright.sync_api import Page, expect

from tests.support import browser as real
from tests.support.browser import press, shuts_nobody_out

pytestmark = [
    pytest.mark.skipif(real.CHROMIUM is None, reason=real.MISSING),
    pytest.mark.usefixtures("unhurried"),
]

TEXTS = Texts.load()


def test_from_a_reason_to_its_questions_and_each_is_done_in_its_place(
    page: Page, bot: Bot, fake_openai: FakeOpenAI
) -> None:
    fails(bot, fake_openai, "하나", "둘", "셋")
    page.goto(bot.url)
    page.get_by_role("link", name=TEXTS("home.to_these"), exact=True).click()
    rows = page.locator("#talks > .talk")
    expect(rows).to_have_count(3)
    shuts_nobody_out(page)
    rows.nth(0).get_by_role("button", name=TEXTS("talks.dismiss"), exact=True).click()
    expect(rows.nth(0)).to_contain_text(TEXTS("talks.as_dismissed"))
    expect(rows.nth(0).get_by_role("link").first).to_be_focused()
    rows.nth(1).get_by_role("button", name=TEXTS("talks.ask_again"), exact=True).click()
    bot.until_held("friend-1")
    expect(rows).to_have_count(3)
    page.goto(bot.url + "/talks")
    expect(rows.nth(1)).to_contain_text("답: 둘")
    rows.nth(2).get_by_role("button", name=TEXTS("talks.ask_again"), exact=True).click()
    expect(rows.nth(2)).to_contain_text("답: 하나")  # by itself, in its place
    assert "talks" in page.url


def test_all_of_a_reason_are_closed_on_the_home_page(
    page: Page, bot: Bot, fake_openai: FakeOpenAI
) -> None:
    fails(bot, fake_openai, "하나", "둘")
    page.goto(bot.url)
    shuts_nobody_out(page)
    press(page, TEXTS("talks.dismiss_all"))
    expect(page.get_by_role("status").get_by_text("질문 2개를 닫았어요.")).to_be_visible()
    expect(page.locator("#troubles")).to_have_count(0)


def test_on_a_friends_page_a_question_is_done_in_its_place(
    page: Page, bot: Bot, fake_openai: FakeOpenAI
) -> None:
    fails(bot, fake_openai, "하나")
    page.goto(bot.url + "/talks/friend?id=friend-1")
    press(page, TEXTS("talks.mark_done"))
    expect(page.locator(".turn .is-handled")).to_have_text(TEXTS("talks.as_done"))
    expect(page.locator(".turn")).to_have_count(1)
    press(page, TEXTS("talks.reopen"))
    expect(page.locator(".turn .is-handled")).to_have_count(0)
    shuts_nobody_out(page)
