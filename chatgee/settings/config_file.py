"""Writes config.env without disturbing what its owner has in it.

A setting takes the place of its own line, else of the example line `#NAME=…`, else it comes last.
What was written is read back before it counts: nothing else may have changed by it.
"""

import re
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from chatgee.errors import SettingsError
from chatgee.settings import OPTIONS, OWN
from chatgee.settings.docs import example_env
from chatgee.system import text_files

Values = Mapping[str, str | None]
"""By the setting's name; None puts the example line back."""
HEAD = "# What all machines with one database have in common. ChatGee's pages write this file.\n"


def write(file: Path, values: Values, shared: Path | None = None) -> None:
    """Change these settings; a file that is not there, or is empty, is made from the example.

    Where `shared` is a file of settings for several machines, only this machine's own go into the
    other one. `SettingsError` where a file cannot be read or written, which leaves it as it was.
    """
    if shared is None:
        _write(file, values, example_env())
        return
    own = {name: value for name, value in values.items() if name in OWN}
    if own:
        _write(file, own, example_env())
    if own != values or not values:
        _write(shared, {name: value for name, value in values.items() if name not in OWN}, HEAD)


def _write(file: Path, values: Values, new: str) -> None:
    file = file.resolve()  # a link stays one
    try:
        before = (text_files.read(file) if file.exists() else "") or new
        after = changed(before, values)
        text_files.write(file, after)
    except UnicodeDecodeError as error:
        raise SettingsError("settings.encoding", file=file.name) from error
    except OSError as error:
        raise text_files.unwritable(file, error) from error


def changed(text: str, values: Values) -> str:
    """The text of config.env with other values; the rest to the letter as it was."""
    before, end = text, "\r\n" if "\r\n" in text else "\n"
    for name, value in values.items():
        new = f"#{name}={_shown(name)}" if value is None else f"{name}={_quoted(name, value)}"
        text = _with_line(text, name, new, value is not None, end)
    _prove(before, text, values)
    return text


def _with_line(text: str, name: str, new: str, needed: bool, end: str) -> str:
    lines = _lines(text)
    places = [number for number, line in enumerate(lines) if line.key == name]
    if not places and needed:
        places = [number for number, line in enumerate(lines) if _is_example(line, name)][:1]
    texts = [line.original.string for line in lines]
    for number in places:
        texts[number] = _instead(lines[number], new)
    if not places and needed:
        gap = "" if not texts or texts[-1].endswith(("\n", "\r")) else end
        texts.append(f"{gap}{new}{end}")
    return "".join(texts)


def _instead(line: Binding, new: str) -> str:
    """The new line in the place of the old, with the white space and the comment around it."""
    old = line.original.string
    before = old[: len(old) - len(old.lstrip())]
    after = old[len(old.rstrip()) :]
    return before + new + _comment(line) + after


def _comment(line: Binding) -> str:
    """What follows the value on its line, such as ` # mine`; not a # within the value."""
    old = line.original.string.rstrip()
    for found in re.finditer(r"[^\S\r\n]+#[^\r\n]*\Z", old):
        (rest, *_) = _lines(old[: found.start()])
        if line.key and (rest.key, rest.value) == (line.key, line.value):
            return found[0]
    return ""


def _is_example(line: Binding, name: str) -> bool:
    text = line.original.string
    return not (line.key or line.error) and bool(re.match(rf"\s*#\s*{name}=", text))


def _quoted(name: str, value: str) -> str:
    """The value as python-dotenv reads it back, whatever stands in the lines below it."""
    escaped = value.replace("\\", "\\\\")
    ways = (value, "'{}'".format(escaped.replace("'", r"\'")), f'"{value}"')
    for way in ways:
        first, *_ = _lines(f"{name}={way}\n'\"\n")
        if (first.key, first.value) == (name, value):
            return way
    raise SettingsError("setup.unquotable", name=name)


def _prove(before: str, after: str, values: Values) -> None:
    """An open quote of the owner's, for one, would swallow what is written below it."""
    expected = _read(before) | dict(values)
    read = _read(after)
    for name, value in expected.items():
        if read.get(name) != value:
            raise SettingsError("setup.unquotable", name=name)


def _read(text: str) -> dict[str, str | None]:
    return {line.key: line.value for line in _lines(text) if line.key}


def _shown(name: str) -> str:
    return str(OPTIONS[name].metadata["shown"]) if name in OPTIONS else ""


def _lines(text: str) -> list[Binding]:
    return list(parse_stream(StringIO(text, newline="")))
