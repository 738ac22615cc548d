"""A group is not the person: nothing of one room is shown, or told to the model, in another."""

import json
import threading
from typing import Any

import pytest

from tests.conversation.test_life import AGAIN, FETCH, MORE, ask_late
from tests.support import beside
from tests.support.bot import TEXTS, Bot
from tests.support.far_ends import FakeKakao, FakeOpenAI
from tests.support.kakao_side import Friend, Shown, payload

pytestmark = pytest.mark.usefixtures("wherever")

UNSEEN = "못 본 답 보기"
GROUP = "cr-7f3a9c21e5d84b60"
SECRET = "제 비밀번호는 1234예요"
UNKNOWN = TEXTS("reply.unknown_question")


def to_type(*labels: str) -> str:
    return TEXTS("group.to_type", words="’, ‘".join(labels))


def late_and_answered(bot: Bot, fake_openai: FakeOpenAI, friend: Friend, words: str) -> Shown:
    """Ask it, and wait until the answer is held."""
    shown = ask_late(fake_openai, friend, words)
    fake_openai.release()
    bot.until_held(friend.id)
    return shown


# --- what is not told -----------------------------------------------------------------------


@pytest.mark.usefixtures("unhurried")
def test_the_model_is_reminded_of_this_room_alone(bot: Bot, fake_openai: FakeOpenAI) -> None:
    private = bot.known("anna")
    private.says(SECRET)
    group = private.within(GROUP)
    group.says("모두 안녕")
    assert fake_openai.told.memory == []
    bot.friend("ben").within(GROUP).says("나도 안녕")
    assert fake_openai.told.memory == ["모두 안녕", "답: 모두 안녕"], "a group remembers its own"
    private.within("another").says("여기는요?")
    assert fake_openai.told.memory == []
    private.says("둘째")
    assert fake_openai.told.memory[-2:] == [SECRET, f"답: {SECRET}"]
    assert "모두 안녕" not in json.dumps(fake_openai.told.memory, ensure_ascii=False)


def test_a_held_answer_is_shown_in_its_own_room(bot: Bot, fake_openai: FakeOpenAI) -> None:
    private = bot.known("anna")
    group = private.within(GROUP)
    group.says("안녕")
    shown = late_and_answered(bot, fake_openai, private, SECRET)
    for words in ("다른 질문", FETCH, UNSEEN, MORE, AGAIN):
        assert "1234" not in group.says(words).text
    assert private.presses(shown, FETCH).bubbles == [f"답: {SECRET}"]


def test_a_groups_answer_is_shown_to_nobody_in_private(bot: Bot, fake_openai: FakeOpenAI) -> None:
    private = bot.known("anna")
    group = private.within(GROUP)
    late_and_answered(bot, fake_openai, group, "우리끼리 질문")
    assert private.says("혼자 질문").bubbles == ["답: 혼자 질문"]
    assert bot.known("ben").within(GROUP).says(FETCH).bubbles[-1] == "답: 우리끼리 질문"


def test_a_button_of_one_room_is_unknown_in_every_other(bot: Bot, fake_openai: FakeOpenAI) -> None:
    private = bot.known("anna")
    shown = late_and_answered(bot, fake_openai, private, SECRET)
    extra = shown.buttons[FETCH]
    for elsewhere in (private.within(GROUP), bot.friend("ben"), bot.friend("ben").within(GROUP)):
        for also in ({}, {"again": True}, {"page": 2}):
            assert elsewhere.says(FETCH, extra | also).bubbles == [UNKNOWN]
    assert private.presses(shown, FETCH).bubbles == [f"답: {SECRET}"]


@pytest.mark.parametrize(
    "chat",
    [
        {"id": "anna", "type": "botGroupKey"},
        {"id": "anna", "type": "botUserKey", "properties": None},
        {"type": "botGroupKey", "properties": {"botGroupKey": "anna"}},
        {"id": 7, "type": "botGroupKey"},
        {"type": "botGroupKey"},
        "anna",
    ],
    ids=lambda chat: json.dumps(chat),
)
def test_no_chat_opens_a_persons_own_room(bot: Bot, fake_openai: FakeOpenAI, chat: Any) -> None:
    """Also where Kakao should name it in a way that nobody has seen."""
    shown = late_and_answered(bot, fake_openai, bot.known("anna"), SECRET)
    for id_ in ("anna", "ben"):
        message = bot.friend(id_).message(FETCH, shown.buttons[FETCH], "01")
        message["userRequest"]["chat"] = chat
        assert bot.friend().sends(message).bubbles == [UNKNOWN]


