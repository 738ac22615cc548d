"""The topology of compose.cluster.yaml on one machine: its processes and its nginx.conf."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from chatgee.texts import Texts
from tests.support.far_ends import PATIENCE
from tests.support.kakao_side import Friend
from tests.support.postgres import free_port, root
from tests.support.process import ROOT, Program, program
from tests.support.tunnel_side import until
from tests.support.visitor import OUTSIDE, held, signed

NGINX_CONF = ROOT / "deploy" / "nginx.conf"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MISSING = "no nginx: apt-get install nginx-light"
READY = Texts.load()("start.working")
SITE = OUTSIDE["Host"]


@dataclass
class Topology:
    """Two webs and two workers, with the balancer's address before the webs."""

    environ: dict[str, str]
    url: str
    stack: ExitStack
    ports: tuple[int, int]
    webs: list[Program] = field(default_factory=list)
    workers: list[Program] = field(default_factory=list)

    def friend(self, id: str = "friend-1") -> Friend:
        return Friend(f"{self.url}/prompt", id, headers=(("Host", SITE),))

    def web(self, number: int) -> str:
        return f"http://127.0.0.1:{self.ports[number]}"

    def start_web(self, number: int) -> Program:
        folder = Path(self.environ["DATA_DIR"]) / f"web{number + 1}"
        own = {"PORT": str(self.ports[number]), "DATA_DIR": str(folder)}
        own["OPENAI_MODEL"] = f"of web {number}"  # by which /health tells who it is
        return self.stack.enter_context(program(self.environ | own))

    def start_worker(self) -> Program:
        return self.stack.enter_context(program(self.environ, "worker"))

    def all_well(self) -> None:
        """Wait until everybody does their part, and the balancer has noticed."""
        for web in self.webs:
            assert web.url
        for worker in self.workers:
            worker.logged(READY, PATIENCE * 3)
        self.takes_part({"of web 0", "of web 1"})

    def takes_part(self, wanted: set[str]) -> None:
        met: set[str] = set()
        # Of an owner, who alone is told; it holds at every web with this ADMIN_PASSWORD.
        session = {"csrf": "c", "host": SITE, "since": 4e9, "_permanent": True}
        headers = {"Host": SITE} | held(signed(session))

        def met_all() -> bool:
            told = requests.get(f"{self.url}/health", headers=headers, timeout=PATIENCE).json()
            met.add(told.get("model", ""))
            return wanted <= met

        until(met_all)


def is_live(url: str) -> bool:
    with suppress(requests.ConnectionError):
        return requests.get(f"{url}/health/live", timeout=PATIENCE).status_code == 200
    return False


def configured(folder: Path, webs: tuple[int, int], port: int) -> Path:
    """The very nginx.conf, with the addresses of this machine."""
    text = NGINX_CONF.read_text("utf-8").replace("/tmp/", f"{folder}/")
    for theirs, ours in (
        ("listen 6959;", f"listen 127.0.0.1:{port};"),
        ("172.28.69.11:6959", f"127.0.0.1:{webs[0]}"),
        ("172.28.69.12:6959", f"127.0.0.1:{webs[1]}"),
    ):
        assert text.count(theirs) == 1
        text = text.replace(theirs, ours)
    file = folder / "nginx.conf"
    file.write_text(text, "utf-8")
    return file


@contextmanager
def balancer(folder: Path, webs: tuple[int, int], port: int) -> Iterator[None]:
    """What it complains of is in `folder`/nginx.log."""
    assert NGINX
    argv = [NGINX, "-p", str(folder), "-c", str(configured(folder, webs, port))]
    with (folder / "nginx.log").open("wb") as log:
        given = f"daemon off; pid {folder}/nginx.pid;"
        if root():  # whose folders nobody else may enter
            given += " user root root;"
        argv += ["-g", given]
        checked = subprocess.run([*argv, "-t"], stderr=subprocess.PIPE, text=True)
        assert checked.returncode == 0, checked.stderr
        process = subprocess.Popen(argv, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def running(environ: dict[str, str]) -> Iterator[Topology]:
    """`environ` has a DATABASE_URL, a DATA_DIR and the ADMIN_PASSWORD of `visitor`."""
    if NGINX is None:
        pytest.skip(MISSING)
    found: set[int] = set()
    while len(found) < 3:
        found.add(free_port())
    port, *ports = found
    with ExitStack() as stack:
        both = (ports[0], ports[1])
        ours = environ | {"PUBLIC_URL": f"https://{SITE}"}
        topology = Topology(ours, f"http://127.0.0.1:{port}", stack, both)
        topology.webs += [topology.start_web(number) for number in range(2)]
        topology.workers += [topology.start_worker() for _ in range(2)]
        Path(environ["DATA_DIR"], "nginx").mkdir()
        stack.enter_context(balancer(Path(environ["DATA_DIR"], "nginx"), both, port))
        until(lambda: is_live(topology.url))
        topology.all_well()
        yield topology
