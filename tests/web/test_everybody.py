"""Pages and states for everybody: whoever listens, enlarges, has only keys or only a finger."""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from chatgee.owner import manual
from chatgee.texts import Texts
from tests.support.bot import Bot

pytest.importorskip("playwright", reason="no playwright: pip install -r tests/requirements.txt")
from playwright.sync_api import expect

from tests.support import browser as real
from tests.support.browser import press, shuts_nobody_out

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TEXTS = Texts.load()
NARROW, ENLARGED = (320, 640), (640, 450)
"""The narrowest phone; a screen of 1280 pixels whose pages are shown twice as large."""
LEAST_TOUCH = 40
TOUCHED = "main :is(button, summary, .button, .head a, label:has(> [type=checkbox]))"
LOW = """(all, least) => all
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".hidden"))
  .filter((one) => one.getBoundingClientRect().height < least - .5)
  .map((one) => one.outerHTML)"""
LEVELS = "all => all.map((one) => Number(one.tagName[1]))"
PAGES = (
    *("/", "/local_test", "/talks", "/stats", "/settings", "/settings/character"),
    *("/settings/texts", "/status", "/setup", "/manual", "/manual/trouble", "/talks/nobody"),
)


MANUAL = [f"/manual/{name}" for name in manual.ORDER]
KEY = "key-" * 10


@pytest.fixture
def home(stopped_bot: Bot) -> Iterator[Bot]:
    """With long words that nothing breaks."""
    with stopped_bot.open(OPENAI_MODEL="model" * 40, SKILL_KEY=KEY) as bot:
        friend = bot.friend("f" * 70, headers=(("X-ChatGee-Key", KEY),))
        friend.says("https://example.com/" + "q" * 300)
        bot.until_delivered(1)
        yield bot


def unfold(page: "Page") -> None:
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nobody_is_shut_out_where_no_other_test_looks(
    chromium: "Browser", home: Bot, dark: bool
) -> None:
    """The manual, what is shown in place of a page, an older character, all that unfolds."""
    with real.opened(chromium, real.PHONE, dark) as page:
        for path in (*MANUAL, "/talks/nobody", "/status"):
            page.goto(home.url + path)
            unfold(page)
            shuts_nobody_out(page)
        page.goto(home.url + "/settings/character")
        page.locator("#prompt").fill("당신은 과학 도우미입니다. " + "긴낱말" * 90)
        press(page, TEXTS("character.save"))
        page.get_by_role("link", name=TEXTS("character.look")).first.click()
        page.get_by_role("heading", name=TEXTS("character.then_and_now")).wait_for()
        unfold(page)
        shuts_nobody_out(page)


@pytest.mark.parametrize("size", [NARROW, ENLARGED], ids=["narrow", "enlarged"])
def test_no_page_is_wider_than_the_window(
    chromium: "Browser", home: Bot, size: tuple[int, int]
) -> None:
    with real.opened(chromium, size) as page:
        for path in (*PAGES, "/talks/friend?id=" + "f" * 70, "/talks/delete?id=" + "f" * 70):
            page.goto(home.url + path)
            unfold(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path


def test_a_finger_hits_what_can_be_pressed(chromium: "Browser", home: Bot) -> None:
    with real.opened(chromium, real.PHONE, has_touch=True, is_mobile=True) as page:
        for path in PAGES:
            page.goto(home.url + path)
            unfold(page)
            assert page.locator(TOUCHED).evaluate_all(LOW, LEAST_TOUCH) == [], path


def test_headings_skip_no_level(page: "Page", home: Bot) -> None:
    for path in PAGES[:-1]:  # the last one is no page: the console says so
        page.goto(home.url + path)
        levels = page.locator("h1, h2, h3, h4").evaluate_all(LEVELS)
        assert levels.count(1) == 1, path
        assert all(after <= before + 1 for before, after in pairwise(levels)), (path, levels)


def test_the_keyboard_goes_on_where_what_it_pressed_was_replaced(page: "Page", home: Bot) -> None:
    page.goto(home.url)
    page.get_by_role("button", name=TEXTS("home.key_show")).press("Enter")
    expect(page.get_by_role("button", name=TEXTS("home.copy")).last).to_be_focused()
    page.goto(home.url + "/settings")
    page.locator(".make summary").press("Enter")
    page.get_by_role("button", name=TEXTS("options.key_make")).press("Enter")
    expect(page.get_by_role("button", name=TEXTS("home.copy"))).to_be_focused()


def test_a_link_to_a_setting_unfolds_it(page: "Page", home: Bot) -> None:
    page.goto(home.url + "/settings#option-MAX_CONCURRENT_ANSWERS")
    expect(page.locator("#MAX_CONCURRENT_ANSWERS")).to_be_in_viewport()
