"""The session of an owner who came in with ADMIN_PASSWORD: one signed cookie, kept by nobody else.

So it holds after a restart and in every process with the same password. It ends after a week,
with another password, and with a log-out, which ends all of them. What is left is `known`.
"""

import secrets
from datetime import timedelta

from flask import Flask, request
from flask import session as cookie
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from chatgee.owner.login_tries import LoginTries
from chatgee.web.parts import now, parts

COOKIE = "__Host-chatgee"
"""A browser takes a cookie of such a name from https alone, and from no neighbouring site."""
LIFETIME = timedelta(days=7)
APART_SECONDS = 2
"""As far as two programs may differ in what they take the clock of the database to be."""


class Signer(TimestampSigner):
    """Signs with the time that all webs agree on: what seems signed in the future counts not."""

    _back = 0

    def get_timestamp(self) -> int:
        return int(now()) - self._back

    def sign(self, value: str | bytes) -> bytes:
        self._back = APART_SECONDS
        return super().sign(value)


class Cookies(SecureCookieSessionInterface):
    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        serializer = super().get_signing_serializer(app)
        if serializer:
            serializer.signer = Signer
        return serializer


def configure(app: Flask, login_tries: LoginTries) -> None:
    app.session_interface = Cookies()
    app.config.update(
        SECRET_KEY=login_tries.key,
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",  # a link in a chat may lead the owner to a page
        PERMANENT_SESSION_LIFETIME=LIFETIME,
        SESSION_REFRESH_EACH_REQUEST=False,  # a page that stays open would never let it end
    )


def begin() -> None:
    """Whoever asks is the owner from now on; nothing of what their cookie held is kept."""
    cookie.clear()
    cookie.permanent = True
    since = max(now(), parts().status.remembered.logged_out_at + 0.001)  # clocks go back, too
    cookie.update(csrf=secrets.token_urlsafe(24), host=request.host, since=since)


def end() -> None:
    """This one, and every other that has begun."""
    parts().status.logged_out()
    cookie.clear()


def is_valid() -> bool:
    """Whether the cookie is of a session that has not ended.

    Under another address than its own it is not: a tunnel's address may be given to others later,
    and a browser would show them the cookie.
    """
    return (
        parts().login_tries is not None
        and cookie.get("host") == request.host
        and cookie["since"] > parts().status.remembered.logged_out_at
    )


def token() -> str:
    """Against other sites' forms; of a valid session."""
    found: str = cookie["csrf"]
    return found
