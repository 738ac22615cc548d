"""What an owner may have got wrong in config.env without any setting being wrong."""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from chatgee.errors import SettingsError
from chatgee.settings import (
    CONFIG,
    OPTIONS,
    Secret,
    Settings,
    is_example,
    lines,
    read_file,
    together,
)
from chatgee.system import certificates
from chatgee.system.addresses import OPENAI_URL, is_this_machine
from chatgee.system.proxies import proxy_for

Mistake = tuple[str, dict[str, object]]
"""A key of the texts, and the values for its sentence."""


def mistakes(file: Path = CONFIG) -> Iterator[Mistake]:
    """Everything in the file that has no effect, although its owner probably means it to."""
    twin = file.with_name(file.name + ".txt")  # Windows hides that Notepad added the ending
    if twin.exists():
        yield "settings.txt", {"file": twin.name, "right": file.name}
    for line in lines(file):
        text = line.original.string.strip()
        if line.error or (line.key and line.value is None):
            yield "settings.line", {"line": line.original.line}
        elif line.key and line.value and is_example(line.key, line.value):
            yield "settings.example", {"name": line.key}
        else:
            yield from _commented_out(text)
    for name in read_file(file):
        if name not in OPTIONS:
            near = difflib.get_close_matches(name.upper(), OPTIONS, n=1)
            key = "settings.unknown_near" if near else "settings.unknown"
            yield key, {"name": name, "near": near[0] if near else None}


def overruled(file: Path, shared: Path | None) -> Iterator[Mistake]:
    """Settings of all machines that this one's file would have otherwise."""
    found = read_file(file)
    used = together(found, shared)
    for name in OPTIONS:
        if name in found and used.get(name) != found[name]:
            yield "settings.shared", {"name": name}


def weak(ours: Settings) -> Iterator[Mistake]:
    """Secrets in use that are shorter than a new one may be."""
    for name in OPTIONS:
        value = getattr(ours, name.lower())
        if isinstance(value, Secret) and (told := too_short(name, value.reveal())):
            yield told


def too_short(name: str, text: str) -> Mistake | None:
    """What to say of a text that is used, though it would be refused as a new one."""
    least = OPTIONS[name].metadata["least_chars"]
    short = 0 < len(text.strip()) < least
    return ("settings.short", {"name": name, "least": least}) if short else None


def no_way_out(ours: Settings) -> Iterator[SettingsError]:
    """Variables of the environment for proxies and certificates that cannot be used.

    Only those on the way to the model or to Kakao: the others concern other programs.
    """
    hosts = () if ours.callback == "off" else ours.callback_hosts
    model = () if ours.practice else (ours.openai_base_url or OPENAI_URL,)
    told = set()
    for url in (*model, *(f"https://{host}" for host in hosts)):
        try:
            proxy_for(url)
            if not is_this_machine(urlsplit(url).hostname or "") and url.startswith("https:"):
                certificates.of_the_owner()
        except SettingsError as error:
            if str(error) not in told:
                told.add(str(error))
                yield error


def _commented_out(text: str) -> Iterator[Mistake]:
    """Lines as `#NAME=value` in which the value is no longer the one that we wrote there."""
    for match in re.finditer(r"^#\s*([A-Z_]+)=(.*)$", text, re.MULTILINE):
        name, value = match[1], match[2].strip()
        if name in OPTIONS and value and value != OPTIONS[name].metadata["shown"]:
            yield "settings.commented", {"name": name}


def would_leak(address: str | None, ours: Settings) -> bool:
    """Whether the key that is kept was meant for another place than this one.

    Also on this machine: any account of it may listen there.
    """
    return ours.openai_api_key is not None and address != ours.openai_base_url
