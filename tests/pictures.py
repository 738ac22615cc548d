"""Takes the pictures of the screen and of the owner's pages: `python -m tests.pictures`.

docs/pictures has the ones that the documentation shows; a folder given as an argument also gets
them as a phone and a dark screen show them.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from playwright.sync_api import Browser
from rich.console import Console
from rich.terminal_theme import MONOKAI

from chatgee.board import Board
from chatgee.desk import MARGIN, WIDEST, draw
from chatgee.setup import Setup
from chatgee.texts import Texts
from chatgee.tunnel import Link
from tests import browser as real
from tests.bot import Bot
from tests.far_ends import FakeOpenAI
from tests.process import ROOT

PICTURES = ROOT / "docs" / "pictures"
WIDE = (1200, 800)
TERMINAL_SIZE = (784, 100)
TERMINAL = '<body style="margin: 0"><pre style="margin: 0; padding: 16px; COLOURS">{code}</pre>'
MONOSPACED = "font: 16px/1.5 NanumGothicCoding, monospace"
TEXTS = Texts.load()
FIXED, PASSING = "https://our-class.ngrok-free.dev", "https://4f2a91c0de77b1.lhr.life"


@contextmanager
def bot(**settings: str) -> Iterator[Bot]:
    with tempfile.TemporaryDirectory() as folder:
        one = Bot({"DATA_DIR": folder, "PORT": "0"} | settings)
        one.setup = Setup(Path(folder) / "config.env", {}, ())
        with one.open():
            yield one


def take(browser: Browser, url: str, file: Path, size: tuple[int, int], dark: bool) -> None:
    with real.opened(browser, size, dark) as page:
        page.goto(url)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=file, full_page=True)


def terminal(folder: Path) -> Path:
    """A page that looks as the screen does in a terminal."""
    board = Board(folder / "board.json", "http://127.0.0.1:6959")
    board.model = "gpt-6-luna"
    board.linked(Link("ngrok", FIXED))
    console = Console(record=True, width=WIDEST + MARGIN, force_terminal=True, file=StringIO())
    console.print(draw(board.glance(TEXTS), board.local, True, TEXTS, WIDEST + MARGIN))
    page = folder / "terminal.html"
    colours = f"background: #1b1b1b; color: #e6e6e6; {MONOSPACED}"
    html = console.export_html(theme=MONOKAI, inline_styles=True, code_format=TERMINAL)
    page.write_text(html.replace("COLOURS", colours), "utf-8")
    return page


def pages() -> Iterator[tuple[str, str]]:
    """Names and addresses of pages, each while it can be opened."""
    with bot() as new:
        yield "setup", new.url + "/setup"
    end = FakeOpenAI()
    with bot(OPENAI_API_KEY="sk-picture", OPENAI_BASE_URL=end.url, NGROK_AUTHTOKEN="t") as good:
        good.board.linked(Link("ngrok", FIXED))
        good.board.called(tester=False)
        yield "home", good.url
        yield "setup-again", good.url + "/setup"
        good.board.linked(Link("localhost.run", PASSING))
        yield "changed", good.url
        yield "alive", good.url + "/local_test"
    end.close()


def main(*folders: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    started = time.monotonic()
    with real.chromium() as browser, tempfile.TemporaryDirectory() as scratch:
        screen = terminal(Path(scratch)).as_uri()
        take(browser, screen, PICTURES / "terminal.png", TERMINAL_SIZE, dark=False)
        for name, url in pages():
            if name in {"setup", "home"}:
                take(browser, url, PICTURES / f"{name}.png", WIDE, dark=False)
            for folder in map(Path, folders):
                for kind, size in (("wide", real.WIDE), ("phone", real.PHONE)):
                    take(browser, url, folder / f"{name}-{kind}.png", size, dark=False)
                    take(browser, url, folder / f"{name}-{kind}-dark.png", size, dark=True)
    print(f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
