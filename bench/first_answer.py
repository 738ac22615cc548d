"""How long an owner waits: from `git clone` to the first answer, and at every later start.

    python bench/first_answer.py

Nothing is reused: a new folder, a new home, no cache of pip's. What the network gives is part of
it, so only the split and the later starts can be compared between machines.
"""

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QUESTION = (ROOT / "bench" / "question.json").read_bytes()
PORT = 6985
LOCAL = f"http://127.0.0.1:{PORT}"
STARTS = 5
GOAL_SECONDS = 1.5
LONGEST_SECONDS = 900


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="chatgee-first-") as folder:
        home = Path(folder)
        cloning = timed(lambda: clone(home / "ChatGee"))
        first = Start(home)
        first.run()
        later = [Start(home) for _ in range(STARTS)]
        for start in later:
            start.run()
    report(cloning, first, later)
    return 0 if statistics.median(one.healthy for one in later) <= GOAL_SECONDS else 1


def clone(folder: Path) -> None:
    subprocess.run(["git", "clone", "-q", f"file://{ROOT}", str(folder)], check=True)


def timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


class Start:
    """One `python run.py`, until it has answered a question; seconds since its beginning."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "ChatGee"
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        pip = {name: text for name, text in os.environ.items() if name.startswith("PIP_")}
        self.environ = (
            kept
            | pip
            | {
                "HOME": str(home),
                "PIP_NO_CACHE_DIR": "1",
                "PORT": str(PORT),
                "TUNNEL": "none",
                "OPEN_BROWSER": "off",
            }
        )
        self.installed = self.healthy = self.answered = 0.0

    def run(self) -> None:
        self.began = time.perf_counter()
        program = subprocess.Popen(
            [sys.executable, "run.py"],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self.watch(program)
        finally:
            program.send_signal(signal.SIGTERM)
            program.wait(10)

    def watch(self, program: "subprocess.Popen[bytes]") -> None:
        stamp = self.folder / ".venv" / "chatgee-ready.txt"
        while not (stamp.exists() and stamp.stat().st_size):
            self.still_runs(program)
        self.installed = self.now()
        while not healthy():
            self.still_runs(program)
        self.healthy = self.now()
        self.answer = ask()
        self.answered = self.now()

    def now(self) -> float:
        return time.perf_counter() - self.began

    def still_runs(self, program: "subprocess.Popen[bytes]") -> None:
        if program.poll() is not None or self.now() > LONGEST_SECONDS:
            log = self.folder / "data" / "install.log"
            sys.exit(f"it did not start:\n{log.read_text('utf-8') if log.exists() else ''}")
        time.sleep(0.01)


def healthy() -> bool:
    try:
        with urllib.request.urlopen(f"{LOCAL}/health", timeout=5) as reply:
            return reply.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def ask() -> str:
    """The text of the first answer, asked as the skill does."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{LOCAL}/prompt", QUESTION, headers)
    with urllib.request.urlopen(request, timeout=10) as reply:
        outputs = json.load(reply)["template"]["outputs"]
    return str(outputs[-1]["simpleText"]["text"])


def report(cloning: float, first: Start, later: list[Start]) -> None:
    print(f"first answer: {first.answer}")
    print(f"clone    {cloning:7.2f} s")
    print(f"install  {first.installed:7.2f} s   environment and packages, no cache")
    print(f"start    {first.healthy - first.installed:7.2f} s   until /health is 200")
    print(f"answer   {first.answered - first.healthy:7.2f} s   of the practice model")
    print(f"together {cloning + first.answered:7.2f} s")
    times = sorted(one.healthy for one in later)
    median = statistics.median(times)
    print(f"later starts until /health: median {median:.2f} s, slowest {times[-1]:.2f} s")
    print(f"goal {GOAL_SECONDS} s: {'met' if median <= GOAL_SECONDS else 'missed'}")


if __name__ == "__main__":
    shutil.which("git") or sys.exit("install git first")
    sys.exit(main())
