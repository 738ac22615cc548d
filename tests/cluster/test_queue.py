"""The queue of a cluster: every stored question has its job, and jobs go in the right order."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Any

import pytest

pytest.importorskip("procrastinate", reason="pip install -r requirements-cluster.txt")

from chatgee.cluster import queue
from chatgee.cluster import worker_process as cluster_worker
from chatgee.cluster.worker_process import ClusterWorker, Duties
from chatgee.conversation.worker_thread import Worker
from chatgee.errors import StoreError
from chatgee.store import Limits, Store
from chatgee.store.database_session import Session
from tests.support.far_ends import PATIENCE
from tests.support.postgres import connect

NEVER = 3600.0
"""The queue is looked at so seldom: what is told of has to be enough."""


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store(database_url, teller=queue.Queue())
    queue.make_tables(database_url)
    yield store
    store.close()


@contextmanager
def working(
    url: str, answer: Callable[[str], Awaitable[None]], look_seconds: float = NEVER
) -> Iterator[Worker]:
    async def nothing(*_: Any) -> None: ...

    worker = Worker()
    worker.start(nothing, nothing)
    worker.run(ClusterWorker(url, Duties(answer, nothing, nothing), 100, look_seconds).run())
    yield worker
    worker.close()


class Diary:
    """What was begun and ended, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.news = Condition()

    def write(self, line: str) -> None:
        with self.news:
            self.lines.append(line)
            self.news.notify_all()

    def until(self, count: int) -> list[str]:
        with self.news:
            assert self.news.wait_for(lambda: len(self.lines) >= count, PATIENCE), self.lines
            return list(self.lines)


def locks(url: str) -> list[str]:
    with connect(url) as database:
        rows = database.execute("SELECT lock FROM procrastinate_jobs WHERE lock IS NOT NULL")
        return [row[0] for row in rows]


def test_a_stored_question_has_its_job(store: Store, database_url: str) -> None:
    store.ask("one", "민지", "질문").result(PATIENCE)
    assert locks(database_url) == ["민지"]


def test_a_groups_question_waits_for_those_of_the_group(store: Store, database_url: str) -> None:
    for number, room in enumerate((None, " group:반", None)):
        store.ask(str(number), "민지", "질문", room_id=room).result(PATIENCE)
    store.ask("3", "수호", "질문", room_id=" group:반").result(PATIENCE)
    assert locks(database_url) == ["민지", " group:반", "민지", " group:반"]


def test_a_job_of_an_older_version_is_done(store: Store, database_url: str) -> None:
    diary = Diary()

    async def answer(room_id: str) -> None:
        diary.write(room_id)

    store.ask("one", "민지", "질문").result(PATIENCE)
    with connect(database_url) as database:
        database.execute('UPDATE procrastinate_jobs SET args = \'{"user_id": "민지"}\'')
    with working(database_url, answer):
        assert diary.until(1) == ["민지"]


def test_a_refused_question_has_none(store: Store, database_url: str) -> None:
    limits = Limits(per_day=1)
    store.ask("one", "민지", "질문", limits=limits).result(PATIENCE)
    assert store.ask("two", "민지", "질문", limits=limits).result(PATIENCE).refusal
    assert locks(database_url) == ["민지"]


def test_where_no_job_can_be_written_no_question_is(store: Store, database_url: str) -> None:
    with connect(database_url) as database:
        database.execute("ALTER TABLE procrastinate_jobs ADD CHECK (lock <> '민지')")
    with pytest.raises(StoreError):
        store.ask("one", "민지", "질문").result(PATIENCE)
    store.ask("two", "수호", "질문").result(PATIENCE)
    assert store.find("one", "민지").result(PATIENCE) is None
    assert locks(database_url) == ["수호"]


def test_work_that_is_rolled_back_tells_nobody(store: Store, database_url: str) -> None:
    def bug(db: Session) -> None:
        db.news.asked.append("민지")
        raise LookupError("a bug of ours")

    with pytest.raises(LookupError):
        store.database.submit(bug).result(PATIENCE)
    store.ask("one", "수호", "질문").result(PATIENCE)
    assert locks(database_url) == ["수호"]


def test_a_friends_questions_go_one_after_the_other_without_a_pause(
    store: Store, database_url: str
) -> None:
    diary = Diary()

    async def answer(user_id: str) -> None:
        diary.write("begun")
        await asyncio.sleep(0)
        diary.write("ended")

    with working(database_url, answer), working(database_url, answer):
        for number in range(20):
            store.ask(str(number), "민지", "질문").result(PATIENCE)
        lines = diary.until(40)
    assert lines == ["begun", "ended"] * 20


def test_friends_do_not_wait_for_each_other(store: Store, database_url: str) -> None:
    diary = Diary()

    async def answer(user_id: str) -> None:
        diary.write(user_id)
        while len(diary.lines) < 10:
            await asyncio.sleep(0.001)

    friends = [f"friend-{number}" for number in range(10)]
    with working(database_url, answer):
        for one in friends:
            store.ask(one, one, "질문").result(PATIENCE)
        assert sorted(diary.until(10)) == friends


def test_what_fails_is_tried_again_and_nobody_comes_before_it(
    store: Store, database_url: str
) -> None:
    diary = Diary()

    async def answer(user_id: str) -> None:
        diary.write("tried")
        if len(diary.lines) < 3:
            raise OSError("the network is away")

    with working(database_url, answer, 0.1):  # it is looked for, with a pause: nobody tells of it
        store.ask("one", "민지", "질문").result(PATIENCE)
        assert diary.until(3)


def test_nothing_goes_on_where_the_end_does_not_wait_for_it(
    store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the server is away, and takes the time that was there."""
    monkeypatch.setattr(cluster_worker, "GLANCE_SECONDS", 0.1 - cluster_worker.LAST_SECONDS)
    diary = Diary()

    async def answer(user_id: str) -> None:
        diary.write("begun")
        try:
            await asyncio.Event().wait()
        finally:
            diary.write("ended")

    with working(database_url, answer):
        store.ask("one", "민지", "질문").result(PATIENCE)
        diary.until(1)
    assert diary.lines == ["begun", "ended"]


def test_an_error_of_ours_is_told_however_often_it_is_tried_again(
    store: Store, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    diary = Diary()

    async def answer(user_id: str) -> None:
        diary.write("tried")
        raise LookupError("a bug of ours")

    with working(database_url, answer, 0.1):
        store.ask("one", "민지", "질문").result(PATIENCE)
        diary.until(3)
    assert caplog.text.count("LookupError: a bug of ours") == 1


def test_what_a_worker_leaves_at_its_end_is_taken_up_by_another(
    store: Store, database_url: str
) -> None:
    left, taken = Diary(), Diary()

    async def hang(user_id: str) -> None:
        left.write("begun")
        await asyncio.sleep(NEVER)

    async def answer(user_id: str) -> None:
        taken.write("answered")

    with working(database_url, hang):
        store.ask("one", "민지", "질문").result(PATIENCE)
        left.until(1)
    with working(database_url, answer):
        assert taken.until(1) == ["answered"]
