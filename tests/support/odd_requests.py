"""Requests that nobody expects, of every address that the program has: its own map names them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from urllib.parse import unquote

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from chatgee import web
from chatgee.web import owner
from tests.support.bot import Bot
from tests.support.every_page import READING, Call, Caller, addresses, path_of
from tests.support.odd_bodies import Fields, odd_body, odd_form, urlencoded
from tests.support.odd_words import HEADERS, PATHS, escaped, header_bytes, word

METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH")
ODD_METHODS = ("TRACE", "CONNECT", "PROPFIND", "get", "FOO", "X" * 300, "GE T", "\xff", "")
HERE, ELSEWHERE, STRANGER, OTHER_SITE = "here", "elsewhere", "stranger", "other site"
WHO = (HERE, HERE, ELSEWHERE, STRANGER, STRANGER, OTHER_SITE)
"""The owner before the machine and from elsewhere, with the token; a stranger through a tunnel;
another site's page in the owner's browser."""

SLOW = {"setup.check_model", "setup.save", "login.enter", "options.save", "options.check"}
"""Endpoints of which a tenth is asked: each asks others, or takes its time on purpose."""


@dataclass(frozen=True)
class Request:
    """One request, from its first byte to its last, but for what proves who it is."""

    who: str
    method: str
    target: bytes
    headers: tuple[tuple[str, bytes], ...]
    body: bytes
    version: bytes = b"HTTP/1.1"
    framed: bool = True
    """Whether the body is as long as the headers say."""

    @property
    def readable(self) -> bool:
        """Whether a server that reads no further than it must would find its end."""
        first = re.fullmatch(rb"[!-~]+", self.target) and self.method in METHODS
        return bool(first) and self.version == b"HTTP/1.1" and self.framed

    @property
    def alone(self) -> bool:
        """Whether it needs a connection of its own: a server ends it, or holds it for another's."""
        named = {name for name, _ in self.headers}
        plain = self.version == b"HTTP/1.1" and self.framed
        return not plain or bool(named & {"Connection", "Host", *owner.FORWARDED})

    def wire(self, proof: Mapping[str, str]) -> bytes:
        """As it is sent; `proof` has the headers of who sends it, before which odd ones go."""
        sent = {name for name, _ in self.headers}
        known = [(k, v.encode()) for k, v in proof.items() if k not in sent or k in KEPT[self.who]]
        lines = [name.encode() + b": " + value for name, value in (*known, *self.headers)]
        first = b" ".join([self.method.encode("latin-1"), self.target, self.version])
        return b"\r\n".join([first, *lines, b"", self.body])


KEPT: dict[str, set[str]] = {
    HERE: set(),
    ELSEWHERE: {"X-Forwarded-For"},
    STRANGER: {"X-Forwarded-For"},
    OTHER_SITE: {"Origin", "Sec-Fetch-Site"},
}
"""Headers that a tunnel or a browser writes, whatever else is sent."""


# --- what there is to ask for ---------------------------------------------------------------


class _Forms(HTMLParser):
    """The forms of a page: where each leads, and its fields."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.found: dict[str, list[tuple[str, str]]] = {}
        self.links: set[str] = set()
        self._path = path

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = self.found.setdefault(has.get("action", self._path), [])
        elif has.get("name", owner.TOKEN_FIELD) != owner.TOKEN_FIELD and self.found:
            self._fields.append((has["name"], has.get("value", "")))
        self.links |= {
            has[name] for name in ("href", "formaction", "hx-get") if "?" in has.get(name, "")
        }


@dataclass
class World:
    """All that the program can be asked for."""

    rules: Sequence[Rule]
    map: Map
    forms: dict[str, Fields] = field(default_factory=dict)
    """By the address to which each goes."""
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Of arguments and fields that the views read, by the file in which they stand."""

    @classmethod
    def of(cls, bot: Bot) -> "World":
        """From its map, from its views, and from its pages as an owner sees them."""
        known = addresses(bot)
        world = cls(list(known.iter_rules()), known, names=_names())
        with Caller(bot, **{owner.TOKEN_HEADER: owner.TOKEN}) as caller:
            for rule in world.rules:
                path = path_of(rule)
                pages = [path, f"{path}?id=friend-1"] if "GET" in (rule.methods or ()) else []
                for page in pages:
                    read = _Forms(path)
                    body = caller.calls(Call("", "GET", page, known=True)).body
                    read.feed(body.decode("utf-8", "replace"))
                    world.forms |= {at: one for at, one in read.found.items() if one}
        return world

    def fields(self, random: Random, path: str) -> Fields:
        """Of the form that leads there, or a part of it; else of any."""
        fitting = [one for one in self.forms if path.startswith(one)]
        if fitting and random.random() < 0.95:
            return self.forms[max(fitting, key=len)]
        return self.forms[random.choice(sorted(self.forms))]

    def endpoint(self, request: Request) -> str:
        """Of an address without anything odd; empty where there is none."""
        try:
            path = unquote(re.sub(r"^https?://[^/?#]*|[?#].*", "", request.target.decode()))
            return str(self.map.bind("x").match(path or "x", request.method)[0])
        except (HTTPException, ValueError):
            return ""


