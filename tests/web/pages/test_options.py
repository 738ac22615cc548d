"""The page of all settings over HTTP: who may, what is in it, what is written."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from chatgee import settings
from chatgee.owner.setup import Setup
from chatgee.settings import BY_HAND, OPTIONS, SECRETS
from chatgee.settings.option_form import WAS
from chatgee.texts import Texts
from chatgee.web import owner
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE

OWNERS = """# 우리 반 챗봇
SKILL_KEY='hidden-of-the-skill'   # 카카오에 적은 것
OPENAI_API_KEY=hidden-of-openai
NGROK_AUTHTOKEN=hidden-of-ngrok

REPLY_SECONDS = 3.5
MY_OWN=그대로 # 두기
"""
PATHS = ("/settings", "/settings/check/PORT", "/settings/skill-key")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "config.env"
    file.write_text(OWNERS, "utf-8")
    return file


@pytest.fixture
def home(tmp_path: Path, file: Path) -> Iterator[Bot]:
    """Of which the environment decides the folder and the port."""
    environ = {"DATA_DIR": str(tmp_path), "PORT": "0"}
    bot = Bot(environ, setup=Setup(file, environ, ()))
    with bot.open():
        yield bot


def ask(bot: Bot, path: str = "/settings", **headers: str) -> requests.Response:
    return requests.get(bot.url + path, headers=headers, timeout=PATIENCE)


def send(bot: Bot, path: str = "/settings", **fields: str) -> requests.Response:
    """Fields with the text that they had in a page opened just now."""
    page = ask(bot).text
    was = dict(re.findall(rf'name="({WAS}\w+)" value="([^"]*)"', page))
    texts = {name.removeprefix(WAS): text for name, text in was.items()}
    form = {"csrf": owner.TOKEN} | dict.fromkeys(SECRETS, "") | texts | was
    for name, text in fields.items():
        form[name.replace("delete_", "delete-")] = text
    return requests.post(bot.url + path, data=form, timeout=PATIENCE, allow_redirects=False)


# --- who may --------------------------------------------------------------------------------


def test_a_stranger_finds_nothing(home: Bot, file: Path) -> None:
    there = {"X-Forwarded-For": "192.0.2.7"}
    assert ask(home, **there).status_code == 404
    for path in PATHS:
        form = {"csrf": owner.TOKEN, "KEEP_DAYS": "3"}
        sent = requests.post(home.url + path, data=form, headers=there, timeout=PATIENCE)
        assert sent.status_code == 404
    assert file.read_text("utf-8") == OWNERS


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_nothing_is_changed(home: Bot, file: Path, path: str) -> None:
    sent = requests.post(home.url + path, data={"KEEP_DAYS": "3"}, timeout=PATIENCE)
    assert sent.status_code == 403
    assert (file.read_text("utf-8"), home.reloads) == (OWNERS, 0)


# --- what is in it --------------------------------------------------------------------------


def test_every_option_has_a_field_a_label_and_a_sentence(home: Bot) -> None:
    page, texts = ask(home).text, Texts.load()
    for name, row in OPTIONS.items():
        assert f'id="option-{name}"' in page
        assert row.metadata["about"] in page.replace("&#39;", "'")
        assert texts(f"options.label_{name.lower()}") in page


def test_no_secret_is_in_it(home: Bot) -> None:
    page = ask(home).text
    assert "hidden-" not in page
    assert page.count("이미 적혀 있어요") == len(SECRETS - {"ADMIN_PASSWORD", "DATABASE_URL"})


def test_no_secret_that_was_typed_comes_back(home: Bot) -> None:
    typed = {name: f"typed {name}" for name in SECRETS - BY_HAND}
    for path in ("/settings", *(f"/settings/check/{name}" for name in typed)):
        reply = send(home, path, **typed, KEEP_DAYS="soon")
        assert reply.status_code == 200
        assert "=*****: " in reply.text
        assert "typed " not in reply.text


def test_what_the_environment_decides_is_said_and_not_offered(home: Bot, file: Path) -> None:
    page = ask(home).text
    assert "환경 변수 DATA_DIR에 정해져" in page
    assert 'name="DATA_DIR"' not in page
    refused = send(home, DATA_DIR="/elsewhere")
    assert "환경 변수 DATA_DIR에 정해져" in refused.text
    assert "아직 저장하지 않았어요" in refused.text
    assert (file.read_text("utf-8"), home.reloads) == (OWNERS, 0)


def test_what_the_owner_wrote_is_text(home: Bot) -> None:
    evil = "\"><script>alert('x')</script>"
    page = send(home, OPENAI_MODEL=evil, KEEP_DAYS=evil).text
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") >= 2


def test_a_page_is_small_and_needs_nobody_else(home: Bot) -> None:
    page = ask(home)
    assert len(page.content) < 80_000
    assert not re.search(
        r"<style|<script>|\sstyle=|\son[a-z]+=|https?://(?!127)[^\"]*\.js", page.text
    )
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


# --- what is written ------------------------------------------------------------------------


def test_a_change_is_written_and_the_rest_stays_to_the_letter(home: Bot, file: Path) -> None:
    assert send(home, REPLY_SECONDS="4.5").headers["Location"] == "/settings?done=saved"
    assert file.read_text("utf-8") == OWNERS.replace("REPLY_SECONDS = 3.5", "REPLY_SECONDS=4.5")
    assert home.reloads == 1
    assert "저장했어요" in ask(home, "/settings?done=saved").text


def test_a_form_that_was_not_touched_writes_nothing(home: Bot, file: Path) -> None:
    before = file.stat().st_mtime_ns
    assert send(home).status_code == 303
    assert (file.stat().st_mtime_ns, home.reloads) == (before, 0)


def test_a_secret_can_be_replaced_and_deleted(home: Bot, file: Path) -> None:
    send(home, SKILL_KEY="another-key-of-mine", delete_NGROK_AUTHTOKEN="1")
    ours = settings.load({}, file)
    assert ours.skill_key is not None
    assert (ours.skill_key.reveal(), ours.ngrok_authtoken) == ("another-key-of-mine", None)
    assert "hidden-of-ngrok" not in file.read_text("utf-8")
    assert ours.openai_api_key is not None


def test_when_one_is_wrong_nothing_is_written_and_everything_is_kept(home: Bot, file: Path) -> None:
    page = send(home, REPLY_SECONDS="9", KEEP_DAYS="7", CALLBACK="off", HOST="a b").text
    assert "0.1부터 4.7까지만" in page
    assert "첫 답을 기다리는 시간=" in page
    for name, text in (("REPLY_SECONDS", "9"), ("KEEP_DAYS", "7"), ("HOST", "a b")):
        assert f'name="{name}" value="{text}"' in page
    assert '<option value="off" selected>' in page
    assert page.count('aria-invalid="true"') == 2
    assert re.search(r'<details id="more-5" open>', page)
    assert (file.read_text("utf-8"), home.reloads) == (OWNERS, 0)


def test_a_check_says_what_a_save_would_say_of_that_field(home: Bot, file: Path) -> None:
    told = send(home, "/settings/check/REPLY_SECONDS", REPLY_SECONDS="9", KEEP_DAYS="x").text
    assert told.startswith('<p class="error">')
    assert "0.1부터 4.7까지만" in told
    assert "정수" not in told
    assert send(home, "/settings/check/REPLY_SECONDS", REPLY_SECONDS="3").text == ""
    assert send(home, "/settings/check/NOTHING").status_code == 404
    assert (file.read_text("utf-8"), home.reloads) == (OWNERS, 0)


def test_what_locks_the_owner_out_is_saved_on_the_second_word(home: Bot, file: Path) -> None:
    asked = send(home, PUBLIC_URL="https://bot.example")
    assert "이 화면들을 볼 수 없어요" in asked.text
    assert "그래도 저장하기" in asked.text
    assert (file.read_text("utf-8"), home.reloads) == (OWNERS, 0)
    assert send(home, PUBLIC_URL="https://bot.example", sure="1").status_code == 303
    assert settings.load({}, file).public_url == "https://bot.example"


def test_a_config_env_that_cannot_be_written_is_told(home: Bot, file: Path) -> None:
    file.with_name("config.env.new").mkdir()
    page = send(home, KEEP_DAYS="7").text
    assert "config.env: 저장하지 못했어요" in page
    assert 'name="KEEP_DAYS" value="7"' in page
    assert home.reloads == 0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("KEEP_DAYS=soon", "config.env에 쓸 수 없는 값이 있어요"),
        ("REPLY_SECOND=3", "REPLY_SECONDS인가요?"),
        ("#KEEP_DAYS=30", "줄이 #으로 시작해서"),
    ],
)
def test_what_is_wrong_in_config_env_is_told_at_the_top(
    home: Bot, file: Path, line: str, told: str
) -> None:
    file.write_text(OWNERS + line + "\n", "utf-8")
    notices = ask(home).text.partition('id="notices"')[2].partition("<section")[0]
    assert told in notices


def test_a_config_env_that_cannot_be_read_is_told(home: Bot, file: Path) -> None:
    file.write_bytes(b"PORT=1\n\x80\xff\xff")
    assert "UTF-8로 하여 다시 저장" in ask(home).text
    assert "UTF-8로 하여 다시 저장" in send(home, KEEP_DAYS="7").text
    assert home.reloads == 0


def test_a_change_that_waits_for_a_restart_is_told_until_then(home: Bot) -> None:
    assert "다시 켜기를 기다리고" not in ask(home).text
    send(home, HOST="127.0.0.2")
    page = ask(home).text
    assert "다시 켜기를 기다리고" in page
    assert "연결을 받는 주소: 저장했지만" in page
    assert (
        "다시 켜야 바뀌는 것은 아래에"
        in requests.get(home.url + "/settings?done=saved", timeout=PATIENCE).text
    )


# --- the key of the skill -------------------------------------------------------------------


def test_a_new_key_is_saved_and_shown_this_once(home: Bot, file: Path) -> None:
    page = send(home, "/settings/skill-key").text
    ours = settings.load({}, file).skill_key
    assert ours is not None
    assert f">{ours.reveal()}<" in page
    assert "X-ChatGee-Key" in page
    assert home.reloads == 1
    assert ours.reveal() not in ask(home).text
    assert "# 카카오에 적은 것" in file.read_text("utf-8")


def test_a_key_that_is_soon_guessed_is_not_saved(home: Bot, file: Path) -> None:
    for path in ("/settings", "/settings/check/SKILL_KEY"):
        page = send(home, path, SKILL_KEY="guess-me-11")
        assert page.status_code == 200
        assert "12글자 이상" in page.text
        assert "guess-me-11" not in page.text
    assert (file.read_text("utf-8"), home.reloads) == (OWNERS, 0)


def test_of_a_key_that_is_soon_guessed_the_page_warns(home: Bot, file: Path) -> None:
    assert "12글자보다 짧아서" not in ask(home).text
    file.write_text(OWNERS.replace("hidden-of-the-skill", "hidden-1"), "utf-8")
    assert "12글자보다 짧아서" in ask(home).text
    assert send(home, KEEP_DAYS="7").status_code == 303
    assert "SKILL_KEY='hidden-1'" in file.read_text("utf-8")


def test_a_choice_of_the_environment_is_told_in_words(tmp_path: Path, file: Path) -> None:
    environ = {"DATA_DIR": str(tmp_path), "PORT": "0", "TUNNEL": "none"}
    with Bot(environ, setup=Setup(file, environ, ())).open() as bot:
        assert '<p class="now">만들지 않음 (none)</p>' in ask(bot).text


def test_a_key_of_the_environment_is_not_replaced(tmp_path: Path, file: Path) -> None:
    environ = {"DATA_DIR": str(tmp_path), "PORT": "0", "SKILL_KEY": "of-the-environment"}
    with Bot(environ, setup=Setup(file, environ, ())).open() as bot:
        assert "새 키로 바꾸기" not in ask(bot).text
        page = send(bot, "/settings/skill-key").text
        assert "환경 변수 SKILL_KEY에 정해져" in page
        assert 'id="key-value"' not in page
        assert bot.reloads == 0
    assert file.read_text("utf-8") == OWNERS
