"""KakaoTalk's simulator as an owner uses it, in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bot import Bot
from tests.support.far_ends import FakeBot
from tests.support.process import program

pytest.importorskip("playwright", reason="no playwright: pip install -r tests/requirements.txt")
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.support import browser as real
from tests.support.browser import shuts_nobody_out

pytestmark = pytest.mark.skipif(real.CHROMIUM is None, reason=real.MISSING)

LONG = 15_000
"""Milliseconds after which something that has to be seen is not coming."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Bot]:
    """A bot in practice."""
    bot = Bot({"DATA_DIR": str(tmp_path), "PORT": "0", "REPLY_SECONDS": "3"})
    with bot.open():
        yield bot


@pytest.fixture
def chat(page: Page, desk: Bot) -> Page:
    page.goto(f"{desk.url}/local_test")
    return page


def says(page: Page, words: str, friend: int = 0) -> None:
    field = page.get_by_label("메시지 입력").nth(friend)
    field.fill(words)
    field.press("Enter")


def room(page: Page, friend: int = 0) -> Locator:
    return page.get_by_role("log").nth(friend)


def sees(page: Page, words: str, friend: int = 0) -> None:
    expect(room(page, friend).get_by_text(words).last).to_be_visible(timeout=LONG)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


# --- a conversation -------------------------------------------------------------------------


def test_an_owner_talks_with_the_bot_as_a_friend_does(chat: Page) -> None:
    says(chat, "안녕하세요")
    sees(chat, "무엇이든 물어보세요")
    sees(chat, "이렇게 물으셨어요: 안녕하세요")
    expect(room(chat).locator(".mine")).to_contain_text("안녕하세요")
    expect(chat.get_by_label("메시지 입력")).to_have_value("")
    expect(chat.locator(".time")).to_have_text(re.compile(r"[0-3]\.\d초"))


def test_a_slow_answer_is_fetched_with_the_button(chat: Page) -> None:
    held: list[Route] = []
    chat.route("**/local_test/send", lambda route: held.append(route))
    with chat.expect_request("**/local_test/send"):
        says(chat, "느리게 4초 우주는?")
    expect(room(chat).get_by_text("답을 쓰고 있어요")).to_be_attached()
    expect(chat.locator(".clock")).to_have_class("clock running")
    held[0].continue_()
    chat.unroute("**/local_test/send")
    sees(chat, "아직 생각하고 있어요")
    press(chat, "생각 다했니?")
    sees(chat, "4초 동안 생각한 연습 답이에요")
    expect(chat.get_by_role("button", name="생각 다했니?")).to_have_count(0)


def test_the_keyboard_stays_in_the_conversation(chat: Page) -> None:
    says(chat, "느리게 4초 우주는?")
    chat.get_by_role("button", name="생각 다했니?").focus()
    chat.keyboard.press("Enter")
    expect(room(chat)).to_be_focused()
    sees(chat, "4초 동안 생각한 연습 답이에요")


def test_a_long_answer_goes_on_with_the_button(chat: Page) -> None:
    says(chat, "길게 알려 줘")
    sees(chat, "긴 연습 답이에요")
    press(chat, "전체 보기")
    press(chat, "이어보기")
    sees(chat, "60. 연습 문장이에요")


def test_the_help_is_a_carousel_whose_buttons_speak(chat: Page) -> None:
    chat.locator(".tries").get_by_role("button", name="사용설명서").click()
    expect(room(chat).locator(".cards .kakao-card")).to_have_count(3, timeout=LONG)
    room(chat).get_by_role("button", name="새로운 시작").click()
    sees(chat, "지난 이야기는 잊었어요")


def test_after_a_failure_the_question_is_asked_again(chat: Page) -> None:
    press(chat, "오류를 내 줘")
    sees(chat, "연습용 모델이 일부러 낸 오류예요")
    press(chat, "다시 물어보기")
    expect(room(chat).get_by_text("연습용 모델이 일부러 낸 오류예요")).to_have_count(
        2, timeout=LONG
    )


def test_a_late_answer_comes_by_callback(chat: Page) -> None:
    chat.get_by_role("switch", name="콜백 쓰기").check()
    says(chat, "느리게 5초 별은?")
    sees(chat, "다 되면 바로 보내 드릴게요")
    sees(chat, "5초 동안 생각한 연습 답이에요")
    expect(room(chat).locator(".typing")).to_have_count(0)
    expect(chat.locator("#look-who")).to_have_text("친구 1 · 콜백")


