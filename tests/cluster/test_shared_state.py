"""What webs keep: the same promises in one program's memory and in a database of many."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")

from chatgee.cluster import shared_state
from chatgee.cluster.queue import Queue, make_tables
from chatgee.cluster.shared_state import InDatabase
from chatgee.kakao import messages
from chatgee.kakao.messages import Reply
from chatgee.owner import doctor_run as doctor
from chatgee.owner import login_tries
from chatgee.owner.doctor_run import SILENT_SECONDS, CheckLine, DoctorRun, Record
from chatgee.simulator import callbacks, photos
from chatgee.simulator.callbacks import CallbackReceiver
from chatgee.simulator.photos import Photos
from chatgee.store import Store
from chatgee.system import own_mark
from chatgee.system.key_values import Entry, InMemory, KeyValues
from tests.support.far_ends import PATIENCE
from tests.support.postgres import OwnServer
from tests.support.tunnel_side import until

BODY = messages.encode(Reply(("늦은 답",)))
JPEG = b"\xff\xd8\xff"
AT_ONCE = 8

Two = tuple[KeyValues, KeyValues]


class Clock:
    """The database's, which can be put forward."""

    ahead = 0.0

    def __init__(self, store: Store) -> None:
        self._now, store.database.now = store.database.now, self

    def __call__(self) -> float:
        return self._now() + self.ahead


@pytest.fixture
def stores(database_url: str) -> Iterator[tuple[Store, Store]]:
    """Of two programs."""
    make_tables(database_url)
    both = Store(database_url, teller=Queue()), Store(database_url, teller=Queue())
    yield both
    for one in both:
        one.close()


@pytest.fixture(params=["alone", "together"])
def two(request: pytest.FixtureRequest, stores: tuple[Store, Store]) -> Two:
    """What a program keeps in two of its threads, or two programs with one database."""
    if request.param == "together":
        return InDatabase(stores[0]), InDatabase(stores[1])
    alone = InMemory()
    return alone, alone


def tries_of(key_values: KeyValues) -> Entry[tuple[tuple[float, str], ...]]:
    return Entry(key_values, login_tries.NAME, (), lambda told: tuple(map(tuple, told)))


# --- values ---------------------------------------------------------------------------------


def test_a_value_that_many_change_at_once_loses_no_change(two: Two) -> None:
    def add(number: int) -> int:
        kept = tries_of(two[number % 2])
        return kept.change(lambda tries: ((*tries, (float(number), "a")), len(tries)))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        before = list(pool.map(add, range(40)))
    assert sorted(before) == list(range(40))
    told = tries_of(two[1]).change(lambda tries: (tries, tries))
    assert sorted(told) == [(float(number), "a") for number in range(40)]


def test_where_nothing_has_changed_nothing_is_written(stores: tuple[Store, Store]) -> None:
    tries = tries_of(InDatabase(stores[0]))
    tries.change(lambda _: (((1.0, "a"),), None))
    for _ in range(3):
        tries.change(lambda it: (it, None))
    note = stores[1].note(login_tries.NAME).result()
    assert note
    assert note.version == 1


# --- letters --------------------------------------------------------------------------------


def test_of_many_who_bring_a_letter_one_may_leave_it(two: Two) -> None:
    boxes = list(map(CallbackReceiver, two))
    token = boxes[0].open()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(lambda n: boxes[n % 2].take(token, BODY), range(AT_ONCE)))
    assert sorted(answer["status"] for answer in told if answer) == ["FAIL"] * 7 + ["SUCCESS"]
    letters = [box.look(token) for box in boxes]
    assert [letter and letter.body for letter in letters] == [json.loads(BODY)] * 2
    assert all(letter and letter.used and not letter.is_open for letter in letters)


@pytest.mark.parametrize("body", [b"", b"\xff", b"{}", b'{"version": "\\u0000\\ud800"}'])
def test_a_letter_that_nobody_can_show_is_the_same_everywhere(two: Two, body: bytes) -> None:
    one, other = map(CallbackReceiver, two)
    token = one.open()
    assert (answer := other.take(token, body))
    assert answer["status"] == "ERROR"
    assert (letter := one.look(token))
    assert (letter.body, letter.problems) == callbacks.read(body)


def test_the_oldest_letters_are_forgotten(two: Two) -> None:
    boxes = list(map(CallbackReceiver, two))
    tokens = [boxes[n % 2].open() for n in range(callbacks.MOST_ADDRESSES + 1)]
    assert [boxes[0].look(token) is None for token in tokens[:2]] == [True, False]