def _names() -> dict[str, list[str]]:
    read = (
        r'(?:args|values|form|files)(?:\.get(?:list)?\(|\[)"([\w-]+)"',
        r'"([\w-]+)" (?:not )?in request\.',
        r'_(?:place|position)\("(\w+)"',
    )
    views = (one.read_text("utf-8") for one in sorted(Path(web.__file__).parent.rglob("*.py")))
    code = {name: text for text in views for name in re.findall(r'Blueprint\("(\w+)"', text)}
    found = {name: {n for one in read for n in re.findall(one, code[name])} for name in code}
    return {name: sorted(names) for name, names in sorted(found.items()) if names}


# --- one of them ----------------------------------------------------------------------------


def odd(seed: int, number: int, world: World) -> Request:
    """The request of this number; the same one for the same seed."""
    random = Random(f"{seed}-{number}")
    rule = random.choice(world.rules)
    while rule.endpoint in SLOW and random.random() < 0.9:
        rule = random.choice(world.rules)
    method = _method(random, rule)
    path = _path(random, rule)
    fields = world.fields(random, path)
    query = _query(random, world, rule, fields)
    headers, body = dict(_headers(random)), b""
    if method not in READING or random.random() < 0.05:
        kind, body = odd_body(random, path, fields)
        headers["Content-Type"] = header_bytes(kind)
    version = (
        random.choice([b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9", b"X"])
        if random.random() < 0.01
        else b"HTTP/1.1"
    )
    lengths, body, framed = _framed(random, body)
    target = path.encode("utf-8", "surrogatepass") + (b"?" + query if query else b"")
    sent = (*headers.items(), *_doubled(random, headers), *lengths)
    return Request(random.choice(WHO), method, target, sent, body, version, framed)


def _method(random: Random, rule: Rule) -> str:
    known = sorted({"GET", "POST"} & set(rule.methods or ()))
    if random.random() < 0.8:
        return random.choice(known if known and random.random() < 0.9 else METHODS)
    return random.choice(METHODS if random.random() < 0.85 else ODD_METHODS)


def _path(random: Random, rule: Rule) -> str:
    path = path_of(rule)
    if rule.arguments and random.random() < 0.5:
        path = path.rpartition("/")[0] + "/" + escaped(random, word(random))[:6000]
    if random.random() < 0.8:
        return path
    at = random.choice([found.start() for found in re.finditer("/|$", path)])
    put = random.choice(
        [
            *(
                "/",
                "//",
                "/.",
                "/..",
                "/./",
                "/../",
                "/%2e%2e",
                "/%2e%2e/",
                "%00",
                "/%00",
                "%ff",
                "%c0%af",
            ),
            *(
                "%2f",
                "%5c",
                "\\",
                "/" * 500,
                "/x" * 2000,
                ";x=y",
                "%20",
                "%0a",
                "%0d%0aX: 1",
                "가",
                "%",
            ),
            *(
                "%ed%a0%80",
                "/static/",
                "/static//",
                "*",
                "a" * 5000,
                "%3f",
                "%23",
                "#",
                "//evil.example",
                "/%5cevil",
            ),
        ]
    )
    path = path[:at] + put + path[at:]
    return (
        random.choice(["", "", "", "", "", "", "http://127.0.0.1", "http://evil.example", "/", "x"])
        + path
    )


def _query(random: Random, world: World, rule: Rule, fields: Fields) -> bytes:
    if random.random() < 0.3:
        return b""
    anothers = random.choice(list(world.names))
    own = rule.endpoint.partition(".")[0] if random.random() < 0.9 else anothers
    names = world.names.get(own, world.names[anothers])
    pairs = [(random.choice(names), word(random)) for _ in range(random.choice([1, 2, 2, 3, 6]))]
    if random.random() < 0.1:
        pairs += odd_form(random, fields)[:5]
    return urlencoded(random, pairs)[:20_000]


def _headers(random: Random) -> Iterator[tuple[str, bytes]]:
    if random.random() < 0.3:
        yield "Accept", b"text/html"
    for _ in range(random.choice([0, 0, 1, 1, 2, 4])):
        name = random.choice(sorted(HEADERS))
        if name in {"Host", "X-CSRF-Token", "Cookie", *owner.FORWARDED} and random.random() < 0.5:
            continue  # or nobody would be the owner
        yield name, header_bytes(random.choice([*HEADERS[name], random.choice(PATHS)]))


def _doubled(random: Random, headers: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    return [(name, b"x") for name in headers if random.random() < 0.01 and name != "Expect"]


def _framed(random: Random, body: bytes) -> tuple[list[tuple[str, bytes]], bytes, bool]:
    """The headers that say how long a body is, the body on the wire, and whether both agree."""
    right = str(len(body)).encode()
    if random.random() < 0.97:
        return ([("Content-Length", right)] if body else []), body, True
    chunked = ("Transfer-Encoding", b"chunked")
    match random.randrange(6):
        case 0:
            return (
                [chunked],
                b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n",
                False,
            )
        case 1:
            return [chunked], random.choice([b"x", b"-1\r\n", b"f" * 5000, b"5\r\nab"]), False
        case 2:
            return [chunked, ("Content-Length", right)], body, False
        case 3:
            return [("Content-Length", str(len(body) + 9).encode())], body, False
        case 4:
            return [("Content-Length", b"0")], body, False
    length = random.choice(
        [b"-1", b"x", b"", b"+4", b"1_0", b"9" * 30, b"9" * 5000, b"4, 4", "٣".encode()]
    )
    return [("Content-Length", length)], body, False
