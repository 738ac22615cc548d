"""Processes of the benchmark: started in a group of their own, measured, and always ended."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import psutil

BENCH = Path(__file__).resolve().parent
START_SECONDS = 60.0
STOP_SECONDS = 6.0  # ChatGee promises to end within five.


class NotStartedError(Exception):
    """A process did not come up; the message holds the last lines of its log."""


def raise_file_limit(wanted: int = 20_000) -> None:
    """Let this process and its children open thousands of sockets, where that can be asked."""
    try:
        import resource
    except ImportError:  # Windows has no such limit for sockets.
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def python(script: str, *arguments: object) -> list[str]:
    """The command line that runs a file of this folder with this interpreter."""
    return [sys.executable, str(BENCH / script), *map(str, arguments)]


class Process:
    """A child process and all its children; a context manager that leaves none of them behind."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path = BENCH,
    ) -> None:
        self.name = name
        self.command = command
        self.environment = {**os.environ, **(environment or {})}
        self.folder = folder

    def __enter__(self) -> "Process":
        self.log = tempfile.TemporaryFile()
        self.popen = subprocess.Popen(
            self.command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.root = psutil.Process(self.popen.pid)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self.log.close()

    def stop(self) -> None:
        """Ask the whole tree to end, then make it."""
        tree = self.tree()
        self.popen.terminate()
        _, alive = psutil.wait_procs(tree, timeout=STOP_SECONDS)
        for process in alive:
            process.kill()
        if hasattr(os, "killpg"):
            try:
                os.killpg(self.popen.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass  # Nobody is left in the group: the usual case.
        self.popen.wait()

    def tree(self) -> list[psutil.Process]:
        """The process and its children that are alive now."""
        try:
            return [self.root, *self.root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def cpu_seconds(self) -> float:
        """User and system time of the tree, ended children included."""
        total = 0.0
        for process in self.tree():
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
            total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        return total

    def rss_mb(self) -> float:
        """Memory of the tree, pages that two processes share counted twice."""
        total = 0
        for process in self.tree():
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total / 2**20

    def peak_mb(self) -> float:
        """The most memory the tree has had where the system knows (Linux), else what it has now."""
        try:
            peaks = [peak_kb(process.pid) for process in self.tree()]
        except (OSError, StopIteration):
            return self.rss_mb()
        return sum(peaks) / 1024

    def last_lines(self, count: int = 25) -> str:
        """The end of what the process printed."""
        self.log.flush()
        self.log.seek(0)
        text = self.log.read().decode("utf-8", "replace")
        return "\n".join(text.splitlines()[-count:])

    def wait_for(self, address: str) -> None:
        """Return once `address` answers 200, or raise NotStartedError."""
        limit = time.monotonic() + START_SECONDS
        while time.monotonic() < limit and self.popen.poll() is None:
            if answers(address):
                return
            time.sleep(0.05)
        state = (
            f"ended with code {self.popen.returncode}"
            if self.popen.poll() is not None
            else f"did not answer {address} within {START_SECONDS:.0f} s"
        )
        raise NotStartedError(f"{self.name} {state}. Its last lines:\n{self.last_lines()}")


def peak_kb(pid: int) -> int:
    """The high-water mark of a process's memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def answers(address: str) -> bool:
    """Whether a GET is answered with 200."""
    try:
        with urllib.request.urlopen(address, timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False
