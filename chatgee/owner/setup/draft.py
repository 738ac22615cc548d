"""What an owner has typed into the set-up page, and the settings that it makes.

Nothing is asked of anybody here: each text goes through the parser of its setting, and what
cannot be used is told by the field in which it stands.
"""

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields, replace
from typing import Any

from chatgee.errors import ChatGeeError
from chatgee.settings import OPTIONS, SECRETS, Settings, is_example
from chatgee.settings.config_check import would_leak
from chatgee.settings.value_parsers import Refused, Secret

Problems = dict[str, ChatGeeError]
"""By the field's name."""


@dataclass(frozen=True)
class SetupDraft:
    """The fields of the page; a secret is empty unless it was typed just now."""

    source: str = "openai"
    """openai, local (a server of one's own, or another service) or later."""
    openai_key: str = field(default="", repr=False)
    address: str = ""
    server_key: str = field(default="", repr=False)
    model: str = ""
    model_of: str | None = None
    """The address to which the model belongs, empty for OpenAI; None for this draft's own."""
    link: str = "ngrok"
    """ngrok or temporary."""
    token: str = field(default="", repr=False)
    domain: str = ""
    prompt: str = ""

    @classmethod
    def read(cls, form: Mapping[str, str]) -> "SetupDraft":
        """From a form; fields that it does not have keep their defaults."""
        found = ((one.name, form.get(one.name)) for one in fields(cls))
        given = {name: text.strip() for name, text in found if text is not None}
        return cls(**given | {"prompt": given.get("prompt", "").replace("\r\n", "\n")})

    @classmethod
    def of(cls, settings: Settings, prompt: str, new: bool) -> "SetupDraft":
        """The fields as they stand before anything is typed; to somebody new the best is shown."""
        later = settings.practice and not new
        return cls(
            source="local" if settings.openai_base_url else "later" if later else "openai",
            address=settings.openai_base_url or "",
            model=settings.openai_model,
            model_of=settings.openai_base_url or "",
            link="ngrok" if new or _has_ngrok(settings) else "temporary",
            domain=settings.ngrok_domain or "",
            prompt=prompt,
        )


@dataclass(frozen=True)
class Plan:
    """What a draft comes to."""

    settings: Settings
    """As they would be."""
    values: dict[str, str | None]
    """What is to be written into config.env; None takes a setting out."""
    problems: Problems


def plan(draft: SetupDraft, ours: Settings, fixed: AbstractSet[str]) -> Plan:
    """Read a draft on top of our settings; those that are `fixed` stay what they are."""
    reader = _Reader(ours, fixed)
    _read_model(draft, ours, reader)
    if not ours.public_url:
        _read_link(draft, ours, reader)
    return Plan(replace(ours, **reader.parsed), reader.values, reader.problems)


class _Reader:
    def __init__(self, ours: Settings, fixed: AbstractSet[str]) -> None:
        self._ours, self._fixed = ours, fixed
        self.parsed: dict[str, Any] = {}
        self.values: dict[str, str | None] = {}
        self.problems: Problems = {}

    def is_fixed(self, name: str) -> bool:
        return name in self._fixed

    def take(self, place: str, name: str, text: str | None) -> None:
        """A setting's new text from a field of the page; None for none."""
        if self.is_fixed(name):
            return
        try:
            self.parsed[name.lower()] = (
                OPTIONS[name].default if text is None else _parse(name, text)
            )
            self.values[name] = text
        except Refused as refused:
            shown = "*****" if name in SECRETS else text
            self.problems[place] = ChatGeeError(refused.key, value=shown, **refused.values)

    def take_secret(self, place: str, name: str, text: str, missing: str | None) -> None:
        """As `take`, but an empty field keeps what is there; `missing` tells that nothing is."""
        if text:
            self.take(place, name, text)
        elif missing and getattr(self._ours, name.lower()) is None:
            self.problems[place] = ChatGeeError(missing)


def _parse(name: str, text: str) -> Any:
    if is_example(name, text):
        raise Refused("setup.example")
    parse: Callable[[str], Any] = OPTIONS[name].metadata["parse"]
    return parse(text)


def chosen(draft: SetupDraft, address: str | None) -> str:
    """The draft's model, unless it belongs to another server than the one at this address."""
    return draft.model if draft.model_of in (None, address or "") else ""


def _read_model(draft: SetupDraft, ours: Settings, reader: _Reader) -> None:
    _read_server(draft, ours, reader)
    model = chosen(draft, reader.parsed.get("openai_base_url", ours.openai_base_url))
    default = model in ("", OPTIONS["OPENAI_MODEL"].default)
    reader.take("model", "OPENAI_MODEL", None if default else model)


def _read_server(draft: SetupDraft, ours: Settings, reader: _Reader) -> None:
    if draft.source == "later":
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
            reader.take("source", name, None)
        return
    if draft.source == "openai":
        place, typed, missing = "openai_key", draft.openai_key, "setup.key_missing"
        reader.take("address", "OPENAI_BASE_URL", None)
    elif draft.address or ours.openai_base_url:
        place, typed, missing = "server_key", draft.server_key, None
        reader.take("address", "OPENAI_BASE_URL", draft.address or ours.openai_base_url)
    else:
        reader.problems["address"] = ChatGeeError("setup.address_missing")
        return
    reader.take_secret(place, "OPENAI_API_KEY", typed, missing)
    address = reader.parsed.get("openai_base_url", ours.openai_base_url)
    if "openai_api_key" not in reader.parsed and would_leak(address, ours):
        fixed = reader.is_fixed("OPENAI_API_KEY")  # whatever was typed is not used
        reader.problems["source" if fixed else place] = ChatGeeError("setup.key_of_another")


def _read_link(draft: SetupDraft, ours: Settings, reader: _Reader) -> None:
    if draft.link == "temporary":
        if _has_ngrok(ours):
            for name in ("NGROK_AUTHTOKEN", "NGROK_DOMAIN", "TUNNEL"):
                reader.take("link", name, None)
        return
    token = _last_word(draft.token)
    reader.take_secret("token", "NGROK_AUTHTOKEN", token, "setup.token_missing")
    reader.take("domain", "NGROK_DOMAIN", _domain(draft.domain) or None)
    if token or not _has_ngrok(ours):
        reader.take("link", "TUNNEL", None)  # auto, which is ngrok where there is a token


def _has_ngrok(settings: Settings) -> bool:
    """Whether a token is there, and not left aside by TUNNEL."""
    return settings.ngrok_authtoken is not None and settings.tunnel in {"auto", "ngrok", "none"}


def _last_word(text: str) -> str:
    """The token itself, where the whole command of ngrok's page was pasted."""
    return text.split()[-1] if text.startswith("ngrok ") else text


def _domain(text: str) -> str:
    """The bare name, where the address or the whole command of ngrok's page was pasted."""
    found = re.match(r"(?:ngrok\b.*?--(?:url|domain)[= ])?(?:https?://)?([^\s/]+)/?(\s\d+)?$", text)
    return found[1] if found else text


def revealed(key: Secret | None) -> str | None:
    return key.reveal() if key else None
