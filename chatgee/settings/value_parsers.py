"""What an option of `chatgee.settings` is made of: a default, a parser, words for the owner.

A parser takes the text that stands in config.env, and raises `Refused` where it cannot be used.
"""

import re
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from chatgee.system import installation

ROOT = installation.folder()
"""Relative paths in settings count from here."""


POSTGRESQL = "postgresql+psycopg"
"""With the name of the driver, which most owners leave out."""


class Secret:
    """A value that prints as stars."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    @property
    def parts(self) -> set[str]:
        """What no log may show."""
        return {self._value}

    def __repr__(self) -> str:
        return "*****"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


class DatabaseAddress(Secret):
    """Logs may name the place, and not its password."""

    @property
    def parts(self) -> set[str]:
        """The password as it stands there, and as it is meant."""
        written = urlsplit(self._value).password or ""
        return {written, unquote(written)} - {""}


class Refused(ValueError):
    """A value that an option cannot take; carries the texts key that says why."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


ENDLESS = 1e9
"""A number that no owner means."""

Parse = Callable[[str], Any]


def option(
    default: Any,
    parse: Parse,
    group: str,
    about: str,
    example: str = "",
    restart: bool = False,
    advanced: bool = False,
    own: bool = False,
    by_hand: bool = False,
    least_chars: int = 0,
) -> Any:
    """One row of the table; config.env shows `example` where there is no default to show.

    `restart`: a running program keeps what it started with. `advanced`: most owners need not know.
    `own`: each machine has its own, where several work together; so it is with `restart`.
    `by_hand`: it names a place on the disk, a program, or hosts inside of the owner's network. Who
    has a web session is not the computer's account, so no page and no restore changes it; `own`.
    `least_chars`: of a new one; a shorter one that is there already is kept, and warned of.
    """
    metadata: dict[str, Any] = {"parse": parse, "group": group, "about": about, "example": example}
    metadata["shown"] = _written(default) or example
    metadata |= {"restart": restart, "advanced": advanced, "by_hand": by_hand}
    metadata |= {"own": own or restart or by_hand, "least_chars": least_chars}
    return field(default=default, metadata=metadata)


def _written(value: object) -> str:
    """A default as the owner would write it; empty where there is none."""
    match value:
        case None:
            return ""
        case tuple():
            return ",".join(value)
        case Path():
            return value.relative_to(ROOT).as_posix()
        case float():
            return digits(value)
        case _:
            return str(value)


def digits(value: float) -> str:
    """A number as somebody would write it, never as 1e+09."""
    return f"{value:.15g}"


def number(text: str, least: float = 0, most: float = ENDLESS, whole: bool = False) -> float | int:
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        raise Refused("settings.whole" if whole else "settings.number") from None
    if value < least and most >= ENDLESS:
        raise Refused("settings.least", least=digits(least))
    if not least <= value <= most:
        raise Refused("settings.range", least=digits(least), most=digits(most))
    return value


def count(text: str, most: float = ENDLESS) -> int:
    return int(number(text, most=most, whole=True))


def bounds(parse: Parse) -> tuple[float, float]:
    """The least and the most that a number's parser takes."""
    limits: dict[str, float] = getattr(parse, "keywords", {})  # of a partial
    return limits.get("least", 0), limits.get("most", ENDLESS)


class OneOf:
    """A parser of a few words."""

    def __init__(self, *choices: str) -> None:
        self.choices = choices

    def __call__(self, text: str) -> str:
        if text.lower() not in self.choices:
            raise Refused("settings.choice", choices=" · ".join(self.choices))
        return text.lower()


def http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise Refused("settings.url")
    return text.rstrip("/")


def public_url(text: str) -> str:
    return http_url(text).removesuffix("/prompt")


def database_url(text: str) -> Secret:
    if re.match(r"sqlite:///.", text):
        return DatabaseAddress(text)
    scheme, _, rest = text.partition("://")
    known = scheme in {POSTGRESQL, "postgresql", "postgres"}
    if not (known and rest and _has_one_meaning(f"{POSTGRESQL}://{rest}")):
        raise Refused("settings.database")
    return DatabaseAddress(f"{POSTGRESQL}://{rest}")


def _has_one_meaning(url: str) -> bool:
    """A password with such a sign in it would be cut there, and half of it taken for a host.

    One among the options (`password`, `sslpassword`) would be shown with them.
    """
    try:
        parts = urlsplit(url)
        shown = any("password" in name.lower() for name in parse_qs(parts.query))
        valid = parts.port != 0 and not shown
    except ValueError:
        return False
    return valid and not parts.fragment and url.count("@") == parts.netloc.count("@") <= 1


def secret(text: str) -> Secret:
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise Refused("settings.secret")
    return Secret(text)


LEAST_PASSWORD = 10


def password(text: str) -> Secret:
    """A secret that must hold against people who guess."""
    if len(text) < LEAST_PASSWORD:
        raise Refused("settings.password", least=LEAST_PASSWORD)
    return secret(text)


def word(text: str) -> str:
    if not (text.isascii() and text.isprintable()) or any(mark in text for mark in " '\""):
        raise Refused("settings.word")
    return text


def web_name(text: str) -> str:
    """Of a host, or its web address. Through any other kind of tunnel a stranger would come in
    without the headers by which they are told from the owner."""
    if word(text).partition("://")[0].lower() not in {"http", "https", text.lower()}:
        raise Refused("settings.web_name")
    return text


def place(text: str) -> Path:
    """Of a file or a folder."""
    try:
        path = ROOT / Path(text).expanduser()
    except RuntimeError:  # the home of nobody
        path = None
    if path is None or "\0" in text:
        raise Refused("settings.place")
    return path


def names(text: str) -> tuple[str, ...]:
    return tuple(part.strip().lower() for part in text.split(",") if part.strip())
