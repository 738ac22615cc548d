"""`python run.py autostart on`: ChatGee starts when its owner logs in to the computer.

Every system has a place where it looks for what to start. What is put there starts run.py in this
folder, or the package in its owner's, and opens no browser. Whatever is running just now goes on
as it is.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from chatgee.errors import ChatGeeError
from chatgee.settings import ROOT, Settings, inherited
from chatgee.subcommands.autostart.files import NAME, DesktopEntry, LaunchAgent, UserUnit
from chatgee.texts import Texts


class AutostartPlace(Protocol):
    """Where a system looks for what to start when its user logs in."""

    def put(self, folder: Path) -> None:
        """Have the ChatGee of `folder` started, instead of any other."""

    def remove(self) -> None:
        """Take away what `put` has made, and nothing else."""

    def folder(self) -> str | None:
        """Whose ChatGee is started; None where none is."""


def command(ours: Settings, texts: Texts, words: list[str]) -> None:
    """`on`, `off`, or nothing to be told; `ChatGeeError` where the system refuses."""
    if words not in ([], ["on"], ["off"]):
        raise ChatGeeError("autostart.unknown", word=" ".join(words))
    places = _places()
    try:
        if words == ["on"]:
            places[0].put(ROOT)
        for place in {"on": places[1:], "off": places}.get("".join(words), []):
            place.remove()
        for sentence in _state(places, texts):
            print(sentence)
        if words:
            print(texts("autostart.later"))
    except (OSError, subprocess.SubprocessError) as error:
        why = getattr(error, "strerror", None) or error
        raise ChatGeeError("autostart.failed", why=why) from error


def _places() -> list[AutostartPlace]:
    """Those of this system, the best one first."""
    if sys.platform == "win32":
        from chatgee.subcommands.autostart.windows import RunKey

        return [RunKey()]
    home = Path.home()
    if sys.platform == "darwin":
        return [LaunchAgent(home / "Library" / "LaunchAgents" / f"{NAME}.plist")]
    # Names of the system's, no settings of ours.
    environ = inherited()
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    runtime = environ.get("XDG_RUNTIME_DIR")
    unit = UserUnit(config / "systemd" / "user" / "chatgee.service")
    entry = DesktopEntry(config / "autostart" / "chatgee.desktop")
    has_systemd = runtime is not None and Path(runtime, "systemd", "private").exists()
    return [unit, entry] if has_systemd else [entry, unit]


def _state(places: list[AutostartPlace], texts: Texts) -> Iterator[str]:
    folders = [folder for place in places if (folder := place.folder())]
    if not folders:
        yield texts("autostart.off")
        return
    yield texts("autostart.on", folder=folders[0])
    if Path(folders[0]) != ROOT:
        yield texts("autostart.elsewhere")
    elif isinstance(places[0], UserUnit):
        yield texts("autostart.linger")
