"""Takes the pictures of the owner's pages: `python -m tests.pictures`.

docs/pictures has the ones that the documentation shows; a folder given as an argument also gets
them as a phone and a dark screen show them.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser

from chatgee.setup import Setup
from chatgee.tunnel import Link
from tests import browser as real
from tests.bot import Bot
from tests.far_ends import FakeOpenAI
from tests.process import ROOT

PICTURES = ROOT / "docs" / "pictures"
WIDE = (1200, 800)
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
    with real.chromium() as browser:
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
