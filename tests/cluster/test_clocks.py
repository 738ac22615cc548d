"""Machines whose clocks are five minutes wrong, to both sides: nobody notices."""

import glob
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")

from chatgee.texts import Texts
from tests.support.cluster import Cluster, cluster, fetched, together, until
from tests.support.far_ends import FakeKakao, FakeOpenAI
from tests.support.kakao_side import Friend, Shown

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="preloads a library for Linux")

LIBRARY = "/usr/lib/*/faketime/libfaketimeMT.so.1"
TEXTS = Texts.load()
DAY = 86400.0
AGED = """
INSERT INTO questions (id, user_id, position, text, asked_at, state, answered_at, delivery,
claimed_at) VALUES (%s, 'aged', %s, 'q', extract(epoch FROM now()) - %s, 'answered', 0, %s,
extract(epoch FROM now()) - %s)"""


def clock(minutes: int) -> tuple[str, ...]:
    """Starts a program whose clock is so wrong; one that only counts seconds is right."""
    found = glob.glob(LIBRARY)
    if not found:
        pytest.skip("install faketime")
    told = (f"LD_PRELOAD={found[0]}", "DONT_FAKE_MONOTONIC=1", f"FAKETIME={minutes:+d}m")
    return "env", *told


@pytest.fixture
def machines(environ: dict[str, str], database_url: str, tmp_path: Path) -> Iterator[Cluster]:
    environ |= {"QUESTIONS_PER_MINUTE": "3", "KEEP_DAYS": "1"}
    with cluster(environ, database_url, tmp_path) as started:
        yield started


def test_clocks_that_differ_change_nothing(
    machines: Cluster, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    webs = machines.web(clock(5)), machines.web(clock(-5))
    old, young = ("old", 1, DAY + 120, "press", 0), ("young", 2, DAY - 120, "press", 70)
    for values in (old, young, ("claimed", 3, 0, "press", 0), ("left", 4, 0, "press", 75)):
        machines.change(AGED, *values)
    worker = machines.worker(clock(-5))
    late = webs[0].logged(r"^(\d\d):(\d\d)"), webs[1].logged(r"^(\d\d):(\d\d)")
    minutes = [int(one[1]) * 60 + int(one[2]) for one in late]
    assert (minutes[0] - minutes[1]) % 1440 in range(8, 11), "their clocks do not differ"

    # what is limited, and in which order it is remembered
    asking = [Friend(webs[number % 2].url, "friend") for number in range(4)]
    *told, refused = [fetched(one, one.says(f"질문 {n}")) for n, one in enumerate(asking)]
    assert [one.rpartition("답: ")[2] for one in told] == ["질문 0", "질문 1", "질문 2"]
    assert refused == TEXTS("limit.minute", limit=3)
    last = fake_openai.told
    assert [*last.memory[::2], last.question] == ["질문 0", "질문 1", "질문 2"]

    # what is too old, and what was claimed too long ago
    until(lambda: not machines.ask("SELECT 1 FROM questions WHERE id = 'old'"))
    claims = "SELECT id, delivery FROM questions WHERE user_id = 'aged' ORDER BY position"
    assert machines.ask(claims) == [("young", None), ("claimed", "press"), ("left", None)]

    # a promise is kept soon enough; what a worker leaves undone is taken up
    fake_openai.hold()
    friends = [Friend(web.url, f"friend-{number}") for number, web in enumerate(webs)]
    for friend in friends:
        friend.callback_url = fake_kakao.callback_url(friend.id)
    shown = together(lambda friend: friend.says(f"{friend.id}의 질문"), friends)
    assert [one.promised for one in shown] == [True, True]
    fake_openai.wait_for(5)
    machines.worker(clock(5))
    worker.kill()
    fake_openai.release()
    until(lambda: len(fake_kakao.requests) == 2)
    for path, body in fake_kakao.requests:
        assert Shown(body).bubbles[-1] == f"답: {path.rpartition('/')[2]}의 질문"
    until(machines.nothing_is_left)
    assert machines.ask("SELECT 1 FROM questions WHERE id = 'young'")


@pytest.mark.parametrize("minutes", [5, -5])
def test_a_callback_waits_for_a_second_by_any_clock(
    machines: Cluster, fake_openai: FakeOpenAI, fake_kakao: FakeKakao, minutes: int
) -> None:
    """Kakao refuses one that comes at once."""
    web = machines.web(clock(-minutes), CALLBACK="always", REPLY_SECONDS="4")
    machines.worker(clock(minutes))
    friend = web.friend()
    assert fetched(friend, friend.says("먼저")).endswith("답: 먼저")  # the model has been imported
    friend.callback_url = fake_kakao.callback_url()
    fake_openai.hold()
    assert friend.says("질문").promised
    fake_openai.release()  # within the second
    (_, body), *_ = fake_kakao.wait_for(1)
    ((promised_at,),) = machines.ask("SELECT promised_at FROM questions WHERE text = '질문'")
    assert 0.9 < time.time() - promised_at < 8
    assert Shown(body).bubbles[-1] == "답: 질문"
