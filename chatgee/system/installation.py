"""How ChatGee came onto this machine: as a folder with run.py in it, or installed as a package.

Everything that follows from it stands here.
"""

import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
INSTALLED = (PACKAGE / "docs").is_dir()
"""Whether it is a package: that holds the manual itself, which lies beside it in a project."""
PROJECT = PACKAGE.parent
DOCS = (PACKAGE if INSTALLED else PROJECT) / "docs"

INSTEAD = {
    r"python run\.py(?! test)": "chatgee",  # tests are no part of a package
    r"-r requirements-cluster\.txt": '"chatgee[cluster]"',
}
"""What is said otherwise to whoever has a package."""


def folder() -> Path:
    """Where config.env and data lie, and where relative paths count from."""
    if not INSTALLED:
        return PROJECT
    from platformdirs import user_data_path  # here: a project needs none

    return user_data_path("ChatGee", appauthor=False)


def worded(text: str, installed: bool = INSTALLED) -> str:
    """`text`, which is written for whoever has the project's folder, for this reader."""
    for ours, theirs in INSTEAD.items() if installed else ():
        text = re.sub(ours, theirs, text)
    return text
