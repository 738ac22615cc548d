"""ChatGee as its owner starts and ends it: a process, its words, its exit code, its files."""

import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import requests

from chatgee.texts import Texts
from tests.support import beside
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.kakao_side import Shown
from tests.support.process import ROOT, Program, program

FETCH = "생각 다했니?"
SECRETS = {
    "OPENAI_API_KEY": "sk-secret-of-openai",
    "SKILL_KEY": "secret-of-the-skill",
    "NGROK_AUTHTOKEN": "secret-of-ngrok",
}

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and file modes")


@pytest.fixture
def practice(tmp_path: Path) -> dict[str, str]:
    """An environment without a key."""
    return {"DATA_DIR": str(tmp_path / "data"), "PORT": "0", "REPLY_SECONDS": "0.5"}


def health(run: Program) -> int:
    return requests.get(run.url.replace("/prompt", "/health"), timeout=PATIENCE).status_code


# --- starting -------------------------------------------------------------------------------


def test_it_runs_with_the_environment_alone(practice: dict[str, str]) -> None:
    with program(practice, by_run_py=True) as run:
        assert run.url.startswith("http://127.0.0.1:")
        assert health(run) == 200
        assert "연습 중이에요" in run.output
        assert "바깥 주소가 없어서" in run.output


def test_what_is_slow_to_import_is_not_on_the_way_to_a_start() -> None:
    slow = {"openai", "pyngrok", "requests", "urllib3", "jsonschema"}
    look = f"import sys, chatgee.launch; print({slow} & sys.modules.keys())"
    argv = [sys.executable, "-c", look]
    found = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_the_public_address_is_told(practice: dict[str, str]) -> None:
    with program(practice | {"PUBLIC_URL": "https://bot.example.com/"}) as run:
        assert run.url == "https://bot.example.com/prompt"
        assert "SKILL_KEY가 없어서" in run.output


def test_a_key_that_is_soon_guessed_is_warned_of_and_kept(practice: dict[str, str]) -> None:
    with program(practice | {"SKILL_KEY": "short-1"}) as run:
        run.logged("SKILL_KEY: 12글자보다 짧아서")
        friend = run.friend()
        friend.headers = (("X-ChatGee-Key", "short-1"),)
        assert friend.says("안녕?").bubbles


def test_an_empty_variable_is_no_setting(practice: dict[str, str]) -> None:
    empty = {"OPENAI_API_KEY": "", "REPLY_SECONDS": " ", "CALLBACK": ""}
    with program(practice | empty) as run:
        assert health(run) == 200


# --- ending ---------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_within_five_seconds(practice: dict[str, str], number: int) -> None:
    with program(practice, by_run_py=True) as run:
        assert run.url
        started = time.monotonic()
        assert run.stop(number) == 0
        assert time.monotonic() - started < 5
        assert "Traceback" not in run.output


@posix
@pytest.mark.parametrize("answers", [True, False], ids=["answered", "not answered"])
def test_what_is_held_when_it_ends_is_answered_or_gets_its_button(
    environ: dict[str, str], fake_openai: FakeOpenAI, answers: bool
) -> None:
    with program(environ | {"REPLY_SECONDS": "4.5"}) as run, ThreadPoolExecutor(5) as phones:
        run.friend().says("먼저")  # the model has been imported
        fake_openai.hold()
        friends = [run.friend(f"friend-{number}") for number in range(5)]
        held = [phones.submit(friend.says, "질문") for friend in friends]
        fake_openai.wait_for(6)
        started = time.monotonic()
        run.process.send_signal(signal.SIGTERM)
        run.logged("끝내고 있어요")
        if answers:
            fake_openai.release()
        shown = [one.result(PATIENCE) for one in held]
        assert run.process.wait(PATIENCE) == 0
        assert time.monotonic() - started < 5
    assert all(is_answer(one) is answers for one in shown)
    assert all((FETCH in one.buttons) is not answers for one in shown)


def is_answer(shown: Shown) -> bool:
    return shown.bubbles[-1] == "답: 질문"


# --- what the owner has to mend -------------------------------------------------------------


def refused(environ: dict[str, str]) -> str:
    """The one line with which it ends at once."""
    with program(environ) as run:
        assert run.process.wait(PATIENCE * 2) == 1
        run.logged(r"\(end\)")
        (line,) = [line for line in run.lines if line and line != "(end)"]
    return line


def test_a_port_that_is_taken_is_told(practice: dict[str, str]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        assert f"PORT={port}: 다른 프로그램이" in refused(practice | {"PORT": str(port)})


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "x" * 70])
def test_a_host_that_is_not_this_machine_is_told(practice: dict[str, str], host: str) -> None:
    assert f"HOST={host}: 이 컴퓨터의 주소가 아니에요" in refused(practice | {"HOST": host})


