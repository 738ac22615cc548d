"""Small HTTP calls in bounded time, each over a connection of its own, and why one failed."""

import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from socket import gaierror
from typing import TypeVar
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import (
    BaseHandler,
    HTTPErrorProcessor,
    HTTPSHandler,
    ProxyHandler,
    Request,
    build_opener,
)

import certifi

from chatgee.system.addresses import is_loopback

T = TypeVar("T")

MOST_BYTES = 64 * 1024


class Lost(Exception):
    """No proper answer came; `kind` is the end of a key of the texts."""

    def __init__(self, kind: str, status: int = 0) -> None:
        super().__init__(kind)
        self.kind = kind
        self.status = status


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    offset: float | None
    """By how much the other side's clock is ahead of ours; None where it told no time."""


class _AsItComes(HTTPErrorProcessor):
    """Every status is a reply, and no redirect is followed: Kakao follows none either."""

    def http_response(self, request: Request, response: T) -> T:
        return response

    https_response = http_response


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
) -> Reply:
    """Whatever is answered; `Lost` where nothing is. `trusting` believes any certificate."""
    request = Request(_bare(url), body, dict(headers or {}), method=method)
    started, now = time.monotonic(), time.time()
    try:
        reply = within(seconds, lambda: _exchange(request, seconds, trusting))
    except (OSError, HTTPException, ValueError) as error:
        raise Lost(_why(error)) from error
    status, told, content = reply
    took = time.monotonic() - started
    return Reply(status, told, content, took, _offset(told.get("Date"), now + took / 2))


def _exchange(
    request: Request, seconds: float, trusting: bool
) -> tuple[int, Mapping[str, str], bytes]:
    tls = ssl.create_default_context(cafile=certifi.where())
    if trusting:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    handlers: list[BaseHandler] = [_AsItComes(), HTTPSHandler(context=tls)]
    if is_loopback(urlsplit(request.full_url).hostname):
        handlers.append(ProxyHandler({}))  # no proxy leads to this machine
    with build_opener(*handlers).open(request, timeout=seconds) as reply:
        return reply.status, reply.headers, reply.read(MOST_BYTES)


def _bare(url: str) -> str:
    """Without a name and password, which Kakao would not send either."""
    return re.sub(r"//[^/@]+@", "//", url)


def _why(error: BaseException) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    match cause:
        case gaierror() | UnicodeError():
            return "dns"
        case ssl.SSLError():
            return "tls"
        case ConnectionRefusedError():
            return "refused"
        case TimeoutError():
            return "timeout"
        case _:
            return "broken"


def _offset(date: str | None, now: float) -> float | None:
    try:
        return parsedate_to_datetime(date or "").timestamp() - now
    except ValueError:
        return None
