"""A whole ChatGee in this process, on a real socket."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatgee import app, settings
from chatgee.owner.doctor_run import DoctorRun
from chatgee.owner.setup import Setup
from chatgee.owner.status import OwnerStatus
from chatgee.questions import Model
from chatgee.store import Store
from chatgee.store.databases.opening import is_shared
from chatgee.texts import Texts
from chatgee.web.server.wsgi_server import WebServer
from chatgee.web.skill import meanwhile
from tests.support import beside
from tests.support.kakao_side import Friend

TEXTS = Texts.load()


@dataclass
class Clock:
    """By how many seconds running bots are ahead, in all that they store and count by the day."""

    ahead: float = 0.0

    def forward(self, seconds: float) -> None:
        self.ahead += seconds


@dataclass
class Bot:
    """A running ChatGee; `open` it once or, as after a restart, several times.

    With a database of PostgreSQL's there is a worker beside it, as on another machine.
    """

    environ: dict[str, str]
    model: Model | None = None
    url: str = ""
    running: app.ChatGee | None = field(default=None, repr=False)
    texts: Texts = field(default=TEXTS, repr=False)
    reloads: int = 0
    server: WebServer | None = field(default=None, repr=False)
    setup: Setup | None = None
    """What the set-up page works with, where it is not the world."""
    doctor_run: DoctorRun | None = None
    """The doctor's; without one nobody looks."""

    @contextmanager
    def open(self, **changes: Any) -> Iterator["Bot"]:
        environ = self.environ | {name: str(value) for name, value in changes.items()}
        ours = settings.load(environ, file=Path(environ["DATA_DIR"]) / "config.env")
        server = self.server = WebServer(ours.host, ours.port)
        self.url = f"http://{server.host}:{server.port}"
        self.status = OwnerStatus(ours.data_dir / "board.json", self.url)
        server.start(meanwhile(self.texts), ours.reply_seconds)
        shared = is_shared(self.database)
        with (
            app.running(
                ours,
                self.texts,
                self.status,
                self.model,
                server.requests,
                self.reload,
                self.setup or Setup(ours.data_dir / "config.env", {}, ()),
                self.doctor_run,
            ) as self.running,
            app.working(ours, self.texts, self.model) if shared else nullcontext(),
        ):
            server.serve(self.running.wsgi)
            try:
                yield self
            finally:
                self.running.waiters.close()
                server.stop()

    def reload(self) -> None:
        self.reloads += 1

    def friend(self, id: str = "friend-1", **traits: Any) -> Friend:
        return Friend(self.url + "/prompt", id, **traits)

    def known(self, id: str = "friend-1", **traits: Any) -> Friend:
        """A friend who was greeted before, and has the answer."""
        friend = self.friend(id, **traits)
        callback_url, friend.callback_url = friend.callback_url, None
        shown, fetch = friend.says("안녕"), self.texts("button.fetch")
        while fetch in shown.buttons:  # as on a machine that is busy just then
            shown = friend.presses(shown, fetch)
        friend.callback_url = callback_url
        return friend

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.url.removeprefix("http://").split(":")
        return host, int(port)

    def until_asked(self, count: int) -> None:
        """Wait until so many questions have been stored."""
        self._until("SELECT count(*) FROM questions", count)

    def until_answered(self, count: int) -> None:
        """Wait until so many questions have their answers."""
        self._until("SELECT count(*) FROM questions WHERE state = 'answered'", count)

    def until_delivered(self, count: int) -> None:
        """Wait until it is noted of so many questions that their friends know what became."""
        self._until("SELECT count(*) FROM questions WHERE delivered_at IS NOT NULL", count)

    def until_held(self, user_id: str) -> None:
        """Wait until an answer of this friend is held."""
        sql = "SELECT count(*) FROM questions WHERE state = 'answered' AND delivery IS NULL"
        self._until(f"{sql} AND user_id = '{user_id}'", 1)

    def _until(self, sql: str, count: int) -> None:
        beside.until(self.database, sql, lambda found: found >= count)

    @property
    def database(self) -> str:
        file = Path(self.environ["DATA_DIR"]) / "chatgee.db"
        return self.environ.get("DATABASE_URL", f"sqlite:///{file}")

    @property
    def store(self) -> Store:
        assert self.running is not None
        return self.running.store