def test_a_bad_setting_is_told(practice: dict[str, str]) -> None:
    line = refused(practice | {"REPLY_SECONDS": "soon"})
    assert "REPLY_SECONDS='soon': 숫자가 아니에요" in line


def test_a_folder_that_cannot_be_written_is_told(practice: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    folder = str(tmp_path / "a file" / "data")
    assert f"DATA_DIR={folder}: 파일을 쓸 수 없어요" in refused(practice | {"DATA_DIR": folder})


def test_a_disk_that_is_full_is_told(practice: dict[str, str]) -> None:
    with program(practice) as run:
        run.friend().says("질문")
    url = f"sqlite:///{practice['DATA_DIR']}/chatgee.db"
    beside.change(url, "UPDATE questions SET delivery = 'reply', delivered_at = NULL")
    with beside.full(url), program(practice) as run:
        assert run.process.wait(PATIENCE * 2) == 1
        run.logged(Texts.load()("hint.storage"))


@pytest.mark.parametrize("damage", [b"this is no database", b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_database_is_told(practice: dict[str, str], damage: bytes) -> None:
    file = Path(practice["DATA_DIR"]) / "chatgee.db"
    file.parent.mkdir()
    file.write_bytes(damage)
    line = refused(practice)
    assert str(file) in line
    assert "데이터베이스를 열 수 없어요" in line
    assert file.read_bytes() == damage, "it is the owner's"


def test_a_mistake_in_the_texts_is_told_and_it_runs(practice: dict[str, str]) -> None:
    file = Path(practice["DATA_DIR"]) / "texts.toml"
    file.parent.mkdir()
    file.write_text('[reply]\nhello = "안녕"\n', "utf-8")
    with program(practice) as run:
        assert health(run) == 200
        assert "texts.toml 2번째 줄 reply.hello" in run.output


# --- the practice model ---------------------------------------------------------------------


def test_the_practice_model_lets_the_owner_try_every_path(practice: dict[str, str]) -> None:
    with program(practice | {"REPLY_SECONDS": "2"}) as run:
        friend = run.friend()
        assert "연습" in friend.says("안녕?").bubbles[-1]
        late = friend.says("느리게 3초")
        while FETCH in late.buttons:
            late = friend.presses(late, FETCH)
        assert "3초 동안 생각한 연습 답" in late.text
        long = friend.says("길게 말해 줘")
        assert "연습" in friend.presses(long, "이어보기").text
        failed = friend.says("오류를 내 줘")
        assert "다시 물어보기" in failed.buttons
        assert health(run) == 200


# --- what nobody else should see ------------------------------------------------------------


@pytest.mark.parametrize("level", ["info", "debug"])
def test_no_secret_is_ever_printed_and_what_was_said_only_for_debug(
    environ: dict[str, str], fake_openai: FakeOpenAI, level: str
) -> None:
    fake_openai.says = lambda question: "비밀스러운 답"
    told = {"message": f"Incorrect API key provided: {SECRETS['OPENAI_API_KEY']}"}
    fake_openai.fails(401, told)
    quiet = {"TUNNEL": "none", "LOG_LEVEL": level, "REPLY_SECONDS": "4"}
    with program(environ | SECRETS | quiet) as run:
        friend = run.friend()
        friend.headers = (("X-ChatGee-Key", SECRETS["SKILL_KEY"]),)
        shown = friend.says("비밀스러운 질문")
        for label in (FETCH, "다시 물어보기", FETCH):
            while label in shown.buttons:  # the first answer may take long
                shown = friend.presses(shown, label)
        assert "비밀스러운 답" in shown.text
        assert run.stop() == 0
    assert "OPENAI_API_KEY가 거절됐어요" in run.output
    assert [name for name, secret in SECRETS.items() if secret in run.output] == []
    assert ("비밀스러운" in run.output) is (level == "debug")
    assert "friend-1" not in run.output


def test_a_refused_secret_is_not_printed(practice: dict[str, str]) -> None:
    line = refused(practice | {"SKILL_KEY": "secret of mine"})
    assert "SKILL_KEY=*****" in line


def test_the_key_alone_is_shown_to_its_owner(practice: dict[str, str]) -> None:
    with program(practice | SECRETS, "key", by_run_py=True) as run:
        assert run.process.wait(PATIENCE) == 0
        run.logged(r"\(end\)")
    assert run.lines == [SECRETS["SKILL_KEY"], "(end)"]


@posix
def test_what_is_stored_is_the_owners_alone(practice: dict[str, str]) -> None:
    with program(practice) as run:
        run.friend().says("질문")
        folder = Path(practice["DATA_DIR"])
        modes = {path.name: path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())}
    assert "chatgee.db" in modes
    assert modes == dict.fromkeys(modes, 0)
