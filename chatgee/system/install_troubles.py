"""What an owner can do when run.py cannot make its environment.

run.py reads it before anything is installed: the standard library alone, and a file of its own.
"""

import re
import sys
import tomllib
from pathlib import Path

WORDS = Path(__file__).with_suffix(".toml")


def remedy(said: str, env: Path) -> str:
    """The sentence for a failure, from what was said about it."""
    words = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    found = (one["remedy"] for one in words["trouble"] if re.search(one["said"], said))
    sentence = str(next(found, words["unknown"]))
    last = "".join(said.strip().splitlines()[-1:])
    return sentence.format(version=sys.version.split()[0], env=env, text=last)
