"""Two webs, two workers, PostgreSQL and nginx, all real, each a process of this machine."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import requests

from chatgee.texts import Texts
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.kakao_side import Friend, Shown
from tests.support.tunnel_side import until
from tests.support.visitor import (
    HTML,
    OUTSIDE,
    PASSWORD,
    ask,
    came_in,
    changed,
    enter,
    sees,
    token_of,
)

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")
from tests.support import topology as real
from tests.support.topology import Topology, is_live

if TYPE_CHECKING:
    from tests.support.postgres import OwnServer, Server

FETCH, NOT_YET = (Texts.load()(name) for name in ("button.fetch", "reply.not_yet"))
ENOUGH = 20
NOTICED_SECONDS = 1.0
"""After so long everybody is sent to a web that is there."""


@pytest.fixture(scope="module")
def model() -> Iterator[FakeOpenAI]:
    end = FakeOpenAI()
    yield end
    end.close()


def environ_of(model: FakeOpenAI, folder: object, url: str, **more: str) -> dict[str, str]:
    ours = {"DATABASE_URL": url, "DATA_DIR": str(folder), "ADMIN_PASSWORD": PASSWORD}
    theirs = {"OPENAI_API_KEY": "sk-test-0123456789", "OPENAI_BASE_URL": model.url}
    return ours | theirs | {"REPLY_SECONDS": "4.0"} | more


@pytest.fixture(scope="module")
def shared(
    model: FakeOpenAI, postgres: "Server", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Topology]:
    url = postgres.create()
    folder = tmp_path_factory.mktemp("topology")
    with real.running(environ_of(model, folder, url)) as topology:
        yield topology
    postgres.drop(url)


@pytest.fixture
def topology(shared: Topology, model: FakeOpenAI) -> Iterator[Topology]:
    """All well, and the model has heard nothing yet."""
    for number, web in enumerate(shared.webs):
        if web.process.poll() is not None:
            shared.webs[number] = shared.start_web(number)
    shared.all_well()
    model.requests.clear()
    yield shared
    model.release()


def each(friends: Sequence[Friend], words: str) -> list[Shown]:
    with ThreadPoolExecutor(len(friends)) as pool:
        return list(pool.map(lambda friend: friend.says(f"{words} {friend.id}"), friends))


def fetched(friend: Friend, shown: Shown) -> str:
    """The answer, by as many presses as it takes on a busy machine."""
    until = time.monotonic() + PATIENCE
    while FETCH in shown.buttons and time.monotonic() < until:
        shown = friend.presses(shown, FETCH)
    return shown.text


def friends(topology: Topology, count: int, test: str) -> list[Friend]:
    return [topology.friend(f"{test}-{number}") for number in range(count)]


@dataclass
class Crowd:
    """What friends who ask one question after another were shown, and when they had asked."""

    shown: list[tuple[float, str]] = field(default_factory=list)
    wrong: list[Exception] = field(default_factory=list)

    def since(self, moment: float) -> list[str]:
        return [text for at, text in self.shown if at >= moment]

    def troubles(self, since: float = 0.0) -> list[str]:
        """All that was shown but answers, and buttons for them on a busy machine."""
        assert self.wrong == []
        shown = self.since(since)
        assert len(shown) > ENOUGH, "or nobody has asked"
        return [text for text in shown if "답: " not in text and NOT_YET not in text]


@contextmanager
def asking(topology: Topology, test: str, count: int = 8) -> Iterator[Crowd]:
    crowd, enough = Crowd(), threading.Event()

    def ask(friend: Friend) -> None:
        while not enough.is_set():
            at = time.monotonic()
            try:
                crowd.shown.append((at, friend.says("안녕?").text))
            except Exception as error:
                crowd.wrong.append(error)
                return

    threads = [threading.Thread(target=ask, args=(one,)) for one in friends(topology, count, test)]
    for thread in threads:
        thread.start()
    until(lambda: len(crowd.shown) > 3 * count or crowd.wrong)
    try:
        yield crowd
    finally:
        enough.set()
        for thread in threads:
            thread.join(PATIENCE)


# --- friends ----------------------------------------------------------------------------------


def test_a_class_gets_every_answer_in_time_and_late(topology: Topology, model: FakeOpenAI) -> None:
    pupils = friends(topology, 30, "class")
    for pupil, shown in zip(pupils, each(pupils, "질문"), strict=True):
        assert fetched(pupil, shown).endswith(f"답: 질문 {pupil.id}")
    model.hold()
    late = each(pupils, "느린 질문")
    assert all(5.0 > shown.seconds > 1.0 and FETCH in shown.buttons for shown in late)
    model.release()
    for pupil, shown in zip(pupils, late, strict=True):
        assert fetched(pupil, shown) == f"답: 느린 질문 {pupil.id}"


def test_when_a_web_is_killed_the_other_takes_all_within_a_second(topology: Topology) -> None:
    with asking(topology, "killed") as crowd:
        topology.webs[0].kill()
        noticed = time.monotonic() + NOTICED_SECONDS
        until(lambda: len(crowd.since(noticed)) > ENOUGH)
    assert crowd.troubles(noticed) == []
    topology.webs[0] = topology.start_web(0)
    topology.all_well()


def test_what_a_killed_web_held_is_asked_once_and_handed_out_by_the_other(
    topology: Topology, model: FakeOpenAI
) -> None:
    pupils = friends(topology, 20, "held")
    model.hold()
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(each, pupils, "들고 있던 질문")
        until(lambda: len(model.requests) == len(pupils))
        topology.webs[0].kill()
        shown = asked.result(PATIENCE)
    model.release()
    troubled = [one for one in shown if "문제가 생겼어요" in one.text]
    assert 0 < len(troubled) < len(pupils), "each web held some"
    for pupil, one in zip(pupils, shown, strict=True):
        assert fetched(pupil, one).endswith(f"답: 들고 있던 질문 {pupil.id}")
    asked_of_it = [one for one in model.questions if one.startswith("들고 있던")]
    assert sorted(asked_of_it) == sorted(f"들고 있던 질문 {pupil.id}" for pupil in pupils)


def test_when_a_web_is_stopped_nobody_notices(topology: Topology) -> None:
    with asking(topology, "stopped") as crowd:
        assert topology.webs[0].stop() == 0
        stopped = time.monotonic()
        until(lambda: len(crowd.since(stopped)) > ENOUGH)
    assert crowd.troubles() == []


def test_a_worker_less_is_not_noticed(topology: Topology) -> None:
    with asking(topology, "worker") as crowd:
        assert topology.workers[0].stop() == 0
        stopped = time.monotonic()
        until(lambda: len(crowd.since(stopped)) > ENOUGH)
    topology.workers[0] = topology.start_worker()
    assert crowd.troubles() == []


def test_without_any_web_friends_are_told_so_and_others_get_an_error(topology: Topology) -> None:
    for web in topology.webs:
        web.kill()
    shown = topology.friend().says("거기 있어?")
    assert "문제가 생겼어요" in shown.text
    assert list(shown.buttons) == [FETCH]
    assert shown.seconds < NOTICED_SECONDS * 2
    assert requests.get(topology.url, timeout=PATIENCE).status_code in {502, 503}
    assert not is_live(topology.url)


def test_while_postgresql_is_away_friends_are_told_so_and_then_served(
    model: FakeOpenAI, own_postgres: "OwnServer", tmp_path: object
) -> None:
    environ = environ_of(model, tmp_path, own_postgres.create())
    with real.running(environ) as topology, asking(topology, "away") as crowd:
        own_postgres.stop()
        until(lambda: not is_live(topology.url))
        told = topology.friend().says("적었어?").text
        assert "다시 보내 주세요" in told or NOT_YET in told, "it is written once that is possible"
        own_postgres.start()
        until(lambda: is_live(topology.url))
        noticed = time.monotonic() + NOTICED_SECONDS
        until(lambda: len(crowd.since(noticed)) > ENOUGH)
    assert crowd.troubles(noticed) == []


# --- the balancer -----------------------------------------------------------------------------


def test_a_body_that_is_too_large_is_refused_by_the_web_as_ever(topology: Topology) -> None:
    body = b'{"utterance": "' + b"x" * 2 * 1024 * 1024 + b'"}'
    reply = requests.post(f"{topology.url}/prompt", data=body, timeout=PATIENCE)
    assert reply.status_code == 413
    assert "error" in reply.json()


# --- the owner --------------------------------------------------------------------------------


def test_a_stranger_sees_none_of_the_owners_pages(topology: Topology) -> None:
    through = Bot({}, url=topology.url)
    for headers in ({}, OUTSIDE, {"Host": "localhost"}, {"X-Forwarded-For": "127.0.0.1"}):
        assert "skill url" not in ask(through, "/", headers=headers).text
        for path in ("/setup", "/talks", "/settings", "/status"):
            assert ask(through, path, headers=headers).status_code == 401
            led = ask(through, path, headers=headers | HTML)
            assert (led.status_code, led.headers["Location"][:6]) == (303, "/login")


def test_one_login_through_the_balancer_opens_the_pages_of_both_webs(topology: Topology) -> None:
    cookie = came_in(Bot({}, url=topology.url))
    for number in range(2):
        web = Bot({}, url=topology.web(number))
        assert sees(web, cookie, "/talks").status_code == 200
        token = token_of(web, cookie)
        for other in range(2):
            there = Bot({}, url=topology.web(other))
            assert changed(there, cookie, token, "/no-such-page") == 404
    assert sees(Bot({}, url=topology.url), "made-up", "/talks").status_code == 401


def test_who_guesses_shuts_nobody_else_out(topology: Topology) -> None:
    """Whatever does the https stands before the balancer, and tells who called it."""
    through = Bot({}, url=topology.url)
    guesses = [
        enter(through, f"not-this-one-{turn}", X_Forwarded_For=f"198.51.100.{turn}, 203.0.113.66")
        for turn in range(12)
    ]
    assert guesses[0].status_code == 403
    assert guesses[-1].status_code == 429
    assert enter(through, X_Forwarded_For="203.0.113.7").status_code == 303
