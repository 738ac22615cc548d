"""What the webs of a company keep together, as notes in the database that they share."""

import asyncio
import base64
import json
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from chatgee.cluster.state import Keepers
from chatgee.errors import StoreError
from chatgee.owner.doctor_run import Line, Record
from chatgee.owner.login_tries import WINDOW_SECONDS, Tries
from chatgee.simulator import callbacks, photos
from chatgee.simulator.callbacks import Letter, Postbox
from chatgee.store import Store
from chatgee.store.patience import soon
from chatgee.system import own_mark
from chatgee.system.changeable import Here

T = TypeVar("T")
R = TypeVar("R")

PHOTOS, LETTERS, TRIES, VISIT, PROOF = "desk/photos/", "desk/letters/", "logins", "doctor", "proof"
DAY, HOUR = 86_400.0, 3_600.0
OF_PHOTOS = PHOTOS, photos.MOST_PHOTOS, DAY
OF_LETTERS = LETTERS, callbacks.MOST_LETTERS, HOUR
OF_TRIES = TRIES, 1, WINDOW_SECONDS
"""Of which notes how many are kept, and for how many seconds."""

NOWHERE = "http://desk.invalid"
"""Where callbacks of pretend friends are addressed to, and nobody posts: the worker that keeps the
promise cannot reach the web that gave the address out, and puts the letter here itself."""


def shared(store: Store) -> Keepers:
    """`StoreError` where the database is away."""
    box = Postbox(NOWHERE, letters=Letters(store))
    record = OrHere(Shared(store, VISIT, _record, _as_json, Record()), Record())
    machine = socket.gethostname()
    tries: Shared[Tries] = Shared(store, TRIES, _tries, json.dumps, ())
    return Keepers(
        clock=store.now,
        tries=tries,
        album=Photos(store),
        postbox=lambda local: box,
        machine=machine,
        visit=lambda visit: visit.told_to(record, store.now, machine),
        secret=store.change_note(PROOF, lambda known: _first(known, own_mark.SECRET)).result(),
        by_hand=partial(_by_hand, box),
    )


async def tidy(store: Store) -> None:
    """Drop what nobody will ask for any more."""
    for prefix, most, seconds in (OF_PHOTOS, OF_LETTERS, OF_TRIES):
        await asyncio.wrap_future(store.trim_notes(prefix, most, seconds))


def _first(known: str | None, mine: str) -> tuple[str | None, str]:
    """The secret of whoever was here first."""
    return (None, known) if known else (mine, mine)


def _by_hand(box: Postbox, url: str) -> Callable[[bytes], dict[str, Any] | None] | None:
    token = box.token(url)
    return None if token is None else partial(box.take, token)


# --- one value ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shared(Generic[T]):
    """In a note; see `chatgee.system.changeable.Kept`."""

    store: Store
    name: str
    read: Callable[[str], T]
    write: Callable[[T], str]
    nothing: T
    """What it is as long as there is no note."""

    def change(self, work: Callable[[T], tuple[T, R]]) -> R:
        def change(text: str | None) -> tuple[str | None, R]:
            before = self.nothing if text is None else self.read(text)
            after, result = work(before)
            return None if after == before else self.write(after), result

        return soon(self.store.change_note(self.name, change))


class OrHere(Generic[T]):
    """Goes on in this program alone while the database is away: a doctor is needed then."""

    def __init__(self, shared: Shared[T], nothing: T) -> None:
        self._shared, self._here = shared, Here(nothing)

    def change(self, work: Callable[[T], tuple[T, R]]) -> R:
        def both(value: T) -> tuple[T, tuple[T, R]]:
            after, result = work(value)
            return after, (after, result)

        try:
            after, result = self._shared.change(both)
        except StoreError:
            return self._here.change(work)
        self._here.change(lambda _: (after, None))
        return result


def _tries(text: str) -> Tries:
    return tuple((moment, source) for moment, source in json.loads(text))


def _record(text: str) -> Record:
    told = json.loads(text)
    return Record(**told | {"found": tuple(Line(**one) for one in told["found"])})


def _as_json(record: Record) -> str:
    return json.dumps(asdict(record))


# --- the desk -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Photos:
    """See `chatgee.simulator.photos.Album`."""

    store: Store

    def keep(self, picture: bytes) -> str:
        url = photos.new_address(picture)
        soon(self.store.write_note(_named(url), base64.b64encode(picture).decode()))
        soon(self.store.trim_notes(*OF_PHOTOS))
        return url

    def for_model(self, url: str | None) -> str | None:
        if url is None or not photos.is_pretended(url):
            return url
        note = soon(self.store.note(_named(url)))
        return photos.inlined(base64.b64decode(note.value)) if note else url


def _named(url: str) -> str:
    return PHOTOS + url.removeprefix(photos.PREFIX)


@dataclass(frozen=True)
class Letters:
    """See `chatgee.simulator.callbacks.Letters`.

    Moments are written down by the clock that all share, and read on this program's own.
    """

    store: Store

    def put(self, token: str, letter: Letter) -> None:
        soon(self.store.write_note(LETTERS + token, self._written(letter)))
        soon(self.store.trim_notes(*OF_LETTERS))

    def find(self, token: str) -> Letter | None:
        note = soon(self.store.note(LETTERS + token))
        return self._read(note.value) if note else None

    def use(self, token: str, letter: Letter) -> bool:
        def used(text: str | None) -> tuple[str | None, bool]:
            if text is None or self._read(text).used:
                return None, False
            return self._written(letter), True

        return soon(self.store.change_note(LETTERS + token, used))

    def _written(self, letter: Letter) -> str:
        ahead = self._ahead()
        moments = letter.opened_at + ahead, letter.until + ahead
        return json.dumps([*moments, letter.used, _body(letter), letter.seconds])

    def _read(self, text: str) -> Letter:
        opened_at, until, used, body, seconds = json.loads(text)
        ahead = self._ahead()
        came, wrong = (None, ()) if body is None else callbacks.read(body.encode())
        return Letter(opened_at - ahead, until - ahead, used, came, wrong, seconds)

    def _ahead(self) -> float:
        return self.store.now() - time.monotonic()


def _body(letter: Letter) -> str | None:
    """As JSON, which no database refuses; what was none reads as none again."""
    if not letter.used:
        return None
    return "" if letter.body is None and letter.problems else json.dumps(letter.body)