def test_a_minute_is_over_at_the_same_moment_everywhere(stores: tuple[Store, Store]) -> None:
    one, other = (CallbackReceiver(InDatabase(store)) for store in stores)
    clock, token = Clock(stores[1]), one.open()
    clock.ahead = callbacks.OPEN_SECONDS - 5
    assert (letter := other.look(token))
    assert letter.is_open
    clock.ahead = callbacks.OPEN_SECONDS + 1
    assert (letter := other.look(token))
    assert (letter.used, letter.is_open) == (False, False)
    assert (answer := other.take(token, BODY))
    assert answer["status"] == "FAIL"


def test_only_addresses_that_were_given_out_are_taken_by_hand(stores: tuple[Store, Store]) -> None:
    box, worker = (CallbackReceiver(InDatabase(store)) for store in stores)
    url = box.url(box.open())
    assert box.is_ours(url)
    assert not box.is_ours(url + "x")
    assert (take := worker.taker(url))
    assert (answer := take(BODY))
    assert answer["status"] == "SUCCESS"
    assert (take := worker.taker(url + "x"))
    assert take(BODY) is None
    assert worker.taker("https://bot-api.kakao.com/v1/callback/x") is None
    here = CallbackReceiver(InMemory(), "http://127.0.0.1:6959")
    assert here.taker(here.url(here.open())) is None


# --- photos ---------------------------------------------------------------------------------


def test_a_photo_is_seen_by_all_and_the_oldest_are_forgotten(two: Two) -> None:
    urls = [Photos(two[n % 2]).keep(JPEG + bytes([n])) for n in range(photos.MOST_PHOTOS + 1)]
    for key_values in two:
        seen = [Photos(key_values).for_model(url) for url in urls]
        assert seen[0] == urls[0]
        assert seen[1:] == [inlined(JPEG + bytes([n])) for n in range(1, len(urls))]
    with pytest.raises(ValueError, match="JPEG"):
        Photos(two[0]).keep(b"GIF89a")


def inlined(picture: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(picture).decode()


def tidied(store: Store) -> list[str]:
    asyncio.run(shared_state.tidy(store))
    return [note.name for note in store.notes("").result()]


def test_what_nobody_asks_for_any_more_is_dropped(stores: tuple[Store, Store]) -> None:
    shared, clock = InDatabase(stores[0]), Clock(stores[0])
    shared.change(own_mark.NAME, own_mark.first)
    Photos(shared).keep(JPEG)
    CallbackReceiver(shared).open()
    tries_of(shared).change(lambda _: (((1.0, "203.0.113.5"),), None))
    stores[0].write_note("settings", "of somebody else").result()
    assert len(tidied(stores[0])) == 5
    clock.ahead = 2 * shared_state.HOUR
    left = tidied(stores[0])
    assert [name.split("/")[0] for name in left] == ["proof", "desk", "settings"], "the photo"
    clock.ahead = shared_state.DAY + 1
    assert tidied(stores[0]) == [own_mark.NAME, "settings"]


# --- the doctor's doctor_run ---------------------------------------------------------------------


def test_a_visit_whose_program_died_ends_and_another_may_begin(
    stores: tuple[Store, Store],
) -> None:
    clock = Clock(stores[0])
    doctor_run = DoctorRun(("python", "disk"), key_values=InDatabase(stores[0]), now=clock)
    line = CheckLine("python", "good", "3.12", None)
    dead = Record("of-another", "class-3b", clock(), ended=False, found=(line,))
    note = json.dumps(vars(dead) | {"found": [vars(line)]})
    stores[1].write_note(doctor.NAME, note).result()
    doctor_run.begin()
    report = doctor_run.report()
    assert (report.running, report.found, report.machine) == (True, (line,), "class-3b")
    clock.ahead = SILENT_SECONDS + 1
    report = doctor_run.report()
    assert (report.running, report.ended_at, report.found) == (False, dead.heard_at, (line,))
    doctor_run.begin()
    assert doctor_run.report().found == ()


def test_a_doctor_who_has_begun_goes_on_when_the_database_goes_away(
    own_postgres: OwnServer,
) -> None:
    away = threading.Event()

    def look() -> Iterator[CheckLine]:
        yield CheckLine("python", "good", "3.12", None)
        assert away.wait(PATIENCE)
        yield CheckLine("disk", "bad", "full", "이렇게요")

    store = Store(own_postgres.url("postgres"), teller=Queue())
    doctor_run = DoctorRun(("python", "disk"), look, InDatabase(store), store.now)
    doctor_run.begin()
    until(lambda: len(doctor_run.report().found) == 1)
    own_postgres.kill()
    away.set()
    until(lambda: not doctor_run.report().running)
    assert [one.text for one in doctor_run.report().found] == ["3.12", "full"]
    away.clear()
    doctor_run.begin()
    assert doctor_run.report().running, "one more may begin"
    away.set()
    until(lambda: not doctor_run.report().running)
    store.close()
