"""The talks as files for other programs: a table for Excel, or a line of JSON each.

Both come piece by piece, so that a million of them need no more memory than one.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from chatgee.owner.nicknames import face
from chatgee.owner.time_words import iso, local
from chatgee.store.reading.talks import Talk
from chatgee.texts import Texts

BOM = "\ufeff"
"""Without it Excel takes UTF-8 for something else."""

FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""With these a cell begins that a spreadsheet would work out; a friend may have written it."""

_SIGN = re.compile(
    r"(^|[;\t\r\n])(?=(?:[^\S\t\r\n]|[\x00-\x08\x0e-\x1f\"\xad\u200b-\u200f\u2060\ufeff])*[=+\-@＝＋－＠])"
)
"""Before a formula: where a cell begins, or would in a spreadsheet that cuts at `;` or tabs.

To Excel a quote is a letter once a quoted cell is not followed by its own separator, so that it
cuts within our quotes; and it looks through spaces and through what cannot be seen.
"""

COLUMNS: dict[str, Callable[[Talk, Texts], object]] = {
    "asked_at": lambda talk, _: _written(talk.asked_at),
    "friend": lambda talk, texts: _name(talk, texts),
    "nickname": lambda talk, _: talk.nickname,
    "labels": lambda talk, _: _labels(talk),
    "user_id": lambda talk, _: talk.user_id,
    "room": lambda talk, texts: texts("talks.in_group") if talk.room_id else "",
    "question": lambda talk, _: talk.text,
    "photo": lambda talk, _: talk.image_url,
    "answer": lambda talk, _: talk.shown,
    "kind": lambda talk, texts: texts(f"talks.is_{talk.kind}"),
    "failure": lambda talk, texts: talk.failure and texts(f"failure.{talk.failure}"),
    "answered_at": lambda talk, _: _written(talk.answered_at),
    "delivered_at": lambda talk, _: _written(talk.delivered_at),
    "seconds": lambda talk, _: talk.answered_at and round(talk.answered_at - talk.asked_at, 1),
}
"""Of the table: the text's key below `talks.column_`, and what stands in the cell."""


class Echo:
    """Where a csv writer writes to, to be given its line back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(talks: Iterable[Talk], texts: Texts) -> Iterator[str]:
    row: Callable[[Iterable[object]], str] = csv.writer(Echo(), quoting=csv.QUOTE_ALL).writerow
    yield BOM + row(texts(f"talks.column_{name}") for name in COLUMNS)
    for talk in talks:
        yield row(_harmless(cell(talk, texts)) for cell in COLUMNS.values())


def json_lines(talks: Iterable[Talk], texts: Texts) -> Iterator[str]:
    """Everything that is stored but the callback addresses, which are Kakao's secret."""
    for talk in talks:
        yield json.dumps(_record(talk, texts), ensure_ascii=False) + "\n"


FORMATS = {"csv": (csv_lines, "text/csv"), "jsonl": (json_lines, "application/x-ndjson")}


def pieces(lines: Iterator[str], count: int = 200) -> Iterator[str]:
    """So many lines at once: each piece costs the server as much as one line would."""
    while piece := "".join(islice(lines, count)):
        yield piece


def _record(talk: Talk, texts: Texts) -> dict[str, object]:
    return {
        "id": talk.id,
        "user_id": talk.user_id,
        "friend": _name(talk, texts),
        "nickname": talk.nickname,
        "labels": talk.labels,
        "position": talk.position,
        "room_id": talk.room_id,
        "asked_at": iso(talk.asked_at),
        "text": talk.text,
        "image_url": talk.image_url,
        "state": talk.state,
        "answer": talk.answer,
        "shown": talk.shown,
        "failure": talk.failure,
        "said": talk.said,
        "handled": talk.handled,
        "broken_off": talk.broken_off,
        "answered_at": talk.answered_at and iso(talk.answered_at),
        "delivery": talk.delivery,
        "delivered_at": talk.delivered_at and iso(talk.delivered_at),
    }


def _name(talk: Talk, texts: Texts) -> str:
    """Ours, which stays the same whatever the owner calls the friend."""
    known = face(talk.user_id, texts)
    return f"{known.name} {known.code}"


def _labels(talk: Talk) -> str:
    return ", ".join(talk.labels)


def _written(at: float | None) -> str | None:
    return None if at is None else f"{local(at):%Y-%m-%d %H:%M:%S}"


def _harmless(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    guarded = _SIGN.sub(r"\1'", cell)
    return f"'{guarded}" if guarded.startswith(FORMULA) else guarded
