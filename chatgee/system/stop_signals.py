"""What tells the program to end: a signal, or on Windows the closing of its window."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP")
CLOSING_SECONDS = 4.5
"""Windows gives a program that is closed five seconds."""

CTRL_CLOSE, CTRL_LOGOFF, CTRL_SHUTDOWN = 2, 5, 6
"""https://learn.microsoft.com/windows/console/handlerroutine"""

near = False
"""Whether this program was told to end: whoever waits for something else to begin need not."""


@contextmanager
def told(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` once for each such event; it must be safe in a signal handler."""
    global near
    near = False

    def end() -> None:
        global near
        near = True  # no Event: its lock may be held where a signal comes
        stop()

    def handle(number: int, frame: FrameType | None) -> None:
        end()

    for name in SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), handle)
    ended = threading.Event()
    with _on_closed_window(end, ended):
        try:
            yield
        finally:
            ended.set()


@contextmanager
def _on_closed_window(stop: Callable[[], None], ended: threading.Event) -> Iterator[None]:
    """As soon as the handler returns, Windows ends the process: so it waits."""
    if sys.platform != "win32":
        yield
        return
    import ctypes

    def handle(event: int) -> int:
        if event not in {CTRL_CLOSE, CTRL_LOGOFF, CTRL_SHUTDOWN}:
            return 0  # the signals' business
        stop()
        ended.wait(CLOSING_SECONDS)
        return 1

    handler = ctypes.WINFUNCTYPE(ctypes.c_int, ctypes.c_uint)(handle)
    listen = ctypes.windll.kernel32.SetConsoleCtrlHandler
    listen(handler, 1)
    try:
        yield
    finally:
        listen(handler, 0)
