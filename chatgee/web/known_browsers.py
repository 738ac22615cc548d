"""A browser that has logged in before, by a cookie of its own: what strangers try is not its doing.

The cookie opens no page. It outlives the session and a log-out, ends with another password, and
is worth something only at the address that gave it: a tunnel's may be somebody else's later.
"""

import hashlib
import secrets
from datetime import timedelta

from flask import request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from chatgee.owner.login_tries import LoginTries
from chatgee.web.session import Signer

COOKIE = "__Host-chatgee-known"
LIFETIME = timedelta(days=180)


def browser(login_tries: LoginTries) -> str:
    """Its id; empty for one that was never logged in here."""
    cookie = request.cookies.get(COOKIE, "")
    try:
        known = _serializer(login_tries).loads(cookie, max_age=int(LIFETIME.total_seconds()))
    except BadData:
        return ""
    return str(known["id"]) if known["host"] == request.host else ""


def remember(reply: Response, login_tries: LoginTries) -> Response:
    """With the cookie, for as long again; who is known keeps the id, and the tries made by it."""
    known = {"id": browser(login_tries) or secrets.token_urlsafe(12), "host": request.host}
    reply.set_cookie(
        COOKIE,
        _serializer(login_tries).dumps(known),
        max_age=LIFETIME,
        secure=True,
        httponly=True,
        samesite="Lax",
    )
    return reply


def _serializer(login_tries: LoginTries) -> URLSafeTimedSerializer:
    how = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeTimedSerializer(
        login_tries.key, salt="known browser", signer=Signer, signer_kwargs=how
    )
