"""Several machines that share a database: real processes, and what an owner does with them."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from chatgee.texts import Texts
from tests.support.far_ends import PATIENCE
from tests.support.kakao_side import Shown
from tests.support.process import Program, program

FETCH = "생각 다했니?"
TEXTS = Texts.load()


@dataclass
class Machines:
    """Each with a folder of its own, as if they were far from each other."""

    environ: dict[str, str]
    folder: Path
    stack: ExitStack
    project: Path | None = None

    def starts(self, name: str, *arguments: str, **changes: str) -> Program:
        environ = self.environ | {"DATA_DIR": str(self.folder / name)} | changes
        return self.stack.enter_context(program(environ, *arguments, folder=self.project))

    def webs(self) -> tuple[Program, Program]:
        first, second = self.starts("web-1"), self.starts("web-2")
        assert first.url != second.url
        return first, second

    def worker(self, name: str = "worker", **changes: str) -> Program:
        run = self.starts(name, "worker", **changes)
        run.logged("질문에 답할 준비")
        return run


@contextmanager
def apart(environ: dict[str, str], url: str, folder: Path) -> Iterator[Machines]:
    """None yet, and with time enough for a busy machine."""
    with ExitStack() as stack:
        yield Machines(environ | {"DATABASE_URL": url, "REPLY_SECONDS": "4.5"}, folder, stack)


def get(run: Program, path: str) -> requests.Response:
    return requests.get(run.url.replace("/prompt", path), timeout=PATIENCE)


def post(run: Program, path: str, **form: str) -> requests.Response:
    token = re.search(r'name="csrf" value="([^"]+)"', get(run, "/settings").text)
    assert token
    address = run.url.replace("/prompt", path)
    return requests.post(
        address, data={"csrf": token[1], **form}, timeout=PATIENCE, allow_redirects=False
    )


def save(run: Program, **settings: str) -> None:
    """As the owner does on the page of all settings."""
    saved = post(run, "/settings", **settings | {f"was-{name}": "before" for name in settings})
    assert saved.headers.get("Location") == "/settings?done=saved", saved.text


def answer(run: Program, words: str, id: str = "friend-1", key: str = "") -> str:
    """What a friend gets in the end, by pressing the button as long as need be."""
    friend = run.friend(id)
    friend.headers = (("X-ChatGee-Key", key),) if key else ()
    shown: Shown = friend.says(words)
    for _ in range(5):
        if FETCH not in shown.buttons:
            return shown.text
        shown = friend.presses(shown, FETCH)
    raise AssertionError(shown.text)
