"""Who comes in with ADMIN_PASSWORD, and how often a wrong one may be tried.

A try that is refused costs nothing, so guessing holds up neither a friend's question nor the
memory; the owner before the machine itself needs no password and is never held up.
"""

import hashlib
import hmac
import threading
import time
from collections import deque
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from chatgee.clock import Seldom
from chatgee.settings.options import Secret

WINDOW_SECONDS = 600.0
TRIES = 5
"""Wrong ones in the window, of one address; more are refused, though one be right."""
TRIES_OF_ALL = 50
"""Of all addresses together: somebody who has many does not guess more."""


class Admission:
    """Safe from any thread."""

    def __init__(self, password: Secret, clock: Callable[[], float] = time.monotonic) -> None:
        self.key = _key(password)
        """Signs sessions: the same wherever the password is, and another with another one."""
        self._password, self._clock = password, clock
        self._lock = threading.Lock()
        self._tries: deque[tuple[float, str]] = deque()
        """Of the last window, oldest first; never more than TRIES_OF_ALL."""
        self.may_complain = Seldom(clock)

    def begin(self, source: str) -> float:
        """Count a try; or the seconds after which one will be taken again, and it is not."""
        with self._lock:
            now = self._clock()
            while self._tries and self._tries[0][0] <= now - WINDOW_SECONDS:
                self._tries.popleft()
            theirs = [moment for moment, who in self._tries if who == source]
            if len(theirs) >= TRIES:
                return theirs[0] + WINDOW_SECONDS - now
            if len(self._tries) >= TRIES_OF_ALL:
                return self._tries[0][0] + WINDOW_SECONDS - now
            self._tries.append((now, source))
            return 0.0

    def admits(self, typed: str, source: str) -> bool:
        """Whether it is the password; the tries of whoever knows it are forgotten."""
        right = hmac.compare_digest(_digest(typed.strip()), _digest(self._password.reveal()))
        if right:
            with self._lock:
                self._tries = deque(one for one in self._tries if one[1] != source)
        return right


def source_of(caller: str | None, forwarded: str) -> str:
    """Where a request comes from, as one who guesses cannot choose it.

    `forwarded` is X-Forwarded-For, of which a tunnel or proxy near us wrote the last address, and
    whoever asks any before it. One who calls from the internet without a proxy wrote all of it.
    """
    nearest = _address(caller)
    told = _address(forwarded.rpartition(",")[2].strip())
    if told is not None and (nearest is None or not nearest.is_global):
        nearest = told
    if nearest is None:
        return ""
    if isinstance(nearest, IPv4Address):
        return str(nearest)
    return str(ip_network((nearest, 64), strict=False))  # a customer is given all of these


def _address(text: str | None) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text or "")
    except ValueError:
        return None
    return found if isinstance(found, IPv4Address) else found.ipv4_mapped or found


def _key(password: Secret) -> bytes:
    """Slow to guess the password from: whoever has a cookie could try at home."""
    return hashlib.scrypt(password.reveal().encode(), salt=b"chatgee session", n=2**14, r=8, p=1)


def _digest(text: str) -> bytes:
    """Of one length, which tells nothing of the password's."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
