"""Fixtures: a whole ChatGee on a real socket, with far ends of ours."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import openai  # noqa: F401  # takes a second, which no deadline of a test should pay
import pytest

from chatgee import settings
from chatgee.store.databases.database_kind import DatabaseKind
from chatgee.store.databases.opening import is_shared
from chatgee.store.databases.postgresql import Postgresql
from chatgee.store.databases.sqlite import Sqlite
from tests.support.bot import Bot, Clock
from tests.support.everything import pytest_sessionfinish as pytest_sessionfinish
from tests.support.far_ends import FakeKakao, FakeOpenAI
from tests.support.quick import is_quick

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.support.databases import Databases
    from tests.support.postgres import OwnServer, Server

# Wine and shells, which no Windows has.
collect_ignore_glob = ["test_launchers*.py"] if sys.platform == "win32" else []

HERE = Path(__file__).parent
LONGEST = (
    "launch/test_launchers_windows.py",
    "cluster/test_topology.py",
    "cluster/test_shared_files.py",
    "project/test_code.py",
    "web/test_everybody.py",
    "project/test_recipes.py",
    "project/test_package.py",
    "cluster/test_faults.py",
    "cluster/test_partition.py",
    "cluster/test_restarts.py",
    "launch/test_run.py",
    "cluster/test_clocks.py",
    "cluster/test_machines_talk.py",
    *("web/test_browser.py", "web/test_odd_requests.py", "web/test_fuzz.py"),
)
"""Files that take half a minute to two, begun first: else some process would end with one."""
NOT_QUICK = (
    *("cluster", "doctor", "launch", "owner/backup", "store/files", "tunnel", "web"),
    *("conversation/test_callbacks.py", "conversation/test_daily_tokens.py"),
    "conversation/test_friends.py",
    *("owner/test_manual.py", "owner/test_texts_file.py", "project/test_recipes.py"),
)
"""Not even collected for `--quick`: what mostly starts programs, waits as long as friends do, or
tries every page with everything."""
NO_PSYCOPG = "no psycopg: pip install -r requirements-cluster.txt"


def pytest_addoption(parser: pytest.Parser) -> None:
    """For `tests/web/test_odd_requests.py`, and for whoever wants to know soon."""
    parser.addoption("--requests", type=int, help="how many odd requests; 2,000 by itself")
    parser.addoption("--seed", type=int, help="from which they follow")
    parser.addoption("--quick", action="store_true", help="a minute of tests that start no program")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if config.getoption("--quick") and collection_path.is_relative_to(HERE):
        return collection_path.relative_to(HERE).as_posix() in NOT_QUICK or None
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--quick"):
        left_out = [item for item in items if not is_quick(item)]
        items[:] = [item for item in items if item not in set(left_out)]
        config.hook.pytest_deselected(items=left_out)
    later = len(LONGEST)
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.relative_to(HERE).as_posix(), later))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = ("_proxy", "ssl_cert_file", "ssl_cert_dir")
    outgoing = [name for name in os.environ if name.lower().endswith(ends)]
    for name in (*settings.OPTIONS, *outgoing):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def fake_openai() -> Iterator[FakeOpenAI]:
    end = FakeOpenAI()
    yield end
    end.close()


@pytest.fixture
def fake_kakao() -> Iterator[FakeKakao]:
    end = FakeKakao()
    yield end
    end.close()


@pytest.fixture
def environ(tmp_path: Path, fake_openai: FakeOpenAI, fake_kakao: FakeKakao) -> dict[str, str]:
    return {
        "DATA_DIR": str(tmp_path),
        "PORT": "0",
        "OPENAI_API_KEY": "sk-test-0123456789",
        "OPENAI_BASE_URL": fake_openai.url,
        "REPLY_SECONDS": "1",
        "CALLBACK_HOSTS": f"bot-api.kakao.com,{fake_kakao.host}",
    }


@pytest.fixture
def wherever(environ: dict[str, str], database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On one machine, and on two: one with a door, and a worker."""
    environ["DATABASE_URL"] = database
    if is_shared(database):
        monkeypatch.setattr("chatgee.cluster.worker_process.LAST_SECONDS", 0.1)


@pytest.fixture
def unhurried(environ: dict[str, str]) -> None:
    """With time enough to answer at once, also on a machine that has much to do."""
    environ["REPLY_SECONDS"] = "4.5"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Moves the time of running bots, be their database SQLite's or PostgreSQL's."""
    clock = Clock()

    def ahead(right: Callable[[DatabaseKind], float]) -> Callable[[DatabaseKind], float]:
        return lambda kind: right(kind) + clock.ahead

    for kind in (Sqlite, Postgresql):
        monkeypatch.setattr(kind, "now", ahead(kind.now))
    return clock


@pytest.fixture
def stopped_bot(environ: dict[str, str], clock: Clock) -> Bot:
    """Its time is the clock's from the beginning."""
    return Bot(environ)


@pytest.fixture
def bot(stopped_bot: Bot) -> Iterator[Bot]:
    with stopped_bot.open():
        yield stopped_bot


@pytest.fixture(scope="module")
def chromium() -> "Iterator[Browser]":
    """Skips where there is no browser. Of a module: its loop would be in the way of others."""
    pytest.importorskip("playwright", reason="no playwright: pip install -r tests/requirements.txt")
    from tests.support import browser as real

    if real.CHROMIUM is None:
        pytest.skip(real.MISSING)
    with real.chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium: "Browser") -> "Iterator[Page]":
    """In which nothing may be wrong, and no policy of ours be broken."""
    from tests.support import browser as real

    with real.opened(chromium, permissions=["clipboard-read", "clipboard-write"]) as page:
        found = real.complaints(page)
        yield page
        assert found == []


@pytest.fixture(scope="session")
def postgres() -> "Iterator[Server]":
    """Skips where there is no PostgreSQL. Of all tests: starting one takes seconds."""
    pytest.importorskip("psycopg", reason=NO_PSYCOPG)
    from tests.support import postgres as real

    with real.shared() as server:
        yield server


@pytest.fixture
def empty_url(postgres: "Server") -> Iterator[str]:
    """A DATABASE_URL of an empty database, which is gone afterwards."""
    url = postgres.create()
    yield url
    postgres.drop(url)


@pytest.fixture(scope="session")
def databases(postgres: "Server") -> "Iterator[Databases]":
    from tests.support.databases import Databases

    made = Databases(postgres)
    yield made
    made.close()


@pytest.fixture
def database_url(databases: "Databases") -> Iterator[str]:
    """A DATABASE_URL of a database with our tables, and nothing in them."""
    url = databases.take()
    yield url
    databases.give_back(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A DATABASE_URL without anything in it: what is promised of one kind holds for the other."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'chatgee.db'}"
    url: str = request.getfixturevalue("database_url")
    return url


@pytest.fixture
def own_postgres() -> "Iterator[OwnServer]":
    """A server that the test may stop, kill and start again, and that loses nothing by it."""
    pytest.importorskip("psycopg", reason=NO_PSYCOPG)
    from tests.support import postgres as real

    with real.durable() as server:
        yield server
