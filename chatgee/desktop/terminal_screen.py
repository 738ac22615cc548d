"""What the owner sees on this computer: a screen in the terminal, the clipboard, the browser."""

import sys
import threading
import webbrowser
from contextlib import suppress

import pyperclip
from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Column, Table
from rich.text import Text

from chatgee.owner.status import Glance, Light, OwnerStatus
from chatgee.settings import Settings, inherited
from chatgee.system import logs
from chatgee.texts import Texts

COLOURS = {"good": "bold green", "wait": "bold yellow", "bad": "bold red"}
FIRST_LINES_SECONDS = 1.0
WIDEST, MARGIN = 92, 8
"""Columns; some are left free, as a terminal may draw a sign wider than we count it."""


def interactive() -> bool:
    """Whether somebody sits before the terminal: a double-click makes one, a service does not."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def opens_browser(settings: Settings) -> bool:
    """What OPEN_BROWSER means on this machine."""
    if settings.open_browser != "auto":
        return settings.open_browser == "always"
    has_screen = sys.platform in {"win32", "darwin"} or any(
        inherited().get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return interactive() and has_screen


def open_page(url: str) -> threading.Thread:
    """In the owner's browser, behind: some systems return only when it is closed."""
    opening = threading.Thread(target=webbrowser.open, args=(url,), daemon=True)
    opening.start()
    return opening


class Screen:
    """The status in the terminal, drawn anew every second; log lines go on above it."""

    def __init__(self, status: OwnerStatus, texts: Texts) -> None:
        self._status, self.texts = status, texts
        self.copied = False
        """Whether the address is in the clipboard."""
        self._console = Console()
        self._live = Live(console=self._console, get_renderable=self._draw, refresh_per_second=1)
        self._over = threading.Event()
        self._drawing = threading.Thread(target=self._show, daemon=True)

    def show(self) -> None:
        """In a thread of its own: a terminal takes nothing after Ctrl+S, for as long as it is."""
        self._drawing.start()

    def end(self, seconds: float) -> None:
        """Take it away, for which it waits so long at most."""
        self._over.set()
        self._drawing.join(seconds)

    @property
    def stuck(self) -> bool:
        """Whether it is still there, of one that has been told to end."""
        return self._drawing.is_alive()

    def _show(self) -> None:
        logs.TERMINAL.written(FIRST_LINES_SECONDS)  # they would go through its first drawing
        with self._live:
            self._over.wait()

    def copy(self, text: str) -> None:
        """Into the clipboard, behind: its program may hang, and a server has none."""
        threading.Thread(target=self._copy, args=(text,), daemon=True).start()

    def _copy(self, text: str) -> None:
        with suppress(pyperclip.PyperclipException, OSError):
            pyperclip.copy(text)
            self.copied = True

    def _draw(self) -> RenderableType:
        status, width = self._status, self._console.width
        return draw(status.glance(self.texts), status.page, self.copied, self.texts, width)


def draw(
    glance: Glance, page: str | None, copied: bool, texts: Texts, width: int
) -> RenderableType:
    """`page` is the owner's, where they have one; `width` is the terminal's, in columns.

    ASCII and Hangul only: a Korean Windows console draws lines and dots two columns wide, other
    terminals one.
    """
    rows = Table.grid(
        Column(no_wrap=True), Column(no_wrap=True), Column(overflow="fold"), padding=(0, 2)
    )
    for name in ("model", "tunnel", "kakao"):
        light: Light = getattr(glance, name)
        rows.add_row(*_line(texts(f"screen.{name}"), light, texts))
    rows.add_row()
    parts: list[RenderableType] = [
        _address(glance, copied, texts),
        Text(),
        rows,
        _next(glance, texts),
    ]
    if glance.old_skill_url:
        words = texts("screen.changed", old=glance.old_skill_url)
        parts[:0] = [Padding(Text(words), (1, 2), style="bold white on red"), Text()]
    if page:
        parts += [Text(), Text(texts("screen.page", url=page), style="dim")]
    width = max(40, min(width - MARGIN, WIDEST))
    title = Rule(Text("ChatGee", style="bold"), characters="-", style="dim")
    end = Rule(Text(texts("screen.end"), style="dim"), characters="-", style="dim")
    return Constrain(Group(title, Padding(Group(*parts), (1, 2)), end), width)


def _address(glance: Glance, copied: bool, texts: Texts) -> RenderableType:
    """The address on a line of its own, never folded: it is to be copied."""
    about = texts("screen.skill_url" if glance.public else "screen.local_url")
    notes = {"screen.copied": copied, "screen.needs_key": glance.needs_key}
    return Group(
        Text(about, style="bold"),
        Text(glance.skill_url, style="bold cyan", no_wrap=True, overflow="ignore"),
        *(Text(texts(key), style="dim") for key, holds in notes.items() if holds),
    )


def _line(name: str, light: Light, texts: Texts) -> tuple[Text, Text, Text]:
    state = Text(texts(f"screen.{light.state}"), style=COLOURS[light.state])
    return Text(name, style="bold"), state, Text(light.text)


def _next(glance: Glance, texts: Texts) -> RenderableType:
    row = Table.grid(Column(no_wrap=True), Column(overflow="fold"), padding=(0, 2))
    row.add_row(Text(texts("screen.next"), style="bold"), Text(glance.next_step, style="yellow"))
    return row
