"""The owner reads what friends ask, in a real browser."""

import csv
import io
import re
from pathlib import Path

import pytest

from chatgee.questions import new_id
from chatgee.store import Outcome
from chatgee.store.describing import Description
from chatgee.store.reading import talks
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI

pytest.importorskip("playwright", reason="no playwright: pip install -r tests/requirements.txt")
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from tests.support import browser as real
from tests.support.browser import press, shuts_nobody_out

pytestmark = pytest.mark.skipif(real.CHROMIUM is None, reason=real.MISSING)

SCRIPT = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'"
SOON = 10_000


def rows(page: Page) -> Locator:
    return page.locator("#talks > .talk")


def newest(page: Page) -> Locator:
    return rows(page).first


def fill(bot: Bot, *questions: str, user_id: str = "friend-1") -> None:
    """As if they had been asked and answered."""
    for words in questions:
        id = new_id()
        bot.store.ask(id, user_id, words)
        question = bot.store.find(id, user_id).result(PATIENCE)
        assert question
        bot.store.fill(question, Outcome(f"답: {words}", f"답: {words}")).result(PATIENCE)


@pytest.fixture
def many(bot: Bot) -> Bot:
    """More than a page of questions."""
    fill(bot, "안녕", *(f"질문 {number}" for number in range(talks.PAGE + 5)))
    return bot


# --- live -----------------------------------------------------------------------------------


def test_a_question_appears_while_it_is_asked_and_then_its_answer(
    page: Page, bot: Bot, fake_openai: FakeOpenAI
) -> None:
    page.goto(bot.url + "/talks")
    expect(page.get_by_text("아직 아무도 묻지 않았어요")).to_be_visible()
    fake_openai.hold()
    friend = bot.friend()
    waiting = friend.says(SCRIPT)
    expect(newest(page)).to_contain_text(SCRIPT, timeout=SOON)
    expect(newest(page)).to_contain_text("생각하는 중")
    expect(page.get_by_text("아직 아무도 묻지 않았어요")).to_have_count(0)
    fake_openai.release()
    bot.until_held("friend-1")
    expect(newest(page)).to_contain_text("아직 안 가져감", timeout=SOON)
    expect(newest(page)).to_contain_text(f"답: {SCRIPT}")
    friend.presses(waiting, bot.texts("button.fetch"))
    expect(newest(page)).to_contain_text("버튼으로 답함", timeout=SOON)
    expect(rows(page)).to_have_count(1)


def test_what_is_read_stays_where_it_is(page: Page, many: Bot) -> None:
    page.goto(many.url + "/talks")
    read = rows(page).nth(30)
    read.scroll_into_view_if_needed()
    before = read.bounding_box()
    many.friend("new").says("방금 물어봤어요")
    expect(page.get_by_role("button", name="새 질문 1개 보기")).to_be_visible(timeout=SOON)
    assert read.bounding_box() == before
    many.friend("new").says("하나 더요")
    press(page, "새 질문 2개 보기")
    expect(newest(page)).to_contain_text("하나 더요")
    expect(rows(page).nth(1)).to_contain_text("방금 물어봤어요")
    expect(newest(page)).to_be_in_viewport()
    expect(page.get_by_role("button", name="개 보기")).to_have_count(0)


@pytest.mark.usefixtures("unhurried")
def test_a_question_that_is_asked_again_moves_to_the_top(
    page: Page, bot: Bot, fake_openai: FakeOpenAI
) -> None:
    fake_openai.fails(400)
    friend = bot.friend()
    failed = friend.says("처음")
    bot.friend("other").says("다음")
    page.goto(bot.url + "/talks")
    expect(rows(page).nth(1)).to_contain_text("답하지 못함")
    friend.presses(failed, bot.texts("button.again"))
    expect(newest(page)).to_contain_text("답: 처음", timeout=SOON)
    expect(rows(page)).to_have_count(2)


def test_nobody_is_asked_while_the_page_is_hidden(page: Page, bot: Bot) -> None:
    page.clock.install()
    page.goto(bot.url + "/talks")
    looks: list[Request] = []
    page.on("request", lambda one: looks.append(one) if "/talks/live" in one.url else None)
    with page.expect_response("**/talks/live?*"):  # else it would be the one that takes a minute
        page.clock.run_for(4_000)
    expect(page.locator("#talks")).not_to_have_class(re.compile("htmx-request"))
    page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden'})")
    count = len(looks)
    page.clock.run_for(60_000)
    page.evaluate("fetch('/health').then(reply => reply.text())")  # later than any look before it
    assert len(looks) == count


