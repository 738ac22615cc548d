"""What a friend says and is shown: every message of Kakao's, the commands, and long answers."""

import json
from pathlib import Path

import pytest

from tests.bot import Bot
from tests.far_ends import FakeOpenAI
from tests.kakao_side import PAYLOADS, payload
from tests.test_life import FETCH, MORE, ask_late, remembered

# --- long answers ---------------------------------------------------------------------------


def test_a_long_answer_goes_on_page_after_page_and_nothing_is_lost(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    words = [f"낱말{number}" for number in range(3000)]
    fake_openai.says = lambda question: " ".join(words)
    friend = bot.friend()
    shown = friend.says("길게 말해 줘")
    seen = shown.bubbles[1:]  # after the greeting
    while MORE in shown.buttons:
        shown = friend.presses(shown, MORE)
        seen += shown.bubbles
    assert " ".join(seen).split() == words


def test_a_page_that_is_not_there_says_so(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    shown = ask_late(fake_openai, friend, "질문")
    fake_openai.release()
    past = friend.says(MORE, shown.buttons[FETCH] | {"page": 99})
    assert past.text == "여기까지가 전부예요."


# --- commands -------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["📓 사용설명서", "사용설명서", "📓사용설명서\n"])
def test_help_is_a_carousel(bot: Bot, fake_openai: FakeOpenAI, words: str) -> None:
    cards = bot.friend().says(words).cards
    assert cards[-1]["buttons"][0]["messageText"] == "💫 새로운 시작"
    assert not fake_openai.requests


def test_reset_forgets(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    friend.says("💫 새로운 시작")
    friend.says("내가 뭐라고 했지?")
    assert remembered(fake_openai) == []


def test_an_answer_in_the_making_does_not_come_back_after_a_reset(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    shown = ask_late(fake_openai, friend, "잊을 질문")
    friend.says("💫 새로운 시작")
    fake_openai.release()
    assert friend.presses(shown, FETCH).text == "답: 잊을 질문", "not swallowed either"
    friend.says("새 질문")
    assert remembered(fake_openai) == []


def test_a_new_friend_is_greeted_beside_the_answer(bot: Bot) -> None:
    friend = bot.friend()
    greeting, answer = friend.says("첫 질문").bubbles
    assert greeting.startswith("안녕하세요!")
    assert answer == "답: 첫 질문"
    assert friend.says("둘째 질문").bubbles == ["답: 둘째 질문"]


def test_a_new_friend_is_greeted_beside_the_button(bot: Bot, fake_openai: FakeOpenAI) -> None:
    shown = ask_late(fake_openai, bot.friend(), "첫 질문")
    assert shown.bubbles[0].startswith("안녕하세요!")
    assert FETCH in shown.buttons


def test_the_owners_notice_comes_with_every_nth_answer(stopped_bot: Bot) -> None:
    with stopped_bot.open(NOTICE_EVERY=2) as bot:
        friend = bot.known()
        assert [len(friend.says("질문").bubbles) for _ in range(4)] == [2, 1, 2, 1]


# --- what Kakao sends -----------------------------------------------------------------------


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_every_payload_of_kakaos_gets_an_answer(bot: Bot, path: Path) -> None:
    shown = bot.friend().sends(json.loads(path.read_text(encoding="utf-8")))
    assert "답: " in shown.text


def test_the_parameter_of_the_skill_test_is_the_question(bot: Bot) -> None:
    message = payload("02")
    message["action"]["params"]["prompt"] = "안녕안녕"
    assert "답: 안녕안녕" in bot.friend().sends(message).text


def test_the_model_sees_a_photo(bot: Bot, fake_openai: FakeOpenAI) -> None:
    bot.friend().sends(payload("04"))
    text, photo = fake_openai.questions[-1]
    assert text["text"] == "이 사진을 보고 설명해 주세요."
    assert photo["image_url"]["url"] == payload("04")["userRequest"]["utterance"]


def test_media_other_than_photos_are_told_so(bot: Bot, fake_openai: FakeOpenAI) -> None:
    message = payload("04")
    message["userRequest"]["params"]["media"]["type"] = "video"
    assert bot.friend().sends(message).text == "글과 사진만 볼 수 있어요. 글로 물어봐 주세요."
    assert not fake_openai.requests


@pytest.mark.parametrize("words", ["", "   ", "\n", "\0"])
def test_an_empty_utterance_gets_a_friendly_word(
    bot: Bot, fake_openai: FakeOpenAI, words: str
) -> None:
    assert bot.friend().says(words).text == "무엇이든 글로 물어봐 주세요."
    assert not fake_openai.requests


def test_a_very_long_utterance_is_asked_whole(bot: Bot, fake_openai: FakeOpenAI) -> None:
    bot.friend().says("가" * 10_000)
    assert fake_openai.questions[-1] == "가" * 10_000


@pytest.mark.parametrize(
    "extra", [{"question": "no-such"}, {"question": "x", "page": "2"}, {"question": "\ud800"}]
)
def test_a_press_for_something_unknown_is_told_so(bot: Bot, extra: dict[str, object]) -> None:
    assert bot.friend().says(FETCH, extra).text.startswith("그 질문은 찾을 수 없어요.")


@pytest.mark.parametrize("extra", [{"question": 5}, {"owner's": "own button"}, {"question": ""}])
def test_a_press_of_the_owners_own_button_is_a_question(bot: Bot, extra: dict[str, object]) -> None:
    assert "답: 영업 시간" in bot.friend().says("영업 시간", extra).text
