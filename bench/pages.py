"""The owner's pages over a store of a million messages: how long they take, and what they weigh.

    python -m pip install -r bench/requirements.txt
    python bench/pages.py [--friends 100000] [--keep FOLDER]

Every page is asked for by a browser's own request, one after another, on the loopback: the time is
the server's. A page's weight is that of the page and of all that it loads. Ends with 1 where a page
missed its goal, could not be opened, or names another server.
"""

import argparse
import re
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

from contenders import OURS, Contender, running
from fill import fill
from generator import friend_id
from results import Table, goal

PAGES = (
    "/",
    "/board",
    "/local_test",
    "/talks",
    "/talks?q=계절",
    "/talks?q=없는낱말",
    "/talks?kind=failed",
    f"/talks/friend?id={friend_id(7)}",
    *(f"/stats?range={span}" for span in ("day", "week", "month", "year")),
    "/settings",
    "/settings/character",
    "/settings/texts",
    "/setup",
    "/status",
    "/manual",
)
TURNS = 5
TIMES = 15
GOAL_MS = 200
FIRST, GOAL_KB = "/", 150


@dataclass(frozen=True)
class Visit:
    """A page that was opened so many times."""

    path: str
    status: int
    milliseconds: list[float]
    bytes: int
    loaded: int
    """The page and its files."""
    foreign: list[str]
    """Addresses of other servers that it would load from."""

    @property
    def quick(self) -> bool:
        return max(self.milliseconds) <= GOAL_MS

    @property
    def light(self) -> bool:
        return self.path != FIRST or self.loaded <= GOAL_KB * 1000

    @property
    def good(self) -> bool:
        return self.status == 200 and self.quick and self.light and not self.foreign

    def row(self) -> list[str]:
        return [
            f"`{self.path}`" if self.status == 200 else f"`{self.path}` ({self.status})",
            f"{statistics.median(self.milliseconds):.0f} ms",
            f"{max(self.milliseconds):.0f} ms",
            goal(f"≤ {GOAL_MS} ms", self.quick),
            f"{self.bytes / 1000:.0f} KB",
            f"{self.loaded / 1000:.0f} KB",
            goal(f"≤ {GOAL_KB} KB", self.light) if self.path == FIRST else "–",
            ", ".join(self.foreign) or goal("0", True),
        ]


class Visitor:
    """Sits before the machine, with a connection that is open already."""

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self.weights: dict[str, int] = {}

    def get(self, path: str) -> tuple[int, bytes, float]:
        """Status, body, and the milliseconds until the last byte of it."""
        began = time.perf_counter()
        self.connection.request("GET", quote(path, safe="/?=&%"))
        reply = self.connection.getresponse()
        body = reply.read()
        return reply.status, body, (time.perf_counter() - began) * 1000

    def visit(self, path: str) -> Visit:
        self.get(path)  # its template is read once for all
        seen = [self.get(path) for _ in range(TIMES)]
        status, body, _ = seen[-1]
        text = body.decode()
        files, foreign = loads(text)
        loaded = len(body) + sum(map(self.weight, files))
        return Visit(path, status, [took for *_, took in seen], len(body), loaded, foreign)

    def weight(self, path: str) -> int:
        if path not in self.weights:
            self.weights[path] = len(self.get(path)[1])
        return self.weights[path]


def loads(page: str) -> tuple[set[str], list[str]]:
    """What a browser loads for a page: files of ours, and addresses elsewhere."""
    tags = re.findall(r"<(?:link|script|img|source|iframe|audio|video)\b[^>]*", page)
    named = {found for tag in tags for found in re.findall(r'\s(?:href|src)="([^"]+)"', tag)}
    elsewhere = sorted(one for one in named if re.match(r"[a-z]+://|//", one))
    return {one for one in named if one.startswith("/") and not one.startswith("//")}, elsewhere


def measure(data_dir: Path) -> list[Visit]:
    with running(Contender("chatgee", OURS), delay=0.0, data_dir=data_dir) as target:
        visitor = Visitor(target.address.port)
        return [visitor.visit(path) for path in PAGES]


def table(visits: list[Visit], messages: int) -> Table:
    return Table(
        "주인의 화면",
        ("화면", "보통", "가장 늦음", "목표", "크기", "파일까지", "목표", "다른 곳에서"),
        [visit.row() for visit in visits],
        f"메시지 {messages:,}개가 쌓인 저장소예요. 화면마다 {TIMES}번 열었어요.",
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--friends", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="folder of a store to use again, or to fill")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = options.keep or Path(name)
        if not (folder / "chatgee.db").exists():
            fill(folder, friends=options.friends, turns=TURNS)
        visits = measure(folder)
    print(table(visits, options.friends * TURNS * 2).markdown())
    return 0 if all(visit.good for visit in visits) else 1


if __name__ == "__main__":
    sys.exit(main())
