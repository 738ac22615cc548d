"""ChatGee as its owner starts it: a process of its own, by `python run.py`."""

import atexit
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from shutil import ignore_patterns

from tests.support.far_ends import PATIENCE
from tests.support.kakao_side import Friend

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0


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


class Program:
    """A running `python run.py`, in a process group of its own."""

    def __init__(
        self,
        environ: dict[str, str],
        *arguments: str,
        folder: Path | None = None,
        within: Sequence[str] = (),
    ) -> None:
        """`within` is a command that starts it elsewhere, such as in another network."""
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        self.process = subprocess.Popen(
            [*within, sys.executable, str((folder or project()) / "run.py"), *arguments],
            # No test may reach for the real services.
            env=kept | {"PYTHONUTF8": "1", "TUNNEL": "none"} | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

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
def program(
    environ: dict[str, str], *arguments: str, folder: Path | None = None
) -> Iterator[Program]:
    started = Program(environ, *arguments, folder=folder)
    try:
        yield started
    finally:
        started.close()
