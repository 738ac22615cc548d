"""What a model does not take is left out, and known before the next question."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatgee.conversation.daily_tokens import size_of
from chatgee.conversation.memory import Memory
from chatgee.conversation.model_limits import A_WHILE, SLACK, ModelLimits, note_name
from chatgee.conversation.responder import Responder
from chatgee.errors import Failure, ModelError
from chatgee.model.system_prompt import Character
from chatgee.questions import Answer, Model, Prompt, Turn, Usage
from tests.support import beside
from tests.support.bot import TEXTS, Bot, Clock
from tests.support.far_ends import FakeOpenAI
from tests.support.kakao_side import Friend
from tests.support.tunnel_side import until

pytestmark = pytest.mark.usefixtures("unhurried")

CHARACTER = "너는 꽃집의 안내원이야."
LONG = "길고 긴 이야기를 하나 해 주세요. " * 10
PAID = "SELECT prompt_tokens, completion_tokens, answers FROM usage WHERE user_id = ''"


def length(request: Any) -> int:
    return sum(len(one["content"]) for one in request["messages"])


def llama_cpp(sent: int, room: int) -> tuple[int, Any]:
    told = f"request ({sent} tokens) exceeds the available context size ({room} tokens)"
    error = {"code": 400, "message": told, "type": "exceed_context_size_error"}
    return 400, {"error": error | {"n_prompt_tokens": sent, "n_ctx": room}}


def lm_studio(sent: int, room: int) -> tuple[int, Any]:
    told = "Trying to keep the first tokens when context the overflows. Provide a shorter input"
    return 400, {"error": {"message": told}}


def groq(sent: int, room: int) -> tuple[int, Any]:
    told = f"Request too large for model `llama` on tokens per minute (TPM): Limit {room}, "
    return 429, {"error": {"message": f"{told}Requested {sent}", "code": "rate_limit_exceeded"}}


Words = Callable[[int, int], tuple[int, Any]]


def has_room(end: FakeOpenAI, room: int, words: Words = llama_cpp) -> None:
    """From now on it refuses more letters than these."""
    end.refuses = lambda request: words(sent, room) if (sent := length(request)) > room else None


def calls(end: FakeOpenAI, friend: Friend, words: str) -> int:
    """How often the model was asked until the friend was answered."""
    before = len(end.requests)
    shown = friend.says(words).text
    assert "답: " in shown
    assert words.strip()[:20] in shown
    return len(end.requests) - before


@pytest.fixture
def told(tmp_path: Path, fake_openai: FakeOpenAI) -> FakeOpenAI:
    """A model that reads no more than so many letters, of which the character is a few."""
    (tmp_path / "system_prompt.txt").write_text(CHARACTER, "utf-8")
    has_room(fake_openai, 1000)
    return fake_openai


# --- memory ---------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [llama_cpp, lm_studio, groq])
def test_every_question_of_a_long_talk_is_answered_and_few_are_asked_twice(
    stopped_bot: Bot, told: FakeOpenAI, words: Words
) -> None:
    has_room(told, 1000, words)
    with stopped_bot.open() as bot:
        friend = bot.known()
        asked = [calls(told, friend, f"{number} {LONG}") for number in range(12)]
        assert [number for number in asked if number > 1] == [2]
        assert told.told.memory, "and of memory no more was left out than had to be"
        assert told.told.system == CHARACTER


def test_after_a_restart_nothing_has_to_be_found_out_again(
    stopped_bot: Bot, told: FakeOpenAI, wherever: None
) -> None:
    with stopped_bot.open() as bot:
        friend = bot.known()
        assert max(calls(told, friend, f"{number} {LONG}") for number in range(4)) == 2
    with stopped_bot.open() as bot:
        assert calls(told, bot.friend(), LONG) == 1
        until(lambda: "MEMORY_CHARS" in bot.status.glance(TEXTS).model.text)


@pytest.mark.parametrize("changed", [{"OPENAI_MODEL": "gpt-6-sol"}, {"MEMORY_CHARS": 11_000}])
def test_another_model_and_another_size_of_memory_are_tried_in_whole(
    stopped_bot: Bot, told: FakeOpenAI, changed: dict[str, Any]
) -> None:
    with stopped_bot.open() as bot:
        friend = bot.known()
        assert max(calls(told, friend, f"{number} {LONG}") for number in range(4)) == 2
    with stopped_bot.open(**changed) as bot:
        assert bot.status.glance(TEXTS).model.state == "good"
        has_room(told, 100_000)
        assert calls(told, bot.friend(), LONG) == 1
        assert len(told.told.memory) == 10, "all of it"


def test_a_day_later_it_is_tried_in_whole_once_more(
    stopped_bot: Bot, told: FakeOpenAI, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with stopped_bot.open() as bot:
        friend = bot.known()
        for number in range(6):
            calls(told, friend, f"{number} {LONG}")
        clock.forward(A_WHILE + 1)
        assert [calls(told, friend, LONG) for _ in range(3)] == [2, 1, 1]
        assert caplog.text.count("MEMORY_CHARS") == 1, "of which the owner knows"
        clock.forward(A_WHILE + 1)
        has_room(told, 100_000)
        assert [calls(told, friend, LONG) for _ in range(2)] == [1, 1]
        assert bot.status.glance(TEXTS).model.state == "good"


def test_the_owner_is_told_once(
    stopped_bot: Bot, told: FakeOpenAI, wherever: None, caplog: pytest.LogCaptureFixture
) -> None:
    with stopped_bot.open() as bot:
        friend = bot.known()
        assert bot.status.glance(TEXTS).model.state == "good"
        for number in range(6):
            calls(told, friend, f"{number} {LONG}")
        until(lambda: "MEMORY_CHARS" in bot.status.glance(TEXTS).model.text)
    warned = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert warned == [TEXTS("light.less_memory", model="gpt-6-luna")]


def test_an_answer_that_the_context_had_no_room_for_is_asked_for_with_less(
    stopped_bot: Bot, fake_openai: FakeOpenAI
) -> None:
    nothing = {"message": {"content": ""}, "finish_reason": "length"}
    body = {"choices": [nothing], "usage": {"prompt_tokens": 2047, "completion_tokens": 1}}
    with stopped_bot.open() as bot:
        friend = bot.known()
        fake_openai.refuses = lambda one: (200, body) if len(one["messages"]) > 2 else None
        assert calls(fake_openai, friend, "질문") == 2
        assert calls(fake_openai, friend, "질문") == 1
        assert beside.rows(bot.database, PAID) == [(3 * 20 + 2047, 3 * 10 + 1, 3)]


# --- the character, and the question --------------------------------------------------------


def test_a_character_for_which_there_is_no_room_is_left_out_and_its_owner_told(
    stopped_bot: Bot, told: FakeOpenAI, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "system_prompt.txt").write_text(CHARACTER * 100, "utf-8")
    with stopped_bot.open() as bot:
        friend = bot.friend()
        assert [calls(told, friend, f"질문 {number}") for number in range(3)] == [2, 1, 1]
        assert (told.told.system, told.told.memory) == ("", [])
        assert bot.status.glance(TEXTS).model.text in caplog.text
        assert "성격" in bot.status.glance(TEXTS).model.text
        (tmp_path / "system_prompt.txt").write_text(CHARACTER, "utf-8")
        assert calls(told, friend, "질문") == 1
        assert told.told.system == CHARACTER


def test_a_question_that_is_too_long_by_itself_harms_no_other(
    stopped_bot: Bot, told: FakeOpenAI
) -> None:
    with stopped_bot.open() as bot:
        friend = bot.known()
        assert TEXTS("failure.too_long") in friend.says("가" * 999 + "나나").text
        assert calls(told, friend, "질문") == 1
        assert (told.told.system, len(told.told.memory)) == (CHARACTER, 2)
        assert bot.status.glance(TEXTS).model.state == "good"


# --- the role `system` ----------------------------------------------------------------------

NO_SYSTEM = {
    "o1-mini": (400, "Unsupported value: 'messages[0].role' does not support 'system'"),
    "gemma": (400, "Developer instruction is not enabled for models/gemma-3-27b-it"),
    "template": (500, "raise_exception: System role not supported at row 1"),
    "mistral": (400, 'Error rendering prompt: "Only user and assistant roles are supported!"'),
    "alternate": (400, "Conversation roles must alternate user/assistant/user/assistant/..."),
    "pydantic": (422, "Input should be 'user' or 'assistant'"),
    "anthropic": (400, 'messages: Unexpected role "system".'),
}


def without_system(status: int, message: str) -> Callable[[Any], tuple[int, Any] | None]:
    def refuses(request: Any) -> tuple[int, Any] | None:
        roles = [one["role"] for one in request["messages"]]
        right = ["user", "assistant"] * len(roles)
        return None if roles == right[: len(roles)] else (status, {"error": {"message": message}})

    return refuses


@pytest.mark.parametrize("kind", NO_SYSTEM)
def test_who_takes_no_system_message_is_told_at_the_head_of_the_first_question(
    stopped_bot: Bot, told: FakeOpenAI, kind: str
) -> None:
    told.refuses = without_system(*NO_SYSTEM[kind])
    with stopped_bot.open() as bot:
        friend = bot.friend()
        assert [calls(told, friend, words) for words in ("하나", "둘")] == [2, 1]
        said = [(one["role"], one["content"]) for one in told.requests[-1]["messages"]]
        now = f"({told.told.now})\n\n"
        assert said == [
            ("user", f"{CHARACTER}\n\n하나"),
            ("assistant", said[1][1]),
            ("user", f"{now}둘"),
        ]


def test_that_is_remembered_over_restarts_and_for_that_model_alone(
    stopped_bot: Bot, told: FakeOpenAI, wherever: None
) -> None:
    told.refuses = without_system(*NO_SYSTEM["gemma"])
    with stopped_bot.open() as bot:
        assert calls(told, bot.friend("one"), "하나") == 2
    with stopped_bot.open() as bot:
        assert calls(told, bot.friend("two"), "둘") == 1
        assert bot.status.glance(TEXTS).model.state == "good", "which is nothing to be told of"
    with stopped_bot.open(OPENAI_MODEL="gpt-6-sol") as bot:
        assert calls(told, bot.friend("three"), "셋") == 2


# --- by itself ------------------------------------------------------------------------------


class Reader(Model):
    """A model that reads no more than so many tokens, as we reckon them."""

    name = "reader"

    def __init__(self, room: float) -> None:
        self.room = room
        self.told: list[Prompt] = []

    async def answer(self, prompt: Prompt) -> Answer:
        self.told.append(prompt)
        if size_of(prompt) > self.room:
            raise ModelError(Failure.TOO_LONG)
        return Answer("답", Usage(1, 1))


def turns(*letters: int) -> list[Turn]:
    return [Turn("질문", "답" * count) for count in letters]


def ask(model: Model, limits: ModelLimits, memory: list[Turn]) -> Prompt:
    """What is asked at first."""
    character = Character(Path("none"), Path("none"), "성격")
    responder = Responder(model, Memory(0, 0), character, limits=limits)
    prompt = responder.prompt("질문", memory, 0)
    asyncio.run(responder.ask(prompt))
    return prompt


def test_a_prompt_is_made_no_larger_than_what_was_answered() -> None:
    """So the day's tokens are reckoned by what is sent."""
    model, limits = Reader(500), ModelLimits()
    ask(model, limits, turns(*[40] * 20))
    answered = size_of(model.told[-1])
    prompt = ask(model, limits, turns(*range(20, 60)))
    assert answered * 0.7 < size_of(prompt) <= answered * (1 + SLACK)


def test_what_is_known_survives_as_text_and_a_text_of_another_version_does_no_harm() -> None:
    kept: list[str] = []
    model, limits = Reader(500), ModelLimits(keep=kept.append)
    ask(model, limits, turns(*[40] * 20))
    again = ModelLimits()
    again.heard(kept[-1])
    assert again.fits == limits.fits
    for odd in ("", "null", "[]", '{"room": {"new": 1}}', '{"room": 5}', "{"):
        again.heard(odd)
        assert (again.fits, again.notice) == (None, None)


def test_denser_letters_make_it_smaller_and_never_inconsistent() -> None:
    model, limits = Reader(500), ModelLimits()
    for room in (500, 200, 300, 50, 500):
        model.room = room
        before = len(model.told)
        ask(model, limits, turns(*[40] * 20))
        assert size_of(model.told[-1]) <= room
        model.told[before:] = []
        ask(model, limits, turns(*[40] * 20))
        assert len(model.told) == before + 1, "the next is asked once"


def test_a_notes_name_tells_no_password() -> None:
    name = note_name("http://me:secret@localhost/v1", "m")
    assert "secret" not in name
    assert len({name, note_name(None, "m"), note_name("http://me:secret@localhost/v1", "n")}) == 3
