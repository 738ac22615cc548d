"""What a friend may say and is shown: messages of Kakao's, commands, memory, and failures."""

import json
from pathlib import Path

import pytest
import requests

from chatgee.questions import Answer, Prompt, Usage
from tests.conversation.test_life import AGAIN, FETCH, MORE, ask_late
from tests.support import beside
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.kakao_side import PAYLOADS, payload

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


@pytest.mark.parametrize(("before", "after"), [(400, 1000), (1000, 400), (500, 650)])
def test_nothing_is_lost_where_the_owner_changes_the_length_of_bubbles_between_two_pages(
    stopped_bot: Bot, fake_openai: FakeOpenAI, before: int, after: int
) -> None:
    words = [f"낱말{number}" for number in range(1000)]
    fake_openai.says = lambda question: " ".join(words)
    with stopped_bot.open(BUBBLE_CHARS=before) as bot:
        shown = bot.friend().says("길게 말해 줘")
    seen = shown.bubbles[1:]  # after the greeting
    with stopped_bot.open(BUBBLE_CHARS=after) as bot:
        while MORE in shown.buttons:
            shown = bot.friend().presses(shown, MORE)
            seen += shown.bubbles
        assert max(map(len, bot.friend().says("다시 길게").bubbles)) <= after
    assert " ".join(seen).split() == words
    assert max(map(len, seen)) <= before


def test_a_page_that_is_not_there_says_so(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    shown = ask_late(fake_openai, friend, "질문")
    fake_openai.release()
    past = friend.says(MORE, shown.buttons[FETCH] | {"page": 99})
    assert past.text == "여기까지가 전부예요."


# --- commands -------------------------------------------------------------------------------


def nothing_is_asked(bot: Bot, fake_openai: FakeOpenAI) -> bool:
    """Of what the friend has said: the next question would come behind it."""
    bot.friend().says("그다음 질문")
    return fake_openai.questions == ["그다음 질문"]


@pytest.mark.parametrize(
    "words", ["📓 사용설명서", "사용설명서", "📓사용설명서\n", "\u3164사용설명서\u200b"]
)
def test_help_is_a_carousel(bot: Bot, fake_openai: FakeOpenAI, words: str) -> None:
    cards = bot.friend().says(words).cards
    assert cards[-1]["buttons"][0]["messageText"] == "💫 새로운 시작"
    assert nothing_is_asked(bot, fake_openai)


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


def photos_of(asked: object) -> list[str]:
    """The addresses in a question to the model."""
    assert isinstance(asked, list)
    return [part["image_url"]["url"] for part in asked if part["type"] == "image_url"]


PHOTOS = [f"http://secure.kakaocdn.net/dna/{number}/img_org.jpg?signature=a%3D" for number in "123"]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ({}, "이 사진을 보고 설명해 주세요."),
        ({"prompt": "합계가 얼마야?"}, "합계가 얼마야?"),
        ({"prompt": "사진을 전송했습니다."}, "이 사진을 보고 설명해 주세요."),
    ],
)
def test_several_photos_reach_the_model_together(
    bot: Bot, fake_openai: FakeOpenAI, said: dict[str, str], asked: str
) -> None:
    message = payload("04b")
    message["action"] = {"params": {"영수증": f"List({', '.join(PHOTOS)})"} | said}
    bot.friend().sends(message)
    question = fake_openai.questions[-1]
    assert question[0] == {"type": "text", "text": asked}
    assert photos_of(question) == PHOTOS
    assert "사진 3장을 보냈어요" in requests.get(f"{bot.url}/talks", timeout=PATIENCE).text
    table = requests.get(f"{bot.url}/talks/export/csv", timeout=PATIENCE).text
    assert "\n".join(PHOTOS) in table


def test_photos_are_sent_once_more_when_they_are_asked_again(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend, message = bot.known(), payload("04b")
    message["userRequest"]["user"]["id"] = friend.id
    message["action"] = {"params": {"사진": f"List({', '.join(PHOTOS)})"}}
    fake_openai.fails(400, {"message": "Error while downloading image"})
    shown = friend.sends(message)
    friend.presses(shown, AGAIN)
    assert photos_of(fake_openai.questions[-1]) == PHOTOS


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        *(("video", "동영상"), ("audio", "음성"), ("file", "파일"), ("contact", "연락처")),
        *(("location", "위치"), ("emoticon", "이모티콘"), ("other", "글과 사진만")),
    ],
)
def test_media_other_than_photos_are_told_so(
    bot: Bot, fake_openai: FakeOpenAI, kind: str, word: str
) -> None:
    message = payload("04")
    message["userRequest"]["params"]["media"]["type"] = kind
    told = bot.friend(message["userRequest"]["user"]["id"]).sends(message).text
    assert told.startswith(word)
    assert nothing_is_asked(bot, fake_openai)


@pytest.mark.parametrize("words", ["", "   ", "\n", "\0", "\u200b", "\u3164\ufe0f", "\u2800\x07"])
def test_an_empty_utterance_gets_a_friendly_word(
    bot: Bot, fake_openai: FakeOpenAI, words: str
) -> None:
    assert bot.friend().says(words).text == "무엇이든 글로 물어봐 주세요."
    assert nothing_is_asked(bot, fake_openai)


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


# --- memory ---------------------------------------------------------------------------------


def remembered(fake_openai: FakeOpenAI) -> list[str]:
    """What the model was reminded of with the last question."""
    return fake_openai.told.memory