# --- finding --------------------------------------------------------------------------------


def test_the_owner_finds_what_was_asked_and_opens_the_thread(page: Page, bot: Bot) -> None:
    friend = bot.known("a/b?c=<b>&\"'한 글")
    friend.says("광합성이 뭐예요?")
    friend.says("고마워요")
    bot.friend("other").says("급식이 뭐예요?")
    page.goto(bot.url + "/talks")
    page.get_by_label("찾을 말").fill("광합성")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1)
    expect(page.locator("mark").first).to_have_text("광합성")
    expect(page.get_by_text("새 질문을 기다리고 있어요")).to_have_count(0)
    rows(page).get_by_role("link").click()
    expect(page.get_by_text(friend.id)).to_be_visible()
    bubbles = page.locator(".mine .bubble")
    expect(bubbles).to_have_text(["안녕", "광합성이 뭐예요?", "고마워요"])
    expect(page.locator(".turn:target")).to_contain_text("광합성이 뭐예요?")
    expect(page.locator(".turn:target")).to_be_in_viewport()


def test_older_ones_come_below_and_the_keyboard_goes_on_with_them(page: Page, many: Bot) -> None:
    page.goto(many.url + "/talks")
    expect(rows(page)).to_have_count(talks.PAGE)
    page.get_by_role("link", name="더 보기").focus()
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(talks.PAGE + 6)
    expect(rows(page).nth(talks.PAGE).get_by_role("link")).to_be_focused()
    expect(page.get_by_text("여기까지가 전부예요")).to_be_visible()
    assert page.url == many.url + "/talks"


