"""A machine is cut off from the database, and told nothing of it: no answer, no refusal."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy.engine import make_url

from tests.support.cluster import (
    FETCH,
    LATE_SECONDS,
    NOT_STORED,
    TAKEN_OVER_SECONDS,
    Cluster,
    cluster,
    commits_held,
    counting_held,
    fetched,
    together,
    until,
)
from tests.support.far_ends import FakeOpenAI
from tests.support.kakao_side import Friend, Shown
from tests.support.partition import ELSE_HERE, ELSE_THERE, HERE, Apart, network
from tests.support.process import Program

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")
from tests.support import postgres

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a network of its own")

REPLY_SECONDS = 2.0
NOTICED_SECONDS = 10.0
"""In which a load balancer should learn of it."""


class Neighbour(FakeOpenAI):
    address = ELSE_HERE


@pytest.fixture
def apart() -> Iterator[Apart]:
    with network() as made:
        yield made


@pytest.fixture
def neighbour(apart: Apart) -> Iterator[Neighbour]:
    end = Neighbour()
    yield end
    end.close()


@pytest.fixture
def machines(
    environ: dict[str, str], apart: Apart, neighbour: Neighbour, tmp_path: Path
) -> Iterator[Cluster]:
    environ |= {"REPLY_SECONDS": str(REPLY_SECONDS), "OPENAI_BASE_URL": neighbour.url}
    with postgres.running(listen_addresses=f"127.0.0.1,{HERE}") as server:
        with (server.folder / "data" / "pg_hba.conf").open("a") as allowed:
            allowed.write(f"host all all {HERE}/30 scram-sha-256\n")
        server.restart()
        with cluster(environ, server.create(), tmp_path) as started:
            yield started


def far(url: str) -> str:
    """As the database is called over the wire that can be cut."""
    return make_url(url).set(host=HERE).render_as_string(hide_password=False)


def far_web(machines: Cluster, apart: Apart) -> Program:
    return machines.web(apart.within, DATABASE_URL=far(machines.url), HOST=ELSE_THERE)


def lives(web: Program) -> bool:
    return health(web, "/health/live").status_code == 200


def health(web: Program, path: str = "/health") -> requests.Response:
    return requests.get(web.url.replace("/prompt", path), timeout=5)


def in_time(friend: Friend, words: str) -> Shown:
    shown = friend.says(words)
    assert shown.seconds < REPLY_SECONDS + LATE_SECONDS
    return shown


def beside(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_web_that_is_cut_off_tells_its_friends_and_nobody_else_notices(
    machines: Cluster, apart: Apart
) -> None:
    cut_off, other, _ = far_web(machines, apart), machines.web(), machines.worker()
    near, caught = other.friend("near"), cut_off.friend("caught")
    for friend in (caught, near):
        assert fetched(friend, in_time(friend, "하나")).endswith("답: 하나")
    shown: list[Shown] = []
    with counting_held(machines.url) as one_waits:
        asking = beside(lambda: shown.append(in_time(caught, "붙잡힌 질문")))
        until(one_waits)
        apart.cut()
    cut_at = time.monotonic()
    asking.join()
    assert FETCH in shown[0].buttons
    until(lambda: in_time(near, "둘").bubbles[-1] == "답: 둘", 5)
    told = [in_time(cut_off.friend("late"), f"질문 {number}") for number in range(4)]
    until(lambda: not lives(cut_off), NOTICED_SECONDS - (time.monotonic() - cut_at))
    assert in_time(caught, "셋").bubbles == [NOT_STORED]
    assert in_time(near, "셋").bubbles[-1] == "답: 셋"
    apart.mend()
    until(lambda: lives(cut_off))
    assert fetched(caught, shown[0]).endswith("답: 붙잡힌 질문")
    for number, one in enumerate(told):
        promised = NOT_STORED not in one.bubbles
        stored = machines.ask("SELECT count(*) FROM questions WHERE text = %s", f"질문 {number}")
        assert stored == [(int(promised),)]
        assert not promised or fetched(cut_off.friend("late"), one).endswith(f"질문 {number}")
    assert in_time(caught, "넷").bubbles[-1] == "답: 넷"
    until(machines.nothing_is_left)
    texts = machines.ask("SELECT text FROM questions WHERE user_id = 'caught' ORDER BY position")
    assert texts == [("하나",), ("붙잡힌 질문",), ("넷",)]


def test_a_load_balancer_and_the_owner_learn_of_it_where_nobody_asks_anything(
    machines: Cluster, apart: Apart
) -> None:
    web, _ = far_web(machines, apart), machines.worker()
    assert lives(web)
    assert health(web).status_code == 200
    apart.cut()
    until(lambda: not lives(web), NOTICED_SECONDS)
    until(lambda: health(web).status_code == 503)
    assert health(web).json()["reason"] == "storage"
    apart.mend()
    until(lambda: lives(web))
    until(lambda: health(web).status_code == 200)


def test_a_commit_whose_reply_was_lost_is_not_repeated(machines: Cluster, apart: Apart) -> None:
    web = far_web(machines, apart)
    friend, shown = web.friend(), list[Shown]()
    with commits_held(machines.url) as one_waits:
        asking = beside(lambda: shown.append(in_time(friend, "질문")))
        until(one_waits)
        apart.cut(answers_only=True)
    until(lambda: machines.ask("SELECT text FROM questions") == [("질문",)])
    asking.join()
    until(lambda: not lives(web), NOTICED_SECONDS)
    apart.mend()
    until(lambda: lives(web))
    assert machines.ask("SELECT text FROM questions") == [("질문",)]
    assert machines.ask("SELECT task_name FROM procrastinate_jobs") == [("answer",)]
    assert "duplicate key" not in web.output
    machines.worker()
    assert fetched(friend, shown[0]) == "답: 질문"


def test_what_a_worker_that_is_cut_off_was_answering_is_answered_by_another(
    machines: Cluster, apart: Apart, neighbour: Neighbour
) -> None:
    web = machines.web()
    cut_off = machines.worker(apart.within, DATABASE_URL=far(machines.url))
    friends = [web.friend(f"friend-{number}") for number in range(5)]
    neighbour.hold()
    shown = together(lambda friend: in_time(friend, f"{friend.id}의 질문"), friends)
    neighbour.wait_for(5)
    machines.worker()
    apart.cut()
    cut_at = time.monotonic()
    neighbour.release()
    for friend, button in zip(friends, shown, strict=True):
        assert fetched(friend, button).endswith(f"답: {friend.id}의 질문")
    assert time.monotonic() - cut_at < TAKEN_OVER_SECONDS
    apart.mend()
    neighbour.hold("그다음")
    shown = together(lambda friend: in_time(friend, "그다음 질문"), friends)
    neighbour.release()
    for friend, button in zip(friends, shown, strict=True):
        assert fetched(friend, button) == "답: 그다음 질문"
    until(machines.nothing_is_left)
    assert cut_off.stop() == 0
    assert "Traceback" not in cut_off.output
