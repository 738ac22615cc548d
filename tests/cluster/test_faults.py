"""Machines die and hang in the midst of their work: what their friends see of it."""

import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")

from tests.support.cluster import (
    FETCH,
    TAKEN_OVER_SECONDS,
    Cluster,
    cluster,
    counting_held,
    fetched,
    go_on,
    stop,
    together,
    until,
)
from tests.support.far_ends import FakeKakao, FakeOpenAI, Told
from tests.support.kakao_side import Friend, Shown

ENDS_SECONDS = 5.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills POSIX processes")


@pytest.fixture
def machines(environ: dict[str, str], database_url: str, tmp_path: Path) -> Iterator[Cluster]:
    with cluster(environ, database_url, tmp_path) as started:
        yield started


def friends_of(url: str, count: int, first: int = 0) -> list[Friend]:
    return [Friend(url, f"friend-{number}") for number in range(first, first + count)]


def asks(friend: Friend) -> Shown:
    return friend.says(f"{friend.id}의 질문")


def test_what_workers_were_answering_that_died_or_hang_is_answered_by_another(
    machines: Cluster, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    """And the one that hung does no harm when it goes on."""
    machines.environ["MAX_CONCURRENT_ANSWERS"] = "4"
    web, dies = machines.web(), machines.worker()
    friends = friends_of(web.url, 8)
    for friend in friends[::2]:
        friend.callback_url = fake_kakao.callback_url(friend.id)
    fake_openai.hold()
    shown = together(asks, friends[:4])
    fake_openai.wait_for(4)
    hangs = machines.worker()
    shown += together(asks, friends[4:])
    fake_openai.wait_for(8)
    assert [one.promised for one in shown] == [True, False] * 4
    dies.kill()
    stop(hangs)
    left_at = time.monotonic()
    machines.worker(MAX_CONCURRENT_ANSWERS="0")
    fake_openai.release()
    for friend, button in zip(friends[1::2], shown[1::2], strict=True):
        assert fetched(friend, button) == f"답: {friend.id}의 질문"
    until(lambda: len(fake_kakao.requests) == 4)
    assert time.monotonic() - left_at < TAKEN_OVER_SECONDS
    go_on(hangs)
    until(lambda: machines.nothing_is_left() and "answered in" in hangs.output)
    for path, body in fake_kakao.requests:
        assert Shown(body).bubbles[-1] == f"답: {path.rpartition('/')[2]}의 질문"
    for friend in friends:
        friend.callback_url = None
        told = friend.says("그다음 질문")
        assert "의 답이에요" not in told.text, "all else was told before"
        assert fetched(friend, told) == "답: 그다음 질문"
    assert hangs.stop() == 0
    assert len(fake_kakao.requests) == 4, "no callback is sent twice"
    assert "Traceback" not in hangs.output


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


def test_a_promise_takes_no_place_from_a_question(
    machines: Cluster, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    """Nor does a question that is thought about for long hold up what another friend waits for."""
    web, _ = machines.web(), machines.worker(MAX_CONCURRENT_ANSWERS="1")
    friends = friends_of(web.url, 2)
    thought = {f"{friend.id}의 질문": Event() for friend in friends}

    def thinks(question: str) -> str:
        assert thought[question].wait(TAKEN_OVER_SECONDS)
        return f"답: {question}"

    fake_openai.says = thinks
    for friend in friends:
        friend.callback_url = fake_kakao.callback_url(friend.id)
    assert all(one.promised for one in together(asks, friends))
    first = Told.by(fake_openai.wait_for(1)[0]).question
    for count, question in enumerate(sorted(thought, key=lambda one: one != first)):
        thought[question].set()
        assert Shown(fake_kakao.wait_for(count + 1)[count][1]).bubbles[-1] == f"답: {question}"


def test_what_was_open_when_all_machines_died_is_answered_once_they_are_back(
    machines: Cluster, fake_openai: FakeOpenAI
) -> None:
    web, worker = machines.web(), machines.worker()
    first, *friends = friends_of(web.url, 5)
    assert fetched(first, asks(first)).endswith("답: friend-0의 질문")
    fake_openai.hold()
    shown = together(asks, friends)
    fake_openai.wait_for(5)
    web.kill()
    worker.kill()
    # Of one friend the job is missing, as after a move; of another the answer was never sent.
    machines.change("DELETE FROM procrastinate_jobs WHERE lock = 'friend-1'")
    machines.change("UPDATE questions SET asked_at = asked_at - 30 WHERE user_id = 'friend-1'")
    machines.change(
        "UPDATE questions SET delivered_at = NULL, claimed_at = claimed_at - 60"
        " WHERE user_id = 'friend-0'"
    )
    fake_openai.release()
    web, worker = machines.web(), machines.worker()
    for friend, button in zip(friends, shown, strict=True):
        friend.url = web.url
        assert fetched(friend, button).endswith(f"답: {friend.id}의 질문")
    first.url = web.url
    until(
        lambda: (
            machines.ask("SELECT delivery FROM questions WHERE user_id = 'friend-0'")[0][0] is None
        )
    )
    told = first.says("그다음 질문")
    assert told.bubbles[0].endswith("답: friend-0의 질문")
    assert fetched(first, told).endswith("답: 그다음 질문")


def test_a_worker_that_is_ended_gives_back_what_it_was_answering(
    machines: Cluster, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    web, worker = machines.web(), machines.worker()
    friends = friends_of(web.url, 6)
    for friend in friends[:3]:
        friend.callback_url = fake_kakao.callback_url(friend.id)
    fake_openai.hold()
    shown = together(asks, friends)
    fake_openai.wait_for(6)
    machines.worker()
    since = time.monotonic()
    assert worker.stop() == 0
    assert time.monotonic() - since < ENDS_SECONDS
    fake_openai.wait_for(12)
    fake_openai.release()
    for friend, button in zip(friends[3:], shown[3:], strict=True):
        assert fetched(friend, button, ENDS_SECONDS) == f"답: {friend.id}의 질문"
    fake_kakao.wait_for(3)
    until(machines.nothing_is_left)
    assert len(fake_kakao.requests) == 3
    assert "Traceback" not in worker.output


def test_a_web_that_is_ended_gives_everybody_the_button(
    machines: Cluster, fake_openai: FakeOpenAI
) -> None:
    machines.environ["REPLY_SECONDS"] = "4"
    web, other, _ = machines.web(), machines.web(), machines.worker()
    friends = friends_of(web.url, 10)
    fake_openai.hold()

    def ends() -> Shown:
        fake_openai.wait_for(10)
        since = time.monotonic()
        assert web.stop() == 0
        assert time.monotonic() - since < ENDS_SECONDS
        return Shown({})

    works = [ends, *(partial(asks, friend) for friend in friends)]
    _, *shown = together(lambda work: work(), works)
    fake_openai.release()
    for friend, button in zip(friends, shown, strict=True):
        friend.url = other.url
        assert fetched(friend, button).endswith(f"답: {friend.id}의 질문")


def test_a_promise_that_nobody_could_keep_in_time_is_held_for_the_next_message(
    machines: Cluster, fake_kakao: FakeKakao
) -> None:
    """Kakao refuses what comes after a minute."""
    web = machines.web()
    friend = web.friend()
    friend.callback_url = fake_kakao.callback_url()
    assert friend.says("질문").promised
    machines.change("UPDATE questions SET asked_at = asked_at - 60")
    machines.change(
        "UPDATE procrastinate_jobs SET args = jsonb_set(args, '{promised_at}',"
        " to_jsonb((args->>'promised_at')::float8 - 60)) WHERE task_name = 'keep_promise'"
    )
    machines.worker()
    until(machines.nothing_is_left)
    assert fake_kakao.requests == []
    friend.callback_url = None
    shown = friend.says("그다음 질문")
    assert shown.bubbles[0].endswith("답: 질문")


def test_a_worker_that_was_given_up_while_it_was_away_works_on(
    machines: Cluster, fake_openai: FakeOpenAI
) -> None:
    """Its row is gone: another worker has begun meanwhile, and tidied up."""
    web, worker = machines.web(), machines.worker()
    early, late = friends_of(web.url, 2)
    fake_openai.hold()
    first = asks(early)
    fake_openai.wait_for(1)
    machines.change("DELETE FROM procrastinate_workers")
    second = asks(late)
    fake_openai.release()
    assert fetched(early, first).endswith("답: friend-0의 질문")
    assert fetched(late, second).endswith("답: friend-1의 질문")
    until(machines.nothing_is_left)
    assert worker.stop() == 0
    assert "Traceback" not in worker.output


def test_the_locks_of_a_machine_that_hangs_hold_up_nobody_for_long(machines: Cluster) -> None:
    machines.environ["REPLY_SECONDS"] = "2"
    hangs, other, _ = machines.web(), machines.web(), machines.worker()
    caught, near = hangs.friend("caught"), other.friend("near")
    assert fetched(near, near.says("하나")).endswith("답: 하나")
    shown: list[Shown] = []
    asking = Thread(target=lambda: shown.append(asks(caught)))
    with counting_held(machines.url) as one_waits:
        asking.start()
        until(one_waits)
        stop(hangs)
    until(lambda: near.says("둘").bubbles[-1] == "답: 둘", ENDS_SECONDS)
    go_on(hangs)
    asking.join()
    assert fetched(caught, shown[0]).endswith("답: caught의 질문")
    assert machines.ask("SELECT count(*) FROM questions WHERE user_id = 'caught'") == [(1,)]
