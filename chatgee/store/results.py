"""What goes into the store and comes out of it, beside the questions themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chatgee.errors import Failure
from chatgee.questions import Question, Turn, Usage


@dataclass(frozen=True, slots=True)
class Limits:
    """What one friend, or all together, may ask; 0 is no limit."""

    per_minute: int = 0
    per_day: int = 0
    tokens_per_day: int = 0
    strangers: int = 0

    def for_friend(self) -> "Limits":
        """The same, for somebody who has added the channel."""
        if not self.strangers:
            return self
        return replace(self, strangers=0)


@dataclass(frozen=True, slots=True)
class SpentToday:
    """What all programs together have used today."""

    tokens: int
    mean: float | None = None
    """Tokens of a call that was paid lately, today or yesterday; None where there was none."""
    written: float | None = None
    """Those of them that the model wrote."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was stored, or why it was not."""

    place: int = 0
    """In the room."""
    earlier: bool = False
    """Whether the room has other answers that nobody has claimed, or that are in the making."""
    refusal: tuple[str, int] | None = None
    """The text's key and the limit that was reached."""
    instead: str | None = None
    """The id of the question that stands in its place already, where it was not written down."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A question as it stands, and the answers that the caller now has to deliver."""

    question: Question
    held: Sequence[Question] = ()
    """Answers to earlier questions, oldest first."""
    mine: tuple[str, ...] = ()
    """Ids of all answers that this call claimed."""
    unseen: str | None = None
    """The oldest answer that still waits, beyond those in `held`."""


@dataclass(frozen=True, slots=True)
class Due:
    """The next question to put to the model, and what the model should remember."""

    question: Question
    memory: tuple[Turn, ...]
    """Oldest first."""
    continued: tuple[Turn, ...] = ()
    """The answers of which it asks the rest, oldest first; memory is what was before them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question: an answer with its KakaoTalk text, or a failure."""

    answer: str | None = None
    shown: str | None = None
    failure: Failure | None = None
    usage: Usage | None = None
    model: str = ""
    """Whose the usage is."""
    seconds: float | None = None
    """What the model took for the answer."""
    broken_off: bool = False
    """Whether the model cut the answer at its length."""
    said: str | None = None
    """By the service that refused; without secrets, on one line."""
