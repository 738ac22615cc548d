"""The page of all settings as an owner uses it, in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatgee import settings
from chatgee.owner.setup import Setup
from tests.support.bot import Bot
from tests.support.process import copy_to, program

pytest.importorskip("playwright", reason="no playwright: pip install -r tests/requirements.txt")
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.support import browser as real
from tests.support.browser import press, sees, shuts_nobody_out

pytestmark = [
    pytest.mark.skipif(real.CHROMIUM is None, reason=real.MISSING),
    pytest.mark.usefixtures("unhurried"),  # while settings change, a page waits as long as a friend
]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Bot]:
    file = tmp_path / "config.env"
    file.write_text("OPENAI_API_KEY=hidden\nMEMORY_TURNS=3\nPORT=0\n", "utf-8")
    environ = {"DATA_DIR": str(tmp_path)}
    bot = Bot(environ, setup=Setup(file, environ, ()))
    with bot.open():
        yield bot


def saved(bot: Bot) -> settings.Settings:
    assert bot.setup
    return settings.load({}, bot.setup.config)


def test_a_limit_that_is_saved_holds_for_the_next_question(
    page: Page, environ: dict[str, str], tmp_path: Path
) -> None:
    environ |= {"REPLY_SECONDS": "4.5"}
    with program(environ, folder=copy_to(tmp_path / "ChatGee (1) 우리 반")) as run:
        friend = run.friend()
        page.goto(run.url.replace("/prompt", "/settings"))
        limit = page.get_by_label("친구마다 1분에")
        limit.fill("하나")
        sees(page, "정수가 아니에요")
        expect(limit).to_have_attribute("aria-invalid", "true")
        limit.fill("1")
        expect(page.get_by_text("정수가 아니에요")).to_have_count(0)
        expect(limit).not_to_have_attribute("aria-invalid", "true")
        sees(page, "바꾼 것 1개")
        press(page, "저장")
        sees(page, "저장했어요. 다음 질문부터")
        assert friend.says("첫 질문").bubbles[-1] == "답: 첫 질문"
        assert "1분에 1개까지" in friend.says("둘째 질문").text
        expect(page.get_by_label("친구마다 1분에")).to_have_value("1")


@pytest.mark.parametrize("size", [(1280, 720), (390, 844)])
def test_what_is_wrong_is_never_told_below_the_bar(
    page: Page, home: Bot, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{home.url}/settings")
    page.get_by_label("첫 답을 기다리는 시간").fill("3.5")  # now the bar sticks
    limit = page.get_by_label("친구마다 1분에")
    page.evaluate(
        "([id]) => scrollTo(0, document.getElementById(id).getBoundingClientRect().bottom"
        " + scrollY - innerHeight + document.querySelector('.saving').offsetHeight + 20)",
        [limit.get_attribute("id")],
    )
    limit.evaluate("one => one.focus({ preventScroll: true })")
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("하나")
    sees(page, "정수가 아니에요")
    lies = (
        "() => document.querySelector('.option .error').getBoundingClientRect().bottom"
        " <= document.querySelector('.saving').getBoundingClientRect().top"
    )
    page.wait_for_function(lies)


def test_what_a_program_keeps_until_it_restarts_is_told(
    page: Page, environ: dict[str, str], tmp_path: Path
) -> None:
    folder = copy_to(tmp_path / "program")
    with program(environ | {"REPLY_SECONDS": "4.5"}, folder=folder) as run:
        page.goto(run.url.replace("/prompt", "/settings"))
        page.locator("#more-5 summary").click()
        page.get_by_label("연결을 받는 주소").fill("127.0.0.2")
        press(page, "저장")
        sees(page, "다시 켜기를 기다리고 있어요")
        assert run.friend().says("안녕?").bubbles[-1] == "답: 안녕?"
        page.wait_for_load_state("networkidle")  # it must not miss a file of ours
        run.stop()
    assert "//127.0.0.1:" in run.url
    with program(environ, folder=folder) as again:
        assert "//127.0.0.2:" in again.url
        page.goto(again.url.replace("/prompt", "/settings"))
        page.wait_for_load_state("networkidle")
        expect(page.get_by_text("다시 켜기를 기다리고 있어요")).to_have_count(0)


def test_a_new_key_of_the_skill_is_asked_for_at_once(
    page: Page, environ: dict[str, str], tmp_path: Path
) -> None:
    environ |= {"REPLY_SECONDS": "4.5"}
    with program(environ, folder=copy_to(tmp_path / "program")) as run:
        friend = run.friend()
        page.goto(run.url.replace("/prompt", "/settings"))
        page.get_by_label("친구마다 하루에").fill("9")
        page.get_by_text("새 키 만들기").click()
        sees(page, "카카오톡의 질문이 모두 막혀요")
        press(page, "만들고 저장하기")
        sees(page, "‘배포’를 눌러 주세요")
        press(page, "복사")
        sees(page, "복사했어요")
        key = page.evaluate("navigator.clipboard.readText()")
        expect(page.get_by_label("친구마다 하루에")).to_have_value("9")  # not lost by it
        sees(page, "바꾼 것 1개")
        press(page, "저장")
        sees(page, "저장했어요. 다음 질문부터")
        with pytest.raises(AssertionError, match="X-ChatGee-Key is missing or wrong"):
            friend.says("열쇠 없이")
        friend.headers = (("X-ChatGee-Key", key),)
        assert friend.says("열쇠와 함께").bubbles[-1] == "답: 열쇠와 함께"


def test_nothing_that_was_typed_is_lost(page: Page, home: Bot) -> None:
    page.goto(home.url + "/settings")
    page.get_by_label("ngrok 토큰").fill("2abc TOKEN")
    page.get_by_label("첫 답을 기다리는 시간").fill("3")
    page.get_by_label("AI 챗봇 콜백").select_option("off")
    press(page, "저장")
    sees(page, "아직 저장하지 않았어요")
    token = page.get_by_label("ngrok 토큰")
    expect(token).to_be_focused()
    expect(token).to_have_value("2abc TOKEN")
    expect(page.get_by_label("첫 답을 기다리는 시간")).to_have_value("3")
    expect(page.get_by_label("AI 챗봇 콜백")).to_have_value("off")
    assert home.reloads == 0
    token.fill("2abcTOKEN")
    press(page, "저장")
    sees(page, "저장했어요")
    ours = saved(home)
    assert ours.ngrok_authtoken is not None
    assert (ours.ngrok_authtoken.reveal(), ours.reply_seconds, ours.callback) == (
        "2abcTOKEN",
        3,
        "off",
    )


def test_two_tabs_do_not_undo_each_other(page: Page, home: Bot) -> None:
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(home.url + "/settings")
    other.get_by_label("기억하는 대화").fill("9")
    press(other, "저장")
    sees(other, "저장했어요")
    page.get_by_label("대화를 두는 날").fill("30")
    press(page, "저장")
    sees(page, "저장했어요")
    assert (saved(home).memory_turns, saved(home).keep_days) == (9, 30)
    expect(page.get_by_label("기억하는 대화")).to_have_value("9")


def test_changes_can_be_taken_back_and_are_not_left_behind_unasked(page: Page, home: Bot) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(home.url + "/settings")
    page.get_by_label("대화를 두는 날").fill("30")
    page.get_by_role("checkbox", name="지우기").first.check()
    sees(page, "바꾼 것 2개")
    with page.expect_event("dialog"):
        page.get_by_role("link", name="상태").click(no_wait_after=True)
    press(page, "되돌리기")
    sees(page, "바꾼 것이 없어요")
    expect(page.get_by_label("대화를 두는 날")).to_have_value("0")
    expect(page.get_by_role("checkbox", name="지우기").first).not_to_be_checked()
    assert asked == ["beforeunload"]
    page.get_by_role("link", name="홈").click()
    expect(page).to_have_url(home.url + "/")
    assert asked == ["beforeunload"]


def test_an_option_is_found_by_a_word_of_it(page: Page, home: Bot) -> None:
    page.goto(home.url + "/settings")
    port = page.get_by_label("연결을 받는 포트")
    expect(port).to_be_hidden()
    find = page.get_by_role("searchbox", name="설정 찾기")
    find.fill("포트")
    expect(port).to_be_visible()
    expect(page.get_by_label("대화를 두는 날")).to_be_hidden()
    sees(page, "1개를 찾았어요")
    find.fill("callback_s")
    expect(page.get_by_label("콜백을 쓰는 시간")).to_be_visible()
    find.fill("없는 말")
    sees(page, "찾는 설정이 없어요")
    find.fill("")
    expect(page.get_by_label("대화를 두는 날")).to_be_visible()
    expect(port).to_be_hidden()


def test_what_locks_the_owner_out_is_asked_again(page: Page, home: Bot) -> None:
    page.goto(home.url + "/settings")
    page.locator("#more-5 summary").click()
    page.get_by_label("연결을 받는 주소").fill("192.0.2.7")
    sees(page, "이 화면을 열 수 없어요")
    press(page, "저장")
    sees(page, "그래도 바꾸려면")
    expect(page.get_by_text("이 화면을 열 수 없어요")).to_be_in_viewport()
    expect(page.get_by_role("button", name="그래도 저장하기")).to_be_focused()
    assert home.reloads == 0
    press(page, "그래도 저장하기")
    sees(page, "다시 켜기를 기다리고 있어요")
    assert saved(home).host == "192.0.2.7"


def test_without_scripts_it_is_a_form_like_any_other(chromium: Browser, home: Bot) -> None:
    with real.opened(chromium, java_script_enabled=False) as page:
        page.goto(home.url + "/settings")
        expect(page.get_by_label("설정 찾기")).to_be_hidden()
        page.get_by_label("대화를 두는 날").fill("soon")
        press(page, "저장")
        sees(page, "정수가 아니에요")
        page.get_by_label("대화를 두는 날").fill("30")
        press(page, "저장")
        sees(page, "저장했어요")
        page.get_by_text("새 키 만들기").click()
        press(page, "만들고 저장하기")
        expect(page.locator("#key-value")).to_have_text(re.compile("[0-9a-f]{40}"))
    assert saved(home).keep_days == 30


def test_the_keyboard_is_enough(page: Page, home: Bot) -> None:
    page.goto(home.url + "/settings")
    page.get_by_label("대화를 두는 날").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("30")
    page.keyboard.press("Enter")
    sees(page, "저장했어요")
    assert saved(home).keep_days == 30


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [real.WIDE, real.PHONE], ids=["wide", "phone"])
def test_nobody_is_shut_out(
    chromium: Browser, home: Bot, size: tuple[int, int], dark: bool
) -> None:
    assert home.setup
    home.setup.config.write_text("PORT=7000\nKEEP_DAY=3\nOPENAI_API_KEY=hidden\n", "utf-8")
    with real.opened(chromium, size, dark) as page:
        page.goto(home.url + "/settings")
        for summary in page.locator("summary").all():
            summary.click()
        page.get_by_label("연결을 받는 주소").fill("192.0.2.7")
        page.get_by_label("친구마다 1분에").fill("하나")
        sees(page, "이 화면을 열 수 없어요")
        sees(page, "정수가 아니에요")
        press(page, "저장")
        sees(page, "아직 저장하지 않았어요")
        shuts_nobody_out(page)
