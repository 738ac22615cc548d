"""What holds for every page of the owner's, whoever wrote it: the list is the program's own."""

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

import pytest

from chatgee.web import owner
from tests.support.bot import Bot
from tests.support.every_page import (
    EVERYBODYS,
    METHODS,
    READING,
    Answer,
    Call,
    Caller,
    everything,
    is_closed,
    owners,
)
from tests.support.visitor import PASSWORD, SITE, came_in, held

pytestmark = pytest.mark.usefixtures("unhurried")

SECRETS = {
    "OPENAI_API_KEY": "sk-secret-of-openai",
    "SKILL_KEY": "secret-of-the-skill",
    "NGROK_AUTHTOKEN": "secret-of-ngrok",
    "ADMIN_PASSWORD": PASSWORD,
}
FRIENDS = (("X-ChatGee-Key", SECRETS["SKILL_KEY"]),)
SHOWS_THE_SKILL_KEY = "home.key"

TUNNEL = {"Host": "name.lhr.life", "X-Forwarded-For": "203.0.113.5"}
STRANGERS = {
    "by the tunnel": TUNNEL,
    "by the tunnel, with a browser": TUNNEL | {"Accept": "text/html"},
    "by the tunnel, with a script": TUNNEL | {"HX-Request": "true", "Accept": "text/html"},
    "by a tunnel that makes the Host local": {"X-Forwarded-For": "203.0.113.5"},
    "by a name that was bound anew to this machine": {"Host": "evil.example"},
    "with the token of the machine": TUNNEL | {owner.TOKEN_HEADER: owner.TOKEN},
    "with a made-up session": TUNNEL | held("e30.made-up.x"),
}
EXTENDED = pytest.mark.parametrize("password", [PASSWORD, ""], ids=["with a log-in", "without"])


@pytest.fixture
def home(stopped_bot: Bot) -> Iterator[Bot]:
    with stopped_bot.open(**SECRETS) as bot:
        bot.friend(headers=FRIENDS).says("질문")
        bot.until_delivered(1)
        yield bot


def failing(
    bot: Bot,
    expected: Callable[[Call, Answer], bool],
    calls: list[Call],
    form: dict[str, str] | None = None,
    **headers: str,
) -> list[tuple[str, str, int]]:
    """The calls of somebody whose answers are other than expected."""
    with Caller(bot, **headers) as caller:
        answers = [(call, caller.calls(call, form)) for call in calls]
    return [(one.method, one.path, got.status) for one, got in answers if not expected(one, got)]


def test_every_address_is_the_owners_or_everybodys_by_name(home: Bot) -> None:
    known = {call.endpoint for call in owners(home)}
    assert len(known) > 40
    assert not known & EVERYBODYS
    assert {"setup.save", "talks.export", "backups.download"} <= known


# --- strangers ------------------------------------------------------------------------------


def turned_away(call: Call, answer: Answer) -> bool:
    """401, or the log-in for who looks with a browser; 405 where no such method is."""
    if not call.known:
        return answer.status == 405
    there = answer.headers.get("Location", "")
    return answer.status == 401 or (answer.status == 303 and there.startswith("/login"))


def not_there(call: Call, answer: Answer) -> bool:
    return answer.status == (404 if call.known else 405)


@EXTENDED
def test_no_stranger_sees_or_changes_anything(stopped_bot: Bot, password: str) -> None:
    """By every method of every address, whoever they say they are."""
    secrets = SECRETS | {"ADMIN_PASSWORD": password}
    with stopped_bot.open(**secrets) as bot:
        bot.friend(headers=FRIENDS).says("질문")
        bot.until_delivered(1)
        before, calls = everything(bot), owners(bot)
        for who, headers in STRANGERS.items():
            expected = turned_away if password else not_there
            form = {owner.TOKEN_FIELD: owner.TOKEN}
            assert failing(bot, expected, calls, form, **headers) == [], who
        assert everything(bot) == before


def test_no_page_of_another_site_is_given_a_part_of_ours(home: Bot) -> None:
    """It could not read it, but learn from how long it takes."""
    calls = [call for call in owners(home) if call.method == "GET" and call.known]
    for mode, dest in (("no-cors", "image"), ("no-cors", "script"), ("navigate", "iframe")):
        for site in ("cross-site", "same-site"):
            told = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
            assert failing(home, turned_away, calls, **told) == []
            with Caller(home, **told) as caller:
                assert b"<nav" not in caller.calls(HOME).body
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    with Caller(home, **link, Sec_Fetch_Dest="document") as visitor:
        assert b"<nav" in visitor.calls(HOME).body, "a link leads the owner to a page"


HOME = Call("pages.front", "GET", "/", known=True)


# --- another site's page in the owner's browser ---------------------------------------------


def is_403(call: Call, answer: Answer) -> bool:
    return answer.status == (403 if call.known else 405)


