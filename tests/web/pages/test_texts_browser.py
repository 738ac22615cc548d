"""The page of sentences as an owner uses it, in a real browser."""

import re
from pathlib import Path

import pytest

from chatgee.texts import Texts
from tests.support.bot import Bot
from tests.support.process import copy_to, program

pytest.importorskip("playwright", reason="no playwright: pip install -r tests/requirements.txt")
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support import browser as real
from tests.support.browser import press, shuts_nobody_out

pytestmark = [
    pytest.mark.skipif(real.CHROMIUM is None, reason=real.MISSING),
    pytest.mark.usefixtures("unhurried"),  # while words change, a page waits as long as a friend
]

PATH = "/settings/texts"
EVIL = "<script>alert(1)</script><b>\"굵게'</b>"


def field(page: Page, name: str) -> Locator:
    return page.locator(f"[id='{name}']")


def room(page: Page) -> Locator:
    return page.locator("#room")


def opened(page: Page, bot: Bot) -> Page:
    page.goto(bot.url + PATH)
    return page


def test_a_greeting_is_seen_while_it_is_typed_and_told_to_the_next_friend(
    page: Page, tmp_path: Path
) -> None:
    folder = copy_to(tmp_path / "우리 반")
    environ = {"PORT": "0", "TUNNEL": "none", "REPLY_SECONDS": "4.5"}
    with program(environ, folder=folder) as run:
        page.goto(run.url.replace("/prompt", PATH))
        greeting = page.get_by_role("textbox", name="처음 말을 걸면, 첫 답 위에")
        greeting.fill("어서 오세요! ")
        expect(room(page)).to_contain_text("어서 오세요!")
        greeting.press_sequentially("3반이에요.")
        expect(room(page)).to_contain_text("어서 오세요! 3반이에요.")
        press(page, "저장")
        expect(page.get_by_text("저장했어요. 다음 질문부터")).to_be_visible()
        assert run.friend().says("안녕?").bubbles[0] == "어서 오세요! 3반이에요."
        press(page, "마지막 저장 되돌리기")
        expect(page.get_by_text("저장하기 전의 말로 되돌렸어요")).to_be_visible()
        greeted = run.friend("friend-2").says("안녕?").bubbles[0]
        assert greeted == Texts.load()("reply.greeting")


def test_a_card_is_added_moved_and_seen(page: Page, bot: Bot, tmp_path: Path) -> None:
    opened(page, bot)
    press(page, "+ 카드 더하기")
    expect(field(page, "card-3-title")).to_be_focused()
    page.keyboard.type("준비물")
    field(page, "card-3-description").fill("실험복을 꼭 챙겨요.")
    field(page, "card-3-button-0").fill("내일 준비물")
    expect(room(page).locator(".kakao-card b").nth(3)).to_have_text("준비물")
    press(page, "카드 4 앞으로")
    expect(field(page, "card-2-up")).to_be_focused()
    expect(field(page, "card-2-title")).to_have_value("준비물")
    page.keyboard.press("Enter")
    expect(field(page, "card-1-title")).to_have_value("준비물")
    expect(room(page).locator(".kakao-card b").nth(1)).to_have_text("준비물")
    press(page, "카드 4 지우기")
    expect(field(page, "card-3-title")).to_have_count(0)
    press(page, "저장")
    expect(page.get_by_text("저장했어요. 다음 질문부터")).to_be_visible()
    titles = [card.title for card in Texts.load(tmp_path / "texts.toml").cards]
    assert titles == ["무엇이든 물어보세요", "준비물", "생각이 길어지면"]


def test_two_buttons_of_one_name_are_told_at_once_and_nothing_is_lost(
    page: Page, bot: Bot, tmp_path: Path
) -> None:
    opened(page, bot)
    field(page, "reply.empty").fill("말해 봐")
    field(page, "button.fetch").fill("이어 보기!")
    for name, other in (("button.fetch", "이어보기"), ("button.more", "이어 보기!")):
        told = f"‘{other}’ 버튼과 같은 말이라서"
        expect(page.locator(f"[id='{name}-told']")).to_contain_text(told)
        expect(field(page, name)).to_have_attribute("aria-invalid", "true")
    press(page, "저장")
    expect(page.get_by_text("고칠 곳이 2개 있어요")).to_be_visible()
    expect(field(page, "button.fetch")).to_be_focused()
    expect(field(page, "reply.empty")).to_have_value("말해 봐")
    assert not (tmp_path / "texts.toml").exists()
    field(page, "button.fetch").fill("다 됐어?")
    expect(page.locator("[aria-invalid]")).to_have_count(0)
    field(page, "reply.not_yet").click()
    expect(room(page).get_by_role("button", name="다 됐어?")).to_be_visible()
    press(page, "저장")
    expect(page.get_by_text("저장했어요. 다음 질문부터")).to_be_visible()


def test_a_second_click_saves_and_undoes_nothing_twice(
    page: Page, bot: Bot, tmp_path: Path
) -> None:
    opened(page, bot)
    field(page, "reply.empty").fill("말해 봐")
    page.get_by_role("button", name="저장", exact=True).dblclick()
    expect(page.get_by_text("저장했어요. 다음 질문부터")).to_be_visible()
    assert bot.reloads == 1
    page.get_by_role("button", name="마지막 저장 되돌리기").dblclick()
    expect(page.get_by_text("저장하기 전의 말로 되돌렸어요")).to_be_visible()
    assert bot.reloads == 2
    assert Texts.load(tmp_path / "texts.toml") == Texts.load()


