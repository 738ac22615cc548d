"""What the model is told, whoever asks: the whole request, as it is sent."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from chatgee.conversation.memory import Memory
from chatgee.conversation.responder import Responder
from chatgee.conversation.shortening import END_CHARS
from chatgee.errors import Failure, ModelError
from chatgee.model.system_prompt import Character
from chatgee.questions import Answer, Model, Prompt, Turn
from chatgee.web import owner
from tests.support.bot import Bot, Clock
from tests.support.far_ends import PATIENCE, FakeOpenAI

pytestmark = pytest.mark.usefixtures("unhurried")

CHARACTER = "너는 꽃집의 안내원이야."
FIRST, SECOND = "이름이 뭐예요?", "다시요?"
NOON = 1_796_007_600.0
"""In Korea, on the 30th of November 2026, a Monday."""


def friend(bot: Bot) -> None:
    chat = bot.friend()
    chat.says(FIRST)
    chat.says(SECOND)


def simulated_friend(bot: Bot) -> None:
    doing = {"friend": "desk-friend0001", "way": "friend", "how": "text", "extra": {}}
    doing |= {"callback": False, "photo": ""}
    for words in (FIRST, SECOND):
        url, headers = bot.url + "/local_test/send", {owner.TOKEN_HEADER: owner.TOKEN}
        sent = requests.post(url, json=doing | {"words": words}, headers=headers, timeout=PATIENCE)
        assert sent.json()["status"] == 200


def owner_who_tries(bot: Bot) -> None:
    turns = [[FIRST, f"답: {FIRST}"]]
    form = {"csrf": owner.TOKEN, "prompt": CHARACTER, "question": SECOND}
    form |= {"turns": json.dumps(turns)}
    tried = requests.post(bot.url + "/settings/character/try", data=form, timeout=PATIENCE)
    assert tried.json()["answer"] == f"답: {SECOND}"


def sent(fake_openai: FakeOpenAI) -> str:
    """The last request's body, with everything in its order, and some moment or other."""
    request = dict(fake_openai.requests[-1])
    del request["path"], request["headers"]
    moment = r"지금은 20\d\d년 \d\d?월 \d\d?일 [월화수목금토일]요일 \d\d:\d\d이에요"
    return re.sub(moment, "지금은 그때예요", json.dumps(request, ensure_ascii=False))


@pytest.mark.parametrize("who", [friend, simulated_friend, owner_who_tries])
def test_the_model_is_told_the_same_whoever_asks(
    bot: Bot, fake_openai: FakeOpenAI, tmp_path: Path, who: Callable[[Bot], None]
) -> None:
    (tmp_path / "system_prompt.txt").write_text(CHARACTER + "\n", "utf-8")
    who(bot)
    assert sent(fake_openai) == (
        '{"model": "gpt-6-luna", "messages": ['
        f'{{"role": "system", "content": "{CHARACTER}"}}, '
        f'{{"role": "user", "content": "{FIRST}"}}, '
        f'{{"role": "assistant", "content": "답: {FIRST}"}}, '
        f'{{"role": "user", "content": "(지금은 그때예요.)\\n\\n{SECOND}"}}]}}'
    )


# --- the day --------------------------------------------------------------------------------


def at(clock: Clock, moment: float) -> None:
    clock.ahead = moment - time.time()


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (NOON, "지금은 2026년 11월 30일 월요일 12:00이에요."),
        (NOON + 12 * 3600 - 60, "지금은 2026년 11월 30일 월요일 23:59이에요."),
        (NOON + 12 * 3600 + 60, "지금은 2026년 12월 1일 화요일 00:01이에요."),
        (NOON + 366 * 86400, "지금은 2027년 12월 1일 수요일 12:00이에요."),
    ],
)
def test_the_model_is_told_the_day_and_the_time_in_korea(
    bot: Bot, clock: Clock, fake_openai: FakeOpenAI, moment: float, told: str
) -> None:
    at(clock, moment + 1)
    bot.friend().says("오늘 열어요?")
    assert (fake_openai.told.now, fake_openai.told.question) == (told, "오늘 열어요?")


def test_a_question_keeps_the_day_on_which_it_was_asked(
    bot: Bot, clock: Clock, fake_openai: FakeOpenAI
) -> None:
    """It waits behind another one until after midnight."""
    friend = bot.known()
    fake_openai.hold()
    at(clock, NOON + 12 * 3600 - 60)
    friend.says("느린 질문")
    friend.says("오늘 열어요?")
    clock.ahead += 120
    fake_openai.release()
    bot.until_answered(3)
    assert fake_openai.told.question == "오늘 열어요?"
    assert fake_openai.told.now.startswith("지금은 2026년 11월 30일 월요일 23:59")