OTHERS = [
    *({"Origin": origin} for origin in ("https://evil.example", "null", "http://localhost:1")),
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


def test_nothing_is_changed_without_the_token_or_from_another_page(home: Bot) -> None:
    before = everything(home)
    calls = [call for call in owners(home) if call.method not in READING]
    assert failing(home, is_403, calls) == []
    assert failing(home, is_403, calls, {owner.TOKEN_FIELD: "wrong"}) == []
    for headers in OTHERS:
        assert failing(home, is_403, calls, {owner.TOKEN_FIELD: owner.TOKEN}, **headers) == []
    assert everything(home) == before


def test_a_session_changes_nothing_without_its_own_token(home: Bot) -> None:
    before = everything(home)
    mine = {"Host": "bot.example.com", "X-Forwarded-For": "203.0.113.5", "Origin": SITE}
    mine |= held(came_in(home))
    calls = [call for call in owners(home) if call.method not in READING]
    assert failing(home, is_403, calls, {owner.TOKEN_FIELD: owner.TOKEN}, **mine) == []
    assert everything(home) == before


def test_a_text_or_json_that_needs_no_preflight_changes_nothing(home: Bot) -> None:
    calls = [call for call in owners(home) if call.method == "POST"]
    for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x"):
        with Caller(home, Content_Type=kind) as caller:
            told = {caller.says(call, b"csrf=" + owner.TOKEN.encode()) for call in calls}
        assert told == {403, 405}


# --- what every answer has ------------------------------------------------------------------


def test_no_answer_is_framed_kept_or_scripted_and_none_has_a_secret(home: Bot) -> None:
    """The owner's own, by every method, with an empty form: pages, errors, JSON and files."""
    for call, answer in answers(home):
        assert answer.status not in {401, 403}, (call, "else this would show nothing")
        assert answer.status < 500, call
        assert_closed(answer)
        assert answer.headers["Cache-Control"] == "no-store", call
        body = unpacked(answer.body)
        told = {name for name, one in SECRETS.items() if one.encode() in body}
        assert told <= ({"SKILL_KEY"} if call.endpoint == SHOWS_THE_SKILL_KEY else set()), call
        kind = answer.headers.get("Content-Type", "")
        if kind.startswith("text/html"):
            assert not re.search(rb"<style|<script>|\sstyle=|\son[a-z]+=|javascript:", body), call
        elif not kind.startswith(("application/json", "image/")) and answer.status == 200:
            file = answer.headers.get("Content-Disposition", "")
            assert file.startswith("attachment") or not body or call.method == "OPTIONS", call


def answers(bot: Bot) -> list[tuple[Call, Answer]]:
    """To everything that an owner can do."""
    with Caller(bot, **{owner.TOKEN_HEADER: owner.TOKEN}) as caller:
        return [(call, caller.calls(call)) for call in owners(bot)]


def assert_closed(answer: Answer) -> None:
    assert is_closed(answer), answer.headers


def unpacked(body: bytes) -> bytes:
    """With everything that is in a ZIP file."""
    if not body.startswith(b"PK"):
        return body
    with zipfile.ZipFile(BytesIO(body)) as archive:
        return b"".join(map(archive.read, archive.namelist()))


PUBLIC = [
    *("/", "/local_test", "/health", "/prompt", "/login", "/nothing", "/static/nothing"),
    *("/static/chatgee.css", "/static/chatgee.js", "/static/icon.svg", "/setup"),
]


def test_what_strangers_are_given_is_closed_too_and_has_no_secret(home: Bot) -> None:
    home.friend(headers=FRIENDS).says("질문")
    calls = [Call("", method, path, known=True) for path in PUBLIC for method in METHODS]
    with Caller(home, **TUNNEL) as stranger:
        for call in calls:
            answer = stranger.calls(call)
            assert_closed(answer)
            told = (*SECRETS.values(), owner.TOKEN, str(home.environ["DATA_DIR"]))
            assert not [one for one in told if one.encode() in answer.body], call


def test_no_secret_is_in_a_file_that_the_program_writes(home: Bot) -> None:
    assert answers(home)
    for path in Path(home.environ["DATA_DIR"]).rglob("*"):
        written = path.read_bytes() if path.is_file() and path.name != "config.env" else b""
        assert not [one for one in SECRETS.values() if one.encode() in written], path


# --- what others wrote ----------------------------------------------------------------------


EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'"
ARGUMENTS = ("q", "kind", "until", "words", "level", "done", "range", "version", "friend", "next")


def test_what_others_wrote_is_text_on_every_page(stopped_bot: Bot, tmp_path: Path) -> None:
    """A friend's id, question and answer, the owner's own words, a line of the log, an address."""
    (tmp_path / "system_prompt.txt").write_text(EVIL, "utf-8")
    (tmp_path / "texts.toml").write_text(f"[reply]\ngreeting = '''{EVIL}'''\n", "utf-8")
    (tmp_path / "chatgee.log").write_text(f"2026-11-23 09:00:00 ERROR {EVIL}\n", "utf-8")
    (tmp_path / "config.env").write_text("SKILL_KEY='<script>x'\n", "utf-8")
    with stopped_bot.open(OPENAI_MODEL=EVIL, TUNNEL="none") as bot, Caller(bot) as caller:
        assert EVIL in bot.friend(EVIL, headers=(("X-ChatGee-Key", "<script>x"),)).says(EVIL).text
        bot.until_delivered(1)
        evil = urlencode({"id": EVIL, "folder": EVIL} | dict.fromkeys(ARGUMENTS, EVIL))
        seen = 0
        for call in owners(bot):
            for args in ("", f"?{urlencode({'id': EVIL})}", f"?{evil}"):
                page = caller.calls(replace(call, path=call.path + args))
                if page.headers.get("Content-Type", "").startswith("text/html"):
                    assert not re.search(rb"<script>|<img src=x", page.body), call
                    seen += EVIL[8:13].encode() in page.body
        assert seen > 15, "else this would show nothing"
