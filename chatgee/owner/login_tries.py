"""Who comes in with ADMIN_PASSWORD, and how often a wrong one may be tried.

The right one passes though a stranger has tried wrong ones from the same address: behind a tunnel
all have one. So that guessing is bounded all the same, of strangers no more than TRIES_OF_ALL are
looked at. A browser that was here before has tries of its own, and the owner before the machine
itself needs no password.
"""

import hashlib
import hmac
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from chatgee.clock import OncePerMinute
from chatgee.settings.value_parsers import Secret
from chatgee.system.key_values import Entry, InMemory, KeyValues

Tries = tuple[tuple[float, str], ...]
"""The moment and the source of each, of the last window, oldest first."""

NAME = "logins"
"""Under which they are kept."""
WINDOW_SECONDS = 600.0
TRIES = 5
"""Wrong ones in the window, of one source; more are told to wait, unless one is right."""
TRIES_OF_ALL = 50
"""In the window, of all strangers together, and of each known browser; of more none is heard."""

_KNOWN = "known "
"""Before the id of a browser, in place of an address."""


@dataclass(frozen=True)
class LoginRefusal:
    """Why somebody does not come in."""

    seconds: float = 0.0
    """After which the next one is taken as the first was; 0 where nobody need wait."""
    heard: bool = True
    """Whether it was wrong; otherwise it was not looked at."""


class LoginTries:
    """Safe from any thread."""

    def __init__(self, password: Secret, key_values: KeyValues | None = None) -> None:
        """The tries are this program's own where no `key_values` are given."""
        self.key = _key(password)
        """Signs sessions: the same wherever the password is, and another with another one."""
        kept = key_values or InMemory()
        self._password, self._now = password, kept.now
        self._tries: Entry[Tries] = Entry(kept, NAME, (), _read)
        self.may_complain = OncePerMinute(kept.now)

    def refuses(self, typed: str, source: str) -> LoginRefusal | None:
        """None for the password; anything else is counted. It raises what `KeyValues` do.

        It is counted before it is looked at, so that a thousand at once are no more than some.
        """
        try_ = (self._now(), source)
        refusal = self._tries.change(lambda tries: _one_more(tries, try_))
        if refusal.heard and self._is_right(typed):
            self._tries.change(lambda tries: (_without(tries, try_), None))
            return None
        return refusal

    def _is_right(self, typed: str) -> bool:
        return hmac.compare_digest(_digest(typed.strip()), _digest(self._password.reveal()))


def _read(told: Any) -> Tries:
    return tuple((moment, source) for moment, source in told)


def _one_more(tries: Tries, try_: tuple[float, str]) -> tuple[Tries, LoginRefusal]:
    """With this one, where it is heard; and what is to be said of it, should it be wrong."""
    now, source = try_
    tries = tuple(one for one in tries if one[0] > now - WINDOW_SECONDS)
    rivals = [moment for moment, who in tries if _are_counted_together(who, source)]
    if len(rivals) >= TRIES_OF_ALL:
        return tries, LoginRefusal(rivals[-TRIES_OF_ALL] + WINDOW_SECONDS - now, heard=False)
    theirs = [moment for moment, who in (*tries, try_) if who == source]
    wait = theirs[-TRIES] + WINDOW_SECONDS - now if len(theirs) > TRIES else 0.0
    return (*tries, try_), LoginRefusal(wait)


def _are_counted_together(one: str, other: str) -> bool:
    return one == other or not (one.startswith(_KNOWN) or other.startswith(_KNOWN))


def _without(tries: Tries, try_: tuple[float, str]) -> Tries:
    """Less this one, of which there may be several alike."""
    if try_ not in tries:
        return tries
    place = tries.index(try_)
    return tries[:place] + tries[place + 1 :]


def source_of(caller: str | None) -> str:
    """Where a request of a stranger comes from: who has called us, whatever a header says.

    So all who come through a tunnel or proxy are one, of whom none can choose to be another.
    """
    found = _address(caller)
    if found is None:
        return ""
    if isinstance(found, IPv4Address):
        return str(found)
    return str(ip_network((int(found), 64), strict=False))  # a customer is given all of these


def source_of_known(browser: str) -> str:
    """Of a browser that was here before, by its id."""
    return _KNOWN + browser


def told_address(forwarded: str) -> str:
    """The last address of an X-Forwarded-For, which a proxy wrote or nobody did; for the log."""
    return str(_address(forwarded.rpartition(",")[2].strip()) or "")


def _address(text: str | None) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address((text or "").partition("%")[0])  # behind it anything may stand
    except ValueError:
        return None
    return found if isinstance(found, IPv4Address) else found.ipv4_mapped or found


def _key(password: Secret) -> bytes:
    """Slow to guess the password from: whoever has a cookie could try at home."""
    return hashlib.scrypt(password.reveal().encode(), salt=b"chatgee session", n=2**14, r=8, p=1)


def _digest(text: str) -> bytes:
    """Of one length, which tells nothing of the password's."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
