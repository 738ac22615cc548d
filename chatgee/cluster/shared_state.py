"""What several webs keep together, as notes in the database that they share."""

import asyncio
import base64
import json
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from chatgee.cluster.state import SharedValues
from chatgee.errors import StoreError
from chatgee.owner.doctor_run import Line, Record
from chatgee.owner.login_tries import WINDOW_SECONDS, Tries
from chatgee.simulator import callbacks, photos
from chatgee.simulator.callbacks import CallbackReceiver, ReceivedCallback
from chatgee.store import Store
from chatgee.store.bounded_wait import soon
from chatgee.system import own_mark
from chatgee.system.changeable_value import ValueHere

T = TypeVar("T")
R = TypeVar("R")

PHOTOS, LETTERS, TRIES, VISIT, PROOF = "desk/photos/", "desk/letters/", "logins", "doctor", "proof"
DAY, HOUR = 86_400.0, 3_600.0
OF_PHOTOS = PHOTOS, photos.MOST_PHOTOS, DAY
OF_LETTERS = LETTERS, callbacks.MOST_LETTERS, HOUR
OF_TRIES = TRIES, 1, WINDOW_SECONDS
"""Of which notes how many are kept, and for how many seconds."""

NOWHERE = "http://desk.invalid"
"""Where callbacks of simulated friends are addressed to, and nobody posts: the worker that keeps
the promise cannot reach the web that gave the address out, and puts the answer here itself."""


def shared(store: Store) -> SharedValues:
    """`StoreError` where the database is away."""
    box = CallbackReceiver(NOWHERE, storage=SharedCallbacks(store))
    record = SharedOrHere(SharedValue(store, VISIT, _record, _as_json, Record()), Record())
    machine = socket.gethostname()
    tries: SharedValue[Tries] = SharedValue(store, TRIES, _tries, json.dumps, ())
    return SharedValues(
        clock=store.now,
        tries=tries,
        photos=SharedPhotos(store),
        callback_receiver=lambda local: box,
        machine=machine,
        doctor_run=lambda doctor_run: doctor_run.told_to(record, store.now, machine),
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


def _by_hand(box: CallbackReceiver, url: str) -> Callable[[bytes], dict[str, Any] | None] | None:
    token = box.token(url)
    return None if token is None else partial(box.take, token)


# --- one value ------------------------------------------------------------------------------


@dataclass(frozen=True)
class SharedValue(Generic[T]):
    """In a note; see `Changeable`."""

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


class SharedOrHere(Generic[T]):
    """Goes on in this program alone while the database is away: a doctor is needed then."""

    def __init__(self, shared: SharedValue[T], nothing: T) -> None:
        self._shared, self._here = shared, ValueHere(nothing)

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


# --- the simulator -------------------------------------------------------------------------------


@dataclass(frozen=True)
class SharedPhotos:
    """See `PhotoStorage`."""

    store: Store

    def keep(self, picture: bytes) -> str:
        url = photos.new_address(picture)
        soon(self.store.write_note(_named(url), base64.b64encode(picture).decode()))
        soon(self.store.trim_notes(*OF_PHOTOS))
        return url

    def for_model(self, url: str | None) -> str | None:
        if url is None or not photos.is_simulated(url):
            return url
        note = soon(self.store.note(_named(url)))
        return photos.inlined(base64.b64decode(note.value)) if note else url


def _named(url: str) -> str:
    return PHOTOS + url.removeprefix(photos.PREFIX)


@dataclass(frozen=True)
class SharedCallbacks:
    """See `CallbackStorage`.

    Moments are written down by the clock that all share, and read on this program's own.
    """

    store: Store

    def put(self, token: str, received: ReceivedCallback) -> None:
        soon(self.store.write_note(LETTERS + token, self._written(received)))
        soon(self.store.trim_notes(*OF_LETTERS))

    def find(self, token: str) -> ReceivedCallback | None:
        note = soon(self.store.note(LETTERS + token))
        return self._read(note.value) if note else None

    def use(self, token: str, received: ReceivedCallback) -> bool:
        def used(text: str | None) -> tuple[str | None, bool]:
            if text is None or self._read(text).used:
                return None, False
            return self._written(received), True

        return soon(self.store.change_note(LETTERS + token, used))

    def _written(self, received: ReceivedCallback) -> str:
        ahead = self._ahead()
        moments = received.opened_at + ahead, received.until + ahead
        return json.dumps([*moments, received.used, _body(received), received.seconds])

    def _read(self, text: str) -> ReceivedCallback:
        opened_at, until, used, body, seconds = json.loads(text)
        ahead = self._ahead()
        came, wrong = (None, ()) if body is None else callbacks.read(body.encode())
        return ReceivedCallback(opened_at - ahead, until - ahead, used, came, wrong, seconds)

    def _ahead(self) -> float:
        return self.store.now() - time.monotonic()


def _body(received: ReceivedCallback) -> str | None:
    """As JSON, which no database refuses; what was none reads as none again."""
    if not received.used:
        return None
    return "" if received.body is None and received.problems else json.dumps(received.body)
