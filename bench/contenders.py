"""ChatGee and its peers, each started on a free port in front of a far end of its own."""

import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator import Address
from peers import REPLY_SECONDS
from processes import BENCH, Process, free_port, python

PROJECT = BENCH.parent
OURS = "ChatGee"


@dataclass(frozen=True)
class Contender:
    """A server that can be measured."""

    name: str
    title: str
    project: Path = PROJECT

    @property
    def ours(self) -> bool:
        return self.name == "chatgee"

    def process(self, port: int, model_url: str, data_dir: Path) -> Process:
        """How it is started."""
        if not self.ours:
            command = python("peers.py", self.name, "--port", port, "--model-url", model_url)
            return Process(self.title, command)
        command = [sys.executable, "run.py"]
        environment = settings(port, model_url, data_dir)
        return Process(self.title, command, environment=environment, folder=self.project)


def settings(port: int, model_url: str, data_dir: Path) -> dict[str, str]:
    """ChatGee's environment while it is measured."""
    return {
        "PORT": str(port),
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": f"sqlite:///{data_dir / 'chatgee.db'}",  # Never the owner's own.
        "OPENAI_BASE_URL": model_url,
        "OPENAI_API_KEY": "sk-bench",
        "OPENAI_MODEL": "bench",
        "TUNNEL": "none",
        "REPLY_SECONDS": str(REPLY_SECONDS),
    }


PEERS = {
    "starlette": Contender("starlette", "Starlette"),
    "flask": Contender("flask", "Flask 서버"),
}


@dataclass(frozen=True)
class Running:
    """A contender that answers, and the far end that it asks."""

    contender: Contender
    server: Process
    address: Address
    model_url: str
    start_seconds: float

    def seen(self) -> dict[str, Any]:
        """What the far end was asked: questions, messages, most_at_once."""
        return far_end_seen(self.model_url)


def far_end_seen(model_url: str) -> dict[str, Any]:
    """The far end's own count."""
    with urllib.request.urlopen(model_url.replace("/v1", "/seen"), timeout=10) as reply:
        seen: dict[str, Any] = json.loads(reply.read())
        return seen


@contextmanager
def far_end(delay: float) -> Iterator[str]:
    """A model that takes `delay` seconds; yields its address."""
    port = free_port()
    with Process("far end", python("far_end.py", "--port", port, "--delay", delay)) as process:
        process.wait_for(f"http://127.0.0.1:{port}/seen")
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def running(
    contender: Contender, *, delay: float, data_dir: Path | None = None
) -> Iterator[Running]:
    """The contender, ready; an empty store unless `data_dir` is given."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as empty,
        far_end(delay) as model_url,
    ):
        port = free_port()
        began = time.monotonic()
        with contender.process(port, model_url, data_dir or Path(empty)) as server:
            server.wait_for(f"http://127.0.0.1:{port}/health")
            took = time.monotonic() - began
            yield Running(contender, server, Address(port), model_url, took)


def chosen(peers: Sequence[str], project: Path) -> list[Contender]:
    """ChatGee first, then the peers that were asked for."""
    return [Contender("chatgee", OURS, project), *(PEERS[name] for name in peers)]
