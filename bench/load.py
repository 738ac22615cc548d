"""The load benchmark: ChatGee beside two peers, one table a topic.

    python -m pip install -r bench/requirements.txt
    python bench/load.py [--quick] [--only held,burst] [--peers none] [--write docs/performance.md]

The interpreter must have the project's requirements too. Everything stays on the loopback. Only
ratios within one run count: machines and hours differ. Ends with 1 if a topic could not be run.
"""

import argparse
import os
import platform
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import distributions, version
from pathlib import Path

import cost
import psutil
import speed
from contenders import PEERS, chosen
from plan import Plan, quick, say
from processes import BENCH, NotStartedError, raise_file_limit
from results import Table

TOPICS: dict[str, Callable[[Plan], Table]] = {
    "held": speed.held,
    "burst": speed.burst,
    "instant": speed.instant,
    "cpu": cost.cpu,
    "store": cost.store,
    "memory": cost.memory,
}
FAILURES = (NotStartedError, RuntimeError, OSError, subprocess.SubprocessError, sqlite3.Error)
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def names(known: dict[str, object]) -> Callable[[str], list[str]]:
    """Read `a,b` as known names; `none` is the empty list."""

    def parse(text: str) -> list[str]:
        found = [] if text == "none" else text.split(",")
        if unknown := set(found) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(known)}")
        return found

    return parse


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="N = 100 and short runs")
    parser.add_argument("--only", type=names({**TOPICS}), default=list(TOPICS), metavar="TOPICS")
    parser.add_argument("--peers", type=names({**PEERS}), default=list(PEERS), metavar="PEERS")
    parser.add_argument(
        "--project", type=Path, default=BENCH.parent, help="folder with the run.py to measure"
    )
    parser.add_argument("--write", type=Path, help=f"file whose part after {BEGIN} is replaced")
    return parser.parse_args()


def machine() -> str:
    """What it ran on, without names that tell who owns it."""
    packages = ("openai", "Flask", "starlette", "uvicorn")
    installed = {each.metadata["Name"].lower() for each in distributions()}
    versions = ", ".join(f"{p} {version(p)}" for p in packages if p.lower() in installed)
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, {versions}"
    )


def busy_seconds() -> float:
    """What all processes of the machine have used so far."""
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0))


def own_seconds() -> float:
    """What this process and its ended children have used so far."""
    return sum(os.times()[:4])


@dataclass
class Others:
    """How busy the machine was with anything but this benchmark since `Others()`."""

    began: float = field(default_factory=time.monotonic)
    busy: float = field(default_factory=busy_seconds)
    own: float = field(default_factory=own_seconds)

    def share(self) -> float:
        """Of all cores' time; of little use where children cannot be counted (Windows)."""
        others = (busy_seconds() - self.busy) - (own_seconds() - self.own)
        cores = os.cpu_count() or 1
        return max(0.0, others / ((time.monotonic() - self.began) * cores))


def write_between_marks(file: Path, text: str, begin: str = BEGIN, end: str = END) -> None:
    """Replace what is between the two marks of a page."""
    before, _, rest = file.read_text("utf-8").partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{file} has no {begin} … {end}")
    file.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", "utf-8", newline="\n")


def end_tidily(signum: int, frame: object) -> None:
    """Leave through every `with`, so that no process is left behind."""
    raise SystemExit(128 + signum)


def main() -> int:
    chosen_options = options()
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end_tidily)
    raise_file_limit()
    if (chosen_options.project / "config.env").exists():
        say("config.env is here: what it sets applies to the server that is measured")
    contenders = chosen(chosen_options.peers, chosen_options.project.resolve())
    plan = quick(contenders) if chosen_options.quick else Plan(contenders)
    parts, printed, failed = [machine() + "\n"], 0, False
    for topic in chosen_options.only:
        others = Others()
        try:
            parts.append(TOPICS[topic](plan).markdown())
            parts.append(f"(재는 동안 이 컴퓨터의 다른 일이 쓴 CPU: {others.share():.0%})\n")
        except FAILURES as error:
            failed = True
            parts.append(f"## {topic}\n\n(not measured)\n")
            print(f"{topic} could not be measured: {error}", file=sys.stderr)
        print("\n".join(parts[printed:]), flush=True)
        printed = len(parts)
    if chosen_options.write and not failed:
        write_between_marks(chosen_options.write, "\n".join(parts))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
