"""Takes the pictures of the screen and of the owner's pages: `python -m tests.support.pictures`.

docs/pictures has the ones that the documentation shows; a folder given as an argument also gets
all of them as a phone and a dark screen show them. Needs fonts-noto-cjk, fonts-noto-color-emoji and
fonts-nanum-coding.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from playwright.sync_api import Browser, Page
from rich.console import Console
from rich.terminal_theme import MONOKAI

from chatgee.desktop.terminal_screen import MARGIN, WIDEST, draw
from chatgee.doctor.steps import STEPS
from chatgee.owner.doctor_run import DoctorRun
from chatgee.owner.setup import Setup
from chatgee.owner.status import OwnerStatus
from chatgee.texts import Texts
from chatgee.tunnel import Link
from tests.support import browser as real
from tests.support import classroom
from tests.support.bot import Bot
from tests.support.far_ends import FakeOpenAI
from tests.support.process import ROOT

PICTURES = ROOT / "docs" / "pictures"
WIDE, PHONE = (1200, 800), (390, 780)
ON_A_PHONE = {"home", "chat"}
TERMINAL_SIZE = (784, 100)
TERMINAL = '<body style="margin: 0"><pre style="margin: 0; padding: 16px; COLOURS">{code}</pre>'
MONOSPACED = "font: 16px/1.5 NanumGothicCoding, monospace"
TEXTS = Texts.load()
FIXED, PASSING = "https://our-class.ngrok-free.dev", "https://4f2a91c0de77b1.lhr.life"
GREETING = "안녕! 2학년 3반 과학 도우미야. 무엇이든 물어봐 🙂"


def stay(_: Page) -> None:
    """Nothing needs to be done before the picture."""


@dataclass(frozen=True)
class View:
    """A page, and what its owner does there before the picture is taken."""

    name: str
    url: str
    act: Callable[[Page], None] = stay
    shown: bool = True
    """Whether the documentation shows it."""
    whole: bool = True
    """The page to its end, and not the window alone: there the bars at its foot would float."""


@contextmanager
def bot(**settings: str) -> Iterator[Bot]:
    with tempfile.TemporaryDirectory() as folder:
        one = Bot({"DATA_DIR": folder, "PORT": "0"} | settings)
        one.setup = Setup(Path(folder) / "config.env", {}, ())
        with one.open():
            yield one


def take(
    browser: Browser, view: View, file: Path, size: tuple[int, int], dark: bool = False
) -> None:
    with real.opened(browser, size, dark) as page:
        page.goto(view.url)
        page.wait_for_load_state("networkidle")
        view.act(page)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=file, full_page=view.whole)


def terminal(folder: Path) -> View:
    """A page that looks as the screen does in a terminal."""
    status = OwnerStatus(folder / "board.json", "http://127.0.0.1:6959")
    status.model = "gpt-6-luna"
    status.linked(Link("ngrok", FIXED))
    console = Console(record=True, width=WIDEST + MARGIN, force_terminal=True, file=StringIO())
    console.print(draw(status.glance(TEXTS), status.local, True, TEXTS, WIDEST + MARGIN))
    page = folder / "terminal.html"
    colours = f"background: #1b1b1b; color: #e6e6e6; {MONOSPACED}"
    html = console.export_html(theme=MONOKAI, inline_styles=True, code_format=TERMINAL)
    page.write_text(html.replace("COLOURS", colours), "utf-8")
    return View("terminal", page.as_uri())


# --- what an owner does ---------------------------------------------------------------------


def says(page: Page, words: str, friend: int = 0) -> None:
    field = page.get_by_label("메시지 입력").nth(friend)
    field.fill(words)
    field.press("Enter")


def chats(page: Page) -> None:
    room = page.get_by_role("log")
    says(page, "오늘 점심 뭐 먹을까?")
    room.first.get_by_text("연습 답이에요").last.wait_for()
    says(page, "느리게 5초 우주는 얼마나 넓어?")
    room.first.get_by_role("button", name="생각 다했니?").or_(
        page.get_by_role("button", name="생각 다했니?")
    ).first.wait_for()
    page.get_by_role("button", name="친구 더하기").click()
    says(page, "📓 사용설명서", friend=1)
    room.nth(1).locator(".kakao-card").first.wait_for()


def tries(page: Page) -> None:
    field = page.get_by_label("챗봇에게 물어볼 말")
    field.fill("광합성이 뭐예요?")
    field.press("Enter")
    page.locator(".room .cost").first.wait_for()


def greets(page: Page) -> None:
    page.locator("[id='reply.greeting']").fill(GREETING)
    page.locator("#room .bubble").get_by_text("2학년 3반").wait_for()


def looks(page: Page) -> None:
    first, again = TEXTS("status.look"), TEXTS("status.look_again")
    page.get_by_role("button", name=first).or_(page.get_by_role("button", name=again)).click()
    page.get_by_text(TEXTS("doctor.sum_warn", warned=1)).wait_for()


def doctor_run(bot: Bot) -> DoctorRun:
    """What the doctor finds on a good day."""
    from chatgee.doctor.case import Check

    told = {
        "python": TEXTS("doctor.python", version="3.12.4", bits=64, system="Windows"),
        "packages": TEXTS("doctor.packages", count=17),
        "config": TEXTS("doctor.config"),
        "disk": TEXTS("doctor.disk", free="182 GB", log="1.2 MB"),
        "database": TEXTS("doctor.database", size="12 MB"),
        "model": TEXTS("doctor.model", model="gpt-6-luna", seconds="1.2", tokens=31, won="0.01"),
        "tunnel": TEXTS("doctor.round_trip", address=FIXED, median="0.31", worst="0.42"),
        "callback": TEXTS("doctor.callback", host="bot-api.kakao.com", seconds="0.05"),
        "clock": TEXTS("doctor.clock"),
    }
    found = [Check(name, "good", words) for name, words in told.items()]
    warning = Check("tunnel", "warn", TEXTS("doctor.open_address"), TEXTS("doctor.key_remedy"))
    return DoctorRun(tuple(STEPS), lambda: iter([*found[:7], warning, *found[7:]]))


# --- the pages ------------------------------------------------------------------------------


def views() -> Iterator[View]:
    """Each while it can be opened."""
    with bot(REPLY_SECONDS="3") as new:
        yield View("setup", new.url + "/setup")
        yield View("chat", new.url + "/local_test", chats, whole=False)
    yield from with_a_class()


def with_a_class() -> Iterator[View]:
    end = FakeOpenAI()
    answers = dict(classroom.TALK)
    end.says = lambda question: answers.get(question, "반가워요! 무엇이 궁금한가요?")
    key = {"OPENAI_API_KEY": "sk-picture", "NGROK_AUTHTOKEN": "2picture"}
    with tempfile.TemporaryDirectory() as folder:
        classroom.fill(Path(folder), time.time())
        (Path(folder) / "system_prompt.txt").write_text(TEXTS("setup.prompt_teacher"), "utf-8")
        good = Bot({"DATA_DIR": folder, "PORT": "0", "OPENAI_BASE_URL": end.url} | key)
        good.setup = Setup(Path(folder) / "config.env", {}, ())
        good.doctor_run = doctor_run(good)
        with good.open():
            yield from of_a_class(good)
    end.close()


def of_a_class(good: Bot) -> Iterator[View]:
    good.status.linked(Link("ngrok", FIXED))
    good.status.called(tester=True)
    good.status.called(tester=False)
    friend = f"{good.url}/talks/friend?id=friend07-of-our-class"
    yield View("home", good.url)
    yield View("talks", good.url + "/talks", whole=False)
    yield View("talks-friend", friend, shown=False)
    yield View("stats", good.url + "/stats?range=month")
    yield View("settings", good.url + "/settings", shown=False, whole=False)
    yield View("character", good.url + "/settings/character", tries, whole=False)
    yield View("texts", good.url + "/settings/texts", greets, whole=False)
    yield View("status", good.url + "/status", looks, whole=False)
    yield View("setup-again", good.url + "/setup", shown=False)
    good.status.linked(Link("localhost.run", PASSING))
    yield View("changed", good.url, shown=False)


def shoot(browser: Browser, folder: Path, of: Iterable[View]) -> None:
    """What the documentation shows: each as it is on a desk, some on a phone or in the dark."""
    for view in of:
        if view.shown:
            take(browser, view, folder / f"{view.name}.png", WIDE)
        if view.name in ON_A_PHONE:
            take(browser, view, folder / f"{view.name}-phone.png", PHONE, dark=True)


def every_way(browser: Browser, folder: Path, of: Iterable[View]) -> None:
    """For whoever looks at all of them: wide, on a phone, light and dark."""
    for view in of:
        for kind, size in (("wide", real.WIDE), ("phone", real.PHONE)):
            take(browser, view, folder / f"{view.name}-{kind}.png", size)
            take(browser, view, folder / f"{view.name}-{kind}-dark.png", size, dark=True)


def main(*folders: str) -> None:
    started = time.monotonic()
    with real.chromium() as browser, tempfile.TemporaryDirectory() as scratch:
        take(browser, terminal(Path(scratch)), PICTURES / "terminal.png", TERMINAL_SIZE)
        shoot(browser, PICTURES, views())
        for folder in map(Path, folders):
            folder.mkdir(parents=True, exist_ok=True)
            every_way(browser, folder, views())
    print(f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
