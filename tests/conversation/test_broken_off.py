"""An answer that the model cut at its length: it says so, and its rest is one button away."""

import json
import logging
import re
from typing import Any

import pytest

from chatgee.web import owner
from tests.support.bot import TEXTS, Bot
from tests.support.far_ends import FakeKakao, FakeOpenAI
from tests.support.kakao_side import Friend, Shown
from tests.support.visitor import ask

REST, MORE, FETCH, AGAIN = "이어서 답해 줘", "이어보기", "생각 다했니?", "다시 물어보기"
SENTENCE, MARK = TEXTS("reply.rest_question"), TEXTS("reply.broken_off")

unhurried = pytest.mark.usefixtures("unhurried")
wherever = pytest.mark.usefixtures("wherever")


def cut(fake_openai: FakeOpenAI, friend: Friend, words: str) -> Shown:
    """A question whose answer the model cuts; what follows it writes to the end."""
    fake_openai.finish_reason = "length"
    shown = friend.says(words)
    fake_openai.finish_reason = "stop"
    return shown


# --- what the friend sees -------------------------------------------------------------------


@wherever
@unhurried
def test_a_cut_answer_says_so_and_its_button_brings_the_rest(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    shown = cut(fake_openai, friend, "긴 이야기")
    assert shown.bubbles == [f"답: 긴 이야기\n\n{MARK}"]
    (extra,) = shown.buttons.values()
    assert extra == {"question": extra["question"], "continue": True}
    rest = friend.presses(shown, REST)
    assert (rest.bubbles, rest.buttons) == ([f"답: {SENTENCE}"], {})
    assert fake_openai.told.memory[-2:] == ["긴 이야기", "답: 긴 이야기"]
    assert fake_openai.told.question == SENTENCE


@unhurried
def test_a_rest_that_is_cut_as_well_has_the_button_again(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.friend()
    fake_openai.finish_reason = "length"
    answers = iter(["하나", "둘", "셋"])
    fake_openai.says = lambda question: next(answers)
    first = friend.says("세어 줘")
    second = friend.presses(first, REST)
    fake_openai.finish_reason = "stop"
    assert friend.presses(second, REST).bubbles == ["셋"]
    assert fake_openai.told.memory == ["세어 줘", "하나", SENTENCE, "둘"]


@unhurried
def test_the_button_stands_under_the_last_page_alone(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    words = [f"낱말{number}" for number in range(900)]
    fake_openai.says = lambda question: " ".join(words)
    shown = cut(fake_openai, friend, "아주 길게")
    said = shown.text
    while MORE in shown.buttons:
        assert list(shown.buttons) == [MORE]
        assert MARK not in shown.text
        shown = friend.presses(shown, MORE)
        said += "\n" + shown.text
    assert list(shown.buttons) == [REST]
    assert shown.bubbles[-1].endswith(f"\n\n{MARK}")
    assert re.findall(r"낱말\d+", said) == words


def test_a_cut_answer_that_was_held_has_a_button_of_its_own(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    fake_openai.finish_reason = "length"
    fake_openai.hold(only="늦은")
    assert FETCH in friend.says("늦은 것").buttons
    fake_openai.release()
    bot.until_held(friend.id)
    shown = friend.says("다음 것")
    assert MARK in shown.bubbles[0]
    assert "앞의 답 이어서" in shown.buttons
    fake_openai.finish_reason = "stop"
    friend.presses(shown, "앞의 답 이어서")
    assert fake_openai.told.memory[-2:] == ["늦은 것", "답: 늦은 것"]


@unhurried
@pytest.mark.parametrize("text", ["", " \n", None])
def test_where_nothing_stands_before_the_cut_the_answer_is_empty(
    bot: Bot, fake_openai: FakeOpenAI, text: str | None
) -> None:
    friend = bot.known()
    message = {"role": "assistant", "content": text}
    nothing = {"message": message, "finish_reason": "length"}
    fake_openai.replies({"choices": [nothing]}, times=2)  # also with less
    shown = friend.says("질문")
    assert (shown.bubbles, list(shown.buttons)) == ([TEXTS("failure.empty")], [AGAIN])


# --- of which answer ------------------------------------------------------------------------


@wherever
@unhurried
def test_it_is_the_rest_of_that_answer_whatever_was_said_since(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.friend()
    friend.says("먼저")
    shown = cut(fake_openai, friend, "긴 이야기")
    friend.says("다른 이야기")
    friend.presses(shown, REST)
    assert fake_openai.told.memory == ["먼저", "답: 먼저", "긴 이야기", "답: 긴 이야기"]


@unhurried
def test_it_is_known_after_a_new_beginning_and_nothing_else_is(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.friend()
    friend.says("먼저")
    shown = cut(fake_openai, friend, "긴 이야기")
    friend.says("새로운 시작")
    friend.presses(shown, REST)
    assert fake_openai.told.memory == ["긴 이야기", "답: 긴 이야기"]


@unhurried
def test_it_is_known_where_memory_has_no_room_for_it(
    stopped_bot: Bot, fake_openai: FakeOpenAI
) -> None:
    with stopped_bot.open(MEMORY_CHARS=1, MEMORY_TURNS=1) as bot:
        shown = cut(fake_openai, bot.friend(), "긴 이야기")
        bot.friend().presses(shown, REST)
    assert fake_openai.told.memory == ["긴 이야기", "답: 긴 이야기"]


@wherever
@unhurried
def test_in_a_group_anybody_types_the_words_and_it_is_the_groups_answer(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    anna, ben = bot.friend("anna").within("group"), bot.friend("ben").within("group")
    shown = cut(fake_openai, anna, "긴 이야기")
    assert shown.bubbles[-1].endswith(TEXTS("group.to_type", words=REST))
    fake_openai.fails(400, {"message": "content policy"})
    assert anna.says(REST).bubbles[0].startswith(TEXTS("failure.refused"))
    assert ben.within("").says(REST).bubbles[-1] == f"답: {REST}", "nothing was cut in that room"
    assert ben.says(REST).bubbles == [f"답: {SENTENCE}"], "though anna's rest has failed"
    assert fake_openai.told.memory == ["긴 이야기", "답: 긴 이야기"]


@unhurried
def test_nobody_is_given_the_rest_of_anothers(bot: Bot, fake_openai: FakeOpenAI) -> None:
    shown = cut(fake_openai, bot.friend(), "긴 이야기")
    told = bot.friend("another").presses(shown, REST)
    assert told.bubbles == [TEXTS("reply.unknown_question")]
    assert fake_openai.questions == ["긴 이야기"]


@unhurried
def test_an_answer_that_was_not_cut_has_no_rest_and_is_shown_again(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.friend()
    friend.says("짧은 이야기")
    extra = {"question": talks(bot)[0]["id"], "continue": True}
    assert friend.says(REST, extra).bubbles == ["답: 짧은 이야기"]
    assert fake_openai.questions == ["짧은 이야기"]


def talks(bot: Bot) -> list[dict[str, Any]]:
    """As their owner downloads them, newest first."""
    return [json.loads(line) for line in ask(bot, "/talks/export/jsonl").text.splitlines()]


@unhurried
def test_a_simulated_friend_presses_it_too(bot: Bot, fake_openai: FakeOpenAI) -> None:
    def does(words: str, extra: dict[str, Any]) -> Any:
        doing = {"friend": "desk-friend0001", "way": "friend", "how": "text", "words": words}
        doing |= {"extra": extra, "callback": False, "photo": ""}
        headers = {owner.TOKEN_HEADER: owner.TOKEN}
        sent = ask(bot, "/local_test/send", "POST", json=doing, headers=headers).json()
        return Shown(sent["response"])

    fake_openai.finish_reason = "length"
    shown = does("긴 이야기", {})
    does(REST, shown.buttons[REST])
    assert fake_openai.told.memory == ["긴 이야기", "답: 긴 이야기"]


# --- asked once -----------------------------------------------------------------------------


@wherever
def test_who_presses_twice_does_not_ask_twice(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    shown = cut(fake_openai, friend, "긴 이야기")
    fake_openai.hold(only=SENTENCE)
    first, second = friend.presses(shown, REST), friend.presses(shown, REST)
    assert first.buttons[FETCH] == second.buttons[FETCH]
    fake_openai.release()
    assert friend.presses(first, FETCH).bubbles == [f"답: {SENTENCE}"]
    assert friend.presses(shown, REST).bubbles == [f"답: {SENTENCE}"]
    assert fake_openai.questions.count(SENTENCE) == 1


@unhurried
def test_a_rest_that_failed_is_asked_for_again_by_either_button(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    shown = cut(fake_openai, friend, "긴 이야기")
    for _ in range(2):
        fake_openai.fails(400, {"message": "content policy"})
        failed = friend.presses(shown, REST)
        assert list(failed.buttons) == [AGAIN]
    assert friend.presses(failed, AGAIN).bubbles == [f"답: {SENTENCE}"]
    assert fake_openai.told.memory[-2:] == ["긴 이야기", "답: 긴 이야기"]


@unhurried
def test_it_counts_as_a_question(stopped_bot: Bot, fake_openai: FakeOpenAI) -> None:
    with stopped_bot.open(QUESTIONS_PER_DAY=1) as bot:
        shown = cut(fake_openai, bot.friend(), "긴 이야기")
        assert bot.friend().presses(shown, REST).bubbles == [TEXTS("limit.day", limit=1)]
    assert fake_openai.questions == ["긴 이야기"]


@unhurried
def test_a_rest_comes_by_callback_as_any_answer_does(
    stopped_bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    with stopped_bot.open(CALLBACK="always") as bot:
        friend = bot.known()
        shown = cut(fake_openai, friend, "긴 이야기")
        friend.callback_url = fake_kakao.callback_url()
        assert friend.presses(shown, REST).promised
        ((_, body),) = fake_kakao.wait_for(1)
    assert Shown(body).bubbles == [f"답: {SENTENCE}"]


# --- the words typed ------------------------------------------------------------------------


@wherever
@unhurried
def test_the_typed_words_mean_the_newest_cut_answer_whose_rest_was_not_given(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    cut(fake_openai, friend, "옛 이야기")
    cut(fake_openai, friend, "새 이야기")
    for given, words in enumerate(("새 이야기", "옛 이야기")):
        assert friend.says("이어서 답해줘!").bubbles == [f"답: {SENTENCE}"]
        assert fake_openai.told.memory[-2:] == [words, f"답: {words}"]
        bot.until_delivered(4 + given)
    assert friend.says(REST).bubbles == [f"답: {REST}"]


# --- what the owner sees --------------------------------------------------------------------


@unhurried
def test_the_owner_is_told_in_the_log_and_in_the_talks(
    bot: Bot, fake_openai: FakeOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        cut(fake_openai, bot.friend(), "긴 이야기")
    assert TEXTS("hint.broken_off") in caplog.text
    bot.friend().says("짧은 이야기")
    for page in ("/talks", "/talks/friend?id=friend-1"):
        text = ask(bot, page).text
        assert text.count(f">{TEXTS('talks.broken_off')}<") == 1
        assert text.count("max_tokens") == 1
    assert [one["broken_off"] for one in talks(bot)] == [False, True]
