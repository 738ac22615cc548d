"""What Kakao's reply to a callback means, in the owner's words; and when its limit is near."""

import json
import logging

import pytest

from chatgee.conversation.callback_quota import NEAR, QUOTA
from chatgee.conversation.callback_refusals import KINDS, check
from chatgee.errors import CallbackError
from chatgee.store.korean_days import day_of
from tests.conversation.test_life import ask_late
from tests.support import beside
from tests.support.bot import TEXTS, Bot
from tests.support.far_ends import FakeKakao, FakeOpenAI
from tests.support.visitor import ask

SAID = {
    "This token is for testing purposes": "test_token",
    "테스트 토큰입니다": "test_token",
    "invalid callback token": "token",
    "Token is expired.": "token",
    "callback url was already used": "token",
    "콜백 토큰이 만료되었습니다": "token",
    "first response was not useCallback": "no_promise",
    "use_callback is false": "no_promise",
    "invalid bot id": "wrong_bot",
    "The bot does not match": "wrong_bot",
    "failed to parse JSON": "broken_json",
    "Malformed request body": "broken_json",
    "invalid bubble: simpleText": "bubble",
    "말풍선 가이드 위반": "bubble",
    "Internal error (501)": "internal",
    "504": "internal",
    "505 error": "internal",
    "unknown error 999": "internal",
    "something else": "refused",
    "": "refused",
}


def refused(status_code: int, body: bytes) -> CallbackError:
    with pytest.raises(CallbackError) as caught:
        check(status_code, body)
    return caught.value


@pytest.mark.parametrize("status", ["FAIL", "ERROR"])
@pytest.mark.parametrize(("message", "kind"), SAID.items())
def test_each_message_has_its_remedy(message: str, kind: str, status: str) -> None:
    told = {"taskId": "t", "status": status, "message": message, "timestamp": 1}
    for code in (200, 400):
        error = refused(code, json.dumps(told).encode())
        assert error.key == f"callback.{kind}"
        assert f"({code} {status}" in TEXTS.of(error)


def test_every_kind_is_met() -> None:
    assert {*KINDS, "refused"} == set(SAID.values())


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b"[" * 99_999, b'{"message": 7}'])
def test_what_is_no_reply_of_kakaos_is_judged_by_its_code_alone(body: bytes) -> None:
    check(200, body)
    assert refused(404, body).key == "callback.refused"
    assert refused(502, body).key == "callback.internal"


def test_no_token_that_kakao_repeats_is_told() -> None:
    told = {
        "status": "FAIL",
        "message": "invalid token 0123456789abcdef:0123456789%3A " + "x" * 999,
    }
    said = TEXTS.of(refused(200, json.dumps(told).encode()))
    assert "0123" not in said
    assert len(said) < 250


def test_the_owner_reads_the_remedy_in_the_log(
    bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao, caplog: pytest.LogCaptureFixture
) -> None:
    fake_kakao.reply = {"status": "FAIL", "message": "invalid bot id"}
    friend = bot.known(callback_url=fake_kakao.callback_url())
    with caplog.at_level(logging.WARNING):
        assert ask_late(fake_openai, friend, "질문").promised
        fake_openai.release()
        fake_kakao.wait_for(1)  # claimed by then, and let go once that is told
        bot.until_held(friend.id)
    assert TEXTS("callback.wrong_bot", said="200 FAIL invalid bot id") in caplog.text


# --- the month's limit ----------------------------------------------------------------------


@pytest.mark.parametrize("total", [int(QUOTA * NEAR) - 1, int(QUOTA * NEAR)])
def test_the_owner_is_warned_once_a_day_where_the_limit_is_near(
    bot: Bot,
    fake_openai: FakeOpenAI,
    fake_kakao: FakeKakao,
    caplog: pytest.LogCaptureFixture,
    total: int,
) -> None:
    day = day_of(bot.store.now())
    row = f"({day}, 'delivered.callback', {total - 1})"  # the callback itself is one more
    beside.change(bot.database, f"INSERT INTO tallies_by_day VALUES {row}")
    friend = bot.known(callback_url=fake_kakao.callback_url())
    warned = TEXTS("hint.callback_quota", count=total, quota=QUOTA)
    with caplog.at_level(logging.INFO):
        for number in (1, 2):
            ask_late(fake_openai, friend, f"질문 {number}")
            fake_openai.release()
            fake_kakao.wait_for(number)
            bot.until_delivered(number + 1)
    assert caplog.text.count(warned) == (total >= QUOTA * NEAR)
    shown = TEXTS("status.callbacks", count=f"{total + 1:,}", quota=f"{QUOTA:,}")
    assert shown in ask(bot, "/status").text
