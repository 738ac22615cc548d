"""The owner's pages: for whoever sits before this machine, and for no one else."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatgee.owner.setup import Setup
from chatgee.web import owner
from tests.support.bot import Bot
from tests.support.visitor import ask, change

SECRETS = {
    "OPENAI_API_KEY": "sk-secret-of-openai",
    "SKILL_KEY": "secret-of-the-skill",
    "NGROK_AUTHTOKEN": "secret-of-ngrok",
}
PAGES = ("/setup", "/board", "/talks/export/csv")
CHANGES = ("/setup", "/key", "/talks/delete", "/talks/failed")
"""A few, for every kind of stranger; what holds for all of them is in test_every_page."""
MISSING = [
    *(("GET", "/x", 404), ("GET", "/manual/nothing", 404), ("GET", "/static/x.js", 404)),
    *(("PUT", "/setup", 405), ("GET", "/setup/skip", 405), ("POST", "/setup", 403)),
]
ALIVE = "ChatGee가 켜져 있어요."


@pytest.fixture
def home(stopped_bot: Bot) -> Iterator[Bot]:
    """With every secret there is."""
    with stopped_bot.open(**SECRETS):
        yield stopped_bot


# --- who is a stranger ----------------------------------------------------------------------


STRANGERS: list[dict[str, str]] = [
    *({"Host": host} for host in ("bot.example.com", "name.ngrok-free.dev", "localhost.example")),
    *({"Host": host} for host in ("127.0.0.1.example.com", "127.0.0.1@evil.example", "192.0.2.7")),
    *({"Host": host} for host in ("[::ffff:c000:207]", "evil.example#localhost", "0.0.0.0", ".")),
    *({name: "127.0.0.1"} for name in owner.FORWARDED),
    {"x-forwarded-for": ""},
]


@pytest.mark.parametrize("headers", STRANGERS, ids=str)
def test_a_stranger_finds_no_page_of_the_owners_and_changes_nothing(
    home: Bot, headers: dict[str, str]
) -> None:
    for path in PAGES:
        assert ask(home, path, headers=headers).status_code in {400, 404}
    for path in CHANGES:
        reply = change(home, path, owner.TOKEN, **headers)
        assert reply.status_code in {400, 404}
        assert owner.TOKEN not in reply.text + str(reply.headers)
    assert home.reloads == 0


@pytest.mark.parametrize("headers", STRANGERS, ids=str)
def test_a_stranger_sees_that_it_is_alive_and_nothing_else(
    home: Bot, headers: dict[str, str]
) -> None:
    for path in ("/", "/local_test"):
        page = ask(home, path, headers=headers)
        if page.status_code != 400:
            assert ALIVE in page.text
            assert "/prompt" not in page.text
            assert owner.TOKEN not in page.text
    for method, path, _ in MISSING:
        reply = ask(home, path, method, headers=headers)
        assert reply.status_code in {400, 403, 404, 405}
        assert len(reply.content) < 100
        assert "ChatGee" not in reply.text


def test_behind_a_proxy_of_the_owners_nobody_is_taken_for_the_owner(stopped_bot: Bot) -> None:
    """nginx with nothing but `proxy_pass` sends a local Host and no header of its own."""
    with stopped_bot.open(PUBLIC_URL="https://bot.example.com", **SECRETS) as bot:
        assert ALIVE in ask(bot, "/").text
        assert {ask(bot, path).status_code for path in PAGES} == {404}
        assert {change(bot, path, owner.TOKEN).status_code for path in CHANGES} == {404}


def test_a_call_from_another_machine_is_a_strangers(stopped_bot: Bot) -> None:
    address = another_address()
    if address is None:
        pytest.skip("this machine has no other address")
    with stopped_bot.open(HOST="0.0.0.0") as bot:
        bot.url = bot.url.replace("0.0.0.0", address)
        local = {"Host": "localhost"}
        assert [ask(bot, path, headers=local).status_code for path in PAGES] == [404] * len(PAGES)
        assert ALIVE in ask(bot, "/", headers=local).text


def another_address() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(("192.0.2.1", 9))  # sends nothing: asks which address would be used
        except OSError:
            return None
        address: str = way.getsockname()[0]
    return None if address.startswith("127.") else address


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1", "127.9.9.9", "[::1]:1"])
def test_the_owner_may_use_every_name_of_this_machine(home: Bot, host: str) -> None:
    page = ask(home, "/setup", headers={"Host": host})
    assert page.status_code == 200


# --- what another site tries in the owner's browser -----------------------------------------


@pytest.mark.parametrize(
    "token",
    [None, "", "wrong", "토큰", owner.TOKEN + "x"],
    ids=["none", "empty", "wrong", "korean", "longer"],  # every process has a TOKEN of its own
)
def test_without_the_token_nothing_is_changed(home: Bot, token: str | None) -> None:
    assert {change(home, path, token).status_code for path in CHANGES} == {403}
    assert home.reloads == 0


def test_a_page_from_before_a_restart_is_given_the_new_token(home: Bot) -> None:
    refused = change(home, "/setup", "of-before", Origin=home.url)
    assert refused.status_code == 403
    assert "예전 화면" in refused.text
    again = change(home, "/setup", refused.headers[owner.TOKEN_HEADER], Origin=home.url)
    assert again.status_code == 303


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "https://{here}", ""]
)
def test_from_a_page_of_another_origin_nothing_is_changed(home: Bot, origin: str) -> None:
    here = home.url.removeprefix("http://")
    for path in CHANGES:
        reply = change(home, path, owner.TOKEN, Origin=origin.format(here=here))
        assert reply.status_code == 403
        assert owner.TOKEN not in reply.text + str(reply.headers)


def test_a_page_of_ours_may(home: Bot) -> None:
    assert change(home, "/setup", owner.TOKEN, Origin=home.url).status_code == 303
    assert home.reloads == 1
    by_header = change(home, "/setup/skip", **{owner.TOKEN_HEADER: owner.TOKEN})
    assert by_header.status_code == 303


def test_no_page_sends_more_than_fits_a_form(home: Bot) -> None:
    form = {"csrf": owner.TOKEN, "prompt": "x" * owner.MOST_BYTES}
    assert ask(home, "/setup", "POST", data=form).status_code == 413


# --- what is not there ----------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path", "status"), MISSING)
def test_the_owner_reads_in_korean_what_went_wrong(
    home: Bot, method: str, path: str, status: int
) -> None:
    page = ask(home, path, method)
    assert page.status_code == status
    assert "화면을 열지 못했어요" in page.text
    assert 'aria-label="메뉴"' in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_the_owner_reads_of_what_is_too_long_in_korean(home: Bot) -> None:
    form = {"csrf": owner.TOKEN, "prompt": "x" * owner.MOST_BYTES}
    assert "너무 길어서" in ask(home, "/setup", "POST", data=form).text


def test_the_owner_reads_of_a_bug_in_korean(
    stopped_bot: Bot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(ours: object, port: int) -> str:
        raise ZeroDivisionError("a-secret-of-the-trace")

    stopped_bot.setup = Setup(tmp_path / "config.env", {}, (), broken)
    form = {"csrf": owner.TOKEN, "source": "later", "token": "t", "domain": "a.example"}
    with stopped_bot.open() as bot:
        page = ask(bot, "/setup/link", "POST", data=form)
    assert page.status_code == 500
    assert "ChatGee에 문제가 생겼어요" in page.text
    assert "a-secret-of-the-trace" not in page.text
    assert "a-secret-of-the-trace" in caplog.text


def test_a_method_that_is_refused_names_those_that_are_not(home: Bot) -> None:
    assert "POST" in ask(home, "/setup/skip").headers["Allow"]


# --- what is in a page ----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/local_test"])
def test_a_page_is_kept_and_scripted_by_nobody_and_has_no_secret(home: Bot, path: str) -> None:
    page = ask(home, path)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<style|<script>|\sstyle=|\son[a-z]+=|javascript:", page.text)
    assert not [one for one in SECRETS.values() if one in page.text]


def test_what_was_typed_as_a_secret_does_not_come_back(stopped_bot: Bot, tmp_path: Path) -> None:
    stopped_bot.environ.pop("OPENAI_API_KEY")
    typed = {"openai_key": "sk-typed-just-now", "server_key": "typed-too", "token": "typed-three"}
    with stopped_bot.open() as bot:
        form = typed | {"csrf": owner.TOKEN, "domain": "no domain", "source": "local"}
        page = ask(bot, "/setup", "POST", data=form | {"address": "nowhere"})
    assert page.status_code == 200
    assert "아직 저장하지 않았어요" in page.text
    assert not [one for one in typed.values() if one in page.text]
    assert ('value="nowhere"' in page.text, 'value="no domain"' in page.text) == (True, True)


def test_the_key_of_the_skill_is_shown_when_its_owner_asks(home: Bot) -> None:
    assert SECRETS["SKILL_KEY"] in change(home, "/key", owner.TOKEN).text


def test_what_the_environment_decides_cannot_be_edited(stopped_bot: Bot, tmp_path: Path) -> None:
    stopped_bot.setup = Setup(tmp_path / "config.env", stopped_bot.environ | SECRETS, ())
    with stopped_bot.open(**SECRETS) as bot:
        page = ask(bot, "/setup").text
        assert page.count("환경 변수 OPENAI_API_KEY에 정해져") == 2
        assert "환경 변수 NGROK_AUTHTOKEN에 정해져" in page
        assert 'name="token"' not in page
        form = {"csrf": owner.TOKEN, "source": "local", "server_key": "other", "token": "other"}
        form["model"] = "gpt-test"
        assert ask(bot, "/setup", "POST", data=form | {"unchecked": "1"}).status_code == 303
    assert "other" not in (tmp_path / "config.env").read_text("utf-8")


def test_the_first_page_is_light(home: Bot) -> None:
    def weight(path: str) -> int:
        return len(ask(home, path).content)

    for path in ("/", "/local_test", "/setup"):
        page = ask(home, path).text
        parts = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
        assert len(page.encode()) + sum(map(weight, parts)) < 150_000
    alive = ask(home, "/local_test", headers={"X-Forwarded-For": "203.0.113.7"})
    assert len(alive.content) < 1500
