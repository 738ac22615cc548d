"""Settings that change while friends are talking: in effect at once, and nobody is lost."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.support.far_ends import PATIENCE, FakeKakao, FakeOpenAI
from tests.support.kakao_side import Shown
from tests.support.process import Program, copy_to, program

FETCH = "생각 다했니?"
FRIENDS = 10


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """With time enough for a busy machine, and for the import of openai."""
    return environ | {"REPLY_SECONDS": "4.5"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of its own, whose config.env the program may write."""
    return copy_to(tmp_path / "project")


def save(run: Program, **fields: str) -> None:
    """As the owner does on the set-up page."""
    saved = sent(run, **fields)
    assert saved.url.endswith("/?done=saved"), saved.text


def sent(run: Program, **fields: str) -> requests.Response:
    page = run.url.replace("/prompt", "/setup")
    token = re.search(r'name="csrf" value="([^"]+)"', requests.get(page, timeout=PATIENCE).text)
    assert token
    form = {"csrf": token[1], "source": "openai", "link": "temporary", "unchecked": "1", **fields}
    return requests.post(page, data=form, timeout=PATIENCE)


def test_a_key_that_is_saved_answers_the_next_question(
    environ: dict[str, str], fake_openai: FakeOpenAI, folder: Path
) -> None:
    del environ["OPENAI_API_KEY"]
    url = environ.pop("OPENAI_BASE_URL")
    with program(environ, folder=folder) as run:
        friend, pid = run.friend(), run.process.pid
        assert "연습" in friend.says("안녕?").text
        save(run, source="local", address=url, model="gpt-6-sol", prompt="너는 해적이야.")
        assert fetched(run, friend.id, friend.says("안녕?")).endswith("답: 안녕?")
        assert (run.process.pid, run.process.poll()) == (pid, None)
    assert fake_openai.requests[-1]["model"] == "gpt-6-sol"
    assert "너는 해적이야." in fake_openai.told.system


def test_who_waits_while_it_changes_gets_the_button_and_then_the_answer(
    environ: dict[str, str], fake_openai: FakeOpenAI, folder: Path
) -> None:
    fake_openai.hold()
    with program(environ, folder=folder) as run, ThreadPoolExecutor(FRIENDS) as phones:
        friends = [run.friend(f"friend-{number}") for number in range(FRIENDS)]
        held = [phones.submit(one.says, f"질문 {one.id}") for one in friends]
        fake_openai.wait_for(FRIENDS)
        save(run, prompt="너는 해적이야.")
        waiting = [one.result(PATIENCE) for one in held]
        fake_openai.release()
        for friend, shown in zip(friends, waiting, strict=True):
            assert fetched(run, friend.id, shown).endswith(f"답: 질문 {friend.id}")


def fetched(run: Program, id: str, shown: Shown) -> str:
    """What the button brings, pressed until the answer is there."""
    friend = run.friend(id)
    for _ in range(5):
        if FETCH not in shown.buttons:
            return shown.text
        shown = friend.presses(shown, FETCH)
    raise AssertionError(shown.text)


def test_questions_that_come_in_the_middle_of_it_are_answered(
    environ: dict[str, str], folder: Path
) -> None:
    changes, answers = 5, []
    with program(environ, folder=folder) as run:
        over = threading.Event()

        def talk(number: int) -> None:
            friend, count = run.friend(f"friend-{number}"), 0
            while not over.is_set():
                count += 1
                shown = friend.says(f"{number}의 {count}번째")
                text = fetched(run, friend.id, shown)
                answers.append(text.endswith(f"답: {number}의 {count}번째"))

        with ThreadPoolExecutor(4) as phones:
            talking = [phones.submit(talk, number) for number in range(4)]
            for number in range(changes):
                save(run, prompt=f"너는 {number}번째 해적이야.")
            over.set()
            for one in talking:
                one.result(PATIENCE * 2)
        assert run.process.poll() is None
    assert answers
    assert all(answers)


def test_a_promised_callback_is_kept_once_over_a_change(
    environ: dict[str, str], fake_openai: FakeOpenAI, fake_kakao: FakeKakao, folder: Path
) -> None:
    fake_openai.hold()
    with program(environ | {"CALLBACK": "always"}, folder=folder) as run:
        friend = run.friend()
        friend.callback_url = fake_kakao.callback_url()
        friend.says("질문")
        fake_openai.wait_for(1)
        save(run, prompt="너는 해적이야.")
        fake_openai.release()
        fake_kakao.wait_for(1)
        fake_openai.hold()
        assert friend.says("다음 질문").promised
        fake_openai.release()
        came = [Shown(body).bubbles[-1] for _, body in fake_kakao.wait_for(2)]
    assert came == ["답: 질문", "답: 다음 질문"]


def test_settings_that_cannot_be_used_leave_the_old_ones_in_place(
    environ: dict[str, str], folder: Path
) -> None:
    with program(environ, folder=folder) as run:
        save(run, prompt="너는 해적이야.")
        config = folder / "config.env"
        config.write_text(config.read_text("utf-8") + "\nKEEP_DAYS=soon\n", "utf-8")
        assert (
            "KEEP_DAYS=&#39;soon&#39;: 정수가 아니에요" in sent(run, prompt="너는 선장이야.").text
        )
        assert fetched(run, "friend-1", run.friend().says("안녕?")).endswith("답: 안녕?")