@pytest.mark.parametrize("id_", [f" group:{GROUP}", f"group:{GROUP}", GROUP])
def test_no_persons_id_opens_a_group(bot: Bot, fake_openai: FakeOpenAI, id_: str) -> None:
    late_and_answered(bot, fake_openai, bot.friend("anna").within(GROUP), "우리끼리 질문")
    assert "우리끼리" not in bot.friend(id_).says(FETCH).text
    assert fake_openai.told.memory == []


@pytest.mark.usefixtures("unhurried")
def test_a_new_start_in_one_room_leaves_the_others(bot: Bot, fake_openai: FakeOpenAI) -> None:
    private, reset = bot.known("anna"), TEXTS("button.reset")
    group = private.within(GROUP)
    group.says("하나")
    assert group.says(reset).bubbles == [TEXTS("reply.reset")]
    private.says("혼자")
    assert fake_openai.told.memory == ["안녕", "답: 안녕"]
    group.says("둘")
    assert fake_openai.told.memory == []
    private.says(reset)
    private.says("새로")
    assert fake_openai.told.memory == []
    group.says("셋")
    assert fake_openai.told.memory == ["둘", "답: 둘"]


# --- what is the person's -------------------------------------------------------------------


@pytest.mark.usefixtures("unhurried")
def test_limits_count_what_a_person_asks_in_every_room(stopped_bot: Bot) -> None:
    with stopped_bot.open(QUESTIONS_PER_DAY=3) as bot:
        private = bot.known("anna")
        group, third = private.within(GROUP), private.within("another")
        group.says("하나")
        private.says("둘")
        for room in (private, group, third):
            assert room.says("셋").bubbles == [TEXTS("limit.day", limit=3)]
        assert bot.friend("ben").within(GROUP).says("저는요?").bubbles == ["답: 저는요?"]


@pytest.mark.usefixtures("unhurried")
def test_erasing_a_person_erases_all_of_every_room_and_nothing_of_others(bot: Bot) -> None:
    anna, ben = bot.known("anna"), bot.known("ben")
    for one in (anna, ben):
        one.within(GROUP).says(f"{one.id}의 질문")
    assert bot.store.delete_friend("anna", 100).result() == 2
    bot.until_delivered(2)
    left = beside.rows(bot.database, "SELECT user_id, text FROM questions ORDER BY position")
    assert [tuple(row) for row in left] == [("ben", "안녕"), ("ben", "ben의 질문")]


@pytest.mark.usefixtures("unhurried")
def test_a_group_is_greeted_once_and_a_person_in_private_too(bot: Bot) -> None:
    anna = bot.friend("anna")
    assert anna.within(GROUP).says("안녕").bubbles == [TEXTS("group.greeting"), "답: 안녕"]
    assert bot.friend("ben").within(GROUP).says("안녕").bubbles == ["답: 안녕"]
    assert anna.says("안녕").bubbles == [TEXTS("reply.greeting"), "답: 안녕"]


# --- order ----------------------------------------------------------------------------------


def test_a_slow_private_question_holds_up_no_group(bot: Bot, fake_openai: FakeOpenAI) -> None:
    private = bot.known("anna")
    group = private.within(GROUP)
    group.says("안녕")
    ask_late(fake_openai, private, "느린 질문")
    assert group.says("빠른 질문").bubbles == ["답: 빠른 질문"]
    fake_openai.release()
    assert private.says(FETCH).bubbles == ["답: 느린 질문"]


