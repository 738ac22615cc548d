"""What the checks look at, and what they say. Needs no package: those may be what is broken."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from chatgee.errors import ChatGeeError
from chatgee.system.logs import hidden
from chatgee.texts import Texts

if TYPE_CHECKING:
    from chatgee.settings import Settings

State = Literal["good", "warn", "bad"]
MARKS: dict[State, str] = {"good": "✔", "warn": "!", "bad": "✖"}


@dataclass(frozen=True)
class Check:
    """One line of what was found, in words for the owner. No secret is in it."""

    name: str
    state: State
    text: str
    remedy: str | None = None
    """What the owner should do; None where nothing is to be done."""
    data: dict[str, Any] = field(default_factory=dict)
    """The numbers in it, for programs."""

    def line(self, texts: Texts) -> str:
        advice = f" → {self.remedy}" if self.remedy else ""
        return f"{MARKS[self.state]} {texts(f'doctor.name.{self.name}')}  {self.text}{advice}"


def as_json(found: Sequence[Check]) -> str:
    told = {"ok": not any_bad(found), "checks": [asdict(one) for one in found]}
    return json.dumps(told, ensure_ascii=False, indent=2)


def any_bad(found: Sequence[Check]) -> bool:
    return any(one.state == "bad" for one in found)


@dataclass
class Case:
    """One ChatGee on this machine, which may be running or not, or unable to."""

    settings: "Settings"
    wrong: Sequence[ChatGeeError]
    """What is wrong with the settings that cannot be used: they have their defaults here."""
    texts: Texts
    file: Path
    """config.env, which is read beside the environment."""
    offsets: list[float] = field(default_factory=list)
    """By how many seconds the clocks of others, met on the way, are ahead of ours."""

    def check(
        self, name: str, state: State, key: str, remedy: str | None = None, **data: Any
    ) -> Check:
        """A line from two keys of the texts, filled with the data."""
        advice = self.texts(remedy, **data) if remedy else None
        return self.told(name, state, self.texts(key, **data), advice, **data)

    def told(
        self, name: str, state: State, text: str, remedy: str | None = None, **data: Any
    ) -> Check:
        """A line whose sentences are ready."""
        known = {key: self._plain(value) for key, value in data.items()}
        return Check(name, state, self.clean(text), self.clean(remedy) if remedy else None, known)

    def failed(self, name: str, error: ChatGeeError, remedy: str) -> Check:
        """A line about an error that has its own sentence."""
        text = self.texts.of(error)
        return self.told(name, "bad", text, self.texts(remedy))

    def _plain(self, value: object) -> str | int | float | None:
        return value if isinstance(value, int | float | None) else self.clean(str(value))

    def clean(self, text: str) -> str:
        """Without the owner's secrets, and without the password in an address."""
        return re.sub(r"//[^/\s@]+@", "//*****@", hidden(text, self.settings.secrets))
