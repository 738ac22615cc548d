"""What the owner sees of a running program: the screen, the page, the log, a second start."""

import fcntl
import json
import logging
import os
import pty
import re
import select
import signal
import stat
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import requests

from chatgee.system import logs
from chatgee.texts import Texts
from tests.support.far_ends import PATIENCE
from tests.support.kakao_side import Friend
from tests.support.process import START_SECONDS, Program, program, project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals and file modes")


TEXTS = Texts.load()


@pytest.fixture
def practice(tmp_path: Path) -> dict[str, str]:
    return {
        "DATA_DIR": str(tmp_path / "data"),
        "PORT": "0",
        "REPLY_SECONDS": "0.5",
        "TUNNEL": "none",
    }


@pytest.fixture
def browser(tmp_path: Path) -> dict[str, str]:
    """An environment whose browser writes down what it is told to open."""
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" >> "{tmp_path}/opened"\n', "utf-8")
    script.chmod(0o700)
    os.mkfifo(tmp_path / "opened")
    return {"BROWSER": f"{script} %s", "OPEN_BROWSER": "always"}


def opened(tmp_path: Path) -> str:
    """The page that the browser shows, once it does."""
    with (tmp_path / "opened").open(encoding="utf-8") as pipe:
        return pipe.readline().strip()


def local(run: Program) -> str:
    return run.url.removesuffix("/prompt")


# --- pages and a second start ---------------------------------------------------------------


def test_a_first_run_opens_the_set_up_page(
    practice: dict[str, str], browser: dict[str, str], tmp_path: Path
) -> None:
    with program(practice | browser) as run:
        assert opened(tmp_path) == f"{local(run)}/setup"


def test_a_bot_that_is_set_up_opens_its_home(
    practice: dict[str, str], browser: dict[str, str], tmp_path: Path
) -> None:
    key = {"OPENAI_API_KEY": "sk-test"}
    with program(practice | browser | key) as run:
        assert opened(tmp_path) == f"{local(run)}/"


def test_without_a_browser_the_steps_are_told_as_text(practice: dict[str, str]) -> None:
    with program(practice) as run:
        assert run.url
        assert all(f"  {number}. " in run.output for number in (1, 2, 3))
        assert run.output.index(f"{local(run)}/setup") < run.output.index("NGROK_AUTHTOKEN")


def test_a_second_start_says_so_and_opens_the_page_of_the_first(
    practice: dict[str, str], browser: dict[str, str], tmp_path: Path
) -> None:
    with program(practice) as first:
        url = local(first)
        with program(practice | browser) as second:
            assert opened(tmp_path) == url
            assert second.process.wait(START_SECONDS) == 0
            second.logged(f"이미 켜져 있어요: {url}")
        assert requests.get(f"{url}/health", timeout=PATIENCE).status_code == 200


def test_of_two_starts_in_one_instant_one_runs(practice: dict[str, str]) -> None:
    with program(practice) as one, program(practice) as other:
        both = (one, other)
        said = [run.logged("이미 켜|skill url", START_SECONDS)[0] for run in both]
        done = next(run for run, line in zip(both, said, strict=True) if "이미" in line)
        running = next(run for run in both if run is not done)
        assert done.process.wait(PATIENCE) == 0
        assert requests.get(f"{local(running)}/health", timeout=PATIENCE).status_code == 200


def test_after_a_power_cut_it_starts_again(practice: dict[str, str]) -> None:
    with program(practice) as first:
        assert first.url
        first.kill()
    with program(practice) as second:
        assert second.url


# --- the address ----------------------------------------------------------------------------


def test_an_address_that_changed_is_told_until_kakao_calls(practice: dict[str, str]) -> None:
    assert not warned(practice, "https://old.example.com", kakao_calls=True)
    assert warned(practice, "https://new.example.com")
    assert warned(practice, "https://new.example.com", kakao_calls=True)
    assert not warned(practice, "https://new.example.com")


def warned(practice: dict[str, str], address: str, kakao_calls: bool = False) -> bool:
    """Whether a start with this public address says that it is another one."""
    with program(practice | {"PUBLIC_URL": address}) as run:
        assert run.url == f"{address}/prompt"
        if kakao_calls:
            card = json.loads((Path(practice["DATA_DIR"]) / "running.json").read_text("utf-8"))
            through_a_tunnel = (("X-Forwarded-For", "203.0.113.7"),)
            Friend(f"{card['local']}/prompt", headers=through_a_tunnel).says("안녕")
        return "https://old.example.com/prompt 를 새 주소로" in run.output


# --- the screen -----------------------------------------------------------------------------


