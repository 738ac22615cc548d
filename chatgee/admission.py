"""Who comes in with ADMIN_PASSWORD, and how often a wrong one may be tried.

A try that is refused costs nothing, so guessing holds up neither a friend's question nor the
memory; the owner before the machine itself needs no password and is never held up.
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from chatgee.clock import Seldom
from chatgee.kept import Here, Kept
from chatgee.settings.options import Secret

Tries = tuple[tuple[float, str], ...]
"""The moment and the source of each, of the last window, oldest first."""

WINDOW_SECONDS = 600.0
TRIES = 5
"""Wrong ones in the window, of one address; more are refused, though one be right."""
TRIES_OF_ALL = 50
"""Of all addresses together: somebody who has many does not guess more."""


class Admission:
    """Safe from any thread."""

    def __init__(
        self,
        password: Secret,
        clock: Callable[[], float] = time.monotonic,
        tries: Kept[Tries] | None = None,
    ) -> None:
        """`tries` are this program's own where none are given; `clock` is theirs."""
        self.key = _key(password)
        """Signs sessions: the same wherever the password is, and another with another one."""
        self._password, self._clock = password, clock
        self._tries: Kept[Tries] = tries or Here(())
        self.may_complain = Seldom(clock)

    def begin(self, source: str) -> float:
        """Count a try; or the seconds after which one will be taken again, and it is not.

        As `admits`, it raises what `Kept.change` does.
        """
        now = self._clock()
        return self._tries.change(lambda tries: _one_more(tries, source, now))

    def admits(self, typed: str, source: str) -> bool:
        """Whether it is the password; the tries of whoever knows it are forgotten."""
        right = hmac.compare_digest(_digest(typed.strip()), _digest(self._password.reveal()))
        if right:
            self._tries.change(lambda tries: (tuple(t for t in tries if t[1] != source), None))
        return right


def _one_more(tries: Tries, source: str, now: float) -> tuple[Tries, float]:
    """With this one, where it is taken: of never more than TRIES_OF_ALL."""
    tries = tuple(one for one in tries if one[0] > now - WINDOW_SECONDS)
    theirs = [moment for moment, who in tries if who == source]
    if len(theirs) >= TRIES:
        return tries, theirs[0] + WINDOW_SECONDS - now
    if len(tries) >= TRIES_OF_ALL:
        return tries, tries[0][0] + WINDOW_SECONDS - now
    return (*tries, (now, source)), 0.0


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
