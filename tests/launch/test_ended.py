"""A thread that ends before its program: everybody is told so at once, and nobody is held."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event
from typing import Any

import pytest
import requests

from chatgee import app, launch, settings
from chatgee.conversation.worker_thread import Worker
from chatgee.errors import ChatGeeError, StoreError
from chatgee.launch import ENDED
from chatgee.store import Store
from chatgee.texts import Texts
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeKakao, FakeOpenAI
from tests.support.kakao_side import Shown

FETCH = "생각 다했니?"
HOLD_SECONDS = 4.5


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """With a wait that nobody can take for none."""
    return environ | {"REPLY_SECONDS": str(HOLD_SECONDS)}


def end_store(store: Store) -> None:
    """By what no work keeps to itself."""
    with pytest.raises(StoreError):
        store.database.submit(lambda _: sys.exit("a bug of ours")).result(PATIENCE)
    joined(store.database)


def end_worker(worker: Worker) -> None:
    async def bug() -> None:
        sys.exit("a bug of ours")

    worker.run(bug())
    joined(worker)


def joined(whose: Any) -> None:
    whose._thread.join(PATIENCE)
    assert not whose._thread.is_alive()


def get(bot: Bot, path: str) -> requests.Response:
    return requests.get(bot.url + path, timeout=PATIENCE)


def worker_of(bot: Bot) -> Worker:
    assert bot.running
    return bot.running.worker


def at_once(shown: Shown) -> bool:
    return shown.seconds < HOLD_SECONDS / 2


# --- whoever looks --------------------------------------------------------------------------


def test_where_the_store_has_ended_whoever_looks_is_told(bot: Bot) -> None:
    end_store(bot.store)
    told = get(bot, "/health")
    assert (told.status_code, told.json()["reason"]) == (503, "storage")
    assert told.json()["hint"] == bot.texts("hint.start")
    live = get(bot, "/health/live")
    assert (live.status_code, live.json()["reason"]) == (503, "storage")
    home = get(bot, "/").text
    assert bot.texts("hint.start") in home
    assert bot.texts("next.start") in home


def test_where_the_worker_has_ended_whoever_looks_is_told(bot: Bot) -> None:
    end_worker(worker_of(bot))
    told = get(bot, "/health")
    assert (told.status_code, told.json()["reason"]) == (503, "no_worker")
    assert told.json()["hint"] == bot.texts("hint.start")
    assert get(bot, "/health/live").status_code == 200, "questions are written down all the same"
    home = get(bot, "/").text
    assert bot.texts("hint.start") in home
    assert bot.texts("next.start") in home


def test_where_others_answer_it_is_no_matter_that_ours_has_ended(
    environ: dict[str, str], database_url: str
) -> None:
    with Bot(environ | {"DATABASE_URL": database_url}).open() as bot:
        end_worker(worker_of(bot))
        assert get(bot, "/health").status_code == 200
        assert bot.friend().says("질문").text.endswith("답: 질문")


# --- friends --------------------------------------------------------------------------------


def test_where_the_store_has_ended_a_friend_is_told_at_once(bot: Bot) -> None:
    end_store(bot.store)
    shown = bot.friend().says("질문")
    assert shown.bubbles == [bot.texts("reply.not_stored")]
    assert at_once(shown)


def test_where_the_worker_has_ended_a_friend_is_told_at_once_and_answered_after_a_new_start(
    stopped_bot: Bot, fake_kakao: FakeKakao
) -> None:
    with stopped_bot.open(CALLBACK="always") as bot:
        friend = bot.known(callback_url=fake_kakao.callback_url())
        end_worker(worker_of(bot))
        shown = friend.says("질문")
        assert (shown.bubbles, [*shown.buttons]) == ([bot.texts("reply.no_worker")], [FETCH])
        assert at_once(shown)
        again = friend.presses(shown, FETCH)
        assert (again.bubbles, again.buttons) == (shown.bubbles, shown.buttons)
        assert at_once(again)
    with stopped_bot.open() as bot:
        friend = bot.friend()
        assert friend.presses(shown, FETCH).bubbles == ["답: 질문"]


@pytest.mark.parametrize("part", ["store", "worker"])
def test_who_is_held_just_then_gets_the_button(
    bot: Bot, fake_openai: FakeOpenAI, part: str
) -> None:
    friend = bot.known()
    fake_openai.hold()
    with ThreadPoolExecutor(1) as phone:
        held = phone.submit(friend.says, "질문")
        fake_openai.wait_for(2)
        if part == "store":
            end_store(bot.store)
        else:
            end_worker(worker_of(bot))
        shown = held.result(PATIENCE)
    fake_openai.release()
    assert [*shown.buttons] == [FETCH]
    assert at_once(shown)


# --- the parts themselves -------------------------------------------------------------------


def test_a_store_that_has_ended_refuses_all_that_waits_and_holds_no_lock(database: str) -> None:
    told: list[str] = []
    store = Store(database, tell=lambda key, why: told.append(key))
    begun, go_on = Event(), Event()

    def bug(db: Any) -> None:
        begun.set()
        go_on.wait(PATIENCE)
        db.change("count_question", user_id="nobody", in_group=0, now=0.0)
        sys.exit("a bug of ours")

    works: list[Callable[[], Any]] = [
        lambda: store.database.submit(bug),
        lambda: store.ask("one", "friend", "질문"),
        lambda: store.let_go(["one"]),
    ]
    futures = [works[0]()]
    assert begun.wait(PATIENCE)
    futures += [work() for work in works[1:]]
    go_on.set()
    joined(store.database)
    futures.append(store.ask("two", "friend", "질문"))
    assert all(isinstance(one.exception(PATIENCE), StoreError) for one in futures)
    assert told == ["start.store_ended"]
    other = Store(database)
    assert other.ask("three", "friend", "질문").result(PATIENCE).place == 1
    other.close()
    store.close()


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


def test_of_a_worker_that_has_ended_nobody_waits_for_anything(worker: Worker) -> None:
    async def nothing(*_: Any) -> None: ...

    async def think() -> None:
        await asyncio.Event().wait()

    told: list[str] = []
    worker.start(nothing, nothing, ended=told.append)
    before = worker.call(think())
    end_worker(worker)
    for future in (before, worker.call(think())):
        with pytest.raises(CancelledError):
            future.result(PATIENCE)
    worker.submit("friend")
    assert told == ["a bug of ours"]


def test_what_listens_to_others_goes_on_after_an_error_of_ours(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it answers of other machines would come with the next message alone."""
    from chatgee.cluster import listener, queue

    monkeypatch.setattr(listener, "ALIVE_SECONDS", 0.0)
    queue.make_tables(database_url)
    again, bugs = Event(), [LookupError("a bug of ours")]

    def counted(workers: int) -> None:
        if bugs:
            raise bugs.pop()
        again.set()

    listening = listener.NewsListener(database_url, {}, lambda: None, counted)
    listening.start()
    assert again.wait(PATIENCE)
    listening.close()


def test_a_program_that_only_works_ends_with_its_threads(
    environ: dict[str, str], database_url: str
) -> None:
    """Others take up what it has begun; alive and idle, it would be taken for one that works."""
    ours = settings.load(environ | {"DATABASE_URL": database_url})
    ended = Event()
    with app.working(ours, Texts.load(), ended=ended.set) as inner:
        end_store(inner.store)
        assert ended.wait(PATIENCE)


def test_and_it_says_so(
    environ: dict[str, str], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**environ, "DATABASE_URL": database_url}.items():
        monkeypatch.setenv(name, value)
    ours, events = settings.load(), SimpleQueue[Any]()
    events.put(ENDED)
    with pytest.raises(ChatGeeError) as caught:
        launch._work(ours, Texts.load(ours.texts_path), events)
    assert caught.value.key == "hint.start"
