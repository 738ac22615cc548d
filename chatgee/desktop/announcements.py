"""What the owner is told while the program runs: log lines, the screen, the clipboard, a page."""

import logging
import time
from contextlib import ExitStack

from chatgee.desktop import terminal_screen
from chatgee.owner.setup import Setup
from chatgee.owner.status import OwnerStatus
from chatgee.settings import CONFIG, Settings
from chatgee.system import logs
from chatgee.system.single_instance import OwnedFolder
from chatgee.texts import Texts
from chatgee.tunnel import Link

FIRST_LINK_SECONDS = 6.0
"""After so long without a public address the one of this machine is told, and that one later."""
CLOSING_SECONDS = 0.5
"""For a terminal to take the screen's last drawing, if it takes any."""

log = logging.getLogger("chatgee")


class Announcements:
    """Used by the main thread alone."""

    def __init__(self, status: OwnerStatus, place: OwnedFolder, texts: Texts) -> None:
        self._status, self._place, self._texts = status, place, texts
        self._screen: terminal_screen.Screen | None = None
        self._told: str | None = None
        """The address that was last told."""
        self._due: float | None = None
        self._stack = ExitStack()

    @property
    def stuck(self) -> bool:
        """Whether the screen's terminal takes nothing more."""
        return self._screen is not None and self._screen.stuck

    def begin(self, ours: Settings, texts: Texts) -> None:
        """The server answers, for the first time or with other settings."""
        self._texts, self._ours = texts, ours
        if self._due is None:
            self._due = time.monotonic() + FIRST_LINK_SECONDS
            self._open_page(ours)
        if terminal_screen.interactive():
            self._show()

    def end(self) -> None:
        """Take the screen away: what comes now are lines again."""
        if self._screen:
            self._screen.end(CLOSING_SECONDS)
        self._stack.close()

    def linked(self, link: Link) -> None:
        """The public address came, changed or went."""
        before = self._status.link
        self._status.linked(link)
        self._place.tell_address(link.address)
        if link.opening:
            return
        if link.trouble:
            log.warning("%s", self._texts.of(link.trouble))
        elif before.trouble and link.address == self._told:
            log.warning("%s", self._texts("tunnel.back"))
        self._tell(self._status.address)

    def wait(self) -> None:
        """Called now and then while nothing happens."""
        if self._told is None and self._due and time.monotonic() > self._due:
            self._tell(self._status.address)

    def _tell(self, address: str) -> None:
        if address == self._told:
            return
        if self._status.link.address is None:
            if self._told is not None:
                return  # it was public and will be again
            why = "tunnel.opening" if self._status.link.opening else "start.local_only"
            log.log(self._for_lines, "%s", self._texts(why))
        else:
            self._tell_public()
        self._told = address
        if self._ours.practice:
            log.log(self._for_lines, "%s", self._texts("hint.practice"))
        # Whatever LOG_LEVEL is: without this line nobody can use what was started.
        level = max(logging.INFO, log.getEffectiveLevel())
        log.log(level, "skill url: %s/prompt", address)

    @property
    def _for_lines(self) -> int:
        """The level of what a screen shows as well: then it is for the file alone."""
        return logging.INFO if self._screen else logging.WARNING

    def _tell_public(self) -> None:
        glance = self._status.glance(self._texts)
        if self._screen:
            self._screen.copy(glance.skill_url)
        if not glance.needs_key:
            log.warning("%s", self._texts("start.skill_key_missing"))
        if glance.old_skill_url:
            log.warning("%s", self._texts("screen.changed", old=glance.old_skill_url))

    def _open_page(self, ours: Settings) -> None:
        new = Setup().is_new(ours)
        if terminal_screen.opens_browser(ours) and ours.public_url is None:
            terminal_screen.open_page(self._status.local + ("/setup" if new else "/"))
        elif new:
            url = f"{self._status.local}/setup"
            for line in self._texts("start.steps", url=url, file=CONFIG).splitlines():
                log.info("%s", line)

    def _show(self) -> None:
        if self._screen is None:
            self._stack.enter_context(logs.TERMINAL.for_warnings())
            self._screen = terminal_screen.Screen(self._status, self._texts)
            self._screen.show()
        self._screen.texts = self._texts
