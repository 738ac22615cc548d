"""The only place that knows pyngrok: a public address for as long as it is needed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType

from chatgee.errors import TunnelError
from chatgee.settings import Settings


@dataclass(frozen=True)
class Link:
    """The public address as it stands now."""

    kind: str
    """ngrok, localhost.run, public_url or none."""
    address: str | None = None
    """Without a slash at its end; None while there is none."""
    trouble: TunnelError | None = None
    """Why there is none just now; it is tried again."""


class Tunnels:
    """The tunnel that the settings ask for now; another one only where they ask for another."""

    def __init__(self, port: int, changed: Callable[[Link], None]) -> None:
        self._port, self._changed = port, changed
        self._stack = ExitStack()
        self._asked: object = None

    def __enter__(self) -> "Tunnels":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def use(self, settings: Settings) -> None:
        try:
            address = self._stack.enter_context(public_address(settings, self._port))
        except TunnelError as error:
            self._changed(Link("ngrok", None, error))
        else:
            self._changed(Link("ngrok" if address else "none", address))


def trial(settings: Settings, port: int) -> str:
    """The address that a tunnel with these settings gets; `TunnelError` where it gets none.

    For a look before they are saved: it is closed again.
    """
    with public_address(settings, port) as address:
        if address is None:
            raise TunnelError("tunnel.no_token")
        return address


@contextmanager
def public_address(settings: Settings, port: int) -> Iterator[str | None]:
    """The address under which the world reaches `port`; None where there is none.

    `TunnelError` where a tunnel was wanted and could not be had.
    """
    wanted = settings.tunnel
    if wanted == "auto":
        wanted = "ngrok" if settings.ngrok_authtoken else "none"
    if settings.public_url:
        yield settings.public_url
    elif wanted == "ngrok":
        with _ngrok(settings, port) as address:
            yield address
    else:
        yield None


@contextmanager
def _ngrok(settings: Settings, port: int) -> Iterator[str]:
    if settings.ngrok_authtoken is None:
        raise TunnelError("tunnel.no_token")
    from pyngrok import conf, ngrok
    from pyngrok.exception import PyngrokError, PyngrokNgrokInstallError

    agent = conf.PyngrokConfig(auth_token=settings.ngrok_authtoken.reveal(), monitor_thread=False)
    options = {"url": _with_scheme(settings.ngrok_domain)} if settings.ngrok_domain else {}
    try:
        tunnel = ngrok.connect(str(port), pyngrok_config=agent, **options)
    except PyngrokNgrokInstallError as error:
        raise TunnelError("tunnel.no_agent") from error
    except (PyngrokError, OSError) as error:
        # Never its text: it repeats the token.
        code = getattr(error, "ngrok_error_code", None) or type(error).__name__
        raise TunnelError("tunnel.refused", code=code) from error
    try:
        yield str(tunnel.public_url)
    finally:
        ngrok.kill(agent)


def _with_scheme(domain: str) -> str:
    return domain if "://" in domain else f"https://{domain}"
