"""How much of a chat the model is reminded of."""

from collections.abc import Sequence
from dataclasses import dataclass

from chatgee.questions import Turn


@dataclass(frozen=True, slots=True)
class Memory:
    """How much the model is reminded of; 0 is no limit."""

    turns: int
    chars: int

    def trim(self, turns: Sequence[Turn]) -> tuple[Turn, ...]:
        """The newest turns that fit, oldest first."""
        turns = turns[-self.turns :] if self.turns else turns
        if not self.chars:
            return tuple(turns)
        kept: list[Turn] = []
        room = self.chars
        for turn in reversed(turns):
            room -= len(turn.question) + len(turn.answer)
            if room < 0:
                break
            kept.append(turn)
        return tuple(reversed(kept))
