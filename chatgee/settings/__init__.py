"""The settings as they are read: environment beats config.env beats default.

Nobody else reads the environment. Where several machines work together, what they have in common
stands in a file of its own, in place of config.env; see `chatgee.cluster.shared_files`.
"""

import os
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv.parser import Binding, parse_stream

from chatgee.errors import SettingsError
from chatgee.settings.all_settings import (
    BY_HAND,
    GROUPS,
    HELD,
    OPTIONS,
    OWN,
    OWNERS_FILES,
    PROMPT,
    SECRETS,
    SHARED,
    Settings,
    is_example,
    parse,
)
from chatgee.settings.value_parsers import ROOT, Refused, Secret
from chatgee.system import text_files

__all__ = [
    "BY_HAND",
    "CONFIG",
    "GROUPS",
    "HELD",
    "OPTIONS",
    "OWN",
    "OWNERS_FILES",
    "PROMPT",
    "ROOT",
    "SECRETS",
    "SHARED",
    "Refused",
    "Secret",
    "Settings",
    "is_example",
    "load",
    "parse",
]

CONFIG = ROOT / "config.env"


def load(environ: Mapping[str, str] = os.environ, file: Path = CONFIG) -> Settings:
    """Read the settings; `SettingsError` where one cannot be used."""
    found, wrong = load_usable(environ, file)
    for error in wrong:
        raise error
    return found


def load_usable(
    environ: Mapping[str, str] = os.environ, file: Path = CONFIG
) -> tuple[Settings, list[SettingsError]]:
    """The settings, with the default for each that cannot be used, and what is wrong with it."""
    values: dict[str, Any] = {}
    wrong: list[SettingsError] = []
    try:
        found = read_file(file)
        found = together(found, _shared(found | given(environ)))
    except SettingsError as error:
        found, wrong = {}, [error]
    found |= given(environ)
    for name in (name for name in OPTIONS if name in found):
        try:
            values[name.lower()] = parse(name, found[name])
        except SettingsError as error:
            wrong.append(error)
    return Settings(**values), wrong


def _shared(found: Mapping[str, str]) -> Path | None:
    """`Settings.shared_path`, before there are any settings."""
    try:
        names = [name for name in ("DATA_DIR", "DATABASE_URL") if name in found]
        return Settings(**{name.lower(): parse(name, found[name]) for name in names}).shared_path
    except SettingsError:  # which is told in its turn
        return None


def together(found: dict[str, str], shared: Path | None) -> dict[str, str]:
    """What this machine's file says, and the one of all machines.

    Once that is there, it alone says what all have in common.
    """
    if shared is None or not shared.exists():
        return found
    common = {name: text for name, text in read_file(shared).items() if name not in OWN}
    return {name: found[name] for name in OWN & found.keys()} | common


def inherited(**changed: str) -> dict[str, str]:
    """The whole environment, with `changed` in it: for programs that we start, and for names of
    the system's own, such as DISPLAY."""
    return {**os.environ, **changed}


def given(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What the environment says; an empty variable says nothing."""
    return {name: text for name, text in environ.items() if text.strip()}


def read_file(file: Path) -> dict[str, str]:
    """What an env file holds, its empty lines left out; nothing where there is no file."""
    found = ((line.key, line.value) for line in lines(file) if not line.error)
    kept = ((name, text) for name, text in found if name and text and text.strip())
    return {name: text for name, text in kept if not is_example(name, text)}


def lines(file: Path) -> list[Binding]:
    """What python-dotenv makes of the file's lines; none where there is no file."""
    try:
        return list(parse_stream(StringIO(text_files.read(file))))
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise SettingsError("settings.encoding", file=str(file)) from error
    except OSError as error:
        raise text_files.unreadable(file, error) from error
