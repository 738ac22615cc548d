"""What the parts hand to each other: plain values, safe in any thread."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from chatgee.errors import Failure

SIMULATED = "desk-"
"""Ids of the simulator's friends begin so, and no friend's of Kakao's does."""


class State(StrEnum):
    """Where a question stands."""

    ASKED = "asked"
    ANSWERED = "answered"
    FAILED = "failed"


class Delivery(StrEnum):
    """How an answer reached its friend."""

    REPLY = "reply"  # in the reply to the question itself
    HELD = "held"  # before the answer to a later question
    PRESS = "press"  # by its own button, or the typed words
    CALLBACK = "callback"


class Handled(StrEnum):
    """What its owner made of a question that failed, other than asking it again."""

    DISMISSED = "dismissed"  # nothing is to be done about it
    DONE = "done"  # the friend was answered in some other way


def new_id() -> str:
    """An id that no other question has had, also in another database."""
    return secrets.token_urlsafe(9)


def storable(text: str) -> str:
    """Without what no database and no UTF-8 can hold: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


@dataclass(frozen=True, slots=True)
class Question:
    """One question of one friend, and its answer when there is one."""

    id: str
    user_id: str
    room_id: str
    """The chat in which it was asked: a group's, or the friend's own, which is the `user_id`."""
    place: int
    """Among all that was asked in the room, from 1; asked again, it moves to the end."""
    text: str
    image_urls: tuple[str, ...]
    """Photos of Kakao's, each of which can be fetched for some minutes."""
    asked_at: float
    """Unix time in seconds, as are all other moments that are stored."""
    state: State
    shown: str | None
    """The answer as KakaoTalk text; None until there is one."""
    failure: Failure | None
    delivery: Delivery | None
    """None while nobody has claimed the answer."""
    broken_off: bool = False
    """Whether the model's answer was cut at its length."""
    continues: str | None = None
    """The id of the question whose answer's rest it asks for."""

    @property
    def in_group(self) -> bool:
        return self.room_id != self.user_id


class UnreadPart(NamedTuple):
    """What is not shown yet of an answer."""

    page: int
    """The bubble with which it begins, counted from 1."""
    bubble_chars: int
    """How long the bubbles were that were counted."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question that was answered, as the model is reminded of it."""

    question: str
    answer: str
    asked_at: float | None = None
    """None where nobody knows, as in a trial."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the API counted them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said, in Markdown."""

    text: str
    usage: Usage = field(default_factory=Usage)
    broken_off: bool = False
    """Whether it was cut at its length, and there would be more."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that a model needs for one answer."""

    question: str
    image_urls: Sequence[str] = ()
    memory: Sequence[Turn] = ()
    """Oldest first."""
    system: str = ""
    continued: Sequence[Turn] = ()
    """The cut answer whose rest is asked for, and where it is a rest itself those before it."""
    system_role: bool = True
    """Whether `system` may stand in a message of its own."""
    now: str = ""
    """Which day and what time it is, for the message that holds the question."""

    @property
    def last_words(self) -> str:
        """What the message says that asks."""
        return "\n\n".join(filter(None, (self.now, self.question)))

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All that was said before the question, oldest first."""
        return (*self.memory, *self.continued)


class Model(Protocol):
    """Something that answers questions."""

    name: str

    async def prepare(self) -> None:
        """Do beforehand what would make the first answer late."""

    async def answer(self, prompt: Prompt) -> Answer:
        """Raise `ModelError` where there is no answer."""

    async def close(self) -> None:
        """Let go of connections."""