def test_a_groups_questions_are_answered_in_their_order(bot: Bot, fake_openai: FakeOpenAI) -> None:
    anna, ben = (bot.friend(name).within(GROUP) for name in ("anna", "ben"))
    ask_late(fake_openai, anna, "느린 질문")
    threading.Timer(0.1, fake_openai.release).start()
    shown = ben.says("빠른 질문")
    while FETCH in shown.text:  # on a busy machine
        shown = ben.says(FETCH)
    assert fake_openai.questions[-2:] == ["느린 질문", "빠른 질문"]
    assert fake_openai.told.memory == ["느린 질문", "답: 느린 질문"]


def test_rooms_stay_apart_after_a_restart(stopped_bot: Bot, fake_openai: FakeOpenAI) -> None:
    with stopped_bot.open() as bot:
        private = bot.known("anna")
        fake_openai.hold()
        private.says(SECRET)
        private.within(GROUP).says("우리끼리 질문")
    fake_openai.release()
    with stopped_bot.open() as bot:
        bot.until_answered(3)
        private = bot.friend("anna")
        assert private.within(GROUP).says(FETCH).bubbles[-1:] == ["답: 우리끼리 질문"]
        assert private.says(FETCH).bubbles == [f"답: {SECRET}"]


# --- words in place of buttons --------------------------------------------------------------


def test_a_late_answer_is_fetched_by_the_words(bot: Bot, fake_openai: FakeOpenAI) -> None:
    group = bot.known("anna").within(GROUP)
    group.says("안녕")
    shown = ask_late(fake_openai, group, "느린 질문")
    assert shown.bubbles == [f"{TEXTS('group.not_yet')}\n\n{to_type(FETCH)}"]
    fake_openai.release()
    assert group.says(FETCH).bubbles == ["답: 느린 질문"]


@pytest.mark.usefixtures("unhurried")
def test_the_words_read_on_page_after_page(bot: Bot, fake_openai: FakeOpenAI) -> None:
    """Also where somebody else asks in between: none of a long answer is lost."""
    anna, ben = (bot.known(name).within(GROUP) for name in ("anna", "ben"))
    anna.says("안녕")
    lines = [f"{number}번째 줄이에요. {'가' * 80}" for number in range(70)]
    long, fake_openai.says = "\n".join(lines), lambda asked: long if asked == "길게" else "짧게"
    first = anna.says("길게")
    assert first.text.endswith(to_type(MORE))
    assert ben.says("다른 질문").bubbles == ["짧게"]
    shown, pages = first, [first.text]
    while to_type(MORE) in shown.text:
        shown = ben.says(MORE)
        pages.append(shown.text)
    assert len(pages) > 2
    assert [line for line in "\n".join(pages).splitlines() if "번째" in line] == lines
    assert anna.says(MORE).bubbles == ["짧게"], "an ordinary question again"


def test_two_long_answers_of_one_reply_are_both_read_on(bot: Bot, fake_openai: FakeOpenAI) -> None:
    group = bot.known("anna").within(GROUP)
    group.says("안녕")
    texts = {word: "\n".join(f"{word} {n}번째" + "가" * 90 for n in range(40)) for word in "갑을"}
    fake_openai.says = lambda asked: texts[asked]
    late_and_answered(bot, fake_openai, group, "갑")
    shown = group.says("을")
    told = [shown.text]
    while to_type(MORE) in shown.text:
        shown = group.says(MORE)
        told.append(shown.text)
    for word, text in texts.items():
        lines = [line for line in "\n".join(told).splitlines() if line.startswith(f"{word} ")]
        assert lines == text.splitlines()


@pytest.mark.usefixtures("unhurried")
def test_the_words_lose_nothing_where_the_owner_changes_the_length_of_bubbles(
    stopped_bot: Bot, fake_openai: FakeOpenAI
) -> None:
    words = [f"낱말{number}" for number in range(700)]
    fake_openai.says = lambda _: " ".join(words)
    with stopped_bot.open(BUBBLE_CHARS=400) as bot:
        seen = (shown := bot.friend("anna").within(GROUP).says("길게")).text
    with stopped_bot.open(BUBBLE_CHARS=1000) as bot:
        while to_type(MORE) in shown.text:
            shown = bot.friend("anna").within(GROUP).says(MORE)
            seen += f"\n{shown.text}"
    assert [word for word in seen.split() if word.startswith("낱말")] == words