def test_the_model_is_reminded_of_this_friends_last_turns(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    bot.known("somebody else").says("남의 질문")
    friend = bot.known()
    friend.says("하나")
    friend.says("둘")
    assert remembered(fake_openai) == ["안녕", "답: 안녕", "하나", "답: 하나"]


def test_memory_keeps_to_its_limits(stopped_bot: Bot, fake_openai: FakeOpenAI) -> None:
    with stopped_bot.open(MEMORY_TURNS=2, MEMORY_CHARS=30) as bot:
        friend = bot.friend()
        for words in ("하나", "둘", "셋", "길" * 40, "넷"):
            friend.says(words)
            if words == "셋":
                assert remembered(fake_openai) == ["하나", "답: 하나", "둘", "답: 둘"]
        assert remembered(fake_openai) == [], "the last turn alone is too long"


def test_memory_survives_a_restart(stopped_bot: Bot, fake_openai: FakeOpenAI) -> None:
    with stopped_bot.open() as bot:
        bot.friend().says("하나")
    with stopped_bot.open() as bot:
        bot.friend().says("둘")
    assert remembered(fake_openai) == ["하나", "답: 하나"]


def test_what_the_model_thought_is_neither_shown_nor_remembered(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    fake_openai.says = lambda question: (
        f"<think>\n{question}?\n</think>\n\n답: {question}<|im_end|>"
    )
    assert friend.says("하나").bubbles == ["답: 하나"]
    fake_openai.says = lambda question: f"<think>\n{question}?"
    assert AGAIN in friend.says("둘").buttons, "a thought alone is an empty answer"
    friend.says("셋")
    assert remembered(fake_openai) == ["안녕", "답: 안녕", "하나", "답: 하나"]


# --- failures -------------------------------------------------------------------------------


def test_a_failure_has_words_and_can_be_asked_again(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    fake_openai.fails(400, {"message": "flagged", "code": "content_filter"})
    shown = friend.says("질문")
    assert shown.text == "이 질문에는 답할 수 없어요. 다르게 물어봐 주시겠어요?"
    assert friend.presses(shown, AGAIN).bubbles == ["답: 질문"]
    assert friend.presses(shown, AGAIN).bubbles == ["답: 질문"], "an answer is kept"
    assert fake_openai.questions.count("질문") == 2


@pytest.mark.parametrize("blank", ["\u3164", " \u200b\n", "```\n```", "\u2800\u3164" * 900])
def test_an_answer_that_shows_nothing_is_a_failure_also_when_it_was_held(
    bot: Bot, fake_openai: FakeOpenAI, blank: str
) -> None:
    friend = bot.known()
    fake_openai.says = lambda question: blank if question == "질문" else "답"
    ask_late(fake_openai, friend, "질문")
    fake_openai.release()
    shown = friend.says("다음")
    assert shown.bubbles == [
        "‘질문’의 답이에요.\n\n빈 답이 나왔어요. 다시 물어봐 주시겠어요?",
        "답",
    ]
    assert AGAIN in shown.buttons


def test_an_answer_with_half_a_character_stops_no_line(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    fake_openai.says = lambda question: "반쪽\ud83d" if question == "질문" else "답"
    assert friend.says("질문").bubbles == ["반쪽?"]
    assert friend.says("다음").bubbles == ["답"]


class Boaster:
    """A model that counts more tokens for one question than any database holds."""

    name = "boaster"

    async def prepare(self) -> None: ...

    async def answer(self, prompt: Prompt) -> Answer:
        boasts = prompt.question == "질문"
        return Answer(f"답: {prompt.question}", Usage(10**30 if boasts else 1, 1))

    async def close(self) -> None: ...


@pytest.mark.usefixtures("unhurried")
def test_what_no_database_takes_is_a_failure_and_stops_no_line(stopped_bot: Bot) -> None:
    stopped_bot.model = Boaster()
    with stopped_bot.open() as bot:
        friend = bot.known()
        assert AGAIN in friend.says("질문").buttons
        assert friend.says("다음").bubbles == ["답: 다음"]


def test_the_typed_words_ask_the_last_failed_question_again(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    fake_openai.fails(401)
    friend.says("질문")
    assert friend.says(AGAIN).bubbles == ["답: 질문"]


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "pressed"])
def test_what_its_owner_has_asked_again_meanwhile_is_not_asked_twice(
    bot: Bot, fake_openai: FakeOpenAI, typed: bool
) -> None:
    friend = bot.known()
    fake_openai.fails(401)
    shown = friend.says("질문")
    bot.until_delivered(2)
    ids = beside.rows(bot.database, "SELECT id FROM questions WHERE text = '질문'")
    assert bot.store.ask_in_place([ids[0][0]]).result(PATIENCE) == 1
    bot.until_held("friend-1")
    again = friend.says(AGAIN) if typed else friend.presses(shown, AGAIN)
    assert again.bubbles == ["답: 질문"]
    assert fake_openai.questions.count("질문") == 2


def test_what_its_owner_has_asked_again_comes_with_the_next_message(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    fake_openai.fails(401)
    friend.says("질문")
    bot.until_delivered(2)
    ids = beside.rows(bot.database, "SELECT id FROM questions WHERE text = '질문'")
    bot.store.ask_in_place([ids[0][0]]).result(PATIENCE)
    bot.until_held("friend-1")
    assert friend.says("다음").bubbles == ["‘질문’의 답이에요.\n\n답: 질문", "답: 다음"]


def test_a_failed_question_never_enters_memory(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    fake_openai.fails(401)
    friend.says("실패할 질문")
    friend.says("다음 질문")
    assert remembered(fake_openai) == ["안녕", "답: 안녕"]


def test_a_question_asked_again_is_remembered_where_it_was_answered(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    fake_openai.fails(401)
    shown = friend.says("하나")
    friend.says("둘")
    friend.presses(shown, AGAIN)
    friend.says("셋")
    assert remembered(fake_openai)[2:] == ["둘", "답: 둘", "하나", "답: 하나"]
