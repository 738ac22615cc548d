"""Any web serves any page: what one of them was told, the others know."""

import base64
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")

from chatgee.doctor.case import Check
from chatgee.owner.doctor_run import DoctorRun, Finding
from chatgee.owner.login_tries import TRIES, TRIES_OF_ALL
from chatgee.system import own_mark, single_instance
from tests.support import webs as real
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.postgres import OwnServer
from tests.support.process import program
from tests.support.tunnel_side import until
from tests.support.visitor import PASSWORD, came_in, enter, known, sees
from tests.support.webs import Webs

ID = "desk-abcdefgh"
JPEG = b"\xff\xd8\xffpicture"
FIVE_MINUTES, DAY = 300.0, 86_400.0


@pytest.fixture
def webs(tmp_path: Path, environ: dict[str, str], database_url: str) -> Iterator[Webs]:
    with real.opened(tmp_path, environ | {"REPLY_SECONDS": "4"}, database_url) as webs:
        yield webs


@pytest.fixture
def worker(tmp_path: Path, environ: dict[str, str], database_url: str) -> Iterator[None]:
    with real.worker(tmp_path, environ, database_url):
        yield


@pytest.fixture
def owner(webs: Webs) -> Webs:
    webs.log_in()
    return webs


# --- the log-in -----------------------------------------------------------------------------


def test_who_has_logged_in_at_one_web_may_read_and_change_at_all(owner: Webs) -> None:
    for path in ("/", "/setup", "/status", "/talks", "/settings/character", "/local_test"):
        assert {owner.ask(path).status_code for _ in range(2)} == {200}
    tried = [owner.ask("/setup/skip", "POST") for _ in range(2)]
    assert {reply.status_code for reply in tried} <= {200, 303}


def test_wrong_tries_at_two_webs_are_counted_together(webs: Webs) -> None:
    doors = [webs.one, webs.other] * (TRIES_OF_ALL // 2 + 5)
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda web: enter(web, "wrong-one"), doors))
    tried = [reply.status_code for reply in replies]
    assert tried.count(403) == TRIES
    assert tried.count(429) == len(doors) - TRIES
    heard = [reply for reply in replies if "지금은 확인하지 않아요" not in reply.text]
    assert len(heard) == TRIES_OF_ALL
    assert {enter(web).status_code for web in doors[:2]} == {429}, "though it be right"


