"""What is logged where, and that no secret is in it."""

import logging
import sys
from collections.abc import Iterable


class Redacting(logging.Formatter):
    """Prints every secret as stars, wherever it comes from."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")
        self._secrets = sorted(secrets, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, "*****")
        return line


def configure(level: str, secrets: Iterable[str] = ()) -> None:
    # The format names none of these, and they are looked up for every line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Redacting(secrets))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)  # of libraries, only what is wrong
    logging.getLogger("chatgee").setLevel(level.upper())
