"""The page of the bot's character as its owner uses it, in a real browser."""

import re

import pytest

from chatgee.settings import load
from tests.support.bot import Bot
from tests.support.far_ends import FakeOpenAI, Told

pytest.importorskip("playwright", reason="no playwright: pip install -r tests/requirements.txt")
from playwright.sync_api import Browser, Dialog, Locator, Page, expect

from tests.support import browser as real
from tests.support.browser import sees, shuts_nobody_out

pytestmark = [
    pytest.mark.skipif(real.CHROMIUM is None, reason=real.MISSING),
    pytest.mark.usefixtures("unhurried"),
]

EVIL = "<script>alert(1)</script> \"'&amp;"


@pytest.fixture
def open_page(page: Page, bot: Bot) -> Page:
    page.goto(bot.url + "/settings/character")
    return page


def editor(page: Page) -> Locator:
    return page.get_by_label("성격과 할 일")


def room(page: Page) -> Locator:
    return page.get_by_role("log", name="해 보기")


def ask(page: Page, question: str) -> None:
    page.get_by_label("챗봇에게 물어볼 말").fill(question)
    page.keyboard.press("Enter")


def save(page: Page) -> None:
    page.get_by_role("button", name="저장", exact=True).click()


# --- the whole way --------------------------------------------------------------------------


def test_an_owner_tries_a_character_saves_it_and_takes_it_back(
    open_page: Page, bot: Bot, fake_openai: FakeOpenAI
) -> None:
    page, first = open_page, editor(open_page).input_value()
    sees(page, "저장돼 있어요")
    editor(page).fill("당신은 꽃집의 안내원입니다.")
    sees(page, "저장하지 않은 것이 있어요")
    ask(page, "몇 시에 열어요?")
    expect(room(page)).to_contain_text("답: 몇 시에 열어요?")
    assert "당신은 꽃집의 안내원입니다." in fake_openai.told.system
    friend = bot.known()
    assert first in fake_openai.told.system  # nobody else has heard of it

    save(page)
    sees(page, "저장했어요. 다음 질문부터 이렇게 답해요.")
    sees(page, "저장돼 있어요")
    expect(room(page)).to_contain_text("답: 몇 시에 열어요?")  # the chat goes on
    friend.says("주차는요?")
    assert "당신은 꽃집의 안내원입니다." in fake_openai.told.system

    page.get_by_role("link", name="지금과 견주기").click()
    expect(page.locator("ins").filter(has_text="꽃집의 안내원입니다")).to_be_visible()
    expect(page.locator("del").filter(has_text="ChatGee입니다")).to_be_visible()
    page.get_by_role("button", name="이 글로 되돌리기").click()
    sees(page, "되돌렸어요")
    expect(editor(page)).to_have_value(first)
    friend.says("또 물어봐요")
    assert first in fake_openai.told.system
    expect(page.locator("#versions li")).to_have_count(2)


def test_an_older_one_is_tried_in_the_editor(open_page: Page, fake_openai: FakeOpenAI) -> None:
    page, first = open_page, editor(open_page).input_value()
    editor(page).fill("새 성격")
    save(page)
    sees(page, "저장했어요")
    page.get_by_role("link", name="지금과 견주기").click()
    page.get_by_role("link", name="편집 칸에 넣고 해 보기").click()
    expect(editor(page)).to_have_value(first)
    sees(page, "저장하지 않은 것이 있어요")
    ask(page, "안녕?")
    expect(room(page)).to_contain_text("답: 안녕?")
    assert first in fake_openai.told.system


# --- saving ---------------------------------------------------------------------------------


def test_ctrl_s_saves(open_page: Page) -> None:
    editor(open_page).fill("새 성격")
    open_page.keyboard.press("Control+s")
    sees(open_page, "저장했어요")
    editor(open_page).press_sequentially("!")
    expect(open_page.get_by_text("저장했어요")).to_have_count(0)
    sees(open_page, "저장하지 않은 것이 있어요")


def test_what_is_not_saved_is_not_left_by_accident(open_page: Page, bot: Bot) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    open_page.on("dialog", stay)
    editor(open_page).press_sequentially("새 성격")
    with open_page.expect_event("dialog"):
        open_page.get_by_role("link", name="홈").click(no_wait_after=True)
    expect(editor(open_page)).to_have_value(re.compile("새 성격"))
    assert asked == ["beforeunload"]
    save(open_page)
    sees(open_page, "저장했어요")
    open_page.get_by_role("link", name="홈").click()
    expect(open_page).to_have_url(bot.url + "/")
    assert asked == ["beforeunload"]