class Terminal:
    """A program in a terminal of its own, as after a double-click."""

    def __init__(self, environ: dict[str, str], columns: int, stopped: bool) -> None:
        self.ours, theirs = pty.openpty()
        if stopped:
            termios.tcflow(theirs, termios.TCOOFF)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, str(project() / "run.py")],
            env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", **environ},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        self._theirs = theirs
        self.text = ""

    def shows(self, words: str) -> bool:
        """Wait until the words are on the screen, wherever its lines are folded."""
        wanted, until = words.replace(" ", ""), time.monotonic() + START_SECONDS
        while wanted not in self._squeezed():
            ready, _, _ = select.select([self.ours], [], [], until - time.monotonic())
            assert ready, self.text
            self.text += os.read(self.ours, 65536).decode("utf-8", "replace")
        return True

    def _squeezed(self) -> str:
        plain = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", self.text)
        return re.sub(r"\s", "", plain)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait, without reading on; the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        os.set_blocking(self.ours, False)
        with suppress(OSError):  # Linux says so at the end of a terminal
            while more := os.read(self.ours, 65536):
                self.text += more.decode("utf-8", "replace")
        return code

    def fill(self) -> None:
        """Let nobody read until it takes nothing more, as while text is being selected."""
        with open(os.ttyname(self._theirs), "wb", buffering=0) as terminal:
            os.set_blocking(terminal.fileno(), False)
            while terminal.write(b"x" * 4096):
                pass

    def close(self) -> None:
        if self.process.poll() is None:
            self.end()
        os.close(self._theirs)
        os.close(self.ours)


