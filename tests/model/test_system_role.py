"""Models that take no system message: how they say so, and what they are sent instead."""

import asyncio
from typing import Any

import pytest

from chatgee.errors import Failure, ModelError, SystemRoleRefused
from chatgee.model import system_role
from chatgee.model.openai_model import OpenAIModel
from chatgee.questions import Prompt, Turn
from tests.support.far_ends import FakeOpenAI

REFUSALS = [
    "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
    "Developer instruction is not enabled for models/gemma-3-27b-it",
    "System role not supported",
    "Template error: invalid operation: System role not supported (in <string>:1)",
    'Error rendering prompt with jinja template: "Only user and assistant roles are supported!".',
    "Conversation roles must alternate user/assistant/user/assistant/...",
    "Input should be 'user' or 'assistant'",
    'messages: Unexpected role "system". The Messages API accepts a top-level `system`',
    "This model doesn't support system prompts",
    "This model does not support system messages.",
    "System messages are not supported",
    'role only allows "user" / "assistant", not "system"',
    "message[0].role不能为system",
    "Invalid role: system",
    "The role 'system' is not supported",
    "system_instruction is not supported by this model",
]
OTHERS = [
    "rejected by our safety system",
    "Invalid prompt: flagged by our safety system",
    "the system is overloaded, please try again",
    "Internal system error",
    "contact your system administrator",
    "Unsupported value: 'temperature' does not support 0.2 with this model.",
    "messages: text content blocks must be non-empty",
]
PHOTO = "https://talk.kakaocdn.net/x.jpg"


@pytest.mark.parametrize("words", REFUSALS)
def test_the_words_in_which_services_refuse_the_role_are_known(words: str) -> None:
    assert system_role.is_refused(words.lower())


@pytest.mark.parametrize("words", OTHERS)
def test_words_about_another_system_are_not_meant(words: str) -> None:
    assert not system_role.is_refused(words.lower())


def ask(end: FakeOpenAI, prompt: Prompt) -> list[dict[str, Any]]:
    async def asked() -> None:
        model = OpenAIModel("gpt-test", None, end.url, 5)
        try:
            await model.answer(prompt)
        finally:
            await model.close()

    asyncio.run(asked())
    messages: list[dict[str, Any]] = end.requests[-1]["messages"]
    return messages


@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_refusal_is_told_at_once_by_its_own_name(fake_openai: FakeOpenAI, status: int) -> None:
    fake_openai.fails(status, {"message": "System role not supported"}, times=3)
    with pytest.raises(SystemRoleRefused) as refused:
        ask(fake_openai, Prompt("질문", system="성격"))
    assert refused.value.failure == Failure.REJECTED
    assert len(fake_openai.requests) == 1


def test_what_is_too_long_or_refused_for_its_content_is_not_taken_for_it(
    fake_openai: FakeOpenAI,
) -> None:
    fake_openai.fails(400, {"message": "System message not supported: exceeds context length"})
    with pytest.raises(ModelError) as failed:
        ask(fake_openai, Prompt("질문", system="성격"))
    assert failed.value.failure == Failure.TOO_LONG


def test_it_stands_at_the_head_of_the_first_question(fake_openai: FakeOpenAI) -> None:
    prompt = Prompt("셋", memory=[Turn("하나", "둘")], system="성격", system_role=False)
    assert ask(fake_openai, prompt) == [
        {"role": "user", "content": "성격\n\n하나"},
        {"role": "assistant", "content": "둘"},
        {"role": "user", "content": "셋"},
    ]


def test_it_stands_before_the_text_of_a_question_with_a_photo(fake_openai: FakeOpenAI) -> None:
    prompt = Prompt("뭐예요?", (PHOTO,), system="성격", system_role=False)
    (message,) = ask(fake_openai, prompt)
    photo = {"type": "image_url", "image_url": {"url": PHOTO}}
    assert message["content"] == [{"type": "text", "text": "성격\n\n뭐예요?"}, photo]


def test_without_a_character_nothing_is_added(fake_openai: FakeOpenAI) -> None:
    assert ask(fake_openai, Prompt("셋", system_role=False)) == [{"role": "user", "content": "셋"}]
