"""What Kakao's reply to a callback says: that it was taken, or what was wrong and who can mend it.

Kakao answers `{taskId, status: SUCCESS | FAIL | ERROR, message, timestamp}`. Its guide names the
kinds of failures, and we have seen none of their messages ourselves: so each is known by its words,
in whatever order.
"""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from chatgee.errors import CallbackError

KINDS: dict[str, str] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)["kinds"]
"""By the words of a message, the first that fits. The key's sentence is below `callback` in the
texts."""

SECRET = re.compile(r"[^\s\"']{16,}")
"""As long as a token or an address: never in a log."""
SAID_CHARS = 80


def check(status_code: int, body: bytes) -> None:
    """`CallbackError` unless Kakao took the answer."""
    told = _read(body)
    status = str(told.get("status", "SUCCESS"))
    if status_code == 200 and status == "SUCCESS":
        return
    said = " ".join(str(told.get("message") or "").split())
    kind = next((kind for kind, words in KINDS.items() if re.search(words, said, re.I)), None)
    if kind is None:
        kind = "internal" if status_code >= 500 else "refused"
    outline = f"{status_code} {status} {SECRET.sub('***', said)}".strip()
    raise CallbackError(f"callback.{kind}", said=outline[:SAID_CHARS])


def _read(body: bytes) -> dict[str, Any]:
    """Empty where it is nothing of the kind: with 200 it was taken, whatever it says."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
