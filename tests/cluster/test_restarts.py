"""PostgreSQL ends and comes back while friends chat: nothing is lost, doubled or mixed up."""

import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")

from tests.support.cluster import (
    LATE_SECONDS,
    NOT_STORED,
    Cluster,
    cluster,
    fetched,
    together,
    until,
)
from tests.support.far_ends import FakeKakao, FakeOpenAI, Told
from tests.support.kakao_side import Friend, Shown
from tests.support.process import Program

if TYPE_CHECKING:
    from tests.support.postgres import OwnServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stops a PostgreSQL by signals")

FRIENDS = 24
ENDS_SECONDS = 5.0
REPLY_SECONDS = 1.5


@dataclass
class Chatter(Friend):
    """Asks one question after the other, and keeps what was said."""

    chat: list[tuple[str, Shown]] = field(default_factory=list)
    kakao: FakeKakao | None = None
    answered: int = 0
    refused: int = 0

    def asks(self) -> None:
        words = f"<{self.id} {len(self.chat)}>"
        if self.kakao:
            self.callback_url = self.kakao.callback_url(f"{self.id}/{len(self.chat)}")
        shown = self.says(words)
        self.chat.append((words, shown))
        self.answered += bool(answers(shown))
        self.refused += was_refused(shown)

    def sees(self) -> str:
        """Everything, once what was late is fetched."""
        return "\n".join(fetched(self, shown) for _, shown in self.chat if not shown.promised)

    @property
    def accepted(self) -> set[str]:
        return {words for words, shown in self.chat if not was_refused(shown)}

    @property
    def told(self) -> Counter[str]:
        """The answers that came without being asked for."""
        return Counter(one for _, shown in self.chat for one in answers(shown))


def was_refused(shown: Shown) -> bool:
    """Whether the friend was told that the question could not be stored."""
    return not shown.promised and NOT_STORED in shown.bubbles


def answers(shown: Shown) -> list[str]:
    return [] if shown.promised else re.findall(r"답: (<.*?>)", shown.text)


@pytest.fixture
def machines(
    environ: dict[str, str], own_postgres: "OwnServer", tmp_path: Path
) -> Iterator[Cluster]:
    environ |= {"REPLY_SECONDS": str(REPLY_SECONDS), "MEMORY_TURNS": "5"}
    with cluster(environ, own_postgres.create(), tmp_path) as started:
        yield started


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_restarts_under_load_loses_nothing(
    machines: Cluster,
    own_postgres: "OwnServer",
    fake_openai: FakeOpenAI,
    fake_kakao: FakeKakao,
    mode: str,
) -> None:
    webs = machines.web(), machines.web()
    machines.worker()
    machines.worker()
    friends = [Chatter(webs[number % 2].url, f"friend-{number}") for number in range(FRIENDS)]
    for friend in friends[::3]:
        friend.kakao = fake_kakao
    over = threading.Event()

    def chats(friend: Chatter | None) -> None:
        if friend is None:
            try:
                disturb()
            finally:
                over.set()
        else:
            while not over.is_set():
                friend.asks()

    def disturb() -> None:
        so_many_more(friends)
        own_postgres.restart(mode)
        so_many_more(friends)
        own_postgres.stop(mode)
        until(lambda: any(friend.refused for friend in friends))
        own_postgres.start()
        so_many_more(friends)

    together(chats, [*friends, None])
    until(machines.nothing_is_left)
    everything = dict(
        zip([one.id for one in friends], together(Chatter.sees, friends), strict=True)
    )
    late = [shown.seconds for one in friends for _, shown in one.chat]
    assert max(late) < REPLY_SECONDS + LATE_SECONDS
    for path, body in fake_kakao.requests:
        everything[path.split("/")[-2]] += Shown(body).text
    paths = Counter(path for path, _ in fake_kakao.requests)
    assert {path for path, count in paths.items() if count > 1} == set(), "a callback came twice"
    for friend in friends:
        seen = set(re.findall(r"답: (<.*?>)", everything[friend.id]))
        assert friend.accepted - seen == set(), "lost"
        assert {words for words in seen if f"<{friend.id} " not in words} == set(), "mixed up"
        assert {words for words, count in friend.told.items() if count > 1} == set(), "doubled"
    in_order(fake_openai)


def so_many_more(friends: list[Chatter]) -> None:
    """Wait until a hundred questions more were answered in time."""

    least = sum(friend.answered for friend in friends) + 100
    until(lambda: sum(friend.answered for friend in friends) >= least)


def in_order(fake_openai: FakeOpenAI) -> None:
    """The model was reminded of each friend's own questions, in their order."""
    for request in fake_openai.requests:
        texts = [*(told := Told.by(request)).memory, told.question]
        whose = [re.search(r"<(.*?) (\d+)>", text) for text in texts]
        turns = [(found[1], int(found[2])) for found in whose if found]
        assert len(turns) == len(texts)
        assert len({name for name, _ in turns}) == 1
        assert [number for _, number in turns] == sorted(number for _, number in turns)


def test_programs_end_in_time_while_the_server_is_away(
    machines: Cluster, own_postgres: "OwnServer", fake_openai: FakeOpenAI
) -> None:
    web, worker = machines.web(), machines.worker()
    fake_openai.hold()
    friend = web.friend()
    shown = friend.says("질문")
    fake_openai.wait_for(1)
    own_postgres.stop()
    fake_openai.release()
    worker.logged("데이터베이스에 닿지 않아요")
    since = time.monotonic()
    assert together(Program.stop, [web, worker]) == [0, 0]
    assert time.monotonic() - since < ENDS_SECONDS
    assert "Traceback" not in web.output + worker.output
    own_postgres.start()
    friend.url = machines.web().url
    machines.worker()
    assert fetched(friend, shown).endswith("답: 질문")
