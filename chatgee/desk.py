"""The desk before which the owner sits: a screen in the terminal, the clipboard, the browser."""

import os
import sys
import threading
import webbrowser
from contextlib import suppress
from types import TracebackType

import pyperclip
from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from chatgee.board import Board, Glance, Light
from chatgee.settings import Settings
from chatgee.texts import Texts

DOTS = {"good": "green", "wait": "yellow", "bad": "red"}
WIDEST = 100


def interactive() -> bool:
    """Whether somebody sits before the terminal: a double-click makes one, a service does not."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def opens_browser(settings: Settings) -> bool:
    """What OPEN_BROWSER means on this machine."""
    if settings.open_browser != "auto":
        return settings.open_browser == "always"
    has_screen = sys.platform in {"win32", "darwin"} or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return interactive() and has_screen


def open_page(url: str) -> threading.Thread:
    """In the owner's browser, behind: some systems return only when it is closed."""
    opening = threading.Thread(target=webbrowser.open, args=(url,), daemon=True)
    opening.start()
    return opening


def copy(text: str) -> bool:
    """Whether it is in the clipboard now; a server has none."""
    with suppress(pyperclip.PyperclipException, OSError):
        pyperclip.copy(text)
        return True
    return False


class Screen:
    """The board in the terminal, drawn anew every second; log lines go on above it."""

    def __init__(self, board: Board, texts: Texts) -> None:
        self._board, self.texts = board, texts
        self.copied = False
        """Whether the address is in the clipboard."""
        self._live = Live(get_renderable=self._draw, refresh_per_second=1)

    def __enter__(self) -> "Screen":
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def _draw(self) -> RenderableType:
        return draw(self._board.glance(self.texts), self._board.local, self.copied, self.texts)


def draw(glance: Glance, local: str, copied: bool, texts: Texts) -> RenderableType:
    rows = Table.grid(padding=(0, 2))
    for key, light in (
        ("model", glance.model),
        ("tunnel", glance.tunnel),
        ("kakao", glance.kakao),
    ):
        rows.add_row(Text(texts(f"screen.{key}"), style="bold"), _line(light))
    parts: list[RenderableType] = [_address(glance, copied, texts), Text(), rows, Text()]
    if glance.old_skill_url:
        parts.insert(0, _changed(glance, texts))
    parts.append(Text.assemble((texts("screen.next") + "  ", "bold"), glance.next_step))
    parts.append(Text(texts("screen.page", url=local), style="dim"))
    return Panel(
        Group(*parts), title="ChatGee", subtitle=texts("screen.end"), width=WIDEST, padding=(1, 2)
    )


def _address(glance: Glance, copied: bool, texts: Texts) -> RenderableType:
    """The address on a line of its own, never folded: it is to be copied."""
    about = texts("screen.skill_url" if glance.public else "screen.local_url")
    notes = [texts("screen.copied")] if copied else []
    notes += [texts("screen.needs_key")] if glance.needs_key else []
    return Group(
        Text(about, style="bold"),
        Text(glance.skill_url, style="bold cyan", no_wrap=True, overflow="ignore"),
        *(Text(note, style="dim") for note in notes),
    )


def _changed(glance: Glance, texts: Texts) -> RenderableType:
    words = texts("screen.changed", old=glance.old_skill_url)
    return Panel(Text(words, style="bold"), style="red")


def _line(light: Light) -> Text:
    return Text.assemble(("● ", DOTS[light.state]), light.text)