def test_a_turn_of_another_day_says_from_when_it_is(
    bot: Bot, clock: Clock, fake_openai: FakeOpenAI
) -> None:
    friend = bot.friend()
    for moment, words in ((NOON, "하나"), (NOON + 86_400, "둘"), (NOON + 86_460, "셋")):
        at(clock, moment)
        friend.says(words)
    assert fake_openai.told.memory == [
        *("(2026년 11월 30일 월요일에 나눈 말)\n하나", "답: 하나"),
        *("둘", "답: 둘"),
    ]


def test_what_stands_before_the_question_is_the_same_all_day(
    bot: Bot, clock: Clock, fake_openai: FakeOpenAI
) -> None:
    """A service's prompt cache holds for it."""
    friend = bot.friend()
    at(clock, NOON)
    friend.says("하나")
    at(clock, NOON + 86_400)
    friend.says("둘")
    before = fake_openai.requests[-1]["messages"][:-1]
    clock.ahead += 3600
    friend.says("셋")
    assert fake_openai.requests[-1]["messages"][: len(before)] == before


# --- what does not fit ----------------------------------------------------------------------


class Forgetful(Model):
    """A model that has no room for more than so many turns."""

    name = "forgetful"

    def __init__(self, room: int) -> None:
        self.room = room
        self.told: list[Prompt] = []

    async def answer(self, prompt: Prompt) -> Answer:
        self.told.append(prompt)
        if len(prompt.memory) > self.room:
            raise ModelError(Failure.TOO_LONG)
        return Answer("답")


def remembered(model: Forgetful, turns: int) -> list[list[str]]:
    """What it was reminded of with each try."""
    memory = [Turn(str(number), "답") for number in range(turns)]
    responder = Responder(model, Memory(0, 0), Character(Path("none"), Path("none"), CHARACTER))
    asyncio.run(responder.ask(responder.prompt(SECOND, memory, NOON)))
    assert {(one.system, one.question) for one in model.told} == {(CHARACTER, SECOND)}
    return [[turn.question for turn in one.memory] for one in model.told]


def test_where_it_is_too_much_the_older_half_of_memory_is_left_out() -> None:
    assert remembered(Forgetful(9), 5) == [["0", "1", "2", "3", "4"]]
    assert remembered(Forgetful(2), 5) == [["0", "1", "2", "3", "4"], ["3", "4"]]
    assert remembered(Forgetful(0), 1) == [["0"], []]


@pytest.mark.parametrize(("turns", "tries"), [(5, 4), (0, 2)])
def test_what_is_too_much_without_it_as_well_is_a_failure(turns: int, tries: int) -> None:
    model = Forgetful(-1)
    with pytest.raises(ModelError, match="too_long"):
        remembered(model, turns)
    assert len(model.told) == tries
    alone = model.told[-1]
    assert (alone.system, alone.memory, alone.question) == ("", (), SECOND)


class Endless(Forgetful):
    """It refuses at once what is too much, and thinks for ever about the rest."""

    async def answer(self, prompt: Prompt) -> Answer:
        await super().answer(prompt)
        await asyncio.Event().wait()
        raise AssertionError


def test_all_tries_of_a_question_share_its_time() -> None:
    responder = Responder(
        Endless(2),
        Memory(0, 0),
        Character(Path("none"), Path("none"), CHARACTER),
        seconds=0.05,
    )
    with pytest.raises(ModelError, match="timeout"):
        asyncio.run(responder.ask(responder.prompt(SECOND, [Turn("하나", "둘")] * 5, NOON)))


def test_of_a_cut_answer_that_is_too_much_by_itself_the_end_is_told() -> None:
    end = "셋" * END_CHARS
    cut = [Turn("긴 이야기", "하나"), Turn("이어서", "둘" + end)]
    model = Forgetful(-1)
    responder = Responder(model, Memory(0, 0), Character(Path("none"), Path("none"), CHARACTER))
    with pytest.raises(ModelError, match="too_long"):
        asyncio.run(responder.ask(responder.prompt(SECOND, [Turn("1", "답")], NOON, continued=cut)))
    told = [[turn.answer for turn in one.turns] for one in model.told]
    assert told == [["답", "하나", "둘" + end], ["하나", "둘" + end], [end], [end]]
    assert [one.system for one in model.told] == [CHARACTER] * 3 + [""]
    assert model.told[-1].turns[0].question == "긴 이야기"


def test_who_tries_a_character_is_answered_as_a_friend_would_be(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    fake_openai.fails(400, {"message": "maximum context length"})
    owner_who_tries(bot)
    assert [len(one["messages"]) for one in fake_openai.requests] == [4, 2]
