"""What may be said of a value in JSON, and what is wrong where it is not so."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chatgee.kakao.bubbles import is_blank, length

Place = tuple[tuple[str, int], ...]
"""Where something is: names of lists, with its number in each, counted from 1."""


@dataclass(frozen=True)
class Problem:
    """Something that Kakao does not show."""

    kind: str
    """The end of a key of the texts."""
    place: Place
    name: str = ""
    """Of the field, as it is called in the JSON."""
    count: int = 0
    most: int = 0


BESIDE = 2
"""How many buttons fit side by side."""

Found = Iterator[Problem]
Rule = Callable[[Any, Place, str], Found]


def anything(value: Any, place: Place, name: str) -> Found:
    yield from ()


def flag(value: Any, place: Place, name: str) -> Found:
    if not isinstance(value, bool):
        yield Problem("wrong", place, name)


def one_of(*allowed: Any) -> Rule:
    def check(value: Any, place: Place, name: str) -> Found:
        if not any(value is one or (value == one and type(value) is str) for one in allowed):
            yield Problem("wrong", place, name)

    return check


def words(most: int = 0, may_be_empty: bool = False) -> Rule:
    def check(value: Any, place: Place, name: str) -> Found:
        if not isinstance(value, str):
            yield Problem("wrong", place, name)
        elif not may_be_empty and (not value or (name == "text" and is_blank(value))):
            yield Problem("empty", place, name)
        elif most and length(value) > most:
            yield Problem("long", place, name, length(value), most)

    return check


def form(pattern: str) -> Rule:
    def check(value: Any, place: Place, name: str) -> Found:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            yield Problem("wrong", place, name)

    return check


def whole(least: int, most: int | None = None) -> Rule:
    def check(value: Any, place: Place, name: str) -> Found:
        is_whole = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_whole or value % 1 or value < least or (most is not None and value > most):
            yield Problem("wrong", place, name)

    return check


def several(rule: Rule, most: int = 0, may_be_empty: bool = False) -> Rule:
    def check(value: Any, place: Place, name: str) -> Found:
        if not isinstance(value, list):
            yield Problem("wrong", place, name)
            return
        if not value and not may_be_empty:
            yield Problem("empty", place, name)
        if most and len(value) > most:
            yield Problem("many", place, name, len(value), most)
        for number, one in enumerate(value, 1):
            yield from rule(one, (*place, (name, number)), "")

    return check


@dataclass(frozen=True)
class Table:
    """A JSON object: its fields, those that it must have, and what holds between them."""

    fields: Mapping[str, Rule]
    needs: tuple[str, ...] = ()
    together: Rule = field(default=anything)

    def __call__(self, value: Any, place: Place, name: str) -> Found:
        if not isinstance(value, dict):
            yield Problem("wrong", place, name)
            return
        for missing in self.needs:
            if missing not in value:
                yield Problem("missing", place, missing)
        for key, inner in value.items():
            if key in self.fields:
                yield from self.fields[key](inner, place, key)
            else:
                yield Problem("unknown", place, str(key))
        yield from self.together(value, place, name)

    def but(self, without: str, **other: Rule) -> "Table":
        """The same without a field, and with other rules for some."""
        fields = {name: rule for name, rule in self.fields.items() if name != without}
        return Table(fields | other, self.needs, self.together)


def free(value: Any, place: Place, name: str) -> Found:
    """An object of the bot's own."""
    if not isinstance(value, dict):
        yield Problem("wrong", place, name)


def all_of(*rules: Rule) -> Rule:
    def check(value: Any, place: Place, name: str) -> Found:
        for rule in rules:
            yield from rule(value, place, name)

    return check


def does(needed: Mapping[str, str]) -> Rule:
    """What each action needs beside it."""

    def check(value: Any, place: Place, name: str) -> Found:
        action = value.get("action")
        field = needed.get(action) if isinstance(action, str) else None
        if field and field not in value:
            yield Problem("missing", place, field)

    return check


def room_for_buttons(value: Any, place: Place, name: str) -> Found:
    buttons, layout, thumbnail = map(value.get, ("buttons", "buttonLayout", "thumbnail"))
    square = isinstance(thumbnail, dict) and thumbnail.get("fixedRatio") is True
    beside = layout == "horizontal" or (square and layout != "vertical")
    if beside and isinstance(buttons, list) and len(buttons) > BESIDE:
        yield Problem("beside", place, "buttons", len(buttons), BESIDE)


def at_most_together(most: int) -> Rule:
    """Of title and description, which share their room."""

    def check(value: Any, place: Place, name: str) -> Found:
        both = [one for one in map(value.get, ("title", "description")) if isinstance(one, str)]
        if len(both) == 2 and (count := sum(map(length, both))) > most:
            yield Problem("together", place, "", count, most)

    return check


def either(*names: str) -> Rule:
    def check(value: Any, place: Place, name: str) -> Found:
        if not any(one in value for one in names):
            yield Problem("missing", place, names[0])

    return check


def not_alone(name: str, without: str) -> Rule:
    def check(value: Any, place: Place, _: str) -> Found:
        if name in value and without not in value:
            yield Problem("missing", place, without)

    return check


def not_both(one: str, other: str) -> Rule:
    def check(value: Any, place: Place, _: str) -> Found:
        if one in value and other in value:
            yield Problem("unknown", place, other)

    return check
