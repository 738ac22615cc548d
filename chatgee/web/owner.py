"""Who sits before this machine: only they may see the owner's pages.

A page that somebody else's site opens in the owner's browser also comes from this machine, so
the Host header must be local (DNS rebinding) and a change must come from a page of ours.
"""

import hmac
import secrets
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, request

from chatgee.draft import MOST_CHARS
from chatgee.options import is_loopback
from chatgee.web.parts import parts

FORWARDED = (
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "Via",
    "CF-Connecting-IP",
)
"""Headers that a tunnel or a proxy adds; a browser on this machine sends none of them."""

TOKEN = secrets.token_urlsafe(24)
"""In every form of ours, so that no other site can send one; new with every start."""
TOKEN_FIELD = "csrf"
TOKEN_HEADER = "X-CSRF-Token"

MOST_BYTES = 12 * MOST_CHARS + 64 * 1024
"""Of what a page of ours sends: each character may become four times %XX, and the rest."""

LARGE: dict[str, int] = {}
"""By its endpoint, how much more a page takes; see `chatgee.web.bodies`."""

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page may load and do: nothing but our own files, and no script or style within it."""


def guard(pages: Blueprint) -> None:
    """Make them the owner's alone."""
    pages.before_request(only_owner)
    pages.after_request(private)


def private(page: Response) -> Response:
    """The headers of every page: nobody frames it, keeps it or learns where a link came from.

    Not `no-referrer`: with it a browser sends `Origin: null` with our own forms.
    """
    page.headers["Content-Security-Policy"] = POLICY
    page.headers["X-Content-Type-Options"] = "nosniff"
    page.headers["Referrer-Policy"] = "same-origin"
    page.headers["Cache-Control"] = "no-store"
    return page


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
    )


def only_owner() -> None:
    """For `before_request`: 404 for strangers, 403 for a change that no page of ours sent."""
    if not is_here():
        abort(404)
    request.max_content_length = LARGE.get(request.endpoint or "", MOST_BYTES)
    if request.method not in {"GET", "HEAD"} and not (_same_origin() and _has_token()):
        abort(403)


def renewed() -> dict[str, str]:
    """The token for a page of ours that has outlived its program, to be sent with a 403.

    No other site can read a header of ours, and a page of another origin is given none.
    """
    return {TOKEN_HEADER: TOKEN} if is_here() and _same_origin() else {}


def is_local(host: str) -> bool:
    """Whether a Host header names this machine."""
    try:
        return is_loopback(urlsplit(f"//{host}").hostname)
    except ValueError:
        return False


def _same_origin() -> bool:
    """A browser names the page's origin with every POST; other programs have no pages."""
    origin = request.headers.get("Origin")
    return origin is None or origin == f"http://{request.host}"


def _has_token() -> bool:
    given = request.headers.get(TOKEN_HEADER) or request.form.get(TOKEN_FIELD, "")
    return hmac.compare_digest(given.encode(), TOKEN.encode())
