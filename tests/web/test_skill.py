"""The door: what is let in, what is turned away and how, over real sockets."""

import http.client
import json
import logging
import socket
import sqlite3
import time
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from chatgee.store import Outcome, Store
from chatgee.web.server.connection import ARRIVED
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.kakao_side import Shown, check, payload
from tests.support.visitor import OUTSIDE, PASSWORD, ask, came_in, held

MIB = 1024 * 1024


def post(bot: Bot, body: Any, **headers: str) -> requests.Response:
    return requests.post(f"{bot.url}/prompt", data=body, headers=headers, timeout=PATIENCE)


def get(bot: Bot, path: str) -> requests.Response:
    return requests.get(bot.url + path, timeout=PATIENCE)


# --- what is no skill request ---------------------------------------------------------------


def whose(user_id: object) -> bytes:
    message = payload()
    message["userRequest"]["user"]["id"] = user_id
    return json.dumps(message).encode()


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"hello", b"{", b"[]", b"{}", b"null", b"5", b'"words"', b'{"userRequest": []}'),
        *(b'{"userRequest": {"user": "\xff"}}', b"\xff\xfe\x00", "안녕".encode("cp949")),
        *(b"[" * 100_000, b'{"a":' * 100_000, b"1" * 10_000),
        *map(whose, (None, 5, "", "  ", [], {"id": "x"})),
    ],
    ids=lambda body: repr(body[:25]),
)
def test_what_is_no_skill_request_is_a_400(bot: Bot, body: bytes) -> None:
    reply = post(bot, body)
    assert reply.status_code == 400
    assert reply.json()["error"]


# --- what is too large ----------------------------------------------------------------------


@pytest.mark.parametrize("head", ["Content-Length: {size}", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("mib", [1, 2, 40])
def test_what_is_too_large_is_a_413(bot: Bot, mib: int, head: str) -> None:
    body = b"x" * (mib * MIB + 1)
    if "chunked" in head:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    reply = send(bot, f"POST /prompt HTTP/1.1\r\n{head.format(size=len(body))}", body)
    assert reply.status == 413
    assert json.loads(reply.read())["error"]
    assert "답: " in bot.friend().says("아직 있나요?").text


def send(bot: Bot, head: str, body: bytes = b"") -> http.client.HTTPResponse:
    """The reply to a request as it stands, though it may come before the end of the request."""
    with socket.create_connection(bot.address, timeout=PATIENCE) as phone:
        with suppress(ConnectionError):
            phone.sendall(f"{head}\r\nHost: x\r\n\r\n".encode() + body)
        reply = http.client.HTTPResponse(phone)
        reply.begin()
        return reply


def test_what_is_just_small_enough_is_read(bot: Bot) -> None:
    body = json.dumps(payload())
    assert post(bot, body + " " * (MIB - len(body))).status_code == 200


# --- pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/local_test"])
def test_a_page_says_in_korean_that_it_is_alive(bot: Bot, path: str) -> None:
    through_the_tunnel = {"X-Forwarded-For": "203.0.113.7"}
    page = requests.get(bot.url + path, headers=through_the_tunnel, timeout=PATIENCE)
    assert (page.status_code, page.encoding) == (200, "utf-8")
    assert "ChatGee가 켜져 있어요." in page.text


def test_a_person_who_opens_the_skills_address_is_told_what_it_is_for(bot: Bot) -> None:
    page = get(bot, "/prompt")
    assert page.status_code == 405
    assert "카카오톡 챗봇이 질문을 보내는 곳" in page.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "NONSENSE"])
@pytest.mark.parametrize("path", ["/prompt", "/health", "/nowhere", "/%00", "/../x"])
def test_nothing_that_a_stranger_sends_is_our_failure(bot: Bot, method: str, path: str) -> None:
    reply = requests.request(method, bot.url + path, timeout=PATIENCE)
    assert reply.status_code < 500


