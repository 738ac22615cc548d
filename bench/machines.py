"""ChatGee on several machines: a PostgreSQL, web processes and worker processes, all measured."""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from contenders import PROJECT, far_end, settings
from generator import Address
from processes import START_SECONDS, NotStartedError, Process, free_port

sys.path.insert(0, str(PROJECT))

from chatgee.cluster.connector import NAME
from tests.support import postgres

WORKING = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND query LIKE 'LISTEN%%'"
)
HEARD = ("procrastinate_queue_v1#chatgee", "chatgee_answered")
"""Told by whatever commits a question, and by whatever commits its answer."""


@dataclass(frozen=True)
class Setting:
    """So many web processes and workers; no worker: one machine with SQLite."""

    title: str
    webs: int = 1
    workers: int = 0


@dataclass(frozen=True)
class Company:
    """A running ChatGee, however many processes it is."""

    setting: Setting
    addresses: list[Address]
    webs: list[Process]
    workers: list[Process]
    model_url: str
    url: str
    """Of its database."""

    def last_lines(self) -> str:
        return "\n".join(one.last_lines(8) for one in [*self.webs, *self.workers])


@contextmanager
def database_server() -> Iterator[postgres.Server]:
    """The one of CHATGEE_TEST_POSTGRES, else a private one that writes through to its disk."""
    if address := os.environ.get(postgres.HERE):
        yield postgres.Server(address)
    else:
        with postgres.durable() as server:
            yield server


@contextmanager
def database(server: postgres.Server) -> Iterator[str]:
    """The URL of an empty database."""
    url = server.create()
    try:
        yield url
    finally:
        server.drop(url)


@contextmanager
def assembled(setting: Setting, server: postgres.Server) -> Iterator[Company]:
    """All processes, ready, with an empty store."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        model_url = stack.enter_context(far_end(0.0))
        url = stack.enter_context(database(server))
        ports = [free_port() for _ in range(setting.webs)]

        def start(name: str, port: int, *words: str) -> Process:
            environment = settings(port, model_url, Path(folder) / name)
            if setting.workers:
                environment["DATABASE_URL"] = url
            command = [sys.executable, "run.py", *words]
            process = Process(name, command, environment=environment, folder=PROJECT)
            return stack.enter_context(process)

        webs = [start(f"web {port}", port) for port in ports]
        for web, port in zip(webs, ports, strict=True):
            web.wait_for(f"http://127.0.0.1:{port}/health")
        workers = [start(f"worker {n}", free_port(), "worker") for n in range(setting.workers)]
        company = Company(setting, [Address(p) for p in ports], webs, workers, model_url, url)
        _wait_for_workers(company)
        yield company


def _wait_for_workers(company: Company) -> None:
    until = time.monotonic() + START_SECONDS
    with postgres.connect(company.url) as connection:
        while time.monotonic() < until:
            working = connection.execute(WORKING, (NAME,)).fetchone()
            if working and working[0] >= len(company.workers):
                return
            time.sleep(0.05)
    raise NotStartedError(f"no workers. The last lines:\n{company.last_lines()}")


class Listener:
    """When each commit was told, as anybody hears it; a thread of its own."""

    def __init__(self, url: str) -> None:
        self._connection = postgres.connect(url)
        for channel in HEARD:
            self._connection.execute(f'LISTEN "{channel}"')
        self._heard: list[tuple[str, float]] = []
        self._ending = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ending:
            for note in self._connection.notifies(timeout=0.2):
                self._heard.append((note.channel, time.monotonic()))

    def first(self, channel: str, since: float, until: float) -> float | None:
        """When a channel was first heard between two moments."""
        moments = (at for name, at in self._heard if name == channel and since <= at <= until)
        return next(moments, None)

    def close(self) -> None:
        self._ending = True
        self._thread.join()
        self._connection.close()


@dataclass
class Spent:
    """CPU of each part since `Spent(company)`."""

    company: Company
    postmaster: psutil.Process | None = None
    _before: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.company.workers:
            self.postmaster = _postmaster(self.company.url)
        self._before = self._now()

    def seconds(self) -> dict[str, float]:
        """By part; a database on another machine is not counted."""
        now = self._now()
        return {part: now[part] - before for part, before in self._before.items()}

    def _now(self) -> dict[str, float]:
        found = {"web": sum(one.cpu_seconds() for one in self.company.webs)}
        if self.company.workers:
            found["worker"] = sum(one.cpu_seconds() for one in self.company.workers)
        if self.postmaster:
            found["postgres"] = _cpu_of_tree(self.postmaster)
        return found


def _postmaster(url: str) -> psutil.Process | None:
    """The server's first process, where it runs on this machine."""
    with postgres.connect(url) as connection:
        try:
            backend: Any = psutil.Process(connection.info.backend_pid)
            parent = backend.parent()
        except (psutil.Error, psycopg.Error):
            return None
    return parent if parent and "postgres" in parent.name() else None


def _cpu_of_tree(root: psutil.Process) -> float:
    total = 0.0
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    waited: Any = root.cpu_times()
    return total + float(waited.children_user + waited.children_system)
