"""A PostgreSQL for the tests: CHATGEE_TEST_POSTGRES, or a private server of what is installed.

A private server listens on 127.0.0.1 alone, keeps everything in a temporary folder, and ends with
the tests, however they end.
"""

import glob
import os
import random
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

HERE = "CHATGEE_TEST_POSTGRES"  # postgresql://user:password@host:port/database, may create others
MISSING = f"no PostgreSQL: apt-get install postgresql, or set {HERE}"
PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "C:/Program Files/PostgreSQL/*/bin",
)
SECONDS = 60.0  # which a start or a stop may take on a busy machine
WINDOWS = sys.platform == "win32"
LOCALE = "C.UTF-8" if sys.platform == "linux" else "C"  # in both, letters sort by their numbers
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
SIGNALS = {"fast": "INT", "immediate": "QUIT"}
# Waits for the end of its input, which is that of the tests, though they be killed by SIGKILL.
GUARD = """\
read -r _
kill -QUIT "$(head -n 1 data/postmaster.pid)"
for _ in $(seq 100); do [ -e data/postmaster.pid ] && sleep 0.1; done
rm -rf "$PWD"
"""


def binaries(path: str | None = None, places: Sequence[str] = PLACES) -> Path:
    """The folder of initdb, of PATH or else the newest; skips the test where there is none."""
    found = shutil.which("initdb", path=path)
    folders = [Path(found).resolve().parent] if found else []
    folders += [Path(name) for place in places for name in newest_first(glob.glob(place))]
    for folder in folders:
        if all(shutil.which(name, path=str(folder)) for name in ("initdb", "postgres", "pg_ctl")):
            return folder
    pytest.skip(MISSING)


def newest_first(names: Sequence[str]) -> list[str]:
    return sorted(names, key=lambda name: [*map(int, re.findall(r"\d+", name))], reverse=True)


def connect(url: str) -> psycopg.Connection[Any]:
    """For a look from beside the program; each statement is a transaction of its own."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True, connect_timeout=int(SECONDS))


class Server:
    """Somewhere to make databases."""

    def __init__(self, address: str) -> None:
        self._address = make_url(address).set(drivername="postgresql+psycopg")

    def url(self, database: str) -> str:
        """As an owner writes it into DATABASE_URL, with its password."""
        return self._address.set(database=database).render_as_string(hide_password=False)

    def connect(self) -> psycopg.Connection[Any]:
        return connect(self._address.render_as_string(hide_password=False))

    def create(self, encoding: str = "UTF8") -> str:
        """The URL of a new, empty database."""
        name = f"chatgee_test_{secrets.token_hex(8)}"
        with self.connect() as connection:
            locale = "" if encoding == "UTF8" else " LOCALE 'C'"
            about = f"TEMPLATE template0 ENCODING '{encoding}'{locale}"
            connection.execute(f"CREATE DATABASE {name} {about}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Take a database away, also from those who are connected to it."""
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")


class OwnServer(Server):
    """A server of the tests' own, which may be stopped, killed and started again."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self._bin, self.folder = binaries(), folder
        password, data = initial()
        self.port = free_port()
        super().__init__(f"postgresql://chatgee:{password}@127.0.0.1:{self.port}/postgres")
        ours = {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        self._settings = ours | {"port": str(self.port), "max_connections": "300", **settings}
        unpack(data, folder)
        self._guard = None if WINDOWS else self._begin("sh", "-c", GUARD, stdin=subprocess.PIPE)

    def start(self) -> None:
        """Returns when questions are answered, after a crash too."""
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        postgres = str(self._bin / "postgres")
        self._process = self._begin(postgres, "-D", "data", *options, stdout=subprocess.PIPE)
        deadline = time.monotonic() + SECONDS
        while not self._answers():
            assert self._process.poll() is None, f"it did not start:\n{self.log}"
            assert time.monotonic() < deadline, f"it does not answer:\n{self.log}"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:  # not yet, or it recovers
            return False
        return True

    @property
    def is_up(self) -> bool:
        return self._process.poll() is None

    def stop(self, mode: str = "fast") -> None:
        """fast: connections end and all is written; immediate: as if it had crashed."""
        run(self.folder, "pg_ctl", "kill", SIGNALS[mode], str(self._process.pid))
        self._gone()

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

    def kill(self) -> None:
        """As a power cut; `start` recovers."""
        self._process.kill()
        self._gone()

    def _gone(self) -> None:
        self._process.communicate(timeout=SECONDS)  # every process of the server holds its stdout

    def close(self) -> None:
        if self.is_up:
            self.stop("immediate")
        if self._guard:
            self._guard.kill()
            self._guard.communicate()

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")

    def _begin(self, *argv: str, **options: Any) -> subprocess.Popen[bytes]:
        return begin(self.folder, *argv, **options)


def run(folder: Path, name: str, *words: str) -> None:
    """A program of PostgreSQL's, to its end."""
    process = begin(folder, str(binaries() / name), *words)
    assert process.wait(SECONDS) == 0, f"{name} failed:\n{(folder / 'log').read_text()}"


def begin(folder: Path, *argv: str, **options: Any) -> subprocess.Popen[bytes]:
    """In a session of its own, which Ctrl-C at the tests does not reach."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            argv,
            cwd=folder,
            env=environ | {"LC_ALL": LOCALE},
            **{"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log} | options,
            **somebody(),
            start_new_session=True,
        )


@cache
def initial() -> tuple[str, bytes]:
    """A password, and the data of a new server with it: initdb takes a second, unpacking none."""
    password = secrets.token_urlsafe(16)
    with scratch() as folder:
        file = folder / "password"
        file.write_text(password)
        auth = ("--username=chatgee", "--auth=scram-sha-256", f"--pwfile={file}")
        ours = (f"--locale={LOCALE}", "--encoding=UTF8", *auth)
        run(folder, "initdb", "--no-sync", *ours, "data")
        packed = BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(folder / "data", "data")
    return password, packed.getvalue()


def unpack(data: bytes, folder: Path) -> None:
    """As it was packed, with its owner."""
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        archive.extraction_filter = lambda member, _: member  # a Python 3.11.0 knows no `filter`
        archive.extractall(folder)


def somebody() -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so there it runs as its own user."""
    if not root():
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def root() -> bool:
    return not WINDOWS and os.geteuid() == 0


def free_port() -> int:
    """Below those that systems hand out, so that nobody takes it while the server is down.

    Of those that pytest-xdist's other processes leave to this one.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        port = random.randrange(20_000 + worker, 30_000, workers)
        with socket.socket() as taken:
            if taken.connect_ex(("127.0.0.1", port)):
                return port


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder of the user's that PostgreSQL runs as."""
    # The user of `somebody` has to get there, whatever TMPDIR root has.
    folder = Path(tempfile.mkdtemp(prefix="chatgee-postgres-", dir="/tmp" if root() else None))
    try:
        if root():
            shutil.chown(folder, "postgres", "postgres")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=WINDOWS)


@contextmanager
def running(**settings: str) -> Iterator[OwnServer]:
    binaries()
    with scratch() as folder:
        server = OwnServer(folder, settings)
        try:
            server.start()
            yield server
        finally:
            server.close()


@contextmanager
def shared() -> Iterator[Server]:
    """For tests that leave the server alone; it would lose everything by a power cut."""
    if address := os.environ.get(HERE):
        yield Server(address)
        return
    with running(**FAST) as server:
        yield server


def durable() -> AbstractContextManager[OwnServer]:
    """A server of the test's own that loses nothing, and may be stopped or killed.

    What it has written outlives it in the system's memory: only a power cut needs the disk.
    """
    return running(fsync="off")