def test_kakaos_tests_offer_no_callback(chat: Page) -> None:
    chat.get_by_label("어떻게 보낼까요").select_option(label="봇테스트")
    expect(chat.get_by_role("switch", name="콜백 쓰기")).to_be_disabled()
    says(chat, "안녕")
    sees(chat, "이렇게 물으셨어요: 안녕")
    expect(chat.locator("#look-request")).to_contain_text("BuilderBotTest")


def test_a_photo_is_shown_and_sent(chat: Page, tmp_path: Path) -> None:
    chat.get_by_label("사진 보내기").set_input_files(Path("docs/pictures/home.png"))
    sees(chat, "사진을 잘 받았어요")
    picture = room(chat).get_by_alt_text("보낸 사진")
    assert picture.evaluate("one => one.decode().then(() => one.naturalWidth)") == 1024
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    chat.get_by_label("사진 보내기").set_input_files(broken)
    expect(chat.get_by_role("alert").filter(has_text="사진으로 읽을 수 없어요")).to_be_visible()


# --- several friends ------------------------------------------------------------------------


def test_two_friends_are_two_conversations(chat: Page) -> None:
    press(chat, "친구 더하기")
    chat.get_by_label("어떻게 보낼까요").nth(1).select_option("stranger")
    says(chat, "느리게 1초 하나")
    says(chat, "둘", friend=1)
    sees(chat, "이렇게 물으셨어요: 둘", friend=1)
    sees(chat, "이렇게 물으셨어요: 느리게 1초 하나")
    expect(room(chat, 1).get_by_text("하나")).to_have_count(0)
    chat.get_by_role("button", name="이 친구 빼기").nth(1).click()
    expect(chat.get_by_role("log")).to_have_count(1)


def test_there_is_room_for_three(chat: Page) -> None:
    add = chat.get_by_role("button", name="친구 더하기")
    add.click()
    add.click()
    expect(add).to_be_hidden()
    expect(chat.get_by_role("log")).to_have_count(3)


def test_a_page_that_is_opened_anew_keeps_its_friends(chat: Page) -> None:
    press(chat, "친구 더하기")
    chat.get_by_label("어떻게 보낼까요").nth(1).select_option("stranger")
    says(chat, "안녕")
    sees(chat, "무엇이든 물어보세요")
    chat.reload()
    expect(chat.get_by_label("어떻게 보낼까요").nth(1)).to_have_value("stranger")
    says(chat, "또 왔어요")
    sees(chat, "이렇게 물으셨어요: 또 왔어요")
    greeting = room(chat).get_by_text("무엇이든 물어보세요")
    expect(greeting).to_have_count(0)  # the bot knows this friend


def test_a_new_friend_is_one_click_away(chat: Page) -> None:
    says(chat, "안녕")
    sees(chat, "무엇이든 물어보세요")
    press(chat, "처음 온 친구가 되어 새로 시작하기")
    expect(room(chat).get_by_text("무엇이든 물어보세요")).to_have_count(0)
    says(chat, "안녕")
    sees(chat, "무엇이든 물어보세요")


# --- what is looked at ----------------------------------------------------------------------


def test_both_sides_are_shown_as_json_and_can_be_copied(chat: Page) -> None:
    says(chat, "첫째")
    sees(chat, "이렇게 물으셨어요: 첫째")
    says(chat, "둘째")
    sees(chat, "이렇게 물으셨어요: 둘째")
    expect(chat.locator("#look-request")).to_contain_text('"utterance": "둘째"')
    room(chat).get_by_role("button", name="오간 내용").first.click()
    expect(chat.locator("#look-request")).to_contain_text('"utterance": "첫째"')
    expect(chat.locator("#look-response")).to_contain_text("이렇게 물으셨어요: 첫째")
    expect(chat.locator("#look-problems")).to_have_text("모두 지켰어요")
    chat.get_by_text("주고받은 JSON 보기").click()
    chat.locator(".json").nth(1).get_by_role("button").click()
    expect(chat.get_by_role("button", name="복사했어요")).to_be_visible()
    assert '"version": "2.0"' in chat.evaluate("navigator.clipboard.readText()")


def test_what_kakao_would_drop_is_not_shown(chat: Page, desk: Bot) -> None:
    end = FakeBot()
    here, desk.status.local = desk.status.local, end.url
    text = "가" * 1203
    end.body = b'{"version": "2.0", "template": {"outputs": [{"simpleText": {"text": "'
    end.body += text.encode() + b'"}}]}}'
    says(chat, "안녕")
    sees(chat, "카카오톡에는 아무것도 보이지 않아요.")
    sees(chat, "1번째 말풍선의 글이 1,203글자예요. 1,000글자까지 보여요.")
    expect(room(chat).get_by_text(text)).to_have_count(0)
    end.gate.clear()
    says(chat, "늦은 답")
    sees(chat, "5초 안에 답이 오지 않았어요")
    expect(chat.locator(".clock")).to_have_class("clock too-late")
    end.gate.set()
    end.close()
    desk.status.local = here
    says(chat, "다시")
    sees(chat, "이렇게 물으셨어요: 다시")


