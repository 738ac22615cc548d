"""Who asks for the owner's pages: anybody, and an owner from elsewhere with ADMIN_PASSWORD."""

import re
from http.cookies import Morsel, SimpleCookie

import requests
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from chatgee.owner.login_tries import LoginTries
from chatgee.settings.value_parsers import Secret
from chatgee.web import known_browsers as known_browser
from chatgee.web import session
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE

PASSWORD = "open-sesame-2026"
SITE = "https://bot.example.com"
OUTSIDE = {"Host": "bot.example.com", "X-Forwarded-For": "203.0.113.5"}
"""As a tunnel passes on what a browser elsewhere asks for."""
HTML = {"Accept": "text/html,application/xhtml+xml"}


def ask(bot: Bot, path: str, method: str = "GET", **more: object) -> requests.Response:
    reply = requests.request(
        method, bot.url + path, timeout=PATIENCE, allow_redirects=False, **more
    )  # type: ignore[arg-type]
    return reply


def change(bot: Bot, path: str, token: str | None = None, **headers: str) -> requests.Response:
    form = {"source": "later", "link": "temporary"} | ({"csrf": token} if token else {})
    return ask(bot, path, "POST", data=form, headers=headers)


def enter(
    bot: Bot, password: str = PASSWORD, next: str = "", cookie: str = "", **headers: str
) -> requests.Response:
    """A log-in from outside; headers are written with `_` in place of `-`."""
    sent = OUTSIDE | {"Origin": SITE} | {k.replace("_", "-"): v for k, v in headers.items()}
    form = {"password": password, "next": next}
    return ask(bot, "/login", "POST", data=form, headers=sent | held(cookie))


def held(cookie: str) -> dict[str, str]:
    return {"Cookie": f"{session.COOKIE}={cookie}"} if cookie else {}


def given(reply: requests.Response, name: str = session.COOKIE) -> "Morsel[str]":
    """The cookie of a reply."""
    (found,) = (one for line in _set(reply) if (one := SimpleCookie(line).get(name)))
    return found


def _set(reply: requests.Response) -> list[str]:
    """Each by itself: one's date has a comma in it."""
    lines: list[str] = reply.raw.headers.getlist("Set-Cookie")
    return lines


def known(reply: requests.Response) -> dict[str, str]:
    """The headers of the browser that was given this reply, once its session has ended."""
    return {"Cookie": f"{known_browser.COOKIE}={given(reply, known_browser.COOKIE).value}"}


def came_in(bot: Bot, **headers: str) -> str:
    """The cookie of an owner who has logged in."""
    reply = enter(bot, **headers)
    assert reply.status_code == 303
    return given(reply).value


def sees(bot: Bot, cookie: str, path: str = "/setup", **headers: str) -> requests.Response:
    return ask(bot, path, headers=OUTSIDE | held(cookie) | headers)


def token_of(bot: Bot, cookie: str, **headers: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', sees(bot, cookie, **headers).text)
    assert found
    return found[1]


def changed(bot: Bot, cookie: str, token: str | None, path: str = "/setup", **headers: str) -> int:
    sent = OUTSIDE | held(cookie) | {k.replace("_", "-"): v for k, v in headers.items()}
    return change(bot, path, token, **sent).status_code


def held_in(cookie: str) -> dict[str, object]:
    """What everybody can read in it."""
    found: dict[str, object] = URLSafeTimedSerializer("").load_payload(
        cookie.rpartition(".")[0].rpartition(".")[0].encode()
    )
    return found


def signed(value: dict[str, object], password: str = PASSWORD, at: int | None = None) -> str:
    """A cookie as flask makes it, with the key that a password gives."""

    class Signer(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() if at is None else at

    how = {"key_derivation": "hmac", "digest_method": "sha1"}
    key = LoginTries(Secret(password)).key
    return str(
        URLSafeTimedSerializer(key, "cookie-session", signer=Signer, signer_kwargs=how).dumps(value)
    )