@pytest.mark.parametrize(
    "head",
    [
        *("POST /prompt HTTP/1.1\r\nContent-Length: -5", "POST /prompt HTTP/1.1\r\nNo colon"),
        *("POST /prompt HTTP/9.9", "hello", "GET /" + "x" * 300_000 + " HTTP/1.1"),
        "POST /prompt HTTP/1.1\r\nTransfer-Encoding: gzip",
    ],
    ids=lambda head: head[:50],
)
def test_what_is_hardly_http_is_not_our_failure_either(bot: Bot, head: str) -> None:
    assert 400 <= send(bot, head).status < 500


# --- health ---------------------------------------------------------------------------------


def test_health_tells_a_failure_that_stays_until_an_answer_comes(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    assert (get(bot, "/health").status_code, get(bot, "/health").json()["status"]) == (200, "ok")
    secret = bot.environ["OPENAI_API_KEY"]
    fake_openai.fails(401, {"message": f"Incorrect API key provided: {secret}"})
    bot.friend().says("질문")
    failing = get(bot, "/health")
    assert failing.status_code == 503
    assert failing.json()["reason"] == "wrong_key"
    assert "OPENAI_API_KEY" in failing.json()["hint"]
    assert secret not in failing.text + get(bot, "/").text
    bot.friend().says("질문")
    assert get(bot, "/health").status_code == 200


@pytest.mark.parametrize("password", ["", PASSWORD], ids=["without a log-in", "with one"])
def test_health_tells_strangers_the_status_and_one_word(
    stopped_bot: Bot, fake_openai: FakeOpenAI, password: str
) -> None:
    with stopped_bot.open(ADMIN_PASSWORD=password) as bot:
        assert ask(bot, "/health", headers=OUTSIDE).json() == {"status": "ok"}
        assert ask(bot, "/health").json().keys() == {"status", "model"}
        fake_openai.fails(401)
        bot.friend().says("질문")
        known = {"status": "failing", "reason": "wrong_key"}
        failing = ask(bot, "/health", headers=OUTSIDE)
        assert (failing.status_code, failing.json()) == (503, known)
        assert failing.headers["Cache-Control"] == "no-store", "the owner is told more"
        assert ask(bot, "/health").json().keys() == {*known, "model", "hint"}
        if password:
            mine = OUTSIDE | held(came_in(bot))
            assert "hint" in ask(bot, "/health", headers=mine).json()


def test_health_does_not_mind_a_failure_that_passes(bot: Bot, fake_openai: FakeOpenAI) -> None:
    fake_openai.fails(400, {"message": "flagged", "code": "content_filter"})
    bot.friend().says("질문")
    assert get(bot, "/health").status_code == 200


# --- the deadline ---------------------------------------------------------------------------


def test_the_deadline_counts_from_the_arrival(stopped_bot: Bot, fake_openai: FakeOpenAI) -> None:
    fake_openai.hold()
    with stopped_bot.open(REPLY_SECONDS=4) as bot:
        assert bot.running
        started = time.monotonic()
        reply = bot.running.wsgi.test_client().post(
            "/prompt", json=payload(), environ_overrides={ARRIVED: started - 10}
        )
        assert time.monotonic() - started < 1
        body = json.loads(reply.data)
        check(body)
        assert Shown(body).buttons["생각 다했니?"]


# --- limits ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "limit", "said"),
    [
        ("QUESTIONS_PER_MINUTE", 2, "조금만 천천히 물어봐 주세요. 1분에 2개까지"),
        ("QUESTIONS_PER_DAY", 2, "오늘은 질문 2개를 다 썼어요."),
        ("DAILY_TOKEN_LIMIT", 60, "오늘 답할 수 있는 양을 다 썼어요."),
    ],
)
def test_above_a_limit_the_friend_is_told_and_the_model_is_not_asked(
    stopped_bot: Bot, fake_openai: FakeOpenAI, setting: str, limit: int, said: str
) -> None:
    with stopped_bot.open(**{setting: limit}) as bot:
        friend = bot.friend()
        assert ["답: " in friend.says("질문").text for _ in range(2)] == [True, True]
        assert friend.says("질문").text.startswith(said)
        assert len(fake_openai.requests) == 2


def test_one_friends_limit_is_not_anothers(stopped_bot: Bot) -> None:
    with stopped_bot.open(QUESTIONS_PER_MINUTE=1, QUESTIONS_PER_DAY=1) as bot:
        bot.known("one")
        assert "답: 질문" in bot.friend("two").says("질문").text


