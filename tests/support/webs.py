"""Two webs and a worker with one PostgreSQL, as on three machines behind a load balancer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import requests

from chatgee import app, settings
from chatgee.owner.doctor_run import DoctorRun
from chatgee.texts import Texts
from chatgee.web import owner
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE
from tests.support.visitor import OUTSIDE, PASSWORD, SITE, came_in, held, token_of


@dataclass
class Webs:
    """Asked in turn; every machine has a folder of its own."""

    one: Bot
    other: Bot

    def __post_init__(self) -> None:
        self._turns = cycle((self.one, self.other))

    def log_in(self) -> None:
        self.cookie = came_in(next(self._turns))
        self.token = token_of(next(self._turns), self.cookie, Accept="text/html")

    def ask(self, path: str, method: str = "GET", **more: Any) -> requests.Response:
        """As an owner who has logged in, of whichever web is next."""
        headers = OUTSIDE | held(self.cookie) | {"Origin": SITE, owner.TOKEN_HEADER: self.token}
        url = next(self._turns).url + path
        return requests.request(
            method, url, headers=headers, timeout=PATIENCE, allow_redirects=False, **more
        )


def environ_of(machine: str, folder: Path, environ: dict[str, str], url: str) -> dict[str, str]:
    (folder / machine).mkdir()
    ours = {"DATA_DIR": str(folder / machine), "DATABASE_URL": url, "ADMIN_PASSWORD": PASSWORD}
    return environ | ours


@contextmanager
def opened(
    folder: Path,
    environ: dict[str, str],
    url: str,
    visits: tuple[DoctorRun, DoctorRun] | None = None,
) -> Iterator[Webs]:
    one, other = (Bot(environ_of(name, folder, environ, url)) for name in ("one", "other"))
    if visits:
        one.doctor_run, other.doctor_run = visits
    with one.open(), other.open():
        yield Webs(one, other)


@contextmanager
def worker(folder: Path, environ: dict[str, str], url: str) -> Iterator[None]:
    ours = environ_of("worker", folder, environ, url)
    with app.working(settings.load(ours, file=folder / "config.env"), Texts.load()):
        yield