def test_a_browser_that_one_web_knows_is_known_at_the_other(webs: Webs) -> None:
    before = known(enter(webs.one))
    for web in [webs.one, webs.other] * (TRIES_OF_ALL // 2):
        assert enter(web, "wrong-one").status_code in {403, 429}
    assert enter(webs.other).status_code == 429
    tried = [enter(web, "wrong", **before).status_code for web in [webs.one, webs.other] * 3]
    assert tried == [403] * TRIES + [429]
    assert enter(webs.other, **before).status_code == 303


@pytest.mark.parametrize("apart", [FIVE_MINUTES, -FIVE_MINUTES])
def test_clocks_that_differ_end_no_session(
    webs: Webs, apart: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = time.time
    with monkeypatch.context() as machine:
        machine.setattr(time, "time", lambda: right() + apart)
        cookie = came_in(webs.one)
    assert sees(webs.other, cookie).status_code == 200


def test_without_the_database_nobody_may_guess_and_the_page_says_why(
    tmp_path: Path, environ: dict[str, str], own_postgres: OwnServer
) -> None:
    with real.opened(tmp_path, environ, own_postgres.url("postgres")) as webs:
        own_postgres.kill()
        for password in ("wrong-one", PASSWORD):
            reply = enter(webs.one, password)
            assert (reply.status_code, "Set-Cookie" in reply.headers) == (503, False)
            assert "데이터베이스에 연결할 수 없어서" in reply.text
        own_postgres.start()
        until(lambda: enter(webs.one).status_code == 303)


# --- the simulator's chat ------------------------------------------------------------------------


def says(owner: Webs, words: str = "안녕", **doing: Any) -> dict[str, Any]:
    usual = {"friend": ID, "way": "friend", "how": "text", "words": words, "extra": {}}
    told = usual | {"callback": False, "photo": ""} | doing
    reply = owner.ask("/local_test/send", "POST", json=told)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def text(shown: dict[str, Any]) -> str:
    return "\n".join(one["simpleText"]["text"] for one in shown["template"]["outputs"])


@pytest.mark.usefixtures("worker")
def test_each_message_may_come_to_another_web(owner: Webs) -> None:
    for number in range(4):
        assert f"답: {number}번째" in text(says(owner, f"{number}번째"))


@pytest.mark.usefixtures("worker")
def test_the_worker_shows_the_model_a_photo_that_a_web_was_sent(
    owner: Webs, fake_openai: FakeOpenAI
) -> None:
    for number in range(2):
        says(owner, how="photo", photo=base64.b64encode(JPEG + bytes([number])).decode())
        seen = base64.b64encode(JPEG + bytes([number])).decode()
        (picture,) = [one for one in fake_openai.questions[-1] if one["type"] == "image_url"]  # type: ignore[index, misc]
        assert picture["image_url"]["url"] == f"data:image/jpeg;base64,{seen}"


@pytest.mark.usefixtures("worker")
def test_a_late_answer_is_seen_through_every_web_and_came_once(
    tmp_path: Path, environ: dict[str, str], database_url: str, fake_openai: FakeOpenAI
) -> None:
    with real.opened(tmp_path, environ | {"REPLY_SECONDS": "2"}, database_url) as webs:
        webs.log_in()
        says(webs)
        fake_openai.hold()
        token = says(webs, "긴 질문", callback=True)["token"]
        path = f"/local_test/arrived/{token}"
        waiting = [webs.ask(path).json() for _ in range(2)]
        assert waiting == [{"came": False, "open": True}] * 2
        fake_openai.release()
        until(lambda: webs.ask(path).json()["came"])
        letters = [webs.ask(path).json() for _ in range(2)]
        assert letters[0] == letters[1]
        assert "답: 긴 질문" in text(letters[0])
        assert "답: 긴 질문" not in text(says(webs, "다음")), "it was delivered"
        assert webs.ask("/local_test/arrived/" + "x" * 32).status_code == 404


# --- the doctor -----------------------------------------------------------------------------


class Doctor:
    """Says one line at a time, each when it may."""

    names = ("python", "disk")

    def __init__(self) -> None:
        self.may_go, self.visits = threading.Semaphore(0), 0
        self.doctor_run = DoctorRun(self.names, self.look)

    def look(self) -> Iterator[Finding]:
        self.visits += 1
        for name in self.names:
            assert self.may_go.acquire(timeout=PATIENCE)
            yield Check(name, "good", f"{name}: 좋아요", None)  # type: ignore[arg-type]


def test_a_visit_that_one_web_makes_is_seen_through_all(
    tmp_path: Path, environ: dict[str, str], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "class-3b")
    here, there = Doctor(), Doctor()
    with real.opened(tmp_path, environ, database_url, (here.doctor_run, there.doctor_run)) as webs:
        webs.log_in()
        for _ in range(3):
            assert webs.ask("/status/doctor", "POST").status_code == 303
        until(lambda: here.visits or there.visits)
        busy = here if here.visits else there
        busy.may_go.release()
        for _ in range(2):
            until(lambda: "python: 좋아요" in webs.ask("/status/doctor").text)
        page = webs.ask("/status/doctor").text
        assert "data-running" in page
        assert "class-3b 컴퓨터에서" in page
        busy.may_go.release()
        for _ in range(2):
            until(lambda: "에 살펴봤어요" in webs.ask("/status/doctor").text)
        assert here.visits + there.visits == 1, "the others have joined it"


def test_the_doctor_knows_each_web_as_one_of_ours(
    tmp_path: Path, environ: dict[str, str], database_url: str
) -> None:
    """A call through the load balancer may come to another web than the one that made it."""
    folders = [tmp_path / name for name in ("one", "other")]
    one, other = (real.environ_of(it.name, tmp_path, environ, database_url) for it in folders)
    with program(one) as first, program(other) as second:
        urls = [first.url, second.url]
        secrets = [running.secret for it in folders if (running := single_instance.find(it))]
        assert len(secrets) == 2
        nonce = {own_mark.HEADER: "a-nonce"}
        told = [requests.post(url, headers=nonce, timeout=PATIENCE).headers for url in urls]
        proofs = {headers[own_mark.HEADER] for headers in told}
        assert proofs == {own_mark.of("a-nonce", secret) for secret in secrets}
        assert len(proofs) == 1


# --- one clock, and one machine or another ---------------------------------------------------


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("apart", [FIVE_MINUTES, -FIVE_MINUTES])
def test_a_machine_whose_clock_is_wrong_tells_the_time_of_all(
    owner: Webs, fake_openai: FakeOpenAI, apart: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = time.time
    fake_openai.fails(500, times=20)
    owner.one.friend().says("질문")
    monkeypatch.setattr(time, "time", lambda: right() + apart)
    for _ in range(2):
        until(lambda: "방금" in owner.ask("/board").text)
        assert "5분 전" not in owner.ask("/board").text


@pytest.mark.usefixtures("worker")
def test_no_chart_ends_before_the_last_question(
    owner: Webs, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = time.time
    owner.one.friend().says("질문")
    monkeypatch.setattr(time, "time", lambda: right() - DAY)
    for _ in range(2):
        asked = re.search(r"<dt>친구</dt>\s*<dd class=\"value\">1명", owner.ask("/stats").text)
        assert asked
        assert re.search(r"\b오늘 \d\d:\d\d:\d\d", owner.ask("/talks").text)


def test_pages_say_of_which_machine_a_log_is(owner: Webs, bot: Bot) -> None:
    named = f"{socket.gethostname()} 컴퓨터의 것이에요"
    for path, times in (("/status", 2), ("/status/log", 1)):
        assert owner.ask(path).text.count(named) == times
        assert "컴퓨터의 것" not in requests.get(bot.url + path, timeout=PATIENCE).text
