"""Small HTTP calls in bounded time, each over a connection of its own, and why one failed."""

import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from socket import gaierror
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from chatgee.errors import SettingsError
from chatgee.system.proxies import proxy_for

if TYPE_CHECKING:
    from requests import PreparedRequest

T = TypeVar("T")

MOST_BYTES = 64 * 1024
"""Of a body; what follows is not read."""


class Lost(Exception):
    """No proper answer came; `kind` is the end of a key of the texts."""

    def __init__(self, kind: str, status: int = 0) -> None:
        super().__init__(kind)
        self.kind = kind
        self.status = status


@dataclass(frozen=True)
class HttpReply:
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    offset: float | None
    """By how much the other side's clock is ahead of ours; None where it told no time."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises; `TimeoutError` after so long, and it is left alone."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future.result(timeout=seconds)


def send(
    method: str,
    url: str,
    seconds: float,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    trusting: bool = False,
) -> HttpReply:
    """Whatever is answered; `Lost` where nothing is. `trusting` believes any certificate."""
    # A question needs none of them, and loading them is no part of the call's time.
    from requests import Request
    from urllib3.exceptions import HTTPError

    started, now = time.monotonic(), time.time()
    try:
        request = Request(method, _bare(url), dict(headers or {}), data=body).prepare()
        status, told, content = within(seconds, lambda: _exchange(request, seconds, trusting))
    except SettingsError as error:
        raise Lost("proxy") from error
    except (OSError, ValueError, HTTPError) as error:
        raise Lost(_why(error)) from error
    took = time.monotonic() - started
    return HttpReply(status, told, content, took, _offset(told.get("Date"), now + took / 2))


def _exchange(
    request: "PreparedRequest", seconds: float, trusting: bool
) -> tuple[int, Mapping[str, str], bytes]:
    """Every status is a reply, and no redirect is followed: Kakao follows none either.

    Not by a session of requests: that reads the body of a redirect to its end, sends what
    `~/.netrc` has for a host, and believes the certificates of REQUESTS_CA_BUNDLE.
    """
    from requests.adapters import HTTPAdapter
    from urllib3 import disable_warnings, exceptions

    if trusting:
        disable_warnings(exceptions.InsecureRequestWarning)
    until = time.monotonic() + seconds
    adapter, proxies = HTTPAdapter(), _proxies(request.url or "")
    with (
        closing(adapter),
        adapter.send(request, True, seconds, not trusting, None, proxies) as reply,
    ):
        return reply.status_code, reply.headers, _body(reply.raw, until)


def _body(raw: Any, until: float) -> bytes:
    """As it came: we have asked for nothing packed, so nothing can swell while it is unpacked."""
    body = b""
    while piece := raw.read1(MOST_BYTES - len(body)):
        body += piece
        if time.monotonic() > until:
            raise TimeoutError  # for who waits it is over; this thread goes on with no drip
    return body


def _proxies(url: str) -> dict[str, str]:
    proxy = proxy_for(url)
    return {urlsplit(url).scheme: proxy.url} if proxy else {}


def _bare(url: str) -> str:
    """Without a name and password, which Kakao would not send either."""
    return re.sub(r"//[^/@]+@", "//", url)


def _why(error: BaseException | None) -> str:
    """By the first cause that tells it: libraries wrap one error in another."""
    from requests.exceptions import ProxyError

    while error is not None:
        match error:
            case ProxyError():
                return "proxy"
            case gaierror() | UnicodeError():
                return "dns"
            case ssl.SSLError():
                return "tls"
            case ConnectionRefusedError():
                return "refused"
            case TimeoutError():
                return "timeout"
        error = error.__cause__ or error.__context__
    return "broken"


def _offset(date: str | None, now: float) -> float | None:
    try:
        return parsedate_to_datetime(date or "").timestamp() - now
    except ValueError:
        return None
