"""Who sits before this machine: only they may see the owner's pages.

A page that somebody else's site opens in the owner's browser also comes from this machine, so
the Host header must be local (DNS rebinding) and a change must come from a page of ours.
"""

import hmac
import secrets
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import abort, request

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


def is_here() -> bool:
    """Whether the request was made on this machine, and not passed on by something on it."""
    return (
        _is_loopback(request.remote_addr)
        and _is_local(request.host)
        and not any(name in request.headers for name in FORWARDED)
    )


def only_owner() -> None:
    """For `before_request`: 404 for strangers, 403 for a change that no page of ours sent."""
    if not is_here():
        abort(404)
    if request.method not in {"GET", "HEAD"} and not (_same_origin() and _has_token()):
        abort(403)


def _is_loopback(address: str | None) -> bool:
    try:
        return ip_address(address or "").is_loopback
    except ValueError:
        return False


def _is_local(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)


def _same_origin() -> bool:
    """A browser names the page's origin with every POST; other programs have no pages."""
    origin = request.headers.get("Origin")
    return origin is None or origin == f"http://{request.host}"


def _has_token() -> bool:
    given = request.headers.get(TOKEN_HEADER) or request.form.get(TOKEN_FIELD, "")
    return hmac.compare_digest(given.encode(), TOKEN.encode())