def test_two_windows_lose_nothing_of_each_other(open_page: Page, bot: Bot) -> None:
    other = open_page.context.new_page()
    other.goto(open_page.url)
    editor(other).fill("다른 창의 성격")
    save(other)
    sees(other, "저장했어요")
    editor(open_page).fill("이 창의 성격")
    save(open_page)
    sees(open_page, "아직 저장하지 않았어요")
    expect(open_page.locator(".comparison del")).to_contain_text("다른")
    expect(editor(open_page)).to_have_value("이 창의 성격")
    open_page.get_by_role("button", name="저장돼 있는 글 가져오기").click()
    expect(editor(open_page)).to_have_value("다른 창의 성격")
    sees(open_page, "저장돼 있어요")
    open_page.keyboard.press("Control+z")
    expect(editor(open_page)).to_have_value("이 창의 성격")
    save(open_page)
    sees(open_page, "저장했어요")
    expect(open_page.locator("#versions li")).to_have_count(3)


def test_an_example_is_counted_and_can_be_taken_back(open_page: Page) -> None:
    before = editor(open_page).input_value()
    open_page.get_by_role("button", name="가게 안내").click()
    expect(editor(open_page)).to_have_value(re.compile("꽃집의 안내원"))
    length = len(editor(open_page).input_value())
    expect(open_page.locator("#prompt-count")).to_have_text(f"{length} / 8,000글자")
    open_page.keyboard.press("Control+z")
    expect(editor(open_page)).to_have_value(before)
    sees(open_page, "저장돼 있어요")


def test_what_is_pasted_is_kept_and_says_by_how_much_it_is_too_long(open_page: Page) -> None:
    pasted = "가" * 9_600
    editor(open_page).fill(pasted)
    expect(open_page.locator("#prompt-count")).to_have_text("1,600글자 길어요 9,600 / 8,000글자")
    save(open_page)
    sees(open_page, "1,600글자 길어요. 그만큼 줄이고")
    expect(editor(open_page)).to_have_value(pasted)
    expect(editor(open_page)).to_have_attribute("aria-invalid", "true")
    editor(open_page).fill("가" * 8_000)
    expect(open_page.get_by_text("1,600글자 길어요. 그만큼 줄이고")).to_have_count(0)
    expect(editor(open_page)).not_to_have_attribute("aria-invalid", "true")
    expect(open_page.locator("#prompt-count")).to_have_text("8,000 / 8,000글자")
    save(open_page)
    sees(open_page, "저장했어요")


def test_what_an_example_took_the_place_of_is_one_click_away(open_page: Page) -> None:
    undo = open_page.get_by_role("button", name="되돌리기", exact=True)
    editor(open_page).fill("내가 한 시간 동안 적은 글")
    expect(undo).to_be_hidden()
    for example in ("가게 안내", "영어 회화"):
        open_page.get_by_role("button", name=example).click()
    undo.click()
    expect(editor(open_page)).to_have_value("내가 한 시간 동안 적은 글")
    expect(undo).to_be_hidden()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (
            "오늘은 {date}이고 {날짜}예요. {{user}} ${이름} %name%",
            "{date}, {날짜}, {{user}}, ${이름}, %name%: 채",
        ),
        (
            "○○꽃집은 02-000-0000, 총무 ○○○ 010-0000-0000",
            "○○꽃집은, 02-000-0000, ○○○, 010-0000-0000: 예시",
        ),
    ],
)
def test_what_the_model_would_get_as_it_stands_is_named_while_it_is_typed(
    open_page: Page, typed: str, told: str
) -> None:
    remarks = open_page.locator("#prompt-remarks")
    editor(open_page).fill(typed)
    expect(remarks).to_contain_text(told)
    editor(open_page).fill('전화는 02-123-4567, 100%예요. {"a": 1} 2026')
    expect(remarks).to_be_empty()


# --- trying ---------------------------------------------------------------------------------


def test_the_chat_remembers_and_says_when_another_draft_answers(
    open_page: Page, fake_openai: FakeOpenAI
) -> None:
    ask(open_page, "하나는?")
    expect(room(open_page)).to_contain_text("답: 하나는?")
    editor(open_page).fill("다른 성격")
    ask(open_page, "둘은?")
    expect(room(open_page)).to_contain_text("답: 둘은?")
    sees(open_page, "여기부터 고친 글로 답해요")
    assert "다른 성격" in fake_openai.told.system
    assert fake_openai.told.memory == ["하나는?", "답: 하나는?"]
    assert fake_openai.told.question == "둘은?"
    open_page.get_by_role("button", name="새로 시작").click()
    expect(room(open_page)).not_to_contain_text("하나는?")
    ask(open_page, "셋은?")
    expect(room(open_page)).to_contain_text("답: 셋은?")
    assert fake_openai.told.memory == []


def test_a_new_question_takes_the_place_of_one_that_waits(
    open_page: Page, fake_openai: FakeOpenAI
) -> None:
    fake_openai.hold(only="느린")
    ask(open_page, "느린 질문")
    fake_openai.wait_for(1)
    expect(open_page.get_by_text("답을 쓰고 있어요")).to_have_count(1)
    ask(open_page, "빠른 질문")
    expect(room(open_page)).to_contain_text("답: 빠른 질문")
    fake_openai.release()
    expect(open_page.get_by_text("답을 쓰고 있어요")).to_have_count(0)
    expect(room(open_page)).not_to_contain_text("답: 느린 질문")


