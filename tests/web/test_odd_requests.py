"""What nobody would send: thousands of it, of the owner's, of strangers' and of other sites'.

Each request follows from the seed and its number; see `tests/support/odd_requests.py`. By hand:
`python run.py test tests/web/test_odd_requests.py --requests 100000`, with another seed every time.
"""

import json
import logging
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, nullcontext, suppress
from http.client import HTTPException, HTTPResponse
from itertools import islice
from pathlib import Path
from secrets import randbelow
from urllib.parse import unquote_to_bytes

import pytest

from chatgee.errors import TunnelError
from chatgee.owner.setup import Setup
from chatgee.settings import Settings
from chatgee.store.databases.opening import is_shared
from chatgee.web import owner
from tests.support import visitor
from tests.support.bot import Bot
from tests.support.every_page import EVERYBODYS, READING, Answer, is_closed
from tests.support.far_ends import PATIENCE
from tests.support.odd_requests import (
    ELSEWHERE,
    HERE,
    OTHER_SITE,
    STRANGER,
    WHO,
    Request,
    World,
    odd,
)
from tests.web.test_fuzz import Parrot

SEED, REQUESTS = 1, 2_000
MOST_SHOWN = 10

WORDS, MODEL = "words-of-a-friend", "name-of-the-model"
SECRETS = {
    "OPENAI_API_KEY": "sk-secret-of-openai",
    "SKILL_KEY": "secret-of-the-skill",
    "NGROK_AUTHTOKEN": "secret-of-ngrok",
    "ADMIN_PASSWORD": visitor.PASSWORD,
}
KEY = (("X-ChatGee-Key", SECRETS["SKILL_KEY"]),)
SESSION_TOKEN = "token-of-a-session"

REFUSED = {400, 401, 403, 404, 405, 413, 414, 431}
PROMPT = {200, 400, 401, 403, 413, 429}
"""What Kakao's address answers to a POST."""


class Named(Parrot):
    name = MODEL


