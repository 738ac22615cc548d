"""What machines tell each other of how it goes: log-outs, calls, failures, and lost news."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.far_ends import PATIENCE, FakeKakao, FakeOpenAI
from tests.support.kakao_side import Shown
from tests.support.machines import FETCH, TEXTS, Machines, answer, apart, get, save
from tests.support.process import Program
from tests.support.tunnel_side import until
from tests.support.visitor import OUTSIDE, PASSWORD, SITE, given, held

DEAFEN = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'chatgee listens'"
)


@pytest.fixture
def machines(environ: dict[str, str], database_url: str, tmp_path: Path) -> Iterator[Machines]:
    with apart(environ, database_url, tmp_path) as machines:
        yield machines


# --- health ---------------------------------------------------------------------------------


def test_a_wrong_key_that_a_worker_was_told_of_is_told_by_every_web(
    machines: Machines, fake_openai: FakeOpenAI
) -> None:
    webs, _ = machines.webs(), machines.worker()
    fake_openai.right_key = "another"
    assert TEXTS("failure.wrong_key") in answer(webs[0], "안녕?")
    for run in webs:
        until(lambda run=run: reason(run) == "wrong_key")  # at first they may miss the worker
        assert "거절됐어요" in get(run, "/board").text
    late = machines.starts("web-3")
    until(lambda: reason(late) == "wrong_key")
    fake_openai.right_key = None
    assert answer(webs[1], "다시?").endswith("답: 다시?")
    for run in (*webs, late):
        until(lambda run=run: not failing(run))


def reason(run: Program) -> object:
    return get(run, "/health").json().get("reason")


def test_a_key_that_is_saved_ends_the_trouble_of_all(
    machines: Machines, fake_openai: FakeOpenAI
) -> None:
    key = machines.environ.pop("OPENAI_API_KEY")
    webs, _ = machines.webs(), machines.worker()
    save(webs[0], OPENAI_API_KEY="sk-wrong-0123456789")
    fake_openai.right_key = key
    until(lambda: "OPENAI_API_KEY" in answer(webs[1], "안녕?") or failing(webs[1]))
    save(webs[1], OPENAI_API_KEY=key)
    for run in webs:
        until(lambda run=run: not failing(run))
    until(lambda: answer(webs[0], "다시?").endswith("답: 다시?"))


def failing(run: Program) -> bool:
    return get(run, "/health").status_code == 503


# --- the status ------------------------------------------------------------------------------


def test_a_log_out_ends_the_sessions_on_every_machine(machines: Machines) -> None:
    machines.environ |= {"ADMIN_PASSWORD": PASSWORD}
    first, second = machines.webs()
    cookie = entered(first)
    assert [status(run, cookie) for run in (first, second)] == [200, 200]
    left = from_outside(second, "/logout", cookie, csrf=token(second, cookie))
    assert left.headers["Location"] == "/login?left=1"
    until(lambda: status(first, cookie) == 401)
    assert status(machines.starts("web-3"), cookie) == 401, "nor where nobody heard of it"
    again = entered(first)
    assert [status(run, again) for run in (first, second)] == [200, 200]


def from_outside(run: Program, path: str, cookie: str = "", **form: str) -> requests.Response:
    headers = OUTSIDE | {"Origin": SITE} | held(cookie)
    address = run.url.replace("/prompt", path)
    return requests.post(
        address, data=form, headers=headers, timeout=PATIENCE, allow_redirects=False
    )


def entered(run: Program) -> str:
    """The cookie of an owner who has logged in."""
    reply = from_outside(run, "/login", password=PASSWORD)
    return given(reply).value


def token(run: Program, cookie: str) -> str:
    page = requests.get(
        run.url.replace("/prompt", "/setup"), headers=OUTSIDE | held(cookie), timeout=PATIENCE
    )
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found
    return found[1]


def status(run: Program, cookie: str) -> int:
    address = run.url.replace("/prompt", "/setup")
    return requests.get(address, headers=OUTSIDE | held(cookie), timeout=PATIENCE).status_code


def test_the_first_page_of_every_web_tells_of_kakaos_calls(machines: Machines) -> None:
    first, second = machines.webs()
    friend = first.friend()
    friend.headers = (("X-Forwarded-For", "203.0.113.5"),)
    assert TEXTS("light.never_called") in get(second, "/board").text
    friend.says("💫 새로운 시작")
    until(lambda: TEXTS("light.never_called") not in get(second, "/board").text)


# --- lost news ------------------------------------------------------------------------------


def test_what_changes_while_a_machine_hears_nothing_is_made_up_for(
    machines: Machines, database_url: str
) -> None:
    from tests.support.postgres import connect

    first, second = machines.webs()
    with connect(database_url) as beside:
        for number in range(5):
            beside.execute(DEAFEN)
            save(first, KEEP_DAYS=str(30 + number))
            until(lambda number=number: f'value="{30 + number}"' in get(second, "/settings").text)


def test_a_worker_that_takes_up_a_change_loses_no_answer_and_gives_none_twice(
    machines: Machines, fake_openai: FakeOpenAI
) -> None:
    web, _ = machines.starts("web"), machines.worker()
    answer(web, "안녕?")
    fake_openai.hold(only="오래")
    shown = web.friend().says("오래 걸려요?")
    assert FETCH in shown.buttons
    save(web, OPENAI_MODEL="gpt-6-sol")
    until(lambda: len([one for one in fake_openai.questions if "오래" in one]) == 2)
    fake_openai.release()
    until(lambda: web.friend().presses(shown, FETCH).text.endswith("답: 오래 걸려요?"))
    assert answer(web, "그다음?") == "답: 그다음?"


def test_a_callback_that_was_promised_before_a_change_brings_the_answer_once(
    machines: Machines, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    web, _ = machines.starts("web", CALLBACK="always"), machines.worker()
    fake_openai.hold()
    friend = web.friend()
    friend.callback_url = fake_kakao.callback_url()
    assert friend.says("질문").promised
    fake_openai.wait_for(1)
    save(web, OPENAI_MODEL="gpt-6-sol")
    fake_openai.wait_for(2)
    fake_openai.release()
    fake_kakao.wait_for(1)
    fake_openai.hold()
    assert friend.says("다음 질문").promised
    fake_openai.release()
    came = [Shown(body).bubbles[-1] for _, body in fake_kakao.wait_for(2)]
    assert came == ["답: 질문", "답: 다음 질문"]