@pytest.mark.usefixtures("unhurried")
def test_the_words_read_on_in_their_own_room(bot: Bot, fake_openai: FakeOpenAI) -> None:
    group = bot.known("anna").within(GROUP)
    fake_openai.says = lambda asked: "가나다라. " * 900 if asked == "길게" else "짧게"
    assert to_type(MORE) in group.says("길게").text
    for elsewhere in (bot.friend("anna"), group.within("another")):
        assert "가나다라" not in elsewhere.says(MORE).text
    assert "가나다라" in group.says(MORE).text


@pytest.mark.usefixtures("unhurried")
def test_a_failed_question_is_asked_again_by_its_own_friend(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    anna, ben = (bot.known(name).within(GROUP) for name in ("anna", "ben"))
    anna.says("안녕")
    fake_openai.fails(401)
    shown = anna.says("질문")
    assert shown.bubbles == [f"{TEXTS('failure.wrong_key')}\n\n{to_type(AGAIN)}"]
    assert ben.says(AGAIN).bubbles == [f"답: {AGAIN}"], "ben has asked nothing that failed"
    assert anna.says(AGAIN).bubbles == ["답: 질문"]


def test_more_held_answers_than_one_reply_shows_are_fetched_by_the_words(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    group = bot.known("anna").within(GROUP)
    fake_openai.hold()
    for words in ("하나", "둘", "셋", "넷"):
        group.says(words)
    fake_openai.release()
    bot.until_answered(5)
    shown = group.says("다섯")
    assert to_type(UNSEEN) in shown.text
    told = [*shown.bubbles, *group.says(UNSEEN).bubbles, *group.says(UNSEEN).bubbles]
    assert [
        word for word in ("하나", "둘", "셋", "넷", "다섯") if f"답: {word}" in "\n".join(told)
    ] == [*("하나", "둘", "셋", "넷", "다섯")]


def test_help_is_told_in_words(bot: Bot) -> None:
    shown = bot.friend().within(GROUP).says("사용설명서")
    for card in TEXTS.help_cards:
        assert f"{card.title}\n{card.description}" in shown.text
    assert to_type(TEXTS("button.reset")) in shown.text


@pytest.mark.parametrize(
    "words",
    [
        "\u200b{}",
        "{}\u200b",
        "@도우미봇 {}",
        "@도우미봇\u200b {}",
        "\u200b@챗봇\u200b{}",
        "{} @도우미봇",
    ],
    ids=ascii,
)
def test_a_command_is_known_beside_a_mention(bot: Bot, words: str) -> None:
    group = bot.friend().within(GROUP)
    assert group.says(words.format("💫 새로운 시작")).bubbles == [TEXTS("reply.reset")]


@pytest.mark.usefixtures("unhurried")
def test_the_model_is_not_told_of_a_mention(bot: Bot, fake_openai: FakeOpenAI) -> None:
    group = bot.friend().within(GROUP)
    group.says("@도우미봇\u200b 오늘 @민지 생일이야?")
    assert fake_openai.questions == ["오늘 @민지 생일이야?"]
    assert group.says("@도우미봇\u200b").bubbles == [TEXTS("reply.empty")]


def test_a_callback_speaks_of_no_button(
    stopped_bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    with stopped_bot.open(CALLBACK_SECONDS=1) as bot:
        group = bot.known("anna").within(GROUP)
        group.says("안녕")
        group.callback_url = fake_kakao.callback_url()
        fake_openai.hold(only="느린 질문")
        assert group.says("느린 질문").promised
        ((_, body),) = fake_kakao.wait_for(1)
        assert Shown(body).bubbles == [f"{TEXTS('group.callback_late')}\n\n{to_type(FETCH)}"]
        fake_openai.release()
        group.callback_url = None
        assert group.says(FETCH).bubbles == ["답: 느린 질문"]


@pytest.mark.usefixtures("unhurried")
def test_the_payload_of_a_group_is_answered(bot: Bot) -> None:
    message = payload("09")
    shown = bot.friend(message["userRequest"]["user"]["id"]).sends(message)
    assert shown.bubbles == [TEXTS("group.greeting"), "답: 오늘 준비물이 뭐야"]