def test_a_command_is_not_limited(stopped_bot: Bot) -> None:
    with stopped_bot.open(QUESTIONS_PER_DAY=1) as bot:
        assert bot.known().says("📓 사용설명서").cards
        assert bot.friend().says("💫 새로운 시작").text.startswith("지난 이야기는 잊었어요")


def test_a_stranger_may_try_and_is_then_invited(stopped_bot: Bot, fake_openai: FakeOpenAI) -> None:
    with stopped_bot.open(FREE_QUESTIONS_FOR_STRANGERS=1) as bot:
        stranger = bot.friend(is_friend=False)
        assert "답: 질문" in stranger.says("질문").text
        assert stranger.says("질문").text.startswith("여기까지는 맛보기였어요.")
        stranger.is_friend = True
        assert stranger.says("질문").text == "답: 질문"
        assert len(fake_openai.requests) == 2


@pytest.mark.parametrize("name", ["02", "08"])
def test_the_admin_centers_own_tests_are_nobody_strange(stopped_bot: Bot, name: str) -> None:
    with stopped_bot.open(FREE_QUESTIONS_FOR_STRANGERS=1) as bot:
        texts = [bot.friend().sends(payload(name)).text for _ in range(3)]
        assert all("답: " in text for text in texts)


# --- housekeeping ---------------------------------------------------------------------------


def test_what_is_older_than_keep_days_is_deleted_and_the_owner_is_told(
    stopped_bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"sqlite:///{Path(stopped_bot.environ['DATA_DIR']) / 'chatgee.db'}"
    for days in (0.5, 1.5, 3):
        then = time.time() - days * 86400
        keep(Store(url, now=partial(float, then)), f"{days} days ago")
    caplog.set_level(logging.INFO, "chatgee")
    with stopped_bot.open(KEEP_DAYS=1) as bot:
        bot.friend().says("질문")  # and so the purge, which was handed over before, is done
        left = [
            bot.store.find(f"{days} days ago", "friend-1").result(PATIENCE) for days in (0.5, 3)
        ]
    assert [question is not None for question in left] == [True, False]
    assert "1일이 지난 질문과 답 2개를 지웠어요." in caplog.text


def keep(store: Store, id: str) -> None:
    store.ask(id, "friend-1", "지난 질문").result(PATIENCE)
    question = store.find(id, "friend-1").result(PATIENCE)
    assert question
    store.fill(question, Outcome("답", "답")).result(PATIENCE)
    store.close()


def test_where_a_crowd_waits_already_nobody_more_is_held(
    stopped_bot: Bot, fake_openai: FakeOpenAI
) -> None:
    fake_openai.hold()
    with stopped_bot.open(REPLY_SECONDS=4.5) as bot, ExitStack() as crowd:
        assert bot.running is not None
        for number in range(1500):
            crowd.enter_context(bot.running.waiters.waiting(str(number)))
        shown = bot.friend().says("질문")
    assert shown.buttons
    assert shown.seconds < 2


def test_a_skill_address_with_a_slash_too_many_works(bot: Bot) -> None:
    friend = bot.friend()
    friend.url += "/"
    assert "답: 질문" in friend.says("질문").text


def test_a_database_that_takes_nothing_is_told_until_it_does_again(bot: Bot) -> None:
    database = bot.environ["DATA_DIR"] + "/chatgee.db"
    with closing(sqlite3.connect(database)) as other:
        other.execute("ALTER TABLE questions RENAME TO elsewhere")
        assert "적어 둘 수 없어요" in bot.friend().says("안녕?").text
        sick = requests.get(bot.url + "/health", timeout=PATIENCE)
        assert (sick.status_code, sick.json()["reason"]) == (503, "storage")
        assert "디스크" in sick.json()["hint"]
        other.execute("ALTER TABLE elsewhere RENAME TO questions")
    assert "적어 둘 수 없어요" not in bot.friend().says("안녕?").text
    assert requests.get(bot.url + "/health", timeout=PATIENCE).status_code == 200
