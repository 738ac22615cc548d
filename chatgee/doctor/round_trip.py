"""The way that Kakao's calls take: out to the public address and back in to this program.

Where ChatGee is not running, a stand-in takes its place for a moment. It answers the doctor
alone: a friend's question must not end in a folder that is thrown away.
"""

import json
import logging
import secrets
import statistics
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from chatgee import app, tunnel
from chatgee.doctor.case import Case, Check
from chatgee.errors import ChatGeeError
from chatgee.owner.status import OwnerStatus
from chatgee.simulator import payloads
from chatgee.simulator.call import KAKAO_SECONDS, headers
from chatgee.simulator.payloads import Message
from chatgee.system import own_mark, single_instance
from chatgee.system.http import HttpReply, Lost, send
from chatgee.system.single_instance import Running
from chatgee.tunnel import Link
from chatgee.web.server.wsgi_server import WebServer
from chatgee.web.skill import meanwhile

TRIPS = 5
TRIP_SECONDS, TRIPS_SECONDS = 6.0, 10.0
MARGIN_SECONDS = 0.3
LEAST_REPLY_SECONDS = 1.0
NOBODY = Message(user_id="000000", words="")
"""Who says nothing, so that nothing is stored."""

log = logging.getLogger(__name__)


def public(case: Case) -> Iterator[Check]:
    """Round trips through the public address to /prompt."""
    running = single_instance.find(case.settings.data_dir)
    if running:
        yield from _through_running(case, running)
        return
    try:
        with stand_in(case) as server, _link(case, server) as link:
            if link.trouble:
                yield case.failed("tunnel", link.trouble, "doctor.tunnel_remedy")
            else:
                yield from _through(case, link.address, own_mark.SECRET)
    except ChatGeeError as error:  # the port is taken, say
        yield case.failed("tunnel", error, "doctor.config_remedy")


def _through_running(case: Case, running: Running) -> Iterator[Check]:
    try:
        _call(case, running.local, running.secret)
    except Lost as lost:
        yield _lost(case, lost, running.local)
        return
    if running.address is None and _wants_address(case):
        remedy = "doctor.no_address_remedy"
        yield case.check("tunnel", "bad", "doctor.no_address", remedy)
    else:
        yield from _through(case, running.address, running.secret)


def _wants_address(case: Case) -> bool:
    return bool(case.settings.public_url or tunnel.wanted(case.settings))


def _through(case: Case, address: str | None, secret: str) -> Iterator[Check]:
    if address is None:
        yield case.check("tunnel", "warn", "doctor.local_only", "doctor.local_only_remedy")
        return
    try:
        seconds = list(_trips(case, address, secret))
    except Lost as lost:
        yield _lost(case, lost, address)
        return
    yield judge(case, address, seconds)
    if case.settings.skill_key is None:
        yield case.check("tunnel", "warn", "doctor.open_address", "doctor.key_remedy")


def _trips(case: Case, address: str, secret: str) -> Iterator[float]:
    """Seconds of each; fewer where they take long.

    The first goes without SKILL_KEY, which is sent only to where this program has answered: a
    page can set any PUBLIC_URL.
    """
    until = time.monotonic() + TRIPS_SECONDS
    yield _call(case, address, secret, with_key=False)
    for _ in range(TRIPS - 1):
        if time.monotonic() < until:
            yield _call(case, address, secret)


def judge(case: Case, address: str, seconds: list[float]) -> Check:
    """Whether REPLY_SECONDS leaves room for the way there and back."""
    ours, worst = case.settings.reply_seconds, max(seconds)
    room = KAKAO_SECONDS - MARGIN_SECONDS - worst
    about: dict[str, Any] = {
        "address": address,
        "median": round(statistics.median(seconds), 2),
        "worst": round(worst, 2),
        "reply_seconds": ours,
    }
    if ours <= room:
        return case.check("tunnel", "good", "doctor.round_trip", **about)
    about["proposed"] = min(ours, max(LEAST_REPLY_SECONDS, int(room * 10) / 10))
    enough = room >= LEAST_REPLY_SECONDS
    remedy = "doctor.trip_tight_remedy" if enough else "doctor.trip_slow_remedy"
    return case.check("tunnel", "warn", "doctor.round_trip", remedy, **about)


def _lost(case: Case, lost: Lost, address: str) -> Check:
    about = {"address": address, "kind": lost.kind, "status": lost.status}
    key = f"doctor.trip.{lost.kind}"
    return case.check("tunnel", "bad", key, f"{key}_remedy", **about)


def _call(case: Case, address: str, secret: str, with_key: bool = True) -> float:
    """Seconds of one call as Kakao makes it, which stores nothing; `Lost` unless it came here."""
    nonce = secrets.token_hex(16)
    kakaos = headers(case.settings.skill_key if with_key else None, nonce)
    body = json.dumps(payloads.skill_test(NOBODY)).encode()
    reply = send("POST", f"{address}/prompt", TRIP_SECONDS, body, kakaos)
    ours = reply.headers.get(own_mark.HEADER) == own_mark.of(nonce, secret)
    if kind := _trouble(reply, ours, with_key):
        raise Lost(kind, reply.status)
    return reply.seconds


def _trouble(reply: HttpReply, ours: bool, with_key: bool) -> str | None:
    """What is wrong with a reply; the end of a key of the texts."""
    match reply.status:
        case 200 if ours:
            return None
        case 401 | 429 if ours and not with_key:
            return None
        case 401 | 429 if ours:
            return "key"
        case 404:
            return "missing"
        case status if 300 <= status < 400:
            return "moved"
        case status if status != 200:
            return "status"
    is_page = "html" in reply.headers.get("Content-Type", "")
    return "page" if is_page else "foreign"


# --- where ChatGee is not running ---------------------------------------------------------------


@contextmanager
def stand_in(case: Case) -> Iterator[WebServer]:
    """A ChatGee with the practice model and a folder that is thrown away."""
    ours = case.settings
    # What stands before PUBLIC_URL leads to our own port; a tunnel of ours to any.
    place = (ours.host, ours.port) if ours.public_url else ("127.0.0.1", 0)
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        trial = replace(
            ours,
            openai_api_key=None,
            openai_base_url=None,
            data_dir=Path(folder),
            database_url=None,
        )
        server = WebServer(*place)
        server.start(meanwhile(case.texts), case.settings.reply_seconds)
        try:
            status = OwnerStatus(trial.data_dir / "board.json", server.local)
            with app.running(trial, case.texts, status, requests=server.requests) as chatgee:
                server.serve(_for_the_doctor(chatgee.wsgi))
                yield server
        finally:
            server.stop()


@contextmanager
def _link(case: Case, server: WebServer) -> Iterator[Link]:
    with tunnel.opened(case.settings, server.port, _unheard) as link:
        yield link


def _unheard(link: Link) -> None:
    """News of a tunnel that lives for a moment."""
    log.debug("%s", link)


def _for_the_doctor(inner: WSGIApplication) -> WSGIApplication:
    """To everyone else it is as if nobody were there: Kakao shows its user nothing either way."""
    wanted = "HTTP_" + own_mark.HEADER.upper().replace("-", "_")

    def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if wanted in environ:
            return inner(environ, start_response)
        start_response("503 Service Unavailable", [("Content-Type", "application/json")])
        return [b'{"error": "ChatGee is not running"}']

    return guarded
