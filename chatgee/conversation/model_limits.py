"""What a model was found not to take: too long a prompt, a message of the role `system`.

It is a note in the database, by the model's address and name: after a restart, and on every other
machine, the next prompt is made so that it fits. Another model starts afresh.
"""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from hashlib import sha256

from chatgee.conversation.daily_tokens import size_of
from chatgee.conversation.shortening import shorter, within
from chatgee.errors import StoreError
from chatgee.questions import Prompt
from chatgee.settings import Settings
from chatgee.store import Store
from chatgee.store.bounded_wait import soon
from chatgee.texts import Texts

log = logging.getLogger(__name__)

A_WHILE = 86_400.0
"""Seconds after which a prompt is sent in whole once more: a server may have more room by then."""

SLACK = 0.1


@dataclass(frozen=True, slots=True)
class PromptRoom:
    """How much fits into a prompt, in tokens as `size_of` reckons them."""

    fits: float
    """What was answered, or has room by the server's own word."""
    too_much: float
    """What was not."""
    found_at: float
    """Unix time."""
    memory_chars: int
    """MEMORY_CHARS when it was found."""
    question_alone: bool = False
    """Whether there was no room even for the character beside a question."""

    @property
    def bound(self) -> float:
        """A little more than what fitted, lest memory get less with each longer question."""
        return min(self.fits * (1 + SLACK), (self.fits + self.too_much) / 2)


@dataclass(frozen=True, slots=True)
class KnownLimits:
    """All that is known of one model."""

    room: PromptRoom | None = None
    """None as long as everything has fitted."""
    system_role: bool = True

    @classmethod
    def of(cls, text: str) -> "KnownLimits":
        """Nothing where it is empty, or was written by a version that knows other things."""
        try:
            told = json.loads(text or "{}")
            room = told.get("room")
            return cls(PromptRoom(**room) if room else None, bool(told.get("system_role", True)))
        except (ValueError, TypeError, AttributeError):
            return cls()


def note_name(address: str | None, model: str) -> str:
    """Of the note; an address may hold a password."""
    return "model/" + sha256(f"{address}\n{model}".encode()).hexdigest()


class ModelLimits:
    """Changed in the worker's loop, read in any thread."""

    def __init__(
        self,
        name: str = "",
        memory_chars: int = 0,
        keep: Callable[[str], object] = lambda text: None,
        tell: Callable[[str], object] = lambda key: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`name` is the note's; `keep` is called with its text, `tell` with what `notice` is."""
        self.name, self._memory_chars = name, memory_chars
        self._keep, self._tell, self._now = keep, tell, now
        self._found = KnownLimits()

    def heard(self, text: str) -> None:
        """What the note says, empty where there is none. Another MEMORY_CHARS is tried anew."""
        found = KnownLimits.of(text)
        if found.room and found.room.memory_chars != self._memory_chars:
            found = replace(found, room=None)
        self._found = found

    @classmethod
    def of(cls, settings: Settings, texts: Texts, model: str, store: Store) -> "ModelLimits":
        """With what is known of the model; found out anew where that cannot be read just now."""
        name = note_name(settings.openai_base_url, model)
        limits = cls(
            name,
            settings.memory_chars,
            keep=lambda text: store.write_note(name, text),
            tell=lambda key: log.warning("%s", texts(key, model=model)),
            now=store.now,
        )
        try:
            note = soon(store.note(name))
        except StoreError as error:
            log.info("%s: %s", name, error)
        else:
            limits.heard(note.value if note else "")
        return limits

    @property
    def notice(self) -> str | None:
        """The texts key of what the owner should know of it."""
        room = self._found.room
        if room is None:
            return None
        return "light.question_alone" if room.question_alone else "light.less_memory"

    @property
    def fits(self) -> float | None:
        room = self._found.room
        return room.fits if room else None

    def applied(self, prompt: Prompt) -> Prompt:
        """The prompt as the model will take it, as far as that is known."""
        prompt = replace(prompt, system_role=self._found.system_role)
        room = self._found.room
        if room is None or self._is_old(room) or size_of(prompt) <= room.bound:
            return prompt
        less = within(shorter(prompt), room.bound)
        return replace(less, system="") if size_of(less) >= room.too_much else less

    def answered(self, prompt: Prompt, refused: Prompt | None, room_for: float | None) -> None:
        """A prompt was, after `refused` was too much; `room_for` so many tokens there should be."""
        before, notice = self._found, self.notice
        room = self._smaller(prompt, refused, room_for or 0) if refused else self._larger(prompt)
        self._found = KnownLimits(
            room, before.system_role and (prompt.system_role or not prompt.system)
        )
        if self._found != before:
            self._keep(json.dumps(asdict(self._found)))
        if self.notice and self.notice != notice:
            self._tell(self.notice)

    def _is_old(self, room: PromptRoom) -> bool:
        return self._now() > room.found_at + A_WHILE

    def _smaller(self, prompt: Prompt, refused: Prompt, room_for: float) -> PromptRoom:
        size, too_much, known = size_of(prompt), size_of(refused), self._found.room
        alone = bool(refused.system) and not prompt.system
        fits = max(size, *(one for one in (room_for, known.fits if known else 0) if one < too_much))
        if known and not self._is_old(known) and size < known.too_much:
            too_much, alone = min(too_much, known.too_much), alone or known.question_alone
        return PromptRoom(fits, too_much, self._now(), self._memory_chars, alone)

    def _larger(self, prompt: Prompt) -> PromptRoom | None:
        """As far as it turns out that there is more."""
        room = self._found.room
        if room is None or (size := size_of(prompt)) <= room.bound:
            return room
        return replace(room, fits=size, found_at=self._now()) if size < room.too_much else None
