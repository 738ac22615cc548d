"""The owner's pages as an owner uses them, in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from chatgee import settings
from chatgee.errors import TunnelError
from chatgee.owner.setup import Setup
from chatgee.settings import Settings
from chatgee.tunnel import Link
from chatgee.web import owner
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.process import copy_to, program

pytest.importorskip("playwright", reason="no playwright: pip install -r tests/requirements.txt")
from playwright.sync_api import Browser, Page, expect

from tests.support import browser as real
from tests.support.browser import press, sees, shuts_nobody_out

pytestmark = pytest.mark.skipif(real.CHROMIUM is None, reason=real.MISSING)

KEY = "sk-right-0123456789"


@pytest.fixture
def new(tmp_path: Path, fake_openai: FakeOpenAI) -> Iterator[Bot]:
    """A first run, with a model server on this machine."""
    bot = Bot({"DATA_DIR": str(tmp_path), "PORT": "0"})
    servers = (("LM Studio", fake_openai.url), ("Ollama", "http://127.0.0.1:9/v1"))
    bot.setup = Setup(tmp_path / "config.env", {}, servers, lambda ours, _: f"https://{ours.port}")
    with bot.open():
        yield bot


# --- a first run ----------------------------------------------------------------------------


def test_a_first_run_ends_with_a_bot_that_answers(
    page: Page, tmp_path: Path, fake_openai: FakeOpenAI
) -> None:
    fake_openai.right_key = KEY
    folder = copy_to(tmp_path / "ChatGee (1) 우리 반")
    environ = {"PORT": "0", "TUNNEL": "none", "REPLY_SECONDS": "4.5"}
    with program(environ, folder=folder) as run:
        friend = run.friend()
        assert "연습" in friend.says("안녕").text
        page.goto(run.url.replace("/prompt", "/setup"))
        page.get_by_role("radio", name="내 컴퓨터의 모델").check()
        page.get_by_label("서버 주소").fill(fake_openai.url)
        page.get_by_label("서버의 키").fill("sk-wrong")
        press(page, "모델 확인")
        sees(page, "이 키는 거절됐어요")
        expect(page.get_by_label("서버의 키")).to_have_value("sk-wrong")
        page.get_by_label("서버의 키").fill(KEY)
        press(page, "모델 확인")
        sees(page, "쓸 수 있는 모델이 2개")
        page.get_by_label("모델", exact=True).select_option("gpt-6-sol")
        page.get_by_role("radio", name="임시 주소").check()
        press(page, "가게 안내")
        press(page, "저장하고 시작하기")
        sees(page, "저장했어요")
        sees(page, "gpt-6-sol 모델이 답하고 있어요")
        assert friend.says("몇 시에 열어요?").text == "답: 몇 시에 열어요?"
        assert "꽃집" in fake_openai.told.system
    read = settings.load({}, folder / "config.env")
    assert read.openai_api_key
    assert (read.openai_api_key.reveal(), read.openai_base_url) == (KEY, fake_openai.url)
    assert read.openai_model == "gpt-6-sol"
    assert KEY not in run.output


def test_a_server_on_this_machine_is_offered(page: Page, new: Bot, fake_openai: FakeOpenAI) -> None:
    page.goto(new.url + "/setup")
    press(page, "LM Studio 쓰기")
    sees(page, "쓸 수 있는 모델이 2개")
    expect(page.get_by_label("서버 주소")).to_have_value(fake_openai.url)
    page.get_by_role("radio", name="임시 주소").check()
    press(page, "저장하고 시작하기")
    sees(page, "저장했어요")
    assert new.reloads == 1


def test_skipping_everything_leaves_a_practice_bot(page: Page, new: Bot) -> None:
    page.goto(new.url + "/setup")
    press(page, "모두 건너뛰고 연습으로 시작하기")
    sees(page, "연습용 모델로 시작했어요")
    expect(page.locator("#steps li").first).to_have_attribute("aria-current", "step")
    offered = page.get_by_role("link", name="먼저 말 걸어 보기")
    expect(offered).to_have_attribute("href", "/local_test")
    assert "연습" in new.friend().says("안녕").text
    page.goto(new.url + "/setup")
    expect(page.get_by_role("radio", name="나중에")).to_be_checked()
    expect(page.get_by_role("button", name="모두 건너뛰고")).to_have_count(0)


def test_nothing_that_was_typed_is_lost(page: Page, new: Bot) -> None:
    page.goto(new.url + "/setup")
    page.get_by_label("OpenAI 키").fill("sk 1")
    page.get_by_label("ngrok 토큰").fill("2abcTOKEN")
    page.get_by_label("ngrok 고정 주소").fill("my domain")
    page.get_by_label("성격과 할 일").fill("우리 반 도우미")
    press(page, "저장하고 시작하기")
    sees(page, "아직 저장하지 않았어요")
    expect(page.get_by_label("OpenAI 키")).to_be_focused()
    expect(page.get_by_label("OpenAI 키")).to_have_attribute("aria-invalid", "true")
    typed = [page.get_by_label(name).input_value() for name in ("OpenAI 키", "ngrok 토큰")]
    assert typed == ["sk 1", "2abcTOKEN"]
    expect(page.get_by_label("ngrok 고정 주소")).to_have_value("my domain")
    expect(page.get_by_label("성격과 할 일")).to_have_value("우리 반 도우미")
    assert new.reloads == 0


def test_after_a_restart_the_page_works_with_all_that_was_typed(
    chromium: Browser, environ: dict[str, str], tmp_path: Path
) -> None:
    folder = copy_to(tmp_path / "program")
    with real.opened(chromium) as page:
        with program(environ, folder=folder) as run:
            home = run.url.removesuffix("/prompt")
            page.goto(home + "/setup")
            page.get_by_role("radio", name="임시 주소").check()
            page.get_by_label("성격과 할 일").fill("우리 반 도우미")
            run.stop()
        press(page, "저장")
        expect(page.get_by_text("ChatGee가 꺼져 있어요")).to_be_in_viewport()
        with program(environ | {"PORT": home.rpartition(":")[2]}, folder=folder) as again:
            assert again.url == run.url  # once it can be called
            expect(page.get_by_text("ChatGee가 꺼져 있어요")).to_have_count(0, timeout=20_000)
            press(page, "저장")
            sees(page, "저장했어요. 지금부터")
    assert (tmp_path / "system_prompt.txt").read_text("utf-8") == "우리 반 도우미\n"


def test_what_is_refused_stays_in_the_page(chromium: Browser, new: Bot) -> None:
    with real.opened(chromium) as page:
        page.goto(new.url + "/setup")
        character = page.get_by_label("성격과 할 일")
        character.evaluate("field => field.removeAttribute('maxlength')")
        character.fill("가" * owner.MOST_BYTES)
        press(page, "저장하고 시작하기")
        sees(page, "글이 너무 길어서 받지 못했어요")
        expect(character).to_have_value("가" * owner.MOST_BYTES)
        expect(page.get_by_role("button", name="저장하고 시작하기")).to_be_enabled()


def test_what_cannot_be_skipped_loses_nothing(page: Page, new: Bot, tmp_path: Path) -> None:
    (tmp_path / "config.env.new").mkdir()
    page.goto(new.url + "/setup")
    page.get_by_label("성격과 할 일").fill("우리 반 도우미")
    press(page, "모두 건너뛰고 연습으로 시작하기")
    sees(page, "config.env: 저장하지 못했어요")
    expect(page.get_by_label("성격과 할 일")).to_have_value("우리 반 도우미")


def test_a_check_that_fails_says_nothing_of_saving(page: Page, new: Bot) -> None:
    page.goto(new.url + "/setup")
    press(page, "모델 확인")
    sees(page, "키를 붙여 넣어 주세요")
    expect(page.get_by_text("아직 저장하지 않았어요")).to_have_count(0)


def test_a_correction_clears_its_error_as_it_is_typed(page: Page, new: Bot) -> None:
    page.goto(new.url + "/setup")
    page.get_by_role("radio", name="임시 주소").check()
    key = page.get_by_label("OpenAI 키")
    press(page, "저장하고 시작하기")
    sees(page, "키를 붙여 넣어 주세요")
    sees(page, "아직 저장하지 않았어요")
    key.press_sequentially("s")
    expect(page.get_by_text("키를 붙여 넣어 주세요")).to_have_count(0)
    expect(key).not_to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("아직 저장하지 않았어요")).to_have_count(0)


def test_a_check_belongs_to_what_was_checked(page: Page, new: Bot, fake_openai: FakeOpenAI) -> None:
    page.goto(new.url + "/setup")
    press(page, "LM Studio 쓰기")
    sees(page, "쓸 수 있는 모델이 2개")
    page.get_by_label("모델", exact=True).select_option("gpt-6-sol")
    page.get_by_label("서버 주소").fill(fake_openai.url.replace("127.0.0.1", "localhost"))
    expect(page.get_by_text("쓸 수 있는 모델이 2개")).to_have_count(0)
    page.get_by_role("radio", name="임시 주소").check()
    press(page, "저장하고 시작하기")
    sees(page, "저장했어요")


def test_what_was_done_is_told_once(page: Page, new: Bot) -> None:
    page.goto(new.url + "/?done=saved")
    sees(page, "저장했어요. 지금부터")
    expect(page).to_have_url(new.url + "/")
    page.reload()
    expect(page.get_by_text("저장했어요. 지금부터")).to_have_count(0)


def test_a_second_click_saves_nothing_twice(page: Page, tmp_path: Path) -> None:
    tried, may_go = [], Event()

    def trial(ours: Settings, port: int) -> str:
        tried.append(port)
        assert may_go.wait(PATIENCE)
        return f"https://{ours.ngrok_domain}"

    bot = Bot({"DATA_DIR": str(tmp_path), "PORT": "0"})
    bot.setup = Setup(tmp_path / "config.env", {}, (), trial)
    with bot.open():
        page.goto(bot.url + "/setup")
        page.get_by_role("radio", name="나중에").check()
        page.get_by_label("ngrok 토큰").fill("2abcTOKEN")
        page.get_by_label("ngrok 고정 주소").fill("a.ngrok-free.dev")
        save = page.locator(".save")
        save.click()
        expect(save).to_have_attribute("aria-disabled", "true")
        save.click(force=True)
        page.get_by_role("button", name="모두 건너뛰고").click(force=True)
        may_go.set()
        sees(page, "저장했어요. 지금부터")
        assert (len(tried), bot.reloads) == (1, 1)


def test_the_enter_key_saves_nothing_unchecked(page: Page, tmp_path: Path) -> None:
    def trial(ours: Settings, port: int) -> str:
        raise TunnelError("tunnel.refused", code="ERR_NGROK_105")

    bot = Bot({"DATA_DIR": str(tmp_path), "PORT": "0"})
    bot.setup = Setup(tmp_path / "config.env", {}, (), trial)
    with bot.open():
        page.goto(bot.url + "/setup")
        page.get_by_role("radio", name="나중에").check()
        page.get_by_label("ngrok 토큰").fill("2abcTOKEN")
        page.get_by_label("ngrok 고정 주소").fill("a.ngrok-free.dev")
        press(page, "저장하고 시작하기")
        sees(page, "확인 없이 저장하기")
        with page.expect_response("**/setup"):
            page.get_by_label("ngrok 토큰").press("Enter")
        sees(page, "아직 저장하지 않았어요")
        assert bot.reloads == 0


def test_without_scripts_no_button_is_named_that_is_not_there(
    chromium: Browser, stopped_bot: Bot
) -> None:
    with (
        stopped_bot.open() as bot,
        real.opened(chromium, java_script_enabled=False) as page,
    ):
        page.goto(bot.url + "/setup")
        sees(page, "모델이 답해요")
        expect(page.get_by_text("모델 확인").locator("visible=true")).to_have_count(0)


def test_an_example_can_be_taken_back(page: Page, new: Bot) -> None:
    page.goto(new.url + "/setup")
    character = page.get_by_label("성격과 할 일")
    character.fill("내가 적은 글")
    press(page, "영어 회화")
    expect(character).to_have_value(re.compile("English conversation partner"))
    page.keyboard.press("Control+z")
    expect(character).to_have_value("내가 적은 글")


def test_the_keyboard_is_enough(page: Page, new: Bot) -> None:
    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            here = (
                "document.activeElement.labels?.[0]?.innerText || document.activeElement.innerText"
            )
            if name in page.evaluate(here):
                return
        pytest.fail(f"no Tab leads to {name}")

    page.goto(new.url + "/setup")
    sees(page, "LM Studio를 찾았어요")
    tab_to("OpenAI")
    page.keyboard.press("ArrowRight")
    tab_to("LM Studio 쓰기")
    page.keyboard.press("Enter")
    sees(page, "쓸 수 있는 모델이 2개")
    tab_to("고정 주소")
    page.keyboard.press("ArrowRight")
    tab_to("저장하고 시작하기")
    page.keyboard.press("Enter")
    sees(page, "저장했어요")
    assert new.reloads == 1


# --- home -----------------------------------------------------------------------------------


@pytest.fixture
def moved(bot: Bot) -> Bot:
    """A bot whose address has changed since Kakao was told."""
    bot.status.linked(Link("ngrok", "https://before.example"))
    bot.status.called(tester=False)
    bot.status.linked(Link("localhost.run", "https://after.example"))
    return bot


def test_a_new_address_is_told_loudly_until_kakao_calls_it(page: Page, moved: Bot) -> None:
    page.goto(moved.url)
    sees(page, "주소가 바뀌었어요. 카카오 스킬도 바꿔야 해요!")
    sees(page, "https://before.example/prompt")
    sees(page, "ngrok 고정 주소를 넣으면 다시는 바뀌지 않아요")
    moved.status.called(tester=False)  # and the page hears of it by itself
    expect(page.get_by_role("alert").filter(has_text="주소가 바뀌었어요")).to_have_count(0)


def test_the_address_is_copied(page: Page, moved: Bot) -> None:
    page.goto(moved.url)
    press(page, "복사")
    sees(page, "복사했어요")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "https://after.example/prompt"


def test_it_says_when_the_program_has_gone_and_when_it_is_back(
    chromium: Browser, environ: dict[str, str]
) -> None:
    with real.opened(chromium) as page:
        with program(environ | {"TUNNEL": "none"}) as run:
            home = run.url.removesuffix("/prompt")
            page.goto(home)
            run.stop()
        sees(page, "ChatGee가 꺼져 있어요")
        with program(environ | {"TUNNEL": "none", "PORT": home.rpartition(":")[2]}) as again:
            assert again.url == run.url  # once it can be called
            expect(page.get_by_text("ChatGee가 꺼져 있어요")).to_have_count(0, timeout=20_000)
            sees(page, "gpt-6-luna 모델이 답하고 있어요")


def test_the_key_of_the_skill_is_shown_on_request(page: Page, stopped_bot: Bot) -> None:
    with stopped_bot.open(SKILL_KEY="a-key-of-the-skill") as bot:
        page.goto(bot.url)
        expect(page.get_by_text("a-key-of-the-skill")).to_have_count(0)
        press(page, "값 보기")
        sees(page, "a-key-of-the-skill")


# --- for everybody --------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [real.WIDE, real.PHONE], ids=["wide", "phone"])
def test_nobody_is_shut_out(chromium: Browser, new: Bot, size: tuple[int, int], dark: bool) -> None:
    new.status.linked(Link("ngrok", "https://before.example"))
    new.status.linked(Link("localhost.run", "https://after.example"))
    with real.opened(chromium, size, dark) as page:
        for path in ("/", "/local_test", "/setup"):
            page.goto(new.url + path)
            if path == "/setup":
                press(page, "LM Studio 쓰기")
                sees(page, "쓸 수 있는 모델이 2개")
                press(page, "저장하고 시작하기")
                sees(page, "아직 저장하지 않았어요")
            shuts_nobody_out(page)
