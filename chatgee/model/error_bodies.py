"""The reason in the body of a refusal, wherever a service has put it.

Nearly each has a shape of its own: an object, a list of them or a text under `error`, `errors` or
`detail`, a `message` beside its `code`, and within that another service's whole body as a text.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

OF_AN_ERROR = {"error", "errors", "detail", "message", "title"}
"""A JSON object with one of these, in a body that is no answer, is a service's own error."""
HOLDERS = {
    *("error", "errors", "detail", "details", "status", "message", "msg", "title"),
    *("error_description", "innererror", "metadata", "raw", "violations"),
    "provider_specific_fields",
}
"""In which words stand, or more of these."""
CODES = {"code", "type", "status", "reason", "reasons", "error_type", "quotaId"}
"""Nothing else is read: beside them some repeat what the friend has asked."""
SIZES = {"n_prompt_tokens", "n_ctx"}
"""Numbers of llama.cpp's, of which its words say nothing."""
MOST_BYTES, MOST_TOLD, MOST_DEPTH, MOST_ITEMS = 200_000, 20_000, 8, 20

HTML = re.compile(r"\s*(?:<!doctype html|<html|<head|<body|<\?xml|<!--)", re.IGNORECASE)
EVENT = re.compile(r"^data:\s*(\{.*\"error\".*\})\s*$", re.MULTILINE)
"""Of a stream, in which some tell of errors although none was asked for."""


@dataclass(frozen=True)
class Reason:
    """Why there is no answer, as far as the body tells."""

    words: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    is_error: bool = False
    """Whether it stood in a service's error object, rather than in a page or a text."""
    is_page: bool = False

    @property
    def told(self) -> str:
        """Everything, in which to look for what is meant."""
        return " ".join([*self.words, *self.codes])[:MOST_TOLD].lower()

    @property
    def status(self) -> int | None:
        """The one that the service would have answered with, had it answered with the error."""
        return next((int(one) for one in self.codes if re.fullmatch(r"[45]\d\d", one)), None)


def reason_in(body: bytes) -> Reason:
    """Of a body that is no answer, or one that has an error in the answer's place."""
    text = body[:MOST_BYTES].decode("utf-8-sig", "replace")
    read = None if (is_page := HTML.match(text) is not None) else _json(text)
    if read is None:
        return Reason((text[:MOST_TOLD],) if text.strip() else (), is_page=is_page)
    first = read[0] if isinstance(read, list) and read else read
    if isinstance(first, dict) and (choices := first.get("choices")):
        first = choices[0] if isinstance(choices, list) else None
        read = {"error": first.get("error")} if isinstance(first, dict) else {}
    if not isinstance(first, dict) or not (OF_AN_ERROR & first.keys() or _is_status(first)):
        return Reason()
    pieces = list(_pieces(read, "error", MOST_DEPTH))
    words, codes = ([text for is_code, text in pieces if is_code is kind] for kind in (False, True))
    return Reason(tuple(dict.fromkeys(words)), tuple(dict.fromkeys(codes)), bool(pieces))


def _is_status(body: dict[str, Any]) -> bool:
    """As `{"status": {"code": "40100", "message": "Unauthorized"}, "result": null}`."""
    return isinstance(body.get("status"), dict) and "code" in body["status"]


def _json(text: str) -> Any:
    """None where it is no object or list."""
    event = EVENT.search(text) if text.startswith(("data:", "event:")) else None
    try:
        read = json.loads(event[1] if event else text)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict | list) else None


def _pieces(value: Any, key: str, depth: int) -> Iterator[tuple[bool, str]]:
    """What is told under a key, and whether it is a code rather than words."""
    if not depth or value is None or isinstance(value, bool):
        return
    if isinstance(value, str) and (inner := _json(value)) is not None:
        value = inner  # another service's body, or its error as a text
    if isinstance(value, dict):
        for name, one in value.items():
            if name in HOLDERS | CODES | SIZES:
                yield from _pieces(one, name, depth - 1)
    elif isinstance(value, list):
        for one in value[:MOST_ITEMS]:
            yield from _pieces(one, key, depth - 1)
    elif isinstance(value, str | int) and key in CODES:
        yield True, str(value)
    elif isinstance(value, int) and key in SIZES:
        yield False, f"{key}: {value}"
    elif isinstance(value, str) and value.strip() and not HTML.match(value):
        yield False, value.strip()
