"""The life of a question, as a friend lives it: real sockets, a model of ours at the far end."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from chatgee.conversation import answering
from chatgee.questions import Delivery
from chatgee.store import Outcome
from tests.support import beside
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.kakao_side import Friend, Shown

pytestmark = pytest.mark.usefixtures("wherever")


def in_time(bot: Bot, *shown: Shown) -> bool:
    """Whether nobody has waited longer than KakaoTalk was told."""
    return max(one.seconds for one in shown) < float(bot.environ["REPLY_SECONDS"]) + 0.3


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
    stopped_bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stopped_bot.open() as bot:
        bot.known()
        store = bot.store
        store.ask("lost", "friend-1", "정전 직전의 질문").result(PATIENCE)
        question = store.find("lost", "friend-1").result(PATIENCE)
        assert question is not None
        store.fill(question, Outcome("답", "정전 직전의 답")).result(PATIENCE)
        assert store.claim("lost", "friend-1", Delivery.REPLY).result(PATIENCE)
    monkeypatch.setattr("chatgee.cluster.tidying.CLAIM_SECONDS", 0.0)  # a minute, in truth
    with stopped_bot.open() as bot:
        bot.until_held("friend-1")
        assert "‘정전 직전의 질문’의 답이에요." in bot.friend().says("다음").text


def test_no_reply_is_later_than_its_deadline(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    fake_openai.hold()
    # The best of three: another program may have had the processor.
    best = min((friend.says("오래 걸리는 질문") for _ in range(3)), key=lambda one: one.seconds)
    assert best.seconds > float(bot.environ["REPLY_SECONDS"]) - 0.05
    assert in_time(bot, best)


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
    told = [friend.says("다음").text, friend.says("그다음").text]  # it may be let go just now
    assert "".join(told).count("답: 끊긴 질문") == 1


def test_while_the_database_is_locked_nobody_waits_longer_and_nothing_is_lost(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    held = ask_late(fake_openai, friend, "먼저 한 질문")
    with beside.held(bot.database):
        asked = friend.says("질문")  # before the answer, or nobody begins to write it down
        fake_openai.release()
        pressed = friend.presses(held, FETCH)
    assert in_time(bot, asked, pressed)
    assert pressed.buttons == held.buttons
    assert friend.presses(asked, FETCH).bubbles == ["답: 질문"]
    assert friend.presses(pressed, FETCH).bubbles == ["답: 먼저 한 질문"]
    assert fake_openai.questions.count("먼저 한 질문") == 1


def test_an_answer_is_the_reply_as_long_as_there_is_time_however_slow_the_store(
    stopped_bot: Bot, fake_openai: FakeOpenAI
) -> None:
    with stopped_bot.open(REPLY_SECONDS=3) as bot, ThreadPoolExecutor() as pool:
        friend, store, waiters = bot.known(), bot.store, bot.running.waiters
        fake_openai.hold()
        asking = pool.submit(friend.says, "질문")
        fake_openai.wait_for(2)
        with waiters.waiting(waiters.waited_for()[0]) as waiter:
            waiter.add_done_callback(lambda _: store.database.submit(lambda _: time.sleep(0.5)))
            fake_openai.release()
            assert asking.result(PATIENCE).bubbles == ["답: 질문"]


def test_an_answer_is_kept_until_the_disk_takes_it(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    shown = ask_late(fake_openai, friend, "질문")
    with beside.full(bot.database):
        fake_openai.release()
        assert friend.presses(shown, FETCH).buttons == shown.buttons
    bot.until_answered(2)
    assert friend.presses(shown, FETCH).bubbles == ["답: 질문"]
    assert fake_openai.questions.count("질문") == 1, "paid for once"


def test_a_disk_that_was_full_for_long_leaves_nobody_behind(
    bot: Bot, fake_openai: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "PAUSES", (0.01, 0.01))
    friend = bot.known()
    shown = ask_late(fake_openai, friend, "질문")
    with beside.full(bot.database):
        fake_openai.release()
        assert friend.presses(shown, FETCH).buttons == shown.buttons  # all of them have passed
    bot.until_answered(2)
    friend.says("다음")
    bot.until_answered(3)
    assert fake_openai.questions.count("질문") == 1, "paid for once"


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


UNSEEN = "못 본 답 보기"


def test_a_press_offers_the_other_answer_that_is_ready(bot: Bot, fake_openai: FakeOpenAI) -> None:
    """Whether it is an earlier one or a later one."""
    friend = bot.known()
    first, second = ask_late(fake_openai, friend, "느린 질문"), friend.says("둘째 질문")
    fake_openai.release()
    bot.until_answered(3)
    shown = friend.presses(second, FETCH)
    assert shown.bubbles == ["답: 둘째 질문"]
    other = friend.presses(shown, UNSEEN)
    assert (other.bubbles, other.buttons) == (["답: 느린 질문"], {})
    bot.store.let_go([second.buttons[FETCH]["question"]]).result(PATIENCE)
    assert friend.presses(first, FETCH).bubbles == ["답: 느린 질문"]


def test_a_press_that_comes_too_early_offers_what_is_ready(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friend = bot.known()
    ask_late(fake_openai, friend, "느린 질문")
    second = friend.says("둘째 질문")
    fake_openai.release()
    fake_openai.hold(only="둘째 질문")
    bot.until_answered(2)
    shown = friend.presses(second, FETCH)
    assert shown.buttons.keys() == {FETCH, UNSEEN}
    assert friend.presses(shown, UNSEEN).bubbles == ["답: 느린 질문"]


@pytest.mark.parametrize("words", ["📓 사용설명서", "💫 새로운 시작", " ", "가" * 50_001])
def test_what_is_no_question_offers_what_is_ready(
    bot: Bot, fake_openai: FakeOpenAI, words: str
) -> None:
    friend = bot.known()
    ask_late(fake_openai, friend, "느린 질문")
    fake_openai.release()
    bot.until_answered(2)
    shown = friend.says(words)
    assert friend.presses(shown, UNSEEN).bubbles == ["답: 느린 질문"]
    assert UNSEEN not in friend.says(words).buttons


def test_one_friends_questions_are_answered_in_order(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    fake_openai.hold()
    with ThreadPoolExecutor() as phones:
        for number in range(5):
            phones.submit(friend.says, f"질문{number}")
            bot.until_asked(number + 2)
        fake_openai.release()
    bot.until_answered(6)
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