@pytest.fixture
def count(request: pytest.FixtureRequest, database: str) -> int:
    """Fewer with PostgreSQL, in which little is different, and everything takes longer."""
    usual = REQUESTS // 4 if is_shared(database) else REQUESTS
    return int(request.config.getoption("--requests") or usual)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A fixed one with the usual number of requests, else another every time."""
    by_hand = request.config.getoption("--requests") is not None
    given = request.config.getoption("--seed")
    return int(given) if given is not None else randbelow(10**6) if by_hand else SEED


@pytest.fixture
def bot(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """With talks, a photo and a log; whatever leads to another machine ends here at once."""
    monkeypatch.setattr(socket, "getaddrinfo", only_here)
    environ = {"DATA_DIR": str(tmp_path), "PORT": "0", "REPLY_SECONDS": "4", "OPENAI_MODEL": MODEL}
    environ |= SECRETS | {"QUESTIONS_PER_MINUTE": "0", "QUESTIONS_PER_DAY": "0"}
    environ |= {"CALLBACK_HOSTS": "callback.invalid", "DATABASE_URL": database}
    if is_shared(database):
        monkeypatch.setattr("chatgee.cluster.worker_process.LAST_SECONDS", 0.1)
    (tmp_path / "chatgee.log").write_text("2026-11-23 09:00:00 ERROR x\n" * 50, "utf-8")
    setup = Setup(tmp_path / "config.env", {}, (("x", "http://127.0.0.1:9/v1"),), no_tunnel)
    with Bot(environ, Named(), setup=setup).open() as bot:
        for name in ("friend-1", "friend-2", "desk-abcd"):
            bot.friend(name, headers=KEY).says(WORDS)
        bot.until_delivered(3)
        yield bot


def only_here(host: str | bytes | None, *given: object, **named: object) -> object:
    """As on a machine that reaches no other."""
    if host not in {"127.0.0.1", b"127.0.0.1", "localhost", "::1", "0.0.0.0", None}:
        raise socket.gaierror(socket.EAI_NONAME, "there is only this machine")
    return looked_up(host, *given, **named)  # type: ignore[arg-type]


looked_up = socket.getaddrinfo


def no_tunnel(ours: Settings, port: int) -> str:
    raise TunnelError("tunnel.refused", code="ERR_NGROK_105")


class Line:
    """The connections of one sender, each for as many requests as it lasts."""

    def __init__(self, bot: Bot, who: str) -> None:
        self._bot, self._who = bot, who
        self._socket: socket.socket | None = None
        self.cookie = ""
        """Of a log-in; empty where another is needed, which takes its time."""

    def ask(self, request: Request) -> Answer | None:
        """None where the connection was ended without a reply."""
        if request.alone:
            with self._connected() as line:
                return self._ask(line, request)
        self._socket = self._socket or self._connected()
        answer = self._ask(self._socket, request)
        if answer is None or "close" in answer.headers.get("Connection", ""):
            self.close()
        return answer

    def _ask(self, line: socket.socket, request: Request) -> Answer | None:
        try:
            line.sendall(request.wire(self.proof()))
            if not request.framed:
                with suppress(OSError):  # where it has been ended already
                    line.shutdown(socket.SHUT_WR)
            with HTTPResponse(line, method=request.method) as reply:
                reply.begin()
                return Answer(reply.status, dict(reply.getheaders()), reply.read())
        except (ConnectionError, TimeoutError, HTTPException):
            return None

    def _connected(self) -> socket.socket:
        return socket.create_connection(self._bot.address, timeout=PATIENCE)

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None

    def proof(self) -> dict[str, str]:
        """The headers that say who it is."""
        host = self._bot.url.removeprefix("http://")
        if self._who == HERE:
            return {"Host": host, owner.TOKEN_HEADER: owner.TOKEN} | dict(KEY)
        if self._who == OTHER_SITE:
            return {"Host": host, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        if self._who == STRANGER:
            return {"Host": "name.lhr.life", "X-Forwarded-For": "203.0.113.5"}
        value = {"csrf": SESSION_TOKEN, "host": visitor.OUTSIDE["Host"], "since": time.time()}
        self.cookie = self.cookie or visitor.signed(value)
        mine = visitor.OUTSIDE | {"Origin": visitor.SITE, owner.TOKEN_HEADER: SESSION_TOKEN}
        return mine | visitor.held(self.cookie)


class Judge:
    """What must hold for every reply."""

    def __init__(self, bot: Bot, world: World) -> None:
        self._world = world
        self._bug = bot.texts("failure.bug")
        self._secrets = [one.encode() for one in SECRETS.values()]
        told = (
            *SECRETS.values(),
            owner.TOKEN,
            SESSION_TOKEN,
            WORDS,
            MODEL,
            bot.environ["DATA_DIR"],
        )
        self._unspeakable = [one.encode() for one in told]

    def wrong(self, request: Request, answer: Answer | None) -> list[str]:
        """What does not hold."""
        if answer is None:
            return ["no answer"] if request.readable else []
        endpoint = self._world.endpoint(request)
        return [*self._of_all(endpoint, request, answer), *self._of_who(endpoint, request, answer)]

    def _of_all(self, endpoint: str, request: Request, answer: Answer) -> Iterator[str]:
        if answer.status >= 500:
            yield "5xx"
        if not is_closed(answer):
            yield "the headers"
        for name in ("Location", "HX-Redirect"):
            if not re.match(r"/(?![/\\])[^\\]*$", answer.headers.get(name, "/")):
                yield f"leads away: {answer.headers[name][:200]}"
        if "Set-Cookie" in answer.headers and endpoint not in {"login.enter", "login.leave"}:
            yield "a cookie"
        if "X-Forged" in answer.headers:
            yield "a forged header"
        if endpoint == "skill.prompt" and request.method == "POST":
            yield from self._of_prompt(answer)

    def _of_prompt(self, answer: Answer) -> Iterator[str]:
        if answer.status not in PROMPT:
            yield "Kakao's address"
        try:
            told = json.dumps(json.loads(answer.body), ensure_ascii=False)
        except ValueError:
            yield "no JSON"
        else:
            if self._bug in told:
                yield "a bug, told to a friend"

    def _of_who(self, endpoint: str, request: Request, answer: Answer) -> Iterator[str]:
        if request.who in {HERE, ELSEWHERE}:
            if endpoint != "home.key" and any(one in answer.body for one in self._secrets):
                yield "a secret"
        elif request.who == STRANGER:
            yield from self._of_stranger(endpoint, request, answer)
        elif request.method not in READING and not refused(answer):
            asks = request.method == "OPTIONS" and endpoint in EVERYBODYS
            if not asks and endpoint != "login.enter":  # which leads the owner on
                yield "another site's page changed something"

    def _of_stranger(self, endpoint: str, request: Request, answer: Answer) -> Iterator[str]:
        own = unquote_to_bytes(request.target) + request.body
        told = [one for one in self._unspeakable if one in answer.body and one not in own]
        if told:
            yield f"told a stranger {told}"
        if endpoint not in EVERYBODYS and not refused(answer):
            yield "an owner's page for a stranger"


def refused(answer: Answer) -> bool:
    """With an error, or led to the log-in."""
    to_login = answer.headers.get("Location", "").startswith("/login")
    return answer.status in REFUSED or (answer.status == 303 and to_login)


class Complaints(logging.Handler):
    """What the program itself took for a bug of its own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))

    def taken(self) -> list[str]:
        heard, self.heard = self.heard, []
        return heard


# Left to Python to close: by werkzeug the files of a form that it cannot read to its end, and by
# waitress a large body whose sender leaves before the end of it.
@pytest.mark.filterwarnings("ignore:unclosed file <_io.BufferedRandom:ResourceWarning")
@pytest.mark.filterwarnings("ignore:Unclosed file <tempfile.Spooled:ResourceWarning")
def test_any_request_is_answered_or_refused(
    bot: Bot, seed: int, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = f"--requests {count} --seed {seed}"
    with capsys.disabled() if seed != SEED else nullcontext():
        print(f"\n{asked}")
    with closing(failing(bot, seed, count)) as wrong:
        found = list(islice(wrong, MOST_SHOWN))
    assert not found, "\n\n".join([asked, *found])
    assert "답" in bot.friend("at-the-end", headers=KEY).says("질문").text


def failing(bot: Bot, seed: int, count: int) -> Iterator[str]:
    """What does not hold, of which request, and the request itself with its reply."""
    world, complaints = World.of(bot), Complaints()
    judge = Judge(bot, world)
    logging.getLogger().addHandler(complaints)
    with ExitStack() as stack:
        stack.callback(logging.getLogger().removeHandler, complaints)
        lines = {who: stack.enter_context(closing(Line(bot, who))) for who in WHO}
        for number in range(count):
            request = odd(seed, number, world)
            sent = request.wire(lines[request.who].proof())
            began = time.monotonic()
            answer = lines[request.who].ask(request)
            late = ["late"] if time.monotonic() - began > PATIENCE / 2 else []
            if answer and "left=1" in answer.headers.get("Location", ""):
                lines[ELSEWHERE].cookie = ""
            if wrong := [*judge.wrong(request, answer), *complaints.taken(), *late]:
                yield f"{number} ({request.who}) {wrong}: {sent!r} -> {answer}"