def test_a_long_search_goes_on_by_itself(
    page: Page, many: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_steps(monkeypatch)
    page.goto(many.url + "/talks?q=안녕")
    expect(newest(page)).to_contain_text("답: 안녕")
    expect(page.get_by_text("여기까지가 전부예요")).to_be_visible()
    expect(page.get_by_role("button", name="그만 찾기")).to_have_count(0)


def test_a_long_search_can_be_stopped_and_taken_up_again(
    page: Page, many: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_steps(monkeypatch)
    asked: list[Route] = []
    page.route("**/talks/more?*", lambda route: asked.append(route))
    with page.expect_request("**/talks/more?*"):
        page.goto(many.url + "/talks?q=안녕")
    expect(page.get_by_text("더 오래된 대화를 찾고 있어요")).to_be_visible()
    press(page, "그만 찾기")
    expect(page.get_by_role("link", name="이어서 찾기")).to_be_focused()
    expect(page.get_by_text("더 오래된 대화를 찾고 있어요")).to_be_hidden()
    stopped = page.locator(".searching").get_attribute("hx-get")
    asked[0].continue_()  # what was under way comes, and is the last
    expect(page.locator(".searching")).not_to_have_attribute("hx-get", str(stopped))
    page.evaluate("fetch('/health').then(reply => reply.text())")  # later than any search before it
    assert len(asked) == 1
    page.unroute("**/talks/more?*")
    page.get_by_role("link", name="이어서 찾기").click()
    expect(newest(page)).to_contain_text("답: 안녕")


def in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talks, "SLICE", 20)
    monkeypatch.setattr(talks, "PATIENCE_SECONDS", 0.0)


def test_without_scripts_everything_can_be_found(
    chromium: Browser, many: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with real.opened(chromium, java_script_enabled=False) as page:
        page.goto(many.url + "/talks")
        page.get_by_role("link", name="더 보기").click()
        expect(rows(page)).to_have_count(6)
        in_small_steps(monkeypatch)
        page.goto(many.url + "/talks?q=안녕")
        for _ in range(2):
            page.get_by_role("link", name="이어서 찾기").click()
        expect(newest(page)).to_contain_text("안녕")


# --- files and deleting ---------------------------------------------------------------------


def test_the_owner_takes_a_file_and_deletes_a_friend(page: Page, bot: Bot) -> None:
    bot.known(SCRIPT).says(SCRIPT)
    bot.friend("other").says("남아 있어요")
    page.goto(bot.url + "/talks")
    rows(page).nth(1).get_by_role("link").click()
    page.get_by_role("link", name="이 친구의 데이터 지우기").click()
    expect(page.get_by_text("질문 2개와 그 답")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV 받기 (엑셀)").click()
    file = Path(download.value.path()).read_text("utf-8-sig")
    assert re.fullmatch(r"chatgee-[\d-]+\.csv", download.value.suggested_filename)
    assert [row["질문"] for row in csv.DictReader(io.StringIO(file))] == [SCRIPT, "안녕"]
    press(page, "지우기")
    expect(page.get_by_text("지웠어요. 그 친구의 대화는")).to_be_visible()
    expect(page).to_have_url(bot.url + "/talks")
    expect(rows(page)).to_have_count(1)
    expect(newest(page)).to_contain_text("남아 있어요")


def test_changing_ones_mind_deletes_nothing(page: Page, bot: Bot) -> None:
    bot.friend().says("안녕")
    page.goto(bot.url + "/talks/delete?id=friend-1")
    page.get_by_role("link", name="그만두기").click()
    expect(page.locator(".mine .bubble")).to_have_text("안녕")


# --- who a friend is ------------------------------------------------------------------------


def test_the_owner_names_a_friend_and_finds_the_class(page: Page, bot: Bot) -> None:
    fill(bot, "광합성이 뭐예요?")
    fill(bot, "급식 뭐예요?", user_id="friend-2")
    page.goto(bot.url + "/talks/friend?id=friend-1")
    page.get_by_label("별명").fill("가" * 43)
    page.get_by_label("이름표").fill("3학년 2반, 과학부")
    press(page, "저장하기")
    expect(page.locator("#nickname-told")).to_contain_text("3글자 길어요")
    expect(page.get_by_label("이름표")).to_have_value("3학년 2반, 과학부")
    page.get_by_label("별명").fill("김민준")
    press(page, "저장하기")
    expect(page.get_by_role("status")).to_have_text("저장했어요.")
    expect(page.get_by_role("heading", level=1)).to_contain_text("김민준")
    page.get_by_role("link", name="3학년 2반").click()
    expect(rows(page)).to_have_count(1)
    expect(newest(page)).to_contain_text("김민준")
    page.get_by_label("이름표").select_option("과학부")
    press(page, "찾기")
    expect(newest(page)).to_contain_text("광합성이 뭐예요?")


def test_the_owner_begins_anew_with_everyone(page: Page, bot: Bot) -> None:
    fill(bot, "안녕")
    page.goto(bot.url + "/settings/character")
    page.get_by_role("link", name="모두 새로 시작").click()
    press(page, "모두 새로 시작하기")
    expect(page.get_by_text("모두 새로 시작했어요")).to_be_visible()
    expect(rows(page)).to_have_count(1)
    newest(page).get_by_role("link").click()
    expect(page.locator(".forgotten")).to_be_visible()


# --- for everybody --------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [real.WIDE, real.PHONE], ids=["wide", "phone"])
def test_nobody_is_shut_out(
    chromium: Browser,
    bot: Bot,
    fake_openai: FakeOpenAI,
    size: tuple[int, int],
    dark: bool,
) -> None:
    fake_openai.fails(400)
    friend = bot.known("f" * 70)
    friend.says("실패한 질문")
    friend.says(bot.texts("button.reset"))
    friend.says("광합성" * 300)
    for number in range(talks.PAGE):
        fill(bot, "안녕", user_id=f"desk-{number}")
    fake_openai.hold()
    friend.says("늦은 질문")
    thread = "/talks/friend?id=" + friend.id
    described = Description("이" * 40, "메모\n" * 200, ("가" * 30, "3학년 2반"))
    bot.store.describe(friend.id, Description(), described).result(PATIENCE)
    with real.opened(chromium, size, dark) as page:
        also = ("/talks?q=광합성&label=3학년 2반", "/talks/anew", "/stats")
        for path in ("/talks", *also, thread, "/talks/delete?id=" + friend.id):
            page.goto(bot.url + path)
            shuts_nobody_out(page)
