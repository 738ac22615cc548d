"""The life of a question, as a friend lives it: real sockets, a model of ours at the far end."""

import json
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from chatgee.questions import Delivery
from chatgee.store import Outcome
from tests.bot import Bot
from tests.far_ends import PATIENCE, FakeKakao, FakeOpenAI
from tests.kakao_side import PAYLOADS, Friend, Shown, check, payload

FETCH, MORE, AGAIN = "생각 다했니?", "이어보기", "다시 물어보기"


def ask_late(fake_openai: FakeOpenAI, friend: Friend, words: str) -> Shown:
    """Ask something that the model thinks about until it is released."""
    fake_openai.hold(only=words)
    return friend.says(words)


# --- in time, and late ----------------------------------------------------------------------


def test_an_answer_in_time_is_the_reply(bot: Bot) -> None:
    shown = bot.known().says("하늘은 왜 파래요?")
    assert shown.bubbles == ["답: 하늘은 왜 파래요?"]
    assert not shown.buttons


def test_a_late_answer_is_fetched_by_its_button(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    shown = ask_late(fake_openai, friend, "우주는 얼마나 커요?")
    assert shown.bubbles == ["아직 생각하고 있어요. 조금 뒤에 아래 버튼을 눌러 주세요."]
    fake_openai.release()
    assert friend.presses(shown, FETCH).bubbles == ["답: 우주는 얼마나 커요?"]


def test_a_press_waits_again_and_then_offers_the_button_again(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    first = ask_late(fake_openai, friend, "어려운 질문")
    second = friend.presses(first, FETCH)
    assert second.buttons == first.buttons
    threading.Timer(0.1, fake_openai.release).start()
    assert friend.presses(second, FETCH).bubbles == ["답: 어려운 질문"]


def test_pressing_twice_shows_the_answer_twice(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    shown = ask_late(fake_openai, friend, "질문")
    fake_openai.release()
    assert friend.presses(shown, FETCH).text == friend.presses(shown, FETCH).text == "답: 질문"
    assert fake_openai.questions.count("질문") == 1


def test_the_typed_words_mean_the_newest_answer_not_yet_seen(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    ask_late(fake_openai, friend, "질문")
    fake_openai.release()
    assert friend.says("생각 다했니").bubbles == ["답: 질문"]


@pytest.mark.parametrize("words", [FETCH, MORE, AGAIN])
def test_the_typed_words_are_an_ordinary_question_where_nothing_waits(bot: Bot, words: str) -> None:
    assert bot.known().says(words).bubbles == [f"답: {words}"]


def test_a_press_after_a_restart_shows_the_answer(
    stopped_bot: Bot, fake_openai: FakeOpenAI
) -> None:
    with stopped_bot.open():
        friend = stopped_bot.known()
        shown = ask_late(fake_openai, friend, "질문")
    fake_openai.release()
    with stopped_bot.open():
        assert stopped_bot.friend().presses(shown, FETCH).bubbles == ["답: 질문"]


def test_an_answer_that_was_claimed_but_never_sent_is_shown_after_a_restart(
    stopped_bot: Bot,
) -> None:
    with stopped_bot.open() as bot:
        bot.known()
        store = bot.store
        store.ask("lost", "friend-1", "정전 직전의 질문").result(PATIENCE)
        question = store.find("lost", "friend-1").result(PATIENCE)
        assert question is not None
        store.fill(question, Outcome("답", "정전 직전의 답")).result(PATIENCE)
        assert store.claim("lost", "friend-1", Delivery.REPLY).result(PATIENCE)
    with stopped_bot.open() as bot:
        assert "정전 직전의 답" in bot.friend().says("다음").text


def test_no_reply_is_later_than_its_deadline(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    fake_openai.hold()
    # The best of three: another program may have had the processor.
    assert 0.45 < min(friend.says("오래 걸리는 질문").seconds for _ in range(3)) < 0.8


def test_what_no_one_was_there_to_take_is_held(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    fake_openai.hold(only="끊긴")
    with socket.create_connection(bot.address) as phone:
        body = json.dumps(friend.message("끊긴 질문", None, "01")).encode()
        head = f"POST /prompt HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        phone.sendall(head.encode() + body)
        fake_openai.wait_for(2)
    fake_openai.release()
    bot.until_answered(2)
    bot.until_held(friend.id)
    assert "답: 끊긴 질문" in friend.says("다음").text


@contextmanager
def locked(bot: Bot) -> Iterator[None]:
    """Another program, such as one that makes backups, has the database to itself."""
    file = Path(bot.environ["DATA_DIR"]) / "chatgee.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


def test_while_the_database_is_locked_nobody_waits_longer_and_nothing_is_lost(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    held = ask_late(fake_openai, friend, "먼저 한 질문")
    with locked(bot):
        fake_openai.release()
        asked, pressed = friend.says("질문"), friend.presses(held, FETCH)
    assert max(asked.seconds, pressed.seconds) < 0.8
    assert pressed.buttons == held.buttons
    assert friend.presses(asked, FETCH).bubbles == ["답: 질문"]
    assert friend.presses(pressed, FETCH).bubbles == ["답: 먼저 한 질문"]
    assert fake_openai.questions.count("먼저 한 질문") == 1


def test_an_answer_is_the_reply_as_long_as_there_is_time_however_slow_the_store(
    stopped_bot: Bot, fake_openai: FakeOpenAI
) -> None:
    with stopped_bot.open(REPLY_SECONDS=3) as bot, ThreadPoolExecutor() as pool:
        friend, store, bell = bot.known(), bot.store, bot.running.bell
        fake_openai.hold()
        asking = pool.submit(friend.says, "질문")
        fake_openai.wait_for(2)
        with bell.listening(bell.waited_for()[0]) as listener:
            listener.add_done_callback(lambda _: store.database.submit(lambda _: time.sleep(0.5)))
            fake_openai.release()
            assert asking.result(PATIENCE).bubbles == ["답: 질문"]


def test_an_answer_is_kept_until_the_disk_takes_it(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    shown = ask_late(fake_openai, friend, "질문")
    file = Path(bot.environ["DATA_DIR"]) / "chatgee.db"
    with closing(sqlite3.connect(file)) as disk:
        disk.execute(
            "CREATE TRIGGER full UPDATE ON questions BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
        fake_openai.release()
        assert friend.presses(shown, FETCH).buttons == shown.buttons
        disk.execute("DROP TRIGGER full")
    bot.until_answered(2)
    assert friend.presses(shown, FETCH).bubbles == ["답: 질문"]
    assert fake_openai.questions.count("질문") == 1, "paid for once"


# --- callbacks ------------------------------------------------------------------------------


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


def test_an_answer_in_time_needs_no_callback(bot: Bot, fake_kakao: FakeKakao) -> None:
    friend = bot.known(callback_url=fake_kakao.callback_url())
    assert friend.says("질문").bubbles == ["답: 질문"]
    assert not fake_kakao.requests


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
    assert friend.says("다음").bubbles == ["답: 다음"]


def test_callback_always_promises_at_once(stopped_bot: Bot, fake_kakao: FakeKakao) -> None:
    with stopped_bot.open(CALLBACK="always") as bot:
        friend = bot.friend(callback_url=fake_kakao.callback_url())
        assert friend.says("질문").promised
        ((_, body),) = fake_kakao.wait_for(1)
        assert Shown(body).bubbles[1:] == ["답: 질문"], "a greeting, and the answer"


def test_callback_off_never_promises(
    stopped_bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    with stopped_bot.open(CALLBACK="off") as bot:
        friend = bot.known(callback_url=fake_kakao.callback_url())
        assert ask_late(fake_openai, friend, "질문").buttons[FETCH]


def test_a_callback_address_elsewhere_is_never_used(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known(callback_url="https://bot-api.kakao.com.evil.example/callback/t")
    assert ask_late(fake_openai, friend, "질문").buttons[FETCH]


# --- held answers ---------------------------------------------------------------------------


def test_a_held_answer_comes_first_and_says_what_was_asked(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    ask_late(fake_openai, friend, "첫 질문")
    fake_openai.release()
    bot.until_answered(2)
    shown = friend.says("둘째 질문")
    assert shown.bubbles == ["‘첫 질문’의 답이에요.\n\n답: 첫 질문", "답: 둘째 질문"]
    assert friend.says("셋째 질문").bubbles == ["답: 셋째 질문"], "shown once"


def test_a_new_question_is_worked_on_while_held_answers_are_shown(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    ask_late(fake_openai, friend, "첫 질문")
    fake_openai.release()
    bot.until_answered(2)
    shown = ask_late(fake_openai, friend, "둘째 질문")
    assert "답: 첫 질문" in shown.bubbles[0]
    fake_openai.release()
    assert friend.presses(shown, FETCH).bubbles == ["답: 둘째 질문"]


def test_no_held_answer_is_swallowed_however_many_there_are(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    fake_openai.hold()
    for number in range(5):
        friend.says(f"질문{number}")
    fake_openai.release()
    bot.until_answered(6)
    seen = [*friend.says("끝").bubbles, *friend.says("정말 끝").bubbles]
    seen += friend.says("진짜 끝").bubbles
    marked = [bubble for bubble in seen if "의 답이에요" in bubble]
    assert [bubble[-3:] for bubble in marked] == [f"질문{number}" for number in range(5)]


def test_the_rest_of_a_held_answer_has_its_own_button(bot: Bot, fake_openai: FakeOpenAI) -> None:
    fake_openai.says = lambda question: "가나다 " * 1000 if question == "긴 질문" else "짧은 답"
    friend = bot.known()
    ask_late(fake_openai, friend, "긴 질문")
    fake_openai.release()
    bot.until_answered(2)
    shown = friend.says("다음")
    assert shown.bubbles[-1] == "짧은 답"
    seen = [*shown.bubbles[:-1], *friend.presses(shown, "앞의 답 이어보기").bubbles]
    assert "".join(seen).count("가나다") == 1000


def test_one_friends_questions_are_answered_in_order(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    fake_openai.hold()
    with ThreadPoolExecutor() as phones:
        for number in range(5):
            phones.submit(friend.says, f"질문{number}")
            bot.until_asked(number + 2)
        fake_openai.release()
    assert fake_openai.questions == ["안녕", *(f"질문{number}" for number in range(5))]


def test_a_slow_question_never_delays_another_friend(bot: Bot, fake_openai: FakeOpenAI) -> None:
    fake_openai.hold(only="느린")
    with ThreadPoolExecutor() as phones:
        slow = phones.submit(bot.friend("one").says, "느린 질문")
        fake_openai.wait_for(1)
        assert "답: 빠른 질문" in bot.friend("two").says("빠른 질문").text
        assert slow.result(PATIENCE).buttons


def test_two_friends_with_the_same_words_get_their_own_answers(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    numbers = iter(range(100))
    fake_openai.says = lambda question: f"{question} {next(numbers)}"
    fake_openai.hold()
    one, two = bot.friend("one"), bot.friend("two")
    first, second = one.says("같은 말"), two.says("같은 말")
    fake_openai.release()
    assert first.buttons[FETCH] != second.buttons[FETCH]
    assert one.presses(first, FETCH).text != two.presses(second, FETCH).text


def test_nobody_gets_somebody_elses_answer(bot: Bot, fake_openai: FakeOpenAI) -> None:
    shown = ask_late(fake_openai, bot.known("one"), "비밀 질문")
    fake_openai.release()
    other = bot.known("two")
    assert other.presses(shown, FETCH).text == "그 질문은 찾을 수 없어요. 다시 물어봐 주시겠어요?"
    assert "비밀" not in other.says(FETCH, shown.buttons[FETCH] | {"again": True}).text
    assert "비밀" not in other.says(MORE, shown.buttons[FETCH] | {"page": 2}).text


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


# --- memory ---------------------------------------------------------------------------------


def remembered(fake_openai: FakeOpenAI) -> list[str]:
    """What the model was reminded of with the last question."""
    return [message["content"] for message in fake_openai.requests[-1]["messages"][1:-1]]


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


def test_what_no_database_takes_is_a_failure_and_stops_no_line(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    reply = {"choices": [{"message": {"content": "답"}}], "usage": {"prompt_tokens": 10**30}}
    fake_openai.replies(reply)
    assert AGAIN in friend.says("질문").buttons
    assert friend.says("다음").bubbles == ["답: 다음"]


def test_the_typed_words_ask_the_last_failed_question_again(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    fake_openai.fails(401)
    friend.says("질문")
    assert friend.says(AGAIN).bubbles == ["답: 질문"]


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
