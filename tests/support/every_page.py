"""Every address that the program answers, taken from the program itself: none can be forgotten."""

import http.client
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import AnyConverter, Map, Rule

from chatgee.owner import manual
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE

EVERYBODYS = {
    *("static", "skill.prompt", "skill.wrong_address", "health.health", "health.live"),
    *("pages.front", "pages.local_test", "pages.not_for_people"),
    *("login.show", "login.enter", "login.leave", "arrivals.callback"),
}
"""Endpoints that do not ask who calls; each has tests of its own. Any other is the owner's."""

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH")
READING = {"GET", "HEAD"}
SAMPLES = {"manual.page": manual.ORDER[-1], "options.check": "PORT"}


@dataclass(frozen=True)
class Call:
    """One method of one address."""

    endpoint: str
    method: str
    path: str
    known: bool
    """Whether the address has this method."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def owners(bot: Bot) -> list[Call]:
    """Every method of every address that is the owner's."""
    rules = [rule for rule in addresses(bot).iter_rules() if rule.endpoint not in EVERYBODYS]
    paths = dict.fromkeys(path_of(rule) for rule in rules)
    return [_call(addresses(bot), method, path) for path in paths for method in METHODS]


def _call(known: Map, method: str, path: str) -> Call:
    try:
        endpoint, _ = known.bind("x").match(path, method)
    except MethodNotAllowed:
        return Call("", method, path, known=False)
    return Call(endpoint, method, path, known=True)


def addresses(bot: Bot) -> Map:
    assert bot.running is not None
    assert isinstance(bot.running.wsgi, Flask)
    return bot.running.wsgi.url_map


def path_of(rule: Rule) -> str:
    values = {}
    for name in rule.arguments:
        converter = rule._converters[name]
        any_of = isinstance(converter, AnyConverter)
        values[name] = min(converter.items) if any_of else SAMPLES.get(rule.endpoint, "x")
    if rule.endpoint == "manual.picture":
        values["name"] = min(one.name for one in manual.PICTURES.glob("*.png"))
    built = rule.build(values)
    assert built
    return built[1]


class Caller:
    """Somebody who makes many calls over few connections, each with the same headers."""

    def __init__(self, bot: Bot, **headers: str) -> None:
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self._line = http.client.HTTPConnection(*bot.address, timeout=PATIENCE)

    def calls(self, call: Call, form: Mapping[str, str] | None = None) -> Answer:
        body = urlencode(form or {}) if call.method not in READING else None
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        self._line.request(call.method, call.path, body, self._headers | kind)
        reply = self._line.getresponse()
        return Answer(reply.status, dict(reply.getheaders()), reply.read())

    def says(self, call: Call, body: bytes) -> int:
        """The status for a body as it stands."""
        self._line.request(call.method, call.path, body, self._headers)
        reply = self._line.getresponse()
        reply.read()
        return reply.status

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()


def is_closed(answer: Answer) -> bool:
    """Whether it has the headers of `owner.closed`."""
    has, policy = answer.headers, answer.headers.get("Content-Security-Policy", "")
    return (
        "default-src 'none'" in policy
        and "frame-ancestors 'none'" in policy
        and "unsafe" not in policy
        and has.get("X-Content-Type-Options") == "nosniff"
        and has.get("Referrer-Policy") == "same-origin"
        and has.get("Cross-Origin-Resource-Policy") == "same-origin"
        and has.get("Cross-Origin-Opener-Policy") == "same-origin"
        and "Access-Control-Allow-Origin" not in has
    )


def everything(bot: Bot) -> dict[str, str]:
    """What is kept, by which one sees that nothing was changed; the log aside."""
    folder = Path(bot.environ["DATA_DIR"])
    files = (path for path in folder.rglob("*") if path.is_file())
    ours = (path for path in files if not path.name.startswith(("chatgee.log", "chatgee.db")))
    found = {str(path): sha256(path.read_bytes()).hexdigest() for path in ours}
    with closing(sqlite3.connect(folder / "chatgee.db")) as database:
        return found | {"database": "\n".join(database.iterdump()), "reloads": str(bot.reloads)}
