"""Writes texts.toml without disturbing what its owner has in it.

A sentence takes the place of its own line, else it comes first in its table. What was written
is read back before it counts: nothing else may have changed by it.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import String

from chatgee.errors import SettingsError
from chatgee.texts import Card

Values = Mapping[str, str | None]
"""By the sentence's key, such as `reply.greeting`; None takes the line out."""


def changed(text: str, values: Values, cards: Sequence[Card] | None = None) -> str:
    """The TOML with other sentences; without `cards` it keeps its own, with none it has none.

    `SettingsError` where that cannot be done without changing something else.
    """
    ways: tuple[Callable[[str, str, str], str], ...] = (_with_line, _with_item)
    for add in ways:
        with suppress(ValueError, KeyError, TypeError, AttributeError, TOMLKitError):
            after = _written(text, values, cards, add)
            if tomllib.loads(after) == _expected(text, values, cards):
                return after
    raise SettingsError("sentences.unchangeable")


def _written(
    text: str,
    values: Values,
    cards: Sequence[Card] | None,
    add: Callable[[str, str, str], str],
) -> str:
    document, new = tomlkit.parse(text), dict[str, str]()
    for key, words in values.items():
        table, _, name = key.rpartition(".")
        there: Any = document.get(table, {})
        if words is None:
            there.pop(name, None)
        elif name in there:
            there[name] = _string(words)
        else:
            new[key] = words
    if cards is not None:
        document.pop("card", None)
    after = tomlkit.dumps(document)
    for key, words in reversed(new.items()):  # the last is put in first
        after = add(after, key, words)
    return after if not cards else _with_cards(after, cards)


def _with_line(text: str, key: str, words: str) -> str:
    """Right below the table's title: what stands at its end may belong to the next one."""
    table, _, name = key.rpartition(".")
    end = _end(text)
    line = f"{name} = {_string(words).as_string()}{end}"
    title = re.search(rf"^[ \t]*\[[ \t]*{table}[ \t]*\][^\n]*(\n|\Z)", text, re.MULTILINE)
    if title is None:
        return f"{_closed(text)}[{table}]{end}{line}"
    before = text[: title.end()]
    gap = "" if before.endswith("\n") else end
    return before + gap + line + text[title.end() :]


def _with_item(text: str, key: str, words: str) -> str:
    """For a table that has no title of its own, as in `reply.empty = "…"`."""
    table, _, name = key.rpartition(".")
    document: Any = tomlkit.parse(text)
    if table not in document:
        return _with_line(text, key, words)
    document[table][name] = _string(words)
    return tomlkit.dumps(document)


def _with_cards(text: str, cards: Sequence[Card]) -> str:
    end, lines = _end(text), list[str]()
    for card in cards:
        lines += ["[[card]]", f"title = {_string(card.title).as_string()}"]
        lines += [f"description = {_string(card.description).as_string()}"]
        labels = ", ".join(_string(label).as_string() for label in card.buttons)
        lines += [f"buttons = [{labels}]", ""] if labels else [""]
    return _closed(text) + end.join(lines)


def _closed(text: str) -> str:
    """The text, and below it an empty line where anything stands in it."""
    text = text.rstrip()
    return text + 2 * _end(text) if text else ""


def _string(words: str) -> String:
    """As an owner would write it: each line on a line."""
    if "\n" not in words:
        return tomlkit.string(words)
    source = tomlkit.string(words, multiline=True).as_string()
    return cast(String, tomlkit.value(source.replace('"""', '"""\n', 1)))


def _expected(text: str, values: Values, cards: Sequence[Card] | None) -> dict[str, Any]:
    table = tomllib.loads(text)
    for key, words in values.items():
        group, _, name = key.rpartition(".")
        if words is None:
            table.get(group, {}).pop(name, None)
        else:
            table.setdefault(group, {})[name] = words
    if cards is not None:
        table.pop("card", None)
    if cards:
        table["card"] = [_table(card) for card in cards]
    return table


def _table(card: Card) -> dict[str, Any]:
    buttons = {"buttons": list(card.buttons)} if card.buttons else {}
    return {"title": card.title, "description": card.description} | buttons


def _end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
