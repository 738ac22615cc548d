"""Machines die and hang in the midst of their work: what their friends see of it."""

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import (
    FETCH,
    TAKEN_OVER_SECONDS,
    UNKNOWN,
    Cluster,
    cluster,
    fetched,
    go_on,
    stop,
    together,
    until,
)
from tests.far_ends import FakeKakao, FakeOpenAI
from tests.kakao_side import Friend, Shown

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills POSIX processes")


@pytest.fixture
def machines(environ: dict[str, str], database_url: str, tmp_path: Path) -> Iterator[Cluster]:
    with cluster(environ, database_url, tmp_path) as started:
        yield started


def friends_of(url: str, count: int, first: int = 0) -> list[Friend]:
    return [Friend(url, f"friend-{number}") for number in range(first, first + count)]


def asks(friend: Friend) -> Shown:
    return friend.says(f"{friend.id}의 질문")


def test_what_a_killed_worker_was_answering_is_answered_by_another(
    machines: Cluster, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    web, worker = machines.web(), machines.worker()
    friends = friends_of(web.url, 8)
    for friend in friends[:4]:
        friend.callback_url = fake_kakao.callback_url(friend.id)
    fake_openai.hold()
    shown = together(asks, friends)
    fake_openai.wait_for(len(friends))
    assert [one.promised for one in shown] == [True] * 4 + [False] * 4
    other = machines.worker()
    worker.kill()
    killed_at = time.monotonic()
    fake_openai.release()
    for friend, button in zip(friends[4:], shown[4:], strict=True):
        assert fetched(friend, button) == f"답: {friend.id}의 질문"
    sent = fake_kakao.wait_for(4)
    assert time.monotonic() - killed_at < TAKEN_OVER_SECONDS
    until(machines.nothing_is_left)
    assert other.process.poll() is None
    assert len(fake_kakao.requests) == 4, "no callback is sent twice"
    for path, body in sent:
        assert Shown(body).bubbles[-1] == f"답: {path.rpartition('/')[2]}의 질문"
    for friend in friends:
        friend.callback_url = None
        assert friend.says("그다음 질문").bubbles == ["답: 그다음 질문"], "all else was told before"


def test_a_hundred_answers_of_a_killed_web_are_fetched_through_another(
    machines: Cluster, fake_openai: FakeOpenAI
) -> None:
    machines.environ["REPLY_SECONDS"] = "4"
    first, second, _ = machines.web(), machines.web(), machines.worker()
    fake_openai.hold()
    friends = friends_of(first.url, 100)
    known = "SELECT user_id, id FROM questions"

    def cut_off(friend: Friend) -> None:
        with pytest.raises(OSError, match=r"Connection aborted|Connection refused"):
            asks(friend)

    def kill(_: object) -> None:
        until(lambda: len(machines.ask(known)) == 100)
        first.kill()

    together(lambda one: cut_off(one) if isinstance(one, Friend) else kill(one), [*friends, None])
    ids = dict(machines.ask(known))
    fake_openai.release()
    for friend in friends:
        friend.url = second.url

    def presses(friend: Friend) -> str:
        return fetched(friend, friend.says(FETCH, {"question": ids[friend.id]}))

    assert together(presses, friends) == [f"답: {friend.id}의 질문" for friend in friends]


def test_a_worker_that_hangs_is_stood_in_for_and_does_no_harm_when_it_goes_on(
    machines: Cluster, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    web, worker = machines.web(), machines.worker()
    friends = friends_of(web.url, 8)
    for friend in friends[:4]:
        friend.callback_url = fake_kakao.callback_url(friend.id)
    fake_openai.hold()
    shown = together(asks, friends)
    fake_openai.wait_for(len(friends))
    machines.worker()
    stop(worker)
    fake_openai.says = lambda question: f"두 번째 답: {question}"
    fake_openai.release()
    for friend, button in zip(friends[4:], shown[4:], strict=True):
        assert fetched(friend, button).endswith(f"답: {friend.id}의 질문")
    fake_kakao.wait_for(4)
    go_on(worker)
    until(machines.nothing_is_left)
    for friend in friends:
        friend.callback_url = None
        shown_next = together(lambda one: one.says("그다음 질문"), [friend])[0]
        assert shown_next.bubbles == ["두 번째 답: 그다음 질문"]
    assert len(fake_kakao.requests) == 4
    assert worker.stop(signal.SIGTERM) == 0
    assert UNKNOWN not in worker.output
