"""Several machines on this one: webs and workers, each a process with a folder of its own."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from chatgee.texts import Texts
from tests.support.kakao_side import Friend, Shown
from tests.support.postgres import connect
from tests.support.process import START_SECONDS, Program

T = TypeVar("T")

TEXTS = Texts.load()
FETCH = TEXTS("button.fetch")
NOT_STORED = TEXTS("reply.not_stored")
SOONER = {
    "chatgee.cluster.worker_process.HEARTBEAT_SECONDS": 1.5,
    "chatgee.cluster.worker_process.STALLED_SECONDS": 6.0,
    "chatgee.cluster.worker_process.EVERY_FIVE_SECONDS": "* * * * * *",
}
"""With which a worker that died is noticed in 7 s, and not in 17."""
TAKEN_OVER_SECONDS = 20.0
"""In which somebody else goes on with what a machine has left undone."""
LATE_SECONDS = 1.0
"""By which a reply may come after REPLY_SECONDS, on a busy machine."""


@dataclass
class Cluster:
    """Programs with the same DATABASE_URL, which end with `stack`."""

    environ: dict[str, str]
    folder: Path
    stack: ExitStack
    count: int = 0

    @property
    def url(self) -> str:
        return self.environ["DATABASE_URL"]

    def begin(self, *arguments: str, within: Sequence[str] = (), **more: str) -> Program:
        """`within` is a command that starts the program elsewhere, or otherwise."""
        self.count += 1
        own = {"DATA_DIR": str(self.folder / f"machine-{self.count}")}
        environ = self.environ | own | more
        started = Program(environ, *arguments, within=within, constants=SOONER)
        self.stack.callback(started.close)
        return started

    def web(self, within: Sequence[str] = (), **more: str) -> Program:
        started = self.begin(within=within, **more)
        assert started.url
        return started

    def worker(self, within: Sequence[str] = (), **more: str) -> Program:
        started = self.begin("worker", within=within, **more)
        started.logged(TEXTS("start.working"), START_SECONDS)
        return started

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Look into the database."""
        with connect(self.url) as connection:
            return connection.execute(sql, values).fetchall()

    def change(self, sql: str, *values: Any) -> None:
        """As if something had happened, or longer ago."""
        with connect(self.url) as connection:
            connection.execute(sql, values)

    def nothing_is_left(self) -> bool:
        """Whether all is answered and no job waits."""
        jobs = "SELECT count(*) FROM procrastinate_jobs WHERE task_name != 'tidy'"
        open_ = "SELECT count(*) FROM questions WHERE state = 'asked'"
        return self.ask(jobs) == [(0,)] and self.ask(open_) == [(0,)]


@contextmanager
def cluster(environ: dict[str, str], url: str, folder: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield Cluster(environ | {"DATABASE_URL": url}, folder, stack)


LOCKED_OUT = """
SELECT pid FROM pg_locks
WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"""
"""Who waits for a lock of the one that asks."""
HELD_COMMITS = """
CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER held AFTER INSERT ON questions DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION held()"""


@contextmanager
def commits_held(url: str) -> Iterator[Callable[[], bool]]:
    """The server keeps who stores a question waiting for the commit; yields whether one waits."""
    waits = f"{LOCKED_OUT} AND locktype = 'advisory'"
    with connect(url) as holder, suppress(psycopg.OperationalError):  # the server may have ended
        holder.execute(HELD_COMMITS)
        holder.execute("SELECT pg_advisory_lock(1)")
        yield lambda: bool(holder.execute(waits).fetchall())
        holder.execute("SELECT pg_advisory_unlock(1)")


@contextmanager
def counting_held(url: str) -> Iterator[Callable[[], bool]]:
    """The same in the midst of a transaction, with a lock that all others need as well."""
    with connect(url) as holder, holder.transaction():
        holder.execute("SELECT 1 FROM tallies_by_hour FOR UPDATE")
        yield lambda: bool(holder.execute(LOCKED_OUT).fetchall())


def until(condition: Callable[[], T], seconds: float = TAKEN_OVER_SECONDS) -> T:
    """What `condition` gives, once it is true; looked at now and then, since others tell nobody."""
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        pause.wait(0.05)
    return found


def together(work: Callable[[Any], T], over: list[Any]) -> list[T]:
    """Each in a thread of its own."""
    with ThreadPoolExecutor(len(over)) as phones:
        return list(phones.map(work, over))


def fetched(friend: Friend, shown: Shown, seconds: float = TAKEN_OVER_SECONDS) -> str:
    """The answer, with all that is told beside it; pressed for until it is there."""
    deadline = time.monotonic() + seconds
    while FETCH in shown.buttons:
        assert time.monotonic() < deadline, "the answer never came"
        shown = friend.presses(shown, FETCH)
    return shown.text


def stop(program: Program) -> None:
    """As if it hung."""
    program.process.send_signal(signal.SIGSTOP)


def go_on(program: Program) -> None:
    program.process.send_signal(signal.SIGCONT)
