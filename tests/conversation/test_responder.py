"""What the model is told, whoever asks: the whole request, as it is sent."""

import asyncio
import json
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
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI

pytestmark = pytest.mark.usefixtures("unhurried")

CHARACTER = "너는 꽃집의 안내원이야."
FIRST, SECOND = "이름이 뭐예요?", "다시요?"


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
    """The last request's body, with everything in its order."""
    request = dict(fake_openai.requests[-1])
    del request["path"], request["headers"]
    return json.dumps(request, ensure_ascii=False)


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
        f'{{"role": "user", "content": "{SECOND}"}}]}}'
    )


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
    asyncio.run(responder.ask(responder.prompt(SECOND, memory)))
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
        asyncio.run(responder.ask(responder.prompt(SECOND, [Turn("하나", "둘")] * 5)))


def test_of_a_cut_answer_that_is_too_much_by_itself_the_end_is_told() -> None:
    end = "셋" * END_CHARS
    cut = [Turn("긴 이야기", "하나"), Turn("이어서", "둘" + end)]
    model = Forgetful(-1)
    responder = Responder(model, Memory(0, 0), Character(Path("none"), Path("none"), CHARACTER))
    with pytest.raises(ModelError, match="too_long"):
        asyncio.run(responder.ask(responder.prompt(SECOND, [Turn("1", "답")], continued=cut)))
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
