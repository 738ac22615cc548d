"""What a request says, read so that nothing which anybody may send is a bug of ours."""

import json
import re
from typing import Any

from flask import abort, request


def text(found: str) -> str:
    """One that a database can look for: PostgreSQL takes no NUL, which no id of ours has."""
    return found.replace("\0", "\ufffd")


def refuse_nul() -> None:
    """For `before_request`: no path of ours has one, and neither files nor PostgreSQL take it."""
    if "\0" in request.path:
        abort(404)


def number(text: str, most: int) -> int | None:
    """A whole one from 0 up to `most`; None for anything else, however many digits it has."""
    found = int(text) if re.fullmatch("[0-9]{1,10}", text) else most + 1
    return found if found <= most else None


def is_flat(node: object, levels: int) -> bool:
    """Whether JSON is nested in so many levels at most, and may go into a deeper one."""
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return levels > 0 and all(is_flat(one, levels - 1) for one in inner)


def tree(text: str | bytes) -> Any:
    """What JSON says; `ValueError` for what is none, or nested too deep to be read."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
