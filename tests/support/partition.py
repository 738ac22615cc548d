"""A network of its own for a program, whose wire to the database can be cut: nothing tells it.

Two wires lead there: over one goes what is the database's, over the other all else.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

_OURS = f"10.{64 + os.getpid() % 64}.{os.getpid() // 64 % 256}"  # of no other run of the tests
HERE, THERE = f"{_OURS}.1", f"{_OURS}.2"
"""The database's address, and the program's on the wire to it."""
ELSE_HERE, ELSE_THERE = f"{_OURS}.5", f"{_OURS}.6"
"""The same for everything else."""

DB, ELSE = "db", "else"
NOTHING_PASSES, ALL_PASSES = (("root", "pfifo", "limit", str(most)) for most in (0, 1000))


@dataclass(frozen=True)
class Apart:
    """A network that is called `name`."""

    name: str

    @property
    def wire(self) -> str:
        """To the database, at our end."""
        return f"{self.name}db"

    @property
    def within(self) -> Sequence[str]:
        return "ip", "netns", "exec", self.name

    def cut(self, answers_only: bool = False) -> None:
        """From now on everything vanishes, or only what comes from the database."""
        run("tc", "qdisc", "replace", "dev", self.wire, *NOTHING_PASSES)
        if not answers_only:
            run(*self.within, "tc", "qdisc", "replace", "dev", DB, *NOTHING_PASSES)

    def mend(self) -> None:
        run("tc", "qdisc", "replace", "dev", self.wire, *ALL_PASSES)
        run(*self.within, "tc", "qdisc", "replace", "dev", DB, *ALL_PASSES)


def run(*words: str) -> None:
    subprocess.run(words, check=True)


@contextmanager
def network() -> Iterator[Apart]:
    """Skips where none can be made."""
    if not (shutil.which("ip") and shutil.which("tc")):
        pytest.skip("install iproute2")
    name = f"cg{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("run it as root: `ip netns add` is not permitted")
    try:
        _wire(name, DB, HERE, THERE)
        _wire(name, ELSE, ELSE_HERE, ELSE_THERE)
        run("ip", "-n", name, "link", "set", "lo", "up")
        yield Apart(name)
    finally:
        run("ip", "netns", "del", name)  # and the wires with it


def _wire(name: str, there: str, our: str, their: str) -> None:
    here = name + there
    run("ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
    run("ip", "addr", "add", f"{our}/30", "dev", here)
    run("ip", "-n", name, "addr", "add", f"{their}/30", "dev", there)
    run("ip", "link", "set", here, "up")
    run("ip", "-n", name, "link", "set", there, "up")
