"""Whatever happens to a tunnel, it is opened again, and every change is told."""

import logging
import time
from collections.abc import Callable
from threading import Condition, Event, Thread
from typing import Protocol

from chatgee.errors import TunnelError
from chatgee.tunnel.link import Changed, Link

WATCH_SECONDS = 5.0
"""Between two looks at an open tunnel; a program that ends is noticed at once all the same."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
QUIET_PAUSE = 300.0
"""The longest pause where nobody asked for this tunnel by name."""

PERMANENT_PAUSE = 600.0
"""What the owner has to mend is tried again all the same, since ngrok's page can mend it too."""

SETTLED_SECONDS = 60.0
"""A tunnel that has lived so long is opened again at once; a shorter life counts as a failure."""

CLOSING_SECONDS = 2.0

log = logging.getLogger(__name__)


class TunnelKind(Protocol):
    """One opening of a tunnel."""

    def open(self) -> Link:
        """The Link with its address; `TunnelError` where there is none."""

    def look(self) -> Link:
        """How it stands now; `TunnelError` where it has to be opened again."""

    def close(self) -> None:
        """End it for good, from any thread; an `open` under way raises `TunnelError` soon."""


Make = Callable[[Callable[[], None]], TunnelKind]
"""A fresh Kind; calling what it is given asks for a look before it is time."""


class TunnelSupervisor:
    """Keeps one tunnel open, in a thread of its own, from `first` until `close`."""

    def __init__(self, kind: str, make: Make, changed: Changed, quietly: bool = False) -> None:
        self._make, self._changed = make, changed
        self._longest_pause = QUIET_PAUSE if quietly else LONGEST_PAUSE
        self._name_when_broken = "none" if quietly else kind
        self._name = kind
        self._kind: TunnelKind | None = None
        self._link: Link | None = None
        self._handed_out = False
        self._stopped, self._woken = Event(), Event()
        self._news = Condition()
        # A daemon, since a download cannot be interrupted; all else ends within CLOSING_SECONDS.
        self._thread = Thread(target=self._run, name="tunnel", daemon=True)

    def first(self, seconds: float) -> Link:
        """Begin; the first Link. Every later one goes to `changed`."""
        self._thread.start()
        with self._news:
            self._news.wait_for(lambda: self._link, seconds)
            self._handed_out = True
            self._link = self._link or Link(
                self._name_when_broken, None, TunnelError("tunnel.opening")
            )
            return self._link

    def close(self) -> None:
        with self._news:
            self._stopped.set()
            kind = self._kind
        self._woken.set()
        if kind:
            kind.close()
        self._thread.join(CLOSING_SECONDS)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while kind := self._next():
            began = time.monotonic()
            error = self._keep(kind)
            self._tell(Link(self._name_when_broken, None, error))
            kind.close()
            if time.monotonic() - began > SETTLED_SECONDS:
                pause = FIRST_PAUSE
            if self._slept_through(PERMANENT_PAUSE if error.permanent else pause):
                pause = FIRST_PAUSE
            else:
                pause = min(pause * 2, self._longest_pause)

    def _next(self) -> TunnelKind | None:
        """A fresh Kind, which `close` can reach; None once that was called."""
        with self._news:
            if self._stopped.is_set():
                return None
            self._kind = self._make(self._woken.set)
            return self._kind

    def _keep(self, kind: TunnelKind) -> TunnelError:
        """Open it and watch it until it fails; why it failed."""
        try:
            self._tell(kind.open())
            self._name_when_broken = self._name
            while not self._stopped.is_set():
                self._woken.wait(WATCH_SECONDS)
                self._woken.clear()
                self._tell(kind.look())
        except TunnelError as error:
            return error
        except Exception:
            log.exception("the tunnel failed in a way that nobody thought of")
            return TunnelError("tunnel.bug")
        return TunnelError("tunnel.lost")

    def _tell(self, link: Link) -> None:
        with self._news:
            if self._stopped.is_set() or link.says_the_same(self._link):
                return
            self._link = link
            self._news.notify_all()
            if not self._handed_out:
                return
        try:
            self._changed(link)
        except Exception:
            log.exception("the change of the public address could not be told")

    def _slept_through(self, seconds: float) -> bool:
        """Wait; whether the computer slept meanwhile, which cuts the waiting short.

        Where it slept, the clock on the wall went on without us.
        """
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            short, before = min(left, WATCH_SECONDS), time.time()
            if self._stopped.wait(short):
                return False
            if time.time() - before > short + 2 * WATCH_SECONDS:
                return True
        return False
