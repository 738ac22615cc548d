"""Every sentence that the owner or a friend sees.

They live in texts.ko.toml; the owner's own file may replace any of them. What the owner's file
gets wrong (an unknown key, a placeholder that does not exist) is kept in `problems`, line by
line, and ours is used instead.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from string import Formatter
from typing import Any

from chatgee.errors import ChatGeeError
from chatgee.kakao.bubbles import is_blank
from chatgee.system import text_files
from chatgee.system.installation import worded

OURS = Path(__file__).with_name("texts.ko.toml")


@dataclass(frozen=True)
class Card:
    """One card of the help carousel."""

    title: str
    description: str
    buttons: tuple[str, ...] = ()
    """Labels; each sends its own words, as if the friend had typed them."""

    def filled(self, labels: Mapping[str, object]) -> "Card":
        buttons = tuple(label.format_map(labels) for label in self.buttons)
        return Card(self.title, self.description.format_map(labels), buttons)


@dataclass(frozen=True)
class Texts:
    """Sentences by key, such as `failure.timeout`."""

    sentences: Mapping[str, str]
    cards: tuple[Card, ...]
    problems: tuple[str, ...] = ()

    def __call__(self, key: str, /, **values: object) -> str:
        """The sentence under `key`; `KeyError` where there is none."""
        return self.sentences[key].format_map(self.labels | values)

    def of(self, error: ChatGeeError) -> str:
        """What an error says to its reader."""
        return self(error.key, **error.values)

    @property
    def help_cards(self) -> tuple[Card, ...]:
        """The cards, with the buttons' labels in place."""
        return tuple(one.filled(self.labels) for one in self.cards)

    @cached_property
    def labels(self) -> dict[str, object]:
        """What any sentence may name in braces: the buttons as they are called now."""
        return {
            key.removeprefix("button."): words
            for key, words in self.sentences.items()
            if key.startswith("button.")
        }

    @classmethod
    def load(cls, owners: Path | None = None) -> "Texts":
        """Ours, with the owner's on top. Never raises for what the owner wrote."""
        ours = tomllib.loads(OURS.read_text(encoding="utf-8"))
        cards = _cards(ours.pop("card"))
        texts = cls({key: worded(sentence) for key, sentence in _flat(ours)}, cards)
        if owners is None or not owners.is_file():
            return texts
        try:
            return texts.under(text_files.read(owners), owners.name)
        except (OSError, ValueError, RecursionError) as error:
            broken = texts("texts.broken", file=owners.name, why=error)
            return replace(texts, problems=(broken,))

    def under(self, source: str, file: str) -> "Texts":
        """These, with what stands in an owner's TOML on top of them.

        `ValueError` or `RecursionError` where it is no TOML; `file` is its name in `problems`.
        """
        table = tomllib.loads(source)
        cards, problems = self.cards, []
        if "card" in table:
            try:
                cards = _cards(table.pop("card"))
                for one in cards:
                    one.filled(self.labels)
            except (TypeError, LookupError, ValueError, AttributeError):
                where = _line(source, "card")
                problems.append(self("texts.card", file=file, line=where))
        good = dict(self.sentences)
        for key, sentence in _flat(table):
            problem = self.problem(key, sentence)
            if problem:
                where = _line(source, key)
                problems.append(self(problem, file=file, line=where, key=key))
            else:
                good[key] = sentence
        return Texts(good, cards, tuple(problems))

    def problem(self, key: str, sentence: object) -> str | None:
        """The key of what to say where `sentence` cannot stand in place of ours."""
        if key not in self.sentences:
            return "texts.unknown"
        if not isinstance(sentence, str) or is_blank(sentence):
            return "texts.empty"
        try:
            known = placeholders(self.sentences[key]) | self.labels.keys()
            fits = placeholders(sentence) <= known
        except ValueError:
            fits = False
        return None if fits else "texts.placeholder"


def _cards(tables: list[dict[str, Any]]) -> tuple[Card, ...]:
    if not tables:
        raise ValueError("Kakao shows nothing for a carousel without cards")
    return tuple(_card(one) for one in tables)


def _card(one: dict[str, Any]) -> Card:
    labels = one.get("buttons", [])
    if not isinstance(labels, list):
        raise TypeError(f"{labels!r} is no list")
    return Card(_words(one["title"]), _words(one["description"]), tuple(map(_words, labels)))


def _words(value: object) -> str:
    if not isinstance(value, str) or is_blank(value):
        raise ValueError(f"{value!r} shows nothing")
    return value.strip()


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value.strip() if isinstance(value, str) else value


def placeholders(sentence: str) -> set[str]:
    """Names in braces, with all that follows them: `{a.b}` is not `{a}`.

    `ValueError` where a brace has no other.
    """
    return {
        f"{name}!{conversion}:{form}" if conversion or form else name
        for _, name, form, conversion in Formatter().parse(sentence)
        if name is not None
    }


def _line(source: str, key: str) -> int:
    """Where `key` stands in a TOML text, counted from 1; the first line if it cannot be found."""
    table = ""
    for number, line in enumerate(source.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
            table = header[1] + "."
            if header[1] == key:
                return number
        elif (assigned := re.match(r"\s*([\w.\-\"]+)\s*=", line)) and key == table + assigned[1]:
            return number
    return 1