def test_html_is_text_in_the_bubbles(page: Page, bot: Bot) -> None:
    opened(page, bot)
    field(page, "reply.empty").fill(EVIL)
    expect(room(page)).to_contain_text(EVIL)
    field(page, "card-0-title").fill(EVIL)
    expect(room(page).locator(".kakao-card b").first).to_have_text(EVIL)
    field(page, "reply.held").fill("{<img src=x>}")
    expect(page.locator("[id='reply.held-told']")).to_contain_text("{<img src=x>}")
    press(page, "저장")
    expect(page.get_by_text("고칠 곳이 1개 있어요")).to_be_visible()
    expect(field(page, "card-0-title")).to_have_value(EVIL)
    assert page.locator("main script, main img[src=x]").count() == 0


def test_what_is_filled_in_goes_where_the_cursor_is(page: Page, bot: Bot) -> None:
    opened(page, bot)
    day = field(page, "limit.day")
    day.fill("오늘은 끝! 개")
    for _ in range(2):
        day.press("ArrowLeft")
    page.locator("[data-into='limit.day']").click()
    expect(day).to_have_value("오늘은 끝!{limit} 개")
    expect(day).to_be_focused()
    press(page, "💫 새로운 시작")
    expect(day).to_have_value("오늘은 끝!{limit}{reset} 개")
    expect(room(page)).to_contain_text("오늘은 끝!10💫 새로운 시작 개")


def test_our_words_come_back_and_can_be_taken_back(page: Page, bot: Bot) -> None:
    opened(page, bot)
    field(page, "reply.reset").fill("잊었어요")
    expect(page.locator("[id='reply.reset-field']").get_by_text("고친 말")).to_be_visible()
    press(page, "처음 말로: 지난 이야기를 잊고 나서")
    expect(field(page, "reply.reset")).to_have_value(Texts.load()("reply.reset"))
    expect(room(page)).to_contain_text(Texts.load()("reply.reset"))
    expect(page.locator("[id='reply.reset-field']").get_by_text("고친 말")).to_be_hidden()
    page.keyboard.press("Control+z")
    expect(field(page, "reply.reset")).to_have_value("잊었어요")


def test_a_button_of_the_preview_leads_to_its_name(page: Page, bot: Bot) -> None:
    opened(page, bot)
    field(page, "reply.not_yet").click()
    room(page).get_by_role("button", name="생각 다했니?").click()
    expect(field(page, "button.fetch")).to_be_focused()
    room(page).locator(".quick").wait_for()


def test_leaving_with_words_that_are_not_saved_is_asked_about(page: Page, bot: Bot) -> None:
    asked: list[str] = []

    def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", stay)
    opened(page, bot)
    page.reload()
    assert asked == []
    field(page, "reply.empty").fill("말해 봐")
    expect(page.get_by_text("아직 저장하지 않은 말이 있어요.")).to_be_visible()
    with page.expect_event("dialog"):
        page.get_by_role("link", name="사용설명서").first.click(no_wait_after=True)
    expect(field(page, "reply.empty")).to_have_value("말해 봐")
    assert asked == ["beforeunload"]
    press(page, "저장")
    expect(page.get_by_text("저장했어요. 다음 질문부터")).to_be_visible()
    assert asked == ["beforeunload"]


def test_without_scripts_the_form_is_enough(chromium: Browser, bot: Bot, tmp_path: Path) -> None:
    with real.opened(chromium, java_script_enabled=False) as page:
        opened(page, bot)
        expect(page.locator("#preview")).to_be_hidden()
        field(page, "reply.empty").fill("말해 봐")
        press(page, "카드 2 지우기")
        expect(field(page, "reply.empty")).to_have_value("말해 봐")
        expect(field(page, "card-2-title")).to_have_count(0)
        field(page, "button.fetch").fill("이어보기")
        press(page, "저장")
        expect(page.get_by_text("고칠 곳이 2개 있어요")).to_be_visible()
        field(page, "button.fetch").fill("다 됐어?")
        press(page, "저장")
        expect(page.get_by_text("저장했어요. 다음 질문부터")).to_be_visible()
    texts = Texts.load(tmp_path / "texts.toml")
    assert (texts("reply.empty"), texts("button.fetch")) == ("말해 봐", "다 됐어?")
    assert len(texts.cards) == 2


def test_on_a_phone_the_bubble_is_below_the_field_that_is_typed_in(
    chromium: Browser, bot: Bot
) -> None:
    with real.opened(chromium, real.PHONE) as page:
        found = real.complaints(page)
        opened(page, bot)
        for name in ("reply.not_yet", "reply.reset"):
            field(page, name).click()
            bubble = page.locator(f"[id='{name}-field'] #room .bubble").last
            expect(bubble).to_contain_text(Texts.load()(name))
            expect(bubble).to_be_in_viewport()
        press(page, "+ 카드 더하기")
        expect(page.locator("#card-3 #preview")).to_be_visible()
        assert found == []


@pytest.mark.parametrize("size", [real.WIDE, real.PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nobody_is_shut_out(chromium: Browser, bot: Bot, size: tuple[int, int], dark: bool) -> None:
    with real.opened(chromium, size, dark) as page:
        opened(page, bot)
        for summary in page.locator("summary").all():
            summary.click()
        for name in ("reply.not_yet", "card-1-title", "button.more"):
            field(page, name).click()
            expect(room(page).locator(".bubble, .kakao-card").first).to_be_visible()
        field(page, "button.more").fill("🙂")
        press(page, "저장")
        expect(page.get_by_text("고칠 곳이 1개 있어요")).to_be_visible()
        expect(page.locator("[id='button.more-told']")).to_have_text(re.compile("그림만으로는"))
        shuts_nobody_out(page)