def test_scripts_in_a_question_are_shown_as_text(chat: Page) -> None:
    words = "<img src=x onerror=alert(1)> \"'</textarea><script>alert(1)</script>"
    says(chat, words)
    sees(chat, f"이렇게 물으셨어요: {words}")
    expect(room(chat).locator(".mine .bubble")).to_have_text(words)
    assert room(chat).locator("script, img[src=x]").count() == 0


# --- the keyboard, and a program that has gone ----------------------------------------------


def test_a_syllable_in_the_making_is_not_sent(chat: Page) -> None:
    field = chat.get_by_label("메시지 입력")
    field.fill("안녕하세")
    composing = "new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true})"
    field.evaluate(f"field => field.dispatchEvent({composing})")
    expect(room(chat).locator(".mine")).to_have_count(0)
    field.press("Shift+Enter")
    field.press_sequentially("요")
    expect(field).to_have_value("안녕하세\n요")
    field.press("Enter")
    sees(chat, "이렇게 물으셨어요")
    expect(room(chat).locator(".mine")).to_have_count(1)
    field.fill("  ")
    field.press("Enter")
    expect(room(chat).locator(".mine")).to_have_count(1)


def test_words_that_could_not_be_sent_stay(
    chromium: Browser, environ: dict[str, str], tmp_path: Path
) -> None:
    ours = {"DATA_DIR": str(tmp_path / "data"), "TUNNEL": "none"}
    with real.opened(chromium) as page:
        with program(ours | {"PORT": "0"}) as run:
            home = run.url.removesuffix("/prompt")
            page.goto(f"{home}/local_test")
            run.stop()
        says(page, "들리나요?")
        told = page.get_by_role("alert").filter(has_text="보내지 못했어요")
        expect(told).to_be_visible(timeout=LONG)
        expect(page.get_by_label("메시지 입력")).to_have_value("들리나요?")
        with program(ours | {"PORT": home.rpartition(":")[2]}) as again:
            assert again.url == run.url  # once it can be called
            page.get_by_role("button", name="보내기", exact=True).click()
            sees(page, "이렇게 물으셨어요: 들리나요?")
            expect(told).to_be_hidden()


def test_without_scripts_it_says_so(chromium: Browser, desk: Bot) -> None:
    with real.opened(chromium, java_script_enabled=False) as page:
        page.goto(f"{desk.url}/local_test")
        expect(page.get_by_text("자바스크립트가 켜져 있어야")).to_be_visible()
        expect(page.get_by_role("button", name="친구 더하기")).to_be_hidden()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [real.WIDE, real.PHONE], ids=["wide", "phone"])
def test_nobody_is_shut_out(
    chromium: Browser, desk: Bot, size: tuple[int, int], dark: bool
) -> None:
    with real.opened(chromium, size, dark) as page:
        page.goto(f"{desk.url}/local_test")
        press(page, "친구 더하기")
        page.locator(".tries").first.get_by_role("button", name="사용설명서").click()
        expect(room(page).locator(".kakao-card")).to_have_count(3, timeout=LONG)
        says(page, "오류를 내 줘", friend=1)
        sees(page, "연습용 모델이 일부러 낸 오류예요", friend=1)
        shuts_nobody_out(page)


@pytest.mark.parametrize("size", [(1280, 720), (390, 844)])
def test_the_field_to_type_in_is_on_the_screen_at_once(
    page: Page, desk: Bot, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{desk.url}/local_test")
    expect(page.get_by_label("메시지 입력")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="보내기", exact=True)).to_be_in_viewport(ratio=1)


def test_the_json_is_folded_away_until_it_is_asked_for(chat: Page) -> None:
    says(chat, "안녕")
    sees(chat, "이렇게 물으셨어요: 안녕")
    expect(chat.locator("#look-request")).to_be_hidden()
    chat.get_by_text("주고받은 JSON 보기").click()
    says(chat, "또 안녕")
    expect(chat.locator("#look-request")).to_contain_text('"utterance": "또 안녕"', timeout=LONG)
    expect(chat.locator("#look-request")).to_be_visible()
