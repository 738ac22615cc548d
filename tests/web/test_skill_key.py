"""The key that Kakao's skill brings: who is let in, and what becomes of wrong ones."""

import json
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import pytest
import requests

from chatgee.web.skill import WRONG_KEYS
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.kakao_side import PAYLOADS, payload

KEY = "a-key-of-the-skill"
KAKAOS = {"User-Agent": "AHC/2.1", "X-Request-Id": "chp-4d41d8d966524400805509b08f0206ba"}


@pytest.fixture
def locked(stopped_bot: Bot) -> Iterator[Bot]:
    with stopped_bot.open(SKILL_KEY=KEY):
        yield stopped_bot


def post(
    bot: Bot, body: Any = "", path: str = "/prompt", headers: Mapping[str, Any] | None = None
) -> requests.Response:
    url = bot.url + path
    return requests.post(url, data=body, headers=dict(headers or {}), timeout=PATIENCE)


# --- who is let in --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        *({"X-ChatGee-Key": wrong} for wrong in ("", "wrong", KEY.upper(), KEY + "x")),
        {"X-ChatGee-Key": "열쇠".encode()},
        {"X-ChatGee-Key": b"\xff\xfe"},
    ],
    ids=str,
)
def test_without_the_key_nothing_is_asked(
    locked: Bot, fake_openai: FakeOpenAI, headers: dict[str, Any]
) -> None:
    reply = post(locked, json.dumps(payload()), headers=headers)
    assert reply.status_code == 401
    assert KEY not in reply.json()["error"]
    same = payload()["userRequest"]["user"]["id"]
    locked.friend(same, headers=(("X-ChatGee-Key", KEY),)).says("그다음 질문")
    assert fake_openai.questions == ["그다음 질문"]


def test_with_the_key_the_door_is_open(locked: Bot) -> None:
    friend = locked.friend(headers=(("x-chatgee-key", KEY),))
    assert "답: 질문" in friend.says("질문").text


# --- many wrong ones ------------------------------------------------------------------------


def test_of_many_wrong_keys_most_are_not_looked_at_and_the_right_one_always_is(
    locked: Bot,
) -> None:
    message, replies = json.dumps(payload()), []
    with requests.Session() as line:
        for number in range(WRONG_KEYS + 5):
            headers = {"X-ChatGee-Key": f"wrong-{number}", "X-Forwarded-For": f"8.8.8.{number}"}
            replies.append(line.post(f"{locked.url}/prompt", message, headers=headers, timeout=9))
    statuses = [reply.status_code for reply in replies]
    assert statuses == [HTTPStatus.UNAUTHORIZED] * WRONG_KEYS + [HTTPStatus.TOO_MANY_REQUESTS] * 5
    assert 0 < int(replies[-1].headers["Retry-After"]) <= 60
    assert replies[-1].json()["error"]
    friend = locked.friend(headers=(("X-ChatGee-Key", KEY),))
    assert [("답: " in friend.says(f"{n}번째").text) for n in range(3)] == [True] * 3


def test_what_is_turned_away_is_not_read(locked: Bot) -> None:
    """A large body costs no more than none, and is no other error either."""
    large = b'{"userRequest": ' + b"[" * 1_000_000
    statuses = {post(locked, large).status_code for _ in range(3)}
    began = time.monotonic()
    statuses |= {post(locked, b"[" * 60_000).status_code for _ in range(WRONG_KEYS)}
    assert statuses == {401, 429}
    assert time.monotonic() - began < PATIENCE


# --- what the owner is told -----------------------------------------------------------------

SHAPED = json.dumps(payload())
STRANGERS: list[tuple[dict[str, str], str | bytes]] = [
    ({}, ""),
    ({"User-Agent": "curl/8"}, "{}"),
    ({"X-Request-Id": "7f3a"}, '{"userRequest": {"user": {"id": "x"}}}'),
    ({}, json.dumps({"bot": 1, "intent": 2, "action": 3, "userRequest": {"user": {}}})),
    ({}, b"[" * 100_000),
    ({}, b"\xff"),
    ({}, json.dumps(payload() | {"more": "x" * 200_000})),
]
KAKAOS_CALLS: list[tuple[dict[str, str], str]] = [
    (KAKAOS, "{}"),
    *(({name: value}, "") for name, value in KAKAOS.items()),
    ({}, SHAPED),
]


def told(bot: Bot, caplog: pytest.LogCaptureFixture) -> tuple[bool, int]:
    """Whether the home tells of a call, and how many warnings the log has."""
    page = requests.get(bot.url, timeout=PATIENCE).text
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    return "요청을 막았어요" in page or "/prompt를 붙여" in page, len(warnings)


@pytest.mark.parametrize("path", ["/prompt", "/"])
def test_strangers_calls_are_neither_told_nor_logged(
    locked: Bot, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    statuses = {post(locked, body, path, headers).status_code for headers, body in STRANGERS}
    assert statuses == {401 if path == "/prompt" else 404}
    for _ in range(WRONG_KEYS):
        post(locked, "{}", path)
    assert told(locked, caplog) == (False, 0)


@pytest.mark.parametrize("path", ["/prompt", "/"])
@pytest.mark.parametrize(("headers", "body"), KAKAOS_CALLS, ids=range(len(KAKAOS_CALLS)))
def test_kakaos_own_wrong_calls_are_told_and_logged_once(
    locked: Bot, caplog: pytest.LogCaptureFixture, path: str, headers: dict[str, str], body: str
) -> None:
    for _ in range(3):
        assert post(locked, body, path, headers).status_code == (401 if path == "/prompt" else 404)
    assert told(locked, caplog) == (True, 1)


def test_every_request_that_kakao_sends_is_known_by_its_body(stopped_bot: Bot) -> None:
    for file in PAYLOADS:
        with stopped_bot.open() as bot:
            post(bot, file.read_bytes(), "/")
            assert bot.status.complaint == "page.no_prompt", file.name


def test_kakaos_wrong_calls_are_told_while_strangers_try_keys(
    locked: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(WRONG_KEYS):
        post(locked)
    assert post(locked, SHAPED, headers=KAKAOS).status_code == 429
    assert told(locked, caplog) == (True, 1)