@pytest.fixture
def terminal(practice: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
    with ExitStack() as stack:

        def start(columns: int = 100, stopped: bool = False, **environ: str) -> Terminal:
            new = Terminal(practice | environ, columns, stopped)
            stack.callback(new.close)
            return new

        yield start


@pytest.mark.parametrize("columns", [60, 100, 160])
def test_the_screen_shows_address_state_and_next_step(
    terminal: Callable[..., Terminal], columns: int
) -> None:
    screen = terminal(columns, PUBLIC_URL="https://bot.example.com", SKILL_KEY="secret-of-kim")
    assert screen.shows("https://bot.example.com/prompt")
    assert screen.shows(TEXTS("screen.needs_key"))
    assert screen.shows(TEXTS("light.practice"))
    assert screen.shows(TEXTS("light.never_called"))
    assert screen.shows(TEXTS("next.skill"))
    assert "secret-of-kim" not in screen.text


def test_the_screen_follows_what_happens(
    terminal: Callable[..., Terminal], practice: dict[str, str]
) -> None:
    screen = terminal(PUBLIC_URL="https://bot.example.com")
    assert screen.shows(TEXTS("light.never_called"))
    card = json.loads((Path(practice["DATA_DIR"]) / "running.json").read_text("utf-8"))
    friend = Friend(f"{card['local']}/prompt", headers=(("X-Forwarded-For", "203.0.113.7"),))
    friend.says("오류")
    assert screen.shows(TEXTS("light.called", ago=TEXTS("ago.now")))
    assert screen.shows(TEXTS("hint.practised"))
    assert screen.shows(TEXTS("light.practice"))


def test_a_closed_window_ends_it(terminal: Callable[..., Terminal]) -> None:
    screen = terminal()
    assert screen.shows(TEXTS("light.practice"))
    assert screen.end(signal.SIGHUP) == 0
    assert "Traceback" not in screen.text


def test_a_terminal_that_nobody_reads_stops_neither_answers_nor_the_end(
    terminal: Callable[..., Terminal], practice: dict[str, str]
) -> None:
    screen = terminal(PUBLIC_URL="https://bot.example.com", REPLY_SECONDS="4.5")
    assert screen.shows(TEXTS("light.never_called"))
    card = json.loads((Path(practice["DATA_DIR"]) / "running.json").read_text("utf-8"))
    screen.fill()
    friend = Friend(f"{card['local']}/prompt")
    assert "연습" in friend.says("안녕?").text
    assert "다시 물어봐" in friend.says("오류").text  # which is a warning for the screen
    started = time.monotonic()
    assert screen.end() == 0
    assert time.monotonic() - started < 5


def test_a_terminal_that_was_stopped_before_the_screen_came_stops_nothing_either(
    terminal: Callable[..., Terminal], practice: dict[str, str]
) -> None:
    screen = terminal(stopped=True)  # Ctrl+S
    url = answering(practice)
    assert "연습" in Friend(f"{url}/prompt").says("안녕?").text
    started = time.monotonic()
    assert screen.end() == 0
    assert time.monotonic() - started < 5


def answering(practice: dict[str, str]) -> str:
    """Where the program answers, which a terminal that nobody reads does not tell."""
    until = time.monotonic() + START_SECONDS
    card = Path(practice["DATA_DIR"]) / "running.json"
    while time.monotonic() < until:
        with suppress(OSError, ValueError, LookupError, requests.ConnectionError):
            url: str = json.loads(card.read_text("utf-8"))["local"]
            if requests.get(f"{url}/health", timeout=PATIENCE).status_code == 200:
                return url
        time.sleep(0.02)
    raise AssertionError("it does not answer")


@pytest.fixture
def piped(practice: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """A program whose lines go into a pipe, as in `python run.py 2>&1 | less`."""
    with ExitStack() as stack:

        def start(pipe: int, **environ: str) -> subprocess.Popen[bytes]:
            run = subprocess.Popen(
                [sys.executable, str(project() / "run.py")],
                env={"PATH": os.environ["PATH"], **practice, **environ},
                stdin=subprocess.DEVNULL,
                stdout=pipe,
                stderr=pipe,
                start_new_session=True,
            )
            stack.callback(run.wait, PATIENCE)
            stack.callback(run.kill)
            return run

        yield start


def test_a_pipe_that_nobody_reads_stops_neither_answers_nor_the_end(
    piped: Callable[..., subprocess.Popen[bytes]], practice: dict[str, str]
) -> None:
    reading, writing = os.pipe()
    with open(reading, "rb"), open(writing, "wb") as pipe:
        os.set_blocking(writing, False)
        while pipe.raw.write(b"x" * 4096):  # type: ignore[attr-defined]
            pass
        os.set_blocking(writing, True)
        run = piped(writing, LOG_LEVEL="debug")
        friend = Friend(f"{answering(practice)}/prompt")
        for number in range(3):
            assert str(number) in friend.says(f"안녕? {number}").text
        started = time.monotonic()
        run.terminate()
        assert run.wait(PATIENCE) == 0
        assert time.monotonic() - started < 5
    log = (Path(practice["DATA_DIR"]) / "chatgee.log").read_text("utf-8")
    assert "skill url: " in log
    assert log.count(": answered in") == 3
    assert TEXTS("start.stopping") in log


def test_a_pipe_that_was_closed_stops_nothing_and_is_no_error(
    piped: Callable[..., subprocess.Popen[bytes]], practice: dict[str, str]
) -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as lines, open(writing, "wb"):
        run = piped(writing, LOG_LEVEL="debug")
        assert lines.readline()  # python run.py 2>&1 | head -1
    friend = Friend(f"{answering(practice)}/prompt")
    assert "연습" in friend.says("안녕?").text
    run.terminate()
    assert run.wait(PATIENCE) == 0
    log = (Path(practice["DATA_DIR"]) / "chatgee.log").read_text("utf-8")
    assert "Traceback" not in log
    assert "ERROR" not in log


def test_ctrl_c_while_it_is_still_importing_leaves_no_trace(tmp_path: Path) -> None:
    pressed = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(9)\n"
    (tmp_path / "rich.py").write_text(pressed, "utf-8")  # in the middle of all that it imports
    ended = subprocess.run(
        [sys.executable, "-m", "chatgee.launch", "run"],
        cwd=project(),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")


# --- the log --------------------------------------------------------------------------------


def test_the_log_file_keeps_what_the_terminal_says_for_its_owner_alone(
    practice: dict[str, str],
) -> None:
    with program(practice) as run:
        assert run.url
    log = Path(practice["DATA_DIR"]) / "chatgee.log"
    assert "skill url: http://127.0.0.1:" in log.read_text("utf-8")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_bug_is_a_sentence_on_the_terminal_and_a_trace_in_the_file(
    practice: dict[str, str],
) -> None:
    data = Path(practice["DATA_DIR"])
    (data / "chatgee.lock").mkdir(parents=True)  # nobody has thought of that
    with program(practice) as run:
        assert run.process.wait(START_SECONDS) == 1
        run.logged("예상하지 못한 문제로 멈췄어요")
    assert "Traceback" not in run.output
    assert "Traceback" in (data / "chatgee.log").read_text("utf-8")


def test_the_log_file_is_rotated(tmp_path: Path) -> None:
    logs.configure("info", ["sk-secret"], tmp_path)
    line = "질문 sk-secret " + "x" * 10_000
    for _ in range(3 * logs.LARGEST_BYTES // len(line)):
        logging.getLogger("chatgee").info(line)
    logs.configure("info")
    files = sorted(tmp_path.glob("chatgee.log*"))
    assert 3 <= len(files) <= logs.FILES + 1
    assert all(file.stat().st_size <= logs.LARGEST_BYTES for file in files)
    assert not any("sk-secret" in file.read_text("utf-8") for file in files)
