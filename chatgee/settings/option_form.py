"""Every option as the owner edits it: what is set now, what was typed, what may be written.

Each field of the page comes back with the text that it had at first. Only what was changed in
that page is written, so that an old tab takes nothing back that was saved in another one.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatgee import settings
from chatgee.errors import ChatGeeError, SettingsError
from chatgee.settings import (
    BY_HAND,
    GROUPS,
    OPTIONS,
    OWN,
    SECRETS,
    Settings,
    config_check,
    is_example,
)
from chatgee.settings.config_check import Mistake, too_short
from chatgee.settings.value_parsers import (
    ENDLESS,
    OneOf,
    bounds,
    digits,
    http_url,
    public_url,
)
from chatgee.system.addresses import is_loopback

WAS, DELETE = "was-", "delete-"
"""Before an option's name: the text that its field had at first; that a secret is to go."""

LOCKS = ("PUBLIC_URL", "HOST", "ADMIN_PASSWORD")
"""Settings by which the owner may lock themselves out."""

ANYWHERE = {"0.0.0.0", "::"}
"""Values of HOST for every address of this machine, the one of the owner's pages among them."""

Problems = dict[str, ChatGeeError]
"""By the option's name."""


@dataclass(frozen=True)
class TypedOptions:
    """What a page changed: new texts by the option's name, empty for the default."""

    texts: dict[str, str] = field(default_factory=dict, repr=False)
    was: dict[str, str] = field(default_factory=dict, repr=False)
    """What stood in these fields at first; secrets are not among them."""

    @classmethod
    def read(cls, form: Mapping[str, str]) -> "TypedOptions":
        texts, was = {}, {}
        for name in (name for name in OPTIONS if name in form):
            text, before = form[name].strip(), form.get(WAS + name, "")
            if text != before:
                texts[name], was[name] = text, before
            elif name in SECRETS and DELETE + name in form:
                texts[name] = ""
        return cls(texts, was)


@dataclass(frozen=True)
class Field:
    """One option as the page shows it."""

    name: str
    text: str
    """Empty for a secret."""
    was: str
    fixed: bool
    """Whether the environment decides, so that no page can."""
    there: bool
    """Whether the owner has set it, in config.env or in the environment."""
    deleted: bool
    """Whether it is a secret that was marked to go."""

    @property
    def about(self) -> Mapping[str, Any]:
        """Its row of the table."""
        return OPTIONS[self.name].metadata

    @property
    def kind(self) -> str:
        """secret, choice, whole, number, url or text."""
        parse, value = self.about["parse"], OPTIONS[self.name].default
        if self.name in SECRETS:
            return "secret"
        if isinstance(parse, OneOf):
            return "choice"
        if parse in (http_url, public_url):
            return "url"
        return {int: "whole", float: "number"}.get(type(value), "text")

    @property
    def default(self) -> str:
        """As its owner would write it; empty where there is none."""
        return default(self.name)

    @property
    def choices(self) -> tuple[str, ...]:
        """With a text that is none of them, should config.env have one: it must not get lost."""
        known: tuple[str, ...] = self.about["parse"].choices
        return known if self.text in known else (*known, self.text)

    @property
    def limits(self) -> tuple[str, str] | None:
        """The least and the most, where there is a most."""
        least, most = bounds(self.about["parse"])
        return (digits(least), digits(most)) if most < ENDLESS else None


def default(name: str) -> str:
    return "" if OPTIONS[name].default is None else str(OPTIONS[name].metadata["shown"])


