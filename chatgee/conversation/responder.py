"""What the model is told: the one place that puts it together, and asks.

Friends are answered through it, simulated friends with them, and the owner who tries a character.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chatgee.conversation import told_day
from chatgee.conversation.daily_tokens import size_of
from chatgee.conversation.memory import Memory
from chatgee.conversation.model_limits import ModelLimits
from chatgee.conversation.shortening import next_shorter, shorter
from chatgee.errors import Failure, ModelError, SystemRoleRefused
from chatgee.kakao.bubbles import is_blank
from chatgee.model.system_prompt import Character
from chatgee.questions import Answer, Model, Prompt, Turn, Usage
from chatgee.settings import Settings
from chatgee.store import Store
from chatgee.texts import Texts

PART_FOR_PROMPT = 0.75
"""Of what a model has room for: the answer needs some of it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Responder:
    """Safe from any thread, but for `ask`, which is for the model's loop."""

    model: Model
    memory: Memory
    character: Character
    texts: Texts = field(default_factory=Texts.load)
    limits: ModelLimits = field(default_factory=ModelLimits)
    seconds: float = 55
    """For all tries of a question together."""

    @classmethod
    def of(cls, settings: Settings, texts: Texts, model: Model, store: Store) -> "Responder":
        return cls(
            model,
            Memory(settings.memory_turns, settings.memory_chars),
            Character.of(settings, texts),
            texts,
            ModelLimits.of(settings, texts, model.name, store),
            settings.openai_timeout_seconds,
        )

    def prompt(
        self,
        question: str,
        turns: Sequence[Turn],
        asked_at: float,
        image_urls: Sequence[str] = (),
        character: str | None = None,
        continued: Sequence[Turn] = (),
    ) -> Prompt:
        """Each part within its budget; `turns` oldest first, `character` in place of what is saved.

        `continued` is what the question asks the rest of, and is told whatever memory may hold.

        What stays the same from question to question comes first, so that a service need not read
        it anew: the character, then memory; beside the question stands what belongs to it alone,
        such as the moment `asked_at`, which is unix time.
        """

        def dated(some: Sequence[Turn]) -> tuple[Turn, ...]:
            return tuple(told_day.dated(turn, asked_at, self.texts) for turn in some)

        whole = Prompt(
            system=self.character.read() if character is None else character,
            memory=dated(self.memory.trim(turns)),
            question=question,
            image_urls=image_urls,
            continued=dated(continued),
            now=told_day.now(asked_at, self.texts),
        )
        return self.limits.applied(whole)

    async def ask(self, prompt: Prompt) -> Answer:
        """`ModelError` where there is no answer, also not to less and less of the prompt."""
        tries = PromptTries(prompt, self.limits)
        until = asyncio.get_running_loop().time() + self.seconds
        try:
            async with asyncio.timeout(None) as limit:
                while True:
                    try:
                        return tries.answered(await self.model.answer(tries.prompt))
                    except ModelError as error:
                        tries.failed(error)
                    limit.reschedule(until)  # until here the model keeps to the same time
        except TimeoutError as error:
            raise ModelError(Failure.TIMEOUT, tokens=tries.paid) from error


class PromptTries:
    """One question, asked with other prompts for as long as that may help."""

    def __init__(self, prompt: Prompt, limits: ModelLimits) -> None:
        self.prompt, self._limits = prompt, limits
        self._refused: Prompt | None = None
        self._room: float | None = None
        """Tokens that the model has room for, where it said so."""
        self._usage = Usage()

    @property
    def paid(self) -> tuple[int, int] | None:
        """What all tries have cost; None where nobody counts."""
        tokens = self._usage.prompt_tokens, self._usage.completion_tokens
        return tokens if any(tokens) else None

    def answered(self, answer: Answer) -> Answer:
        """With what all tries have cost; `ModelError` where it is no answer for want of room."""
        blank = is_blank(answer.text)
        if blank and answer.broken_off and shorter(self.prompt)[1:]:
            used = answer.usage.prompt_tokens, answer.usage.completion_tokens
            raise ModelError(Failure.TOO_LONG, tokens=used)
        if not blank:
            self._limits.answered(self.prompt, self._refused, self._room)
        return replace(answer, usage=answer.usage + self._usage)

    def failed(self, error: ModelError) -> None:
        """Choose another prompt; raises what it is given where there is none that may help."""
        self._usage += Usage(*(error.tokens or ()))
        instead = self._instead(error)
        if instead is None:
            error.tokens = self.paid
            raise error
        log.info("%s: once more with another prompt", error.failure)
        self.prompt = instead

    def _instead(self, error: ModelError) -> Prompt | None:
        if isinstance(error, SystemRoleRefused):
            apart = self.prompt.system and self.prompt.system_role
            return replace(self.prompt, system_role=False) if apart else None
        if not error.too_much:
            return None
        tokens = None if self._refused else self._target(error)
        self._refused = self.prompt
        return next_shorter(self.prompt, tokens)

    def _target(self, error: ModelError) -> float | None:
        """So large may the next prompt be, by what was found before or is told now."""
        size = size_of(self.prompt)
        if error.share is not None:
            self._room = size * min(error.share, 1) * PART_FOR_PROMPT
            return self._room
        known = self._limits.fits
        return known if known and known < size else None
