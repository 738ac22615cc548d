"""A public address for as long as it is needed, behind one small contract.

`TunnelSupervisor` opens it, again and again; `Ngrok` and `LocalhostRun` are two ways of opening.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Lock

from chatgee.errors import TunnelError
from chatgee.settings import Settings
from chatgee.tunnel.link import Changed, Link
from chatgee.tunnel.localhost_run import LocalhostRun, ssh
from chatgee.tunnel.ngrok import Ngrok
from chatgee.tunnel.supervisor import TunnelKind, TunnelSupervisor

__all__ = ["FIRST_WAIT", "Changed", "Link", "Tunnels", "opened", "trial", "wanted"]

KINDS: Mapping[str, Callable[[Settings, int, Callable[[], None]], TunnelKind]] = {
    Ngrok.name: Ngrok,
    LocalhostRun.name: LocalhostRun,
}
"""By what TUNNEL calls them: each is one opening of a tunnel."""

FIRST_WAIT = 15.0
"""Seconds after which the program goes on without knowing the address yet."""


@contextmanager
def opened(
    settings: Settings, port: int, changed: Changed, *, first_wait: float = FIRST_WAIT
) -> Iterator[Link]:
    """The first Link, once it is known: an address, or why there is none.

    It comes at most `first_wait` seconds later (`tunnel.opening` if nothing is known by then),
    and `changed` hears of every later Link, not of this one. At the end all is closed within
    about two seconds, even while an attempt hangs, and `changed` is called no more.
    """
    keeper = _keeper(settings, port, changed)
    if settings.public_url:
        yield Link("public_url", settings.public_url)
    elif keeper is None:
        yield Link("none")
    else:
        try:
            yield keeper.first(first_wait)
        finally:
            keeper.close()


class Tunnels:
    """The tunnel that the settings ask for now; another one only where they ask for another."""

    def __init__(self, port: int, changed: Changed) -> None:
        """`changed` hears of every Link, the first of them (it may be `opening`) at once."""
        self._port, self._changed = port, changed
        self._open = ExitStack()
        self._in_order = Lock()
        self._asked: object = None

    def close(self) -> None:
        self._open.close()

    def use(self, settings: Settings) -> None:
        """Keep what is open where these settings want the same; else close it and open theirs."""
        asked = _asked(settings)
        if asked == self._asked:
            return
        self._open.close()
        self._asked = asked
        tunnel = opened(settings, self._port, self._tell, first_wait=0)
        with self._in_order:  # the first before any that is later
            self._changed(self._open.enter_context(tunnel))

    def _tell(self, link: Link) -> None:
        with self._in_order:
            self._changed(link)


def _asked(settings: Settings) -> object:
    """Everything that a tunnel is made of."""
    token = settings.ngrok_authtoken
    return (
        settings.tunnel,
        token and token.reveal(),
        settings.ngrok_domain,
        settings.public_url,
        settings.data_dir,
    )


def trial(settings: Settings, port: int) -> str:
    """Open, close, and tell the address; `TunnelError` where it fails, within about 20 seconds.

    For looking at a token or a domain before it is saved. A tunnel that is open for the same
    account may be in the way (`tunnel.already_online`, `tunnel.too_many_agents`).
    """
    with opened(settings, port, lambda link: None) as link:
        if link.address is None:
            raise _why_not(settings, link)
        return link.address


def _why_not(settings: Settings, link: Link) -> TunnelError:
    if link.trouble is None:
        none = "tunnel.off" if settings.tunnel == "none" else "tunnel.no_ssh"
        return TunnelError(none, permanent=True)
    return TunnelError("tunnel.too_slow") if link.opening else link.trouble


def wanted(settings: Settings) -> str | None:
    """The kind of tunnel that these settings come to on this machine; None where none is made."""
    if settings.public_url or settings.tunnel == "none":
        return None
    if settings.tunnel == "auto" and not settings.ngrok_authtoken:
        return LocalhostRun.name if ssh() else None
    return Ngrok.name if settings.tunnel == "auto" else settings.tunnel


def _keeper(settings: Settings, port: int, changed: Changed) -> TunnelSupervisor | None:
    """Who keeps the tunnel that is wanted; None where none is."""
    kind = wanted(settings)
    if kind is None:
        return None
    make = partial(KINDS[kind], settings, port)
    # Nobody asked for localhost.run by name: where it cannot be had, that is an ordinary `none`.
    quietly = kind == LocalhostRun.name and settings.tunnel == "auto"
    return TunnelSupervisor(kind, make, changed, quietly)