def test_the_saved_one_answers_beside_the_draft(open_page: Page, fake_openai: FakeOpenAI) -> None:
    first = editor(open_page).input_value()
    editor(open_page).fill("새 성격")
    open_page.get_by_label("저장된 성격의 답과 견주기").check()
    ask(open_page, "안녕?")
    expect(room(open_page).get_by_text("답: 안녕?")).to_have_count(2)
    expect(room(open_page).locator(".who")).to_have_text(["고치고 있는 성격", "저장된 성격"])
    used = [Told.by(request).system for request in fake_openai.wait_for(2)]
    assert sorted((first in one, "새 성격" in one) for one in used) == [
        (False, True),
        (True, False),
    ]


def test_a_long_answer_goes_on_at_a_press(open_page: Page, fake_openai: FakeOpenAI) -> None:
    fake_openai.says = lambda _: "처음. " + "문장이에요. " * 600 + "마지막."
    ask(open_page, "길게")
    expect(room(open_page).locator(".from .bubble")).to_have_count(3)
    open_page.get_by_role("button", name="이어보기").click()
    expect(room(open_page)).to_contain_text("마지막.")
    expect(open_page.get_by_role("button", name="이어보기")).to_have_count(0)


def test_enter_that_ends_a_syllable_sends_nothing(open_page: Page, fake_openai: FakeOpenAI) -> None:
    field = open_page.get_by_label("챗봇에게 물어볼 말")
    field.fill("한글")
    composing = "field => field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', {}}))"
    field.evaluate(composing.replace("{}", "isComposing: true, bubbles: true"))
    field.evaluate(composing.replace("{}", "keyCode: 229, bubbles: true"))
    field.press("Shift+Enter")
    expect(field).to_have_value("한글\n")
    field.press("Enter")
    expect(room(open_page)).to_contain_text("답: 한글")
    assert fake_openai.questions == ["한글"]


def test_a_failure_is_told_in_the_chat(open_page: Page, fake_openai: FakeOpenAI) -> None:
    fake_openai.fails(401)
    open_page.get_by_role("button", name="안녕하세요").click()
    expect(room(open_page).locator(".error")).to_contain_text("OPENAI_API_KEY가 거절됐어요")


def test_what_is_said_is_text(open_page: Page, bot: Bot, fake_openai: FakeOpenAI) -> None:
    fake_openai.says = lambda question: f"{EVIL} {question}"
    editor(open_page).fill(EVIL)
    ask(open_page, f"질문 {EVIL}")
    expect(room(open_page).locator(".mine .bubble")).to_have_text(f"질문 {EVIL}")
    expect(room(open_page).locator(".from .bubble")).to_contain_text("<script>alert(1)</script>")
    save(open_page)
    sees(open_page, "저장했어요")
    expect(editor(open_page)).to_have_value(EVIL)
    expect(open_page.locator("#versions li.now ins")).to_contain_text(EVIL)


def test_a_page_from_before_a_restart_goes_on(chromium: Browser, bot: Bot) -> None:
    with real.opened(chromium) as page:
        page.goto(bot.url + "/settings/character")
        forget = "for (const field of document.getElementsByName('csrf')) field.value = 'of-before'"
        page.evaluate(forget)
        ask(page, "안녕?")
        expect(room(page)).to_contain_text("답: 안녕?")


# --- for everybody --------------------------------------------------------------------------


def test_without_scripts_it_is_saved_all_the_same(chromium: Browser, bot: Bot) -> None:
    with real.opened(chromium, java_script_enabled=False) as page:
        page.goto(bot.url + "/settings/character")
        editor(page).fill("스크립트 없이")
        save(page)
        sees(page, "저장했어요")
        expect(page.get_by_label("챗봇에게 물어볼 말")).to_be_hidden()
        sees(page, "자바스크립트를 켜야")
    file = load(bot.environ).system_prompt_path
    assert file.read_text("utf-8") == "스크립트 없이\n"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [real.WIDE, real.PHONE], ids=["wide", "phone"])
def test_nobody_is_shut_out(
    chromium: Browser, bot: Bot, fake_openai: FakeOpenAI, size: tuple[int, int], dark: bool
) -> None:
    with real.opened(chromium, size, dark) as page, page.context.new_page() as other:
        page.goto(bot.url + "/settings/character")
        shuts_nobody_out(page)
        other.goto(page.url)
        editor(other).fill("답은 다섯 문장을 넘지 않습니다.\n" + "길" * 300)
        save(other)
        sees(other, "저장했어요")
        editor(page).fill("답은 세 문장을 넘지 않습니다.")
        ask(page, "안녕?")
        expect(room(page)).to_contain_text("답: 안녕?")
        fake_openai.fails(401)
        editor(page).fill("답은 두 문장을 넘지 않습니다.")
        ask(page, "안녕?")
        sees(page, "거절됐어요")
        save(page)
        sees(page, "아직 저장하지 않았어요")
        page.get_by_text("이렇게 적으면 잘 답해요").click()
        shuts_nobody_out(page)
        other.get_by_role("link", name="지금과 견주기").click()
        sees(other, "그때와 지금")
        shuts_nobody_out(other)
