"""Who the owner is: only they may see the owner's pages.

It is whoever sits before this machine, or has logged in with ADMIN_PASSWORD. A page that somebody
else's site opens in the owner's browser also comes from this machine, so the Host header must be
local (DNS rebinding) and a change must come from a page of ours.
"""

import hmac
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, redirect, request
from werkzeug.wrappers import Response as Redirect

from chatgee.model.system_prompt import MOST_CHARS
from chatgee.simulator.call import KEY_HEADER
from chatgee.system.addresses import is_loopback
from chatgee.web import session
from chatgee.web.parts import parts

FORWARDED = (
    *("Forwarded", "Via", "X-Forwarded", "X-Forwarded-For", "X-Forwarded-Host"),
    *("X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server", "X-Forwarded-Scheme"),
    *("X-Real-IP", "X-Client-IP", "X-Original-Host", "X-Original-Forwarded-For"),
    *("True-Client-IP", "CF-Connecting-IP", "CF-Ray", "CDN-Loop"),
)
"""Headers that a tunnel or a proxy adds; a browser on this machine sends none of them."""

PASSED_ON = "chatgee.passed_on"
"""In the WSGI environment: whether the connection has ever brought a request from elsewhere.

One hidden behind another (request smuggling) has only the headers that a stranger wrote.
"""

TOKEN = secrets.token_urlsafe(24)
"""In every form of ours, so that no other site can send one; new with every start.

It is for whoever sits here: a session has its own.
"""
TOKEN_FIELD = "csrf"
TOKEN_HEADER = "X-CSRF-Token"

MOST_BYTES = 12 * MOST_CHARS + 64 * 1024
"""Of what a page of ours sends: each character may become four times %XX, and the rest."""

READING = {"GET", "HEAD"}
OURS = {"same-origin", "none"}
"""What a browser says in Sec-Fetch-Site of a page of ours, and of an address that was typed."""

LARGE: dict[str, int] = {}
"""By its endpoint, how much more a page takes; see `chatgee.web.server.bodies`."""

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page may load and do: nothing but our own files, and no script or style within it."""

CLOSED = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""The headers of every reply: no other site frames it, builds it in, holds its window, or learns
of a link.

Not `no-referrer`: with it a browser sends `Origin: null` with our own forms.
"""


def guard(pages: Blueprint) -> None:
    """Make them the owner's alone."""
    pages.before_request(only_owner)
    pages.after_request(private)


def private(page: Response) -> Response:
    """The headers of every page: nobody keeps it, beside what `closed` says."""
    page.headers["Cache-Control"] = "no-store"
    return closed(page)


def closed(reply: Response) -> Response:
    """With the headers of every reply."""
    reply.headers.update(CLOSED)
    return reply


def is_here() -> bool:
    """Whether the request was made on this machine, and not passed on by something on it.

    With PUBLIC_URL nobody can tell: a proxy of the owner's may stand on this machine, and nginx
    as it comes passes on neither the Host nor any header that says so.
    """
    return (
        parts().settings.public_url is None
        and is_loopback(request.remote_addr)
        and is_local(request.host)
        and not any(name in request.headers for name in FORWARDED)
        and not request.environ.get(PASSED_ON)
    )


def was_passed_on(environ: Mapping[str, Any]) -> bool:
    """Whether a request, as WSGI has it, was made for another machine or came through one."""
    names = (f"HTTP_{name.upper().replace('-', '_')}" for name in FORWARDED)
    return not is_local(environ.get("HTTP_HOST", "")) or any(name in environ for name in names)


def is_logged_in() -> bool:
    """Whether the request comes from elsewhere, with the cookie of a log-in."""
    return session.is_valid() and not is_here()


def has_skill_key() -> bool:
    """Whether it is Kakao's call for sure: it brings the SKILL_KEY that is set."""
    key, given = parts().settings.skill_key, request.headers.get(KEY_HEADER, "")
    return key is not None and hmac.compare_digest(given.encode(), key.reveal().encode())


def is_owner() -> bool:
    return (is_here() or session.is_valid()) and not _is_built_in()


def token() -> str:
    """What the owner's forms must bring; empty for a stranger, from whom nothing is taken."""
    if is_here():
        return TOKEN
    return session.token() if session.is_valid() else ""


def only_owner() -> Redirect | None:
    """For `before_request`: strangers see the log-in or nothing, and change nothing.

    403 for a change that no page of ours sent.
    """
    if not is_owner():
        return _to_login()
    request.max_content_length = LARGE.get(request.endpoint or "", MOST_BYTES)
    if request.method not in READING and not (is_from_ours() and _has_token()):
        abort(403)
    return None


def renewed() -> dict[str, str]:
    """The token for a page of ours that has outlived its program, to be sent with a 403.

    No other site can read a header of ours, and a page of another origin is given none.
    """
    return {TOKEN_HEADER: token()} if is_owner() and is_from_ours() else {}


def is_from_ours() -> bool:
    """Whether it was sent by a page of ours, as far as the browser says.

    A browser names the page's origin with every POST; other programs have no pages.
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in OURS:
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    return origin == f"http://{request.host}" if is_here() else _is_public(origin)


def _is_built_in() -> bool:
    """Whether another site's page asks for a page of ours as its picture, script or frame.

    It could not read it, but how long a search takes tells something too. A link may lead here.
    """
    if request.method not in READING or request.headers.get("Sec-Fetch-Site", "none") in OURS:
        return False
    told = [request.headers.get(f"Sec-Fetch-{name}") for name in ("Mode", "Dest")]
    return told != ["navigate", "document"]


def _to_login() -> Redirect:
    """404 without ADMIN_PASSWORD; 401 for a script of ours, whose page keeps what was typed."""
    if parts().login_tries is None:
        abort(404)
    if "HX-Request" in request.headers or "text/html" not in request.headers.get("Accept", ""):
        abort(401)
    wanted = {"next": request.full_path.rstrip("?")} if request.method == "GET" else {}
    return redirect(f"/login?{urlencode(wanted)}", 303)


def _is_public(origin: str) -> bool:
    """Whether it is an address of ours; a proxy may have put another Host in its place.

    Never http, of which anybody on the way may have made the page, but on the machine itself.
    """
    ours = (f"https://{request.host}", parts().status.address, parts().settings.public_url or "")
    try:
        safe = origin.startswith("https://") or is_loopback(urlsplit(origin).hostname)
    except ValueError:
        return False
    return safe and origin.partition("://")[2] in filter(None, map(_host, ours))


def _host(url: str) -> str:
    """As an origin has it."""
    return urlsplit(url).netloc.lower().removesuffix(":443")


def is_local(host: str) -> bool:
    """Whether a Host header names this machine."""
    try:
        return is_loopback(urlsplit(f"//{host}").hostname)
    except ValueError:
        return False


def _has_token() -> bool:
    ours = token()
    given = request.headers.get(TOKEN_HEADER) or request.form.get(TOKEN_FIELD, "")
    # A stranger has none, which nothing given would equal.
    return bool(ours) and hmac.compare_digest(given.encode(), ours.encode())
