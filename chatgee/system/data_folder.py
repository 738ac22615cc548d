"""The folder in which everything of the owner's lies."""

import os
from pathlib import Path

from chatgee.errors import ChatGeeError


def make(folder: Path) -> None:
    """`ChatGeeError` where nothing can be written into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".trial-{os.getpid()}"  # another start may try at the same time
        trial.write_bytes(b"")
        trial.unlink()
    except OSError as error:
        raise ChatGeeError(
            "start.data_unwritable", folder=folder, why=error.strerror or error
        ) from error
