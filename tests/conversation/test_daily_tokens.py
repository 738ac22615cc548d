"""DAILY_TOKEN_LIMIT is a limit: what is in the making counts, and nobody is left without a word."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import pytest

from chatgee.conversation.daily_tokens import OVER, PHOTO_TOKENS, WORST, Budget, size_of
from chatgee.questions import Prompt, Turn
from chatgee.store import SpentToday
from tests.support import beside
from tests.support.bot import Bot, Clock
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.kakao_side import Friend, Shown

FETCH, AGAIN = "생각 다했니?", "다시 물어보기"
USED_UP = "오늘 답할 수 있는 양을 다"
LIMIT, COST = 3000, 1000
OPEN = "SELECT count(*) FROM questions WHERE state = 'asked'"
USED = "SELECT prompt_tokens + completion_tokens FROM usage WHERE user_id = ''"


# --- a whole ChatGee ------------------------------------------------------------------------


@pytest.fixture
def limited(stopped_bot: Bot, fake_openai: FakeOpenAI, wherever: None) -> Iterator[Bot]:
    fake_openai.tokens = COST - 100, 100
    with stopped_bot.open(DAILY_TOKEN_LIMIT=LIMIT) as bot:
        yield bot


def ask_at_once(bot: Bot, openai: FakeOpenAI, friends: list[Friend]) -> list[Shown]:
    """What each knows in the end. The model begins to answer when all of them have asked."""
    openai.hold()
    with ThreadPoolExecutor(len(friends)) as pool:
        first = list(pool.map(lambda friend: friend.says("질문"), friends))
        openai.release()
        beside.until(bot.database, OPEN, lambda count: count == 0)
        return list(pool.map(fetched, friends, first))


def fetched(friend: Friend, shown: Shown) -> Shown:
    while FETCH in shown.buttons:
        shown = friend.presses(shown, FETCH)
    return shown


def answered(shown: list[Shown]) -> int:
    return sum("답: 질문" in one.text for one in shown)


def test_fifty_friends_at_once_cost_no_more_than_the_day_has(
    limited: Bot, fake_openai: FakeOpenAI
) -> None:
    shown = ask_at_once(limited, fake_openai, [limited.friend(f"f{n}") for n in range(50)])
    assert beside.value(limited.database, USED) == LIMIT
    assert answered(shown) == len(fake_openai.requests) == LIMIT // COST
    told = [one for one in shown if USED_UP in one.text]
    assert len(told) == 50 - LIMIT // COST, "and who does not come to their turn is told"


def test_answers_that_cost_ten_times_as_much_as_lately_stay_within_a_fifth(
    limited: Bot, fake_openai: FakeOpenAI
) -> None:
    fake_openai.tokens = COST // WORST - 10, 10
    limited.known("early")
    fake_openai.tokens = COST - 100, 100
    ask_at_once(limited, fake_openai, [limited.friend(f"f{n}") for n in range(20)])
    assert LIMIT <= beside.value(limited.database, USED) <= max(LIMIT * OVER, LIMIT + COST)


def test_a_burst_of_one_friend_ends_at_the_limit(limited: Bot, fake_openai: FakeOpenAI) -> None:
    friend = limited.friend()
    shown = ask_at_once(limited, fake_openai, [friend] * 30)
    assert len(fake_openai.requests) == LIMIT // COST
    assert beside.value(limited.database, USED) == LIMIT
    assert sum(USED_UP in one.text for one in shown) == 30 - LIMIT // COST


def test_what_was_not_asked_can_be_asked_again_the_next_day(
    limited: Bot, fake_openai: FakeOpenAI, clock: Clock
) -> None:
    friends = [limited.friend(f"f{n}") for n in range(10)]
    shown = ask_at_once(limited, fake_openai, friends)
    friend, told = next(pair for pair in zip(friends, shown, strict=True) if pair[1].buttons)
    assert USED_UP in told.text
    assert USED_UP in friend.presses(told, AGAIN).text
    clock.forward(86_400)
    assert "답: 질문" in fetched(friend, friend.presses(told, AGAIN)).text


def test_the_owner_reads_why(limited: Bot, fake_openai: FakeOpenAI) -> None:
    shown = ask_at_once(limited, fake_openai, [limited.friend(f"f{n}") for n in range(5)])
    assert answered(shown) == 3
    failures = "SELECT count(*) FROM questions WHERE failure = 'daily_limit'"
    assert beside.value(limited.database, failures) == 2
    assert limited.texts("hint.daily_limit").startswith("DAILY_TOKEN_LIMIT")


@pytest.mark.parametrize(
    ("says", "finish_reason"), [("", "stop"), ("\u3164", "stop"), ("", "content_filter")]
)
def test_what_was_paid_for_no_answer_counts_too(
    limited: Bot, fake_openai: FakeOpenAI, says: str, finish_reason: str
) -> None:
    fake_openai.says, fake_openai.finish_reason = lambda question: says, finish_reason
    shown = ask_at_once(limited, fake_openai, [limited.friend(f"f{n}") for n in range(6)])
    assert answered(shown) == 0
    assert beside.value(limited.database, USED) == LIMIT
    assert sum(USED_UP in one.text for one in shown) == 3


@pytest.mark.usefixtures("unhurried")
def test_paid_failures_do_not_make_the_next_answers_dear(
    stopped_bot: Bot, fake_openai: FakeOpenAI
) -> None:
    fake_openai.tokens = COST - 100, 100
    with stopped_bot.open(DAILY_TOKEN_LIMIT=COST * 100) as bot:
        bot.known("first")
        fake_openai.says, fake_openai.finish_reason = lambda question: "", "content_filter"
        for number in range(20):
            bot.friend("refused").says(f"나쁜 질문 {number}")
        fake_openai.says, fake_openai.finish_reason = lambda question: f"답: {question}", "stop"
        shown = ask_at_once(bot, fake_openai, [bot.friend(f"f{n}") for n in range(10)])
    assert answered(shown) == 10


def test_a_model_that_costs_nothing_is_never_held_up(stopped_bot: Bot) -> None:
    del stopped_bot.environ["OPENAI_API_KEY"], stopped_bot.environ["OPENAI_BASE_URL"]
    stopped_bot.environ["REPLY_SECONDS"] = "4.5"
    with stopped_bot.open(DAILY_TOKEN_LIMIT=1) as bot:
        bot.known("first")
        friends = [bot.friend(f"f{n}") for n in range(10)]
        with ThreadPoolExecutor(10) as pool:
            shown = list(pool.map(lambda one: one.says("느리게 1초"), friends))
    assert [one for one in shown if "연습" not in one.text] == []


# --- by itself ------------------------------------------------------------------------------


SHORT = Prompt("질문")


class Day:
    """What has been used; `paid` adds the cost of an answer. All of a mean is written."""

    def __init__(self, tokens: int, mean: float | None) -> None:
        self.spent, self.looks = SpentToday(tokens, mean, mean), 0

    async def look(self) -> SpentToday:
        self.looks += 1
        return self.spent

    def paid(self, cost: int) -> None:
        self.spent = replace(self.spent, tokens=self.spent.tokens + cost)


async def making(
    budget: Budget, count: int, until: Callable[[int], bool], prompt: Prompt = SHORT
) -> int:
    """How many of `count` questions are with the model at once, none of which ends."""
    asked = 0

    async def ask() -> None:
        nonlocal asked
        async with budget.turn(prompt) as has_room:
            asked += has_room
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(ask()) for _ in range(count)]
    for _ in range(1000):
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert until(asked)
    return asked


@pytest.mark.parametrize(
    ("limit", "tokens", "mean", "at_once"),
    [
        (0, 0, None, 100),  # no limit
        (100_000, 0, None, 23),  # nobody knows yet what an answer holds
        (3_000, 0, None, 1),
        (100_000, 0, 0, 100),  # it costs nothing
        (1_000_000, 0, 1000, 100),
        (100_000, 0, 1000, 11),  # twelve of ten times the cost are a fifth over
        (100_000, 90_000, 1000, 2),
        (100_000, 99_500, 1000, 1),  # the last
        (100_000, 100_000, 1000, 0),
        (500, 0, 1000, 1),
    ],
)
def test_as_many_are_in_the_making_as_fit(
    limit: int, tokens: int, mean: float | None, at_once: int
) -> None:
    budget = Budget(limit, Day(tokens, mean).look)
    assert asyncio.run(making(budget, 100, lambda asked: asked <= at_once)) == at_once


def test_what_is_sent_counts_before_anybody_has_paid_for_it() -> None:
    """Answers were cheap until somebody asked with fifty thousand letters."""
    long = Prompt("긴" * 50_000)
    budget = Budget(1_000_000, Day(0, 100).look)
    assert asyncio.run(making(budget, 100, lambda asked: asked < 18, long)) == 17


def test_a_prompt_is_never_taken_for_smaller_than_it_is() -> None:
    turns = [Turn("하나", "둘")] * 3
    two = ["https://talk.kakaocdn.net/x.jpg", "https://talk.kakaocdn.net/y.jpg"]
    whole = Prompt("질문", two, turns, "성격")
    sizes = [size_of(replace(whole, image_urls=two[:count])) for count in range(3)]
    assert [later - size for size, later in pairwise(sizes)] == [PHOTO_TOKENS] * 2
    assert sizes[0] > size_of(SHORT)
    assert size_of(Prompt("가" * 260)) == 300
    assert size_of(Prompt("\ud800")) > 0


def test_the_next_comes_when_one_has_ended_in_the_order_of_coming() -> None:
    day, order = Day(0, None), []
    budget = Budget(10, day.look)

    async def ask(number: int) -> None:
        async with budget.turn(SHORT) as has_room:
            order.append((number, has_room))
            await asyncio.sleep(0)
            day.paid(4 * has_room)

    async def everybody() -> None:
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(ask(number) for number in range(5)))

    asyncio.run(everybody())
    assert order == [(0, True), (1, True), (2, True), (3, False), (4, False)]


def test_who_is_cancelled_makes_room_and_leaves_nobody_waiting() -> None:
    day = Day(0, None)
    budget = Budget(10, day.look)

    async def work() -> bool:
        entered, never = asyncio.Event(), asyncio.Event()

        async def ask() -> None:
            async with budget.turn(SHORT):
                entered.set()
                await never.wait()

        first = asyncio.create_task(ask())
        await entered.wait()
        waiting = asyncio.create_task(ask())
        await asyncio.sleep(0)
        last = budget.turn(SHORT)
        third = asyncio.create_task(last.__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        first.cancel()
        async with asyncio.timeout(PATIENCE):
            return await third

    assert asyncio.run(work())


def test_without_a_limit_nothing_is_looked_up() -> None:
    day = Day(0, None)
    assert asyncio.run(making(Budget(0, day.look), 5, lambda asked: asked == 5)) == 5
    assert day.looks == 0


def test_an_answer_that_ends_during_the_look_is_not_left_out() -> None:
    """Its cost is not among what was found, and it is no longer in the making."""

    async def work() -> tuple[bool, bool]:
        looks, may_end, found = 0, asyncio.Event(), asyncio.Event()

        async def look() -> SpentToday:
            nonlocal looks
            looks += 1
            if looks == 2:
                found.set()
                await may_end.wait()
            return SpentToday(0 if looks < 3 else 10, None)

        budget = Budget(10, look)
        async with budget.turn(SHORT) as first:
            second = asyncio.create_task(budget.turn(SHORT).__aenter__())
            await found.wait()
        may_end.set()
        async with asyncio.timeout(PATIENCE):
            return first, await second

    assert asyncio.run(work()) == (True, False)
