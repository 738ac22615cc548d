"""A late answer that comes by itself: the promise of a callback, and how it is kept."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from chatgee.conversation import callback
from tests.conversation.test_life import FETCH, ask_late
from tests.support import beside
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeKakao, FakeOpenAI
from tests.support.kakao_side import Friend, Shown, check

pytestmark = pytest.mark.usefixtures("wherever")


def late_with_callback(bot: Bot, kakao: FakeKakao, openai: FakeOpenAI, words: str) -> Friend:
    friend = bot.known(callback_url=kakao.callback_url())
    shown = ask_late(openai, friend, words)
    assert shown.promised
    assert shown.body["data"]["text"]
    return friend


def test_a_late_answer_comes_by_callback(
    bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    friend = late_with_callback(bot, fake_kakao, fake_openai, "질문")
    fake_openai.release()
    ((path, body),) = fake_kakao.wait_for(1)
    check(body)
    assert path == "/v1/bots/bot!/callback/token:1"
    assert Shown(body).bubbles == ["답: 질문"]
    assert friend.says("다음").bubbles == ["답: 다음"]


def first_callback(friend: Friend, kakao: FakeKakao, openai: FakeOpenAI) -> list[str]:
    """Of all that was promised so far, or else of one question more: each goes in its turn."""
    assert ask_late(openai, friend, "맨 나중 질문").promised
    openai.release()
    ((_, body),) = kakao.wait_for(1)
    return Shown(body).bubbles


LAST = ["답: 맨 나중 질문"]


def test_an_answer_in_time_needs_no_callback(
    bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    friend = bot.known(callback_url=fake_kakao.callback_url())
    assert friend.says("질문").bubbles == ["답: 질문"]
    assert first_callback(friend, fake_kakao, fake_openai) == LAST


def test_a_promise_that_came_too_late_to_be_told_is_not_kept(
    stopped_bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    """Kakao got a button in its place, and would refuse the callback."""
    with stopped_bot.open(REPLY_SECONDS=2) as bot, ThreadPoolExecutor() as phone:
        friend = bot.known(callback_url=fake_kakao.callback_url())
        asking = phone.submit(ask_late, fake_openai, friend, "질문")
        fake_openai.wait_for(2)
        with beside.held(bot.database):
            shown = asking.result(PATIENCE)
        promised = "SELECT count(*) FROM questions WHERE {} IS NOT NULL"
        beside.until(bot.database, promised.format("promised_at"), lambda count: count == 1)
        beside.until(bot.database, promised.format("callback_url"), lambda count: count == 0)
        fake_openai.release()
        assert friend.presses(shown, FETCH).bubbles == ["답: 질문"]
        assert not fake_kakao.requests


def test_a_promise_that_nobody_has_begun_to_write_down_in_time_is_not_made(
    stopped_bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    with stopped_bot.open(REPLY_SECONDS=2) as bot, ThreadPoolExecutor() as phone:
        friend, free = bot.known(callback_url=fake_kakao.callback_url()), threading.Event()
        asking = phone.submit(ask_late, fake_openai, friend, "질문")
        fake_openai.wait_for(2)
        bot.store.database.submit(lambda _: free.wait(PATIENCE))
        shown = asking.result(PATIENCE)
        free.set()
        fake_openai.release()
        assert friend.presses(shown, FETCH).bubbles == ["답: 질문"]
        assert beside.value(bot.database, "SELECT count(promised_at) FROM questions") == 0


@pytest.mark.parametrize("token", ["a:b", "a%3ab", "a%3Ab%2D~", "x==.,;'!"])
def test_the_callback_address_is_used_as_it_stands(
    bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao, token: str
) -> None:
    friend = bot.known(callback_url=fake_kakao.callback_url(token))
    ask_late(fake_openai, friend, "질문")
    fake_openai.release()
    ((path, _),) = fake_kakao.wait_for(1)
    assert path.endswith(f"/callback/{token}")


@pytest.mark.parametrize(
    ("status", "reply"),
    [(400, {}), (500, {}), (302, {}), (200, {"status": "FAIL"}), (200, {"status": "ERROR"})],
)
def test_an_answer_that_kakao_refused_is_shown_with_the_next_message(
    bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao, status: int, reply: dict[str, str]
) -> None:
    fake_kakao.status, fake_kakao.reply = status, reply
    friend = late_with_callback(bot, fake_kakao, fake_openai, "질문")
    fake_openai.release()
    fake_kakao.wait_for(1)
    friend.callback_url = None
    bot.until_held("friend-1")
    assert friend.says("다음").bubbles == ["‘질문’의 답이에요.\n\n답: 질문", "답: 다음"]
    assert len(fake_kakao.requests) == 1


class Bug:
    """Met on the way to Kakao, where nothing was sent yet."""

    def __init__(self) -> None:
        self.met = threading.Event()

    def __bool__(self) -> bool:
        self.met.set()
        raise LookupError("a bug of ours")


def test_an_answer_that_a_bug_of_ours_keeps_from_kakao_is_shown_with_the_next_message(
    bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao, monkeypatch: pytest.MonkeyPatch
) -> None:
    bug = Bug()
    monkeypatch.setattr(callback, "HEADERS", bug)
    friend = late_with_callback(bot, fake_kakao, fake_openai, "질문")
    fake_openai.release()
    friend.callback_url = None
    assert bug.met.wait(PATIENCE)
    bot.until_held("friend-1")
    assert friend.says("다음").bubbles == ["‘질문’의 답이에요.\n\n답: 질문", "답: 다음"]


def test_a_callback_that_would_come_too_late_offers_the_button(
    stopped_bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    with stopped_bot.open(CALLBACK_SECONDS=1.2) as bot:
        friend = late_with_callback(bot, fake_kakao, fake_openai, "질문")
        ((_, body),) = fake_kakao.wait_for(1)
        check(body)
        fake_openai.release()
        assert friend.presses(Shown(body), FETCH).bubbles == ["답: 질문"]


def test_a_promise_is_kept_after_a_restart(
    stopped_bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    with stopped_bot.open() as bot:
        late_with_callback(bot, fake_kakao, fake_openai, "질문")
    fake_openai.release()
    with stopped_bot.open():
        ((_, body),) = fake_kakao.wait_for(1)
        assert Shown(body).bubbles == ["답: 질문"]


def test_a_press_takes_the_answer_before_the_callback(
    bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    friend = late_with_callback(bot, fake_kakao, fake_openai, "질문")
    fake_openai.release()
    bot.until_answered(2)
    assert friend.says("생각 다했니?").bubbles == ["답: 질문"]
    assert first_callback(friend, fake_kakao, fake_openai) == LAST


@pytest.mark.usefixtures("unhurried")
def test_callback_always_promises_at_once(
    stopped_bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    with stopped_bot.open(CALLBACK="always") as bot:
        friend = bot.known(callback_url=fake_kakao.callback_url())
        shown = ask_late(fake_openai, friend, "질문")
        assert shown.promised
        assert shown.seconds < 4, "it waited for the answer"
        fake_openai.release()
        ((_, body),) = fake_kakao.wait_for(1)
        assert Shown(body).bubbles == ["답: 질문"]


def test_callback_off_never_promises(
    stopped_bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    with stopped_bot.open(CALLBACK="off") as bot:
        friend = bot.known(callback_url=fake_kakao.callback_url())
        assert ask_late(fake_openai, friend, "질문").buttons[FETCH]


def test_a_callback_address_elsewhere_is_never_used(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known(callback_url="https://bot-api.kakao.com.evil.example/callback/t")
    assert ask_late(fake_openai, friend, "질문").buttons[FETCH]


def test_a_promised_address_is_looked_at_again_where_it_is_sent(
    stopped_bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    """It lay in the database, into which others may write."""
    with stopped_bot.open() as bot:
        friend = late_with_callback(bot, fake_kakao, fake_openai, "질문")
    fake_openai.release()
    with stopped_bot.open(CALLBACK_HOSTS="bot-api.kakao.com") as bot:
        bot.until_answered(2)
        beside.until(
            bot.database, "SELECT count(*) FROM questions WHERE callback_url IS NOT NULL", is_none
        )
        bot.until_held(friend.id)
        friend.url, friend.callback_url = f"{bot.url}/prompt", None
        assert "답: 질문" in friend.says("다음").text
    assert fake_kakao.requests == []


def is_none(count: int) -> bool:
    return count == 0