class OptionForm:
    """config.env and the environment at one moment, with what was typed on top."""

    def __init__(
        self,
        file: Path,
        environ: Mapping[str, str],
        ours: Settings,
        typed: TypedOptions | None = None,
    ) -> None:
        """`ours` are the settings with which the program is running."""
        self.unreadable: SettingsError | None = None
        try:
            self._written = settings.together(settings.read_file(file), ours.shared_path)
        except SettingsError as error:
            self._written, self.unreadable = {}, error
        self._file, self._ours = file, ours
        self._environ = settings.given(environ)
        self.typed = typed or TypedOptions()

    # --- what the page shows ----------------------------------------------------------------

    def groups(self) -> Iterator[tuple[str, list[Field]]]:
        for group in GROUPS:
            names = (name for name, row in OPTIONS.items() if row.metadata["group"] == group)
            yield group, [self.field(name) for name in names]

    def field(self, name: str) -> Field:
        known = self._environ.get(name) or self._written.get(name)
        now, typed = known or default(name), self.typed
        if isinstance(OPTIONS[name].metadata["parse"], OneOf):
            now = now.lower()
        return Field(
            name=name,
            text="" if name in SECRETS else typed.texts.get(name, now),
            was="" if name in SECRETS else typed.was.get(name, now),
            fixed=name in self._environ,
            there=known is not None,
            deleted=name in SECRETS and typed.texts.get(name) == "",
        )

    def mistakes(self) -> list[Mistake]:
        """What config.env holds in vain."""
        if self.unreadable:
            return []
        found = list(config_check.mistakes(self._file))
        return found + list(config_check.overruled(self._file, self._ours.shared_path))

    @property
    def waiting(self) -> list[str]:
        """Options whose new value counts only once the program is started again."""
        saved, _ = settings.load_usable(self._environ, self._file)
        return [
            name.upper()
            for name in settings.HELD
            if getattr(saved, name) != getattr(self._ours, name)
        ]

    # --- what was typed ---------------------------------------------------------------------

    @property
    def texts(self) -> dict[str, str]:
        """Everything that would be set, by whom ever; what is not there has its default."""
        wanted = self._written | self.typed.texts | self._environ
        return {name: text for name, text in wanted.items() if name in OPTIONS and text.strip()}

    @property
    def problems(self) -> Problems:
        """What cannot be used: of what was typed, and of what config.env had before."""
        typed = self.typed.texts
        wrong = {
            name: why
            for name, text in self.texts.items()
            if (why := problem(name, text, new=name in typed))
        }
        wrong |= {
            name: ChatGeeError("options.by_hand", name=name) for name in typed.keys() & BY_HAND
        }
        wrong |= {
            name: ChatGeeError("setup.fixed", name=name) for name in typed if name in self._environ
        }
        if not wrong and self._sends_the_key_elsewhere():
            fixed = "OPENAI_API_KEY" in self._environ
            place = "OPENAI_BASE_URL" if fixed else "OPENAI_API_KEY"
            wrong[place] = ChatGeeError("setup.key_of_another")
        return wrong

    def _sends_the_key_elsewhere(self) -> bool:
        """By what stands in config.env, which may be newer than what is running."""
        typed, known = self.typed.texts, self._written | self._environ
        if "OPENAI_BASE_URL" not in typed or "OPENAI_API_KEY" in typed:
            return False
        before, after = (one.get("OPENAI_BASE_URL", "") for one in (known, typed))
        return "OPENAI_API_KEY" in known and before.rstrip("/") != after.rstrip("/")

    @property
    def values(self) -> dict[str, str | None]:
        """For `config_file.write`, once there are no problems."""
        return {
            name: None if not text or _is_default(name, text) else text
            for name, text in self.typed.texts.items()
        }

    def advice(self, name: str) -> Mistake | None:
        """What to know before this change is saved, or of what is there."""
        if name not in self.typed.texts:
            return too_short(name, self.texts.get(name, ""))
        text, texts = self.typed.texts[name], self.texts
        match name:
            case "PUBLIC_URL" | "HOST" | "ADMIN_PASSWORD" if self._locks_out(name):
                everywhere = self._ours.shared_path and name not in OWN
                return f"options.locks_out_{'everywhere' if everywhere else name.lower()}", {}
            case "HOST" if text in ANYWHERE and "SKILL_KEY" not in texts:
                return "doctor.open_host", {"host": text}
            case "PORT" if text:
                return "options.other_port", {"port": text}
            case "SKILL_KEY" if text or "SKILL_KEY" in self._written:
                return ("options.other_key" if text else "options.no_key"), {}
            case "TUNNEL" if text == "ngrok" and "NGROK_AUTHTOKEN" not in texts:
                return "options.no_token", {}
        return None

    @property
    def lockouts(self) -> list[str]:
        """Changes after which the owner could not open these pages any more."""
        return [name for name in LOCKS if self._locks_out(name)]

    def _locks_out(self, name: str) -> bool:
        text = self.typed.texts.get(name, "")
        if name == "HOST":
            return bool(text) and text not in ANYWHERE and not is_loopback(text)
        if name == "PUBLIC_URL":
            return bool(text) and "ADMIN_PASSWORD" not in self.texts
        return self.typed.texts.get(name) == "" and "PUBLIC_URL" in self.texts


def problem(name: str, text: str, new: bool = False) -> ChatGeeError | None:
    """Why this text cannot be the option's; None where it can. Of a new one more is asked."""
    if is_example(name, text):
        return ChatGeeError("setup.example", name=name)
    try:
        settings.parse(name, text)
    except SettingsError as error:
        return error
    if new and (told := too_short(name, text)):
        return ChatGeeError("settings.too_short", **told[1])
    return None


def _is_default(name: str, text: str) -> bool:
    return name not in SECRETS and bool(settings.parse(name, text) == OPTIONS[name].default)


def new_key() -> str:
    """For SKILL_KEY: nobody guesses it, and a browser's double click takes all of it."""
    return secrets.token_hex(20)
