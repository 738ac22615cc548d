"""What the model is told: the one place that puts it together, and asks.

Friends are answered through it, simulated friends with them, and the owner who tries a character.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chatgee.conversation.memory import Memory
from chatgee.errors import Failure, ModelError
from chatgee.model.system_prompt import Character
from chatgee.questions import Answer, Model, Prompt, Turn

log = logging.getLogger(__name__)


def without_half_of_memory(prompt: Prompt) -> Prompt:
    """The older half is left out."""
    return replace(prompt, memory=prompt.memory[len(prompt.memory) // 2 + 1 :])


def with_the_end_of_what_it_continues(prompt: Prompt) -> Prompt:
    """The later half of the answer that was cut last, below what the friend had asked at first."""
    if not prompt.continued:
        return prompt
    asked, said = prompt.continued[0].question, prompt.continued[-1].answer
    return replace(prompt, continued=(Turn(asked, said[len(said) // 2 :]),))


LEFT_OUT = (without_half_of_memory, with_the_end_of_what_it_continues)
"""One after the other, in this order, where a model says that it was told too much.

Character and question are never left out: without them the answer would be another bot's, or to
another question.
"""


@dataclass(frozen=True)
class Responder:
    """Safe from any thread, but for `ask`, which is for the model's loop."""

    model: Model
    memory: Memory
    character: Character

    def prompt(
        self,
        question: str,
        turns: Sequence[Turn],
        image_url: str | None = None,
        character: str | None = None,
        continued: Sequence[Turn] = (),
    ) -> Prompt:
        """Each part within its budget; `turns` oldest first, `character` in place of what is saved.

        `continued` is what the question asks the rest of, and is told whatever memory may hold.

        What stays the same from question to question comes first, so that a service need not read
        it anew: the character, then memory; beside the question stands what belongs to it alone.
        """
        return Prompt(
            system=self.character.read() if character is None else character,
            memory=self.memory.trim(turns),
            question=question,
            image_url=image_url,
            continued=continued,
        )

    async def ask(self, prompt: Prompt) -> Answer:
        """`ModelError` where there is no answer, also not to less and less of the prompt."""
        for less in _shorter(prompt):
            try:
                return await self.model.answer(prompt)
            except ModelError as error:
                if error.failure != Failure.TOO_LONG:
                    raise
            log.info("too long for the model: once more with less")
            prompt = less
        return await self.model.answer(prompt)


def _shorter(prompt: Prompt) -> Iterator[Prompt]:
    """The prompt with ever less of it; none where there is nothing that can be left out."""
    for left_out in LEFT_OUT:
        less = left_out(prompt)
        if less != prompt:
            yield less
            prompt = less
