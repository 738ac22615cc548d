"""ChatGee in a process of its own: as its owner starts it, by `python run.py`, or sooner."""

import atexit
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from shutil import ignore_patterns
from typing import Any

from tests.support import starting
from tests.support.far_ends import PATIENCE
from tests.support.kakao_side import Friend
from tests.support.starting import Start

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0
FORKS = sys.platform == "linux"


@cache
def project() -> Path:
    """A copy of the project without its owner's config.env: no test may use a real key."""
    folder = Path(tempfile.mkdtemp(prefix="chatgee-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return copy_to(folder)


def copy_to(folder: Path) -> Path:
    """For a test that lets the program write its config.env: a copy of its own."""
    shutil.copytree(ROOT / "chatgee", folder / "chatgee", ignore=ignore_patterns("__pycache__"))
    for name in ("run.py", "requirements.txt", "requirements-cluster.txt", "config.example.env"):
        shutil.copy(ROOT / name, folder)
    return folder


@cache
def forking() -> socket.socket:
    """To the process that `starting` forks from, which is started with the first program."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        argv = [sys.executable, "-X", "utf8", starting.__file__, "serve", str(theirs.fileno())]
        server = subprocess.Popen(
            argv,
            cwd=project(),
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    atexit.register(server.wait)
    atexit.register(ours.close)
    return ours


class Forked:
    """What of `subprocess.Popen` the tests use, for a process that is forked from `forking()`."""

    def __init__(self, start: Start) -> None:
        self._end, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        said, saying = os.pipe()
        with theirs, open(saying, "wb") as output:
            given = [theirs.fileno(), output.fileno()]
            socket.send_fds(forking(), [start.dumps().encode()], given)
        self.stdout = open(said, encoding="utf-8")
        self.returncode: int | None = None
        self._end.settimeout(START_SECONDS)
        self.pid = int(self._end.recv(64))

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._end.settimeout(timeout)
            try:
                self.returncode = int(self._end.recv(64))
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("chatgee", timeout or 0) from None
            self._end.close()
        return self.returncode

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


class Program:
    """A running ChatGee, in a process group of its own."""

    def __init__(
        self,
        environ: dict[str, str],
        *arguments: str,
        folder: Path | None = None,
        within: Sequence[str] = (),
        command: Sequence[str] = (),
        by_run_py: bool = False,
        constants: Mapping[str, object] | None = None,
    ) -> None:
        """`within` is a command that starts it elsewhere, such as in another network; `command`
        starts another ChatGee than run.py's.

        It is forked, which takes a fifth of the time, unless it is started `by_run_py` or by a
        `command`, `within` something, in a `folder` or with a PYTHONPATH of its own. `constants`
        are those of `Start`.
        """
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        # No test may reach for the real services.
        given = kept | {"PYTHONUTF8": "1", "TUNNEL": "none"} | environ
        start = Start([*arguments], given, constants or {})
        self.process: subprocess.Popen[str] | Forked
        if FORKS and not (folder or within or command or by_run_py or "PYTHONPATH" in environ):
            self.process = Forked(start)
        else:
            self.process = self._begin(start, folder or project(), within, command)
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @staticmethod
    def _begin(
        start: Start, folder: Path, within: Sequence[str], command: Sequence[str]
    ) -> subprocess.Popen[str]:
        ours = command or [sys.executable, str(folder / "run.py")]
        argv = [*ours, *start.arguments]
        if start.constants:
            argv = [sys.executable, "-X", "utf8", starting.__file__, "once", start.dumps()]
        return subprocess.Popen(
            [*within, *argv],
            cwd=folder if start.constants else None,
            env=start.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()
        with self._news:
            self.lines.append("(end)")
            self._news.notify_all()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def logged(self, pattern: str, seconds: float = PATIENCE) -> re.Match[str]:
        """The first line that matches, once there is one."""

        def found() -> re.Match[str] | None:
            return next((m for line in self.lines if (m := re.search(pattern, line))), None)

        with self._news:
            self._news.wait_for(lambda: found() or "(end)" in self.lines, seconds)
            match = found()
        assert match, f"{pattern!r} was not logged:\n{self.output}"
        return match

    @property
    def url(self) -> str:
        return self.logged(r"skill url: (\S+)", START_SECONDS)[1]

    def friend(self, id: str = "friend-1") -> Friend:
        return Friend(self.url, id)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def kill(self) -> None:
        """As a power cut: the whole process group, at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self._reader.join(PATIENCE)
        assert self.process.stdout
        self.process.stdout.close()


@contextmanager
def program(environ: dict[str, str], *arguments: str, **options: Any) -> Iterator[Program]:
    """Started with the options of `Program`, and gone afterwards."""
    started = Program(environ, *arguments, **options)
    try:
        yield started
    finally:
        started.close()
