"""The words of `python run.py WORD` and `chatgee WORD`, from commands.toml, and how one is started.

run.py reads it before anything is installed: the standard library alone, and a file of its own.
"""

import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from chatgee.system.installation import INSTALLED, worded

WORDS = Path(__file__).with_suffix(".toml")
TABLE = tomllib.loads(WORDS.read_text(encoding="utf-8"))


class Subcommand(NamedTuple):
    about: str
    module: Sequence[str]
    needs: Sequence[str] = ()
    usual: Sequence[str] = ()
    """Options that come first, unless a word is more than an option."""

    def argv(self, words: Sequence[str]) -> list[str]:
        """What Python is given."""
        usual = self.usual if all(word.startswith("-") for word in words) else ()
        return ["-X", "utf8", "-m", *self.module, *usual, *words]


COMMANDS = {name: Subcommand(**row) for name, row in TABLE["command"].items()}
if INSTALLED:
    del COMMANDS["test"]  # tests are no part of a package


def usage(word: str) -> str:
    ours = worded("python run.py")
    lines = [f"    {ours} {name:<10} {command.about}" for name, command in COMMANDS.items()]
    return "\n".join([TABLE["unknown"].format(word=word), *lines])


def start(folder: Path, argv: list[str]) -> int:
    """Give our place to a program of ours, in `folder`; its exit code on Windows."""
    os.chdir(folder)
    os.putenv("PYTHONUTF8", "1")  # for what it starts, too
    sys.stdout.flush()
    if sys.platform != "win32":
        os.execv(argv[0], argv)  # signals, PID and exit code are the server's own
    for name in ("SIGINT", "SIGBREAK"):  # the server hears them too, and decides when to end
        signal.signal(getattr(signal, name), lambda *_: None)
    return subprocess.call(argv)
