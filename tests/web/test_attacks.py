"""What strangers try beside the pages: the wire itself, other hosts, and far too much of it."""

import json
import logging
import re
import socket
import struct
import time
from http.client import HTTPResponse
from typing import Any

import pytest
import requests
from flask import Response

from chatgee.kakao.messages import ID_CHARS, UTTERANCE_CHARS
from chatgee.texts import Texts
from chatgee.web import owner
from chatgee.web.skill import meanwhile
from tests.support.bot import Bot
from tests.support.every_page import Answer, addresses, is_closed, path_of
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.kakao_side import payload
from tests.support.visitor import ask, change

pytestmark = pytest.mark.usefixtures("unhurried")

LOCAL = "Host: 127.0.0.1"
PUBLIC = "Host: name.lhr.life\r\nX-Forwarded-For: 203.0.113.5"
BURIED = f"GET /setup HTTP/1.1\r\n{LOCAL}\r\n\r\n"


def statuses(bot: Bot, *lines: str) -> list[int]:
    """Of every reply to what is sent at once, until the server has no more to say."""
    end = f"GET /end HTTP/1.1\r\n{LOCAL}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(bot.address, timeout=PATIENCE) as line:
        line.sendall("".join((*lines, end)).encode())
        heard = b""
        while piece := line.recv(65536):
            heard += piece
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", heard)]


# --- whose a connection is ------------------------------------------------------------------


def test_a_request_buried_in_anothers_is_a_strangers(bot: Bot) -> None:
    """Whatever a tunnel took for its body: it brings no header that the tunnel wrote."""
    assert statuses(bot, BURIED) == [200, 404], "else this would show nothing"
    outer = f"GET /health HTTP/1.1\r\n{PUBLIC}\r\n\r\n"
    assert statuses(bot, outer, BURIED) == [200, 404, 404]
    rebound = "GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    assert statuses(bot, rebound, BURIED, BURIED) == [200, 404, 404, 404]


@pytest.mark.parametrize(
    "length",
    [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 99",
        "Content-Length: 4\r\nContent-Length: 5",
        "Content-Length: +4",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    ],
)
def test_what_two_might_read_as_two_requests_is_refused_and_ends_the_connection(
    bot: Bot, length: str
) -> None:
    outer = f"POST /prompt HTTP/1.1\r\n{LOCAL}\r\n{length}\r\n\r\n0\r\n\r\n"
    assert statuses(bot, outer, BURIED) == [400]


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/setup", LOCAL, 200),
        ("http://127.0.0.1/setup", "Host: name.lhr.life", 404),
        ("/setup", f"Host: name.lhr.life\r\n{LOCAL}", 404),
        ("/setup", f"{LOCAL}\r\nHost: name.lhr.life", 404),
        ("/setup", "Host:", 404),
        ("/setup", "X-Nothing: 1", 404),
        ("/setup", "Host: name.lhr.life\r\nHTTP_HOST: 127.0.0.1", 404),
        ("/setup", f"{PUBLIC}\r\nConnection: X-Forwarded-For", 404),
        ("//setup", PUBLIC, 404),
        ("/static/..%2f..%2fsetup", LOCAL, 404),
    ],
)
def test_a_host_said_in_another_way_is_not_this_machine(
    bot: Bot, target: str, headers: str, status: int
) -> None:
    assert statuses(bot, f"GET {target} HTTP/1.1\r\n{headers}\r\n\r\n")[0] == status


@pytest.mark.parametrize("host", [LOCAL, PUBLIC, "Host: evil.example"])
def test_no_path_leads_to_the_host_that_was_sent(bot: Bot, host: str) -> None:
    """As werkzeug does by itself, from a path to one that it likes better."""
    paths = [path_of(rule) for rule in addresses(bot).iter_rules()]
    odd = [(f"/{path}", f"{path}/", f"{path}//x", path.replace("/", "//")) for path in paths]
    targets = [*(target for some in odd for target in some), "http://127.0.0.1", "#/talks", "?x"]
    lines = [f"GET {target} HTTP/1.1\r\n{host}\r\n\r\n" for target in targets]
    assert 308 not in statuses(bot, *lines)


FILES = [
    *("/static/../owner.py", "/static/..%2fowner.py", "/static/%2e%2e/%2e%2e/app.py"),
    *("/static/..\\owner.py", "/static/%00", "/static/", "/static/vendor", "/static//etc/passwd"),
    *("/manual/..%2f..%2frun.py", "/manual/pictures/..%2findex.md", "/manual/pictures/%2e%2e"),
    *("/settings/character/versions/..%2f..%2fchatgee", "/settings/character/versions/%2e%2e"),
]


@pytest.mark.parametrize("path", FILES)
def test_no_path_leads_out_of_a_folder(bot: Bot, path: str) -> None:
    line = f"GET {path} HTTP/1.1\r\n{LOCAL}\r\nConnection: close\r\n\r\n".encode()
    with socket.create_connection(bot.address, timeout=PATIENCE) as there:
        there.sendall(line)
        reply = HTTPResponse(there)
        reply.begin()
        assert reply.status == 404
        assert b"import" not in reply.read()


# --- another site's page in the browser of somebody on this machine -------------------------


@pytest.mark.parametrize(
    "headers",
    [
        *({"Origin": origin} for origin in ("https://evil.example", "null", "http://localhost:1")),
        {"Host": "evil.example:6959", "Origin": "http://evil.example:6959"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_no_web_page_asks_the_model(
    bot: Bot, fake_openai: FakeOpenAI, headers: dict[str, str]
) -> None:
    """Its text/plain needs nobody's leave: it would cost money, and fill the talks."""
    reply = ask(
        bot,
        "/prompt",
        "POST",
        data=json.dumps(payload()),
        headers=headers | {"Content-Type": "text/plain"},
    )
    assert reply.status_code == 403
    assert not fake_openai.requests
    assert "답: " in bot.friend().says("질문").text


# --- too much, and what would not be read ---------------------------------------------------


def sent(bot: Bot, user: str, words: str) -> int:
    message = payload()
    message["userRequest"]["user"]["id"] = user
    message["userRequest"]["utterance"] = words
    return ask(bot, "/prompt", "POST", json=message).status_code


def test_nobody_fills_the_owners_pages_with_a_long_name_or_question(bot: Bot) -> None:
    assert sent(bot, "i" * (ID_CHARS + 1), "질문") == 400
    assert sent(bot, "i" * ID_CHARS, "가" * UTTERANCE_CHARS) == 200


def test_a_book_for_a_question_is_told_so_and_not_kept(bot: Bot) -> None:
    friend = bot.known()
    shown = friend.says("가" * (UTTERANCE_CHARS + 1))
    assert shown.text == bot.texts("failure.too_long")
    assert "가" * 100 not in requests.get(f"{bot.url}/talks", timeout=PATIENCE).text
    assert len(ask(bot, "/talks").content) < 100_000


def test_headers_are_read_up_to_a_limit(bot: Bot) -> None:
    assert requests.get(bot.url, headers={"X-More": "x" * 70_000}).status_code == 431
    assert requests.get(bot.url, headers={"X-More": "x" * 50_000}).status_code == 200


def test_who_expects_to_be_asked_for_a_body_is_answered_without_one(bot: Bot) -> None:
    """waitress asked for it, and waited until the connection was ended."""
    expects = f"{PUBLIC}\r\nExpect: 100-continue"
    assert statuses(bot, f"GET /health HTTP/1.1\r\n{expects}\r\n\r\n") == [200, 404]
    huge = f"POST /prompt HTTP/1.1\r\n{expects}\r\nContent-Length: {2**40}\r\n\r\n"
    assert statuses(bot, huge) == [413]


@pytest.mark.parametrize(
    "line", ["GET / x", "get / HTTP/1.1", "GET / HTTP/9", "POST / HTTP/1.1\r\nContent-Length: x"]
)
def test_what_is_no_request_is_refused_with_the_headers_of_every_reply(bot: Bot, line: str) -> None:
    with socket.create_connection(bot.address, timeout=PATIENCE) as there:
        there.sendall(f"{line}\r\n{LOCAL}\r\n\r\n".encode())
        with HTTPResponse(there) as reply:
            reply.begin()
            assert is_closed(Answer(reply.status, dict(reply.getheaders()), reply.read()))
            assert reply.status == 400


def test_who_would_rather_speak_another_protocol_is_answered_in_http(bot: Bot) -> None:
    upgrade = f"{PUBLIC}\r\nConnection: Upgrade\r\nUpgrade: websocket"
    get, post = (f"{method} /prompt HTTP/1.1\r\n{upgrade}\r\n\r\n" for method in ("GET", "POST"))
    health = f"GET /health HTTP/1.1\r\n{upgrade}\r\n\r\n"
    assert statuses(bot, health, get, post) == [200, 405, 400, 404]


def test_who_sends_nonsense_and_leaves_is_no_bug_of_ours(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    """In the instant between its being read and the refusal."""
    for pause in range(200):
        with socket.create_connection(bot.address, timeout=PATIENCE) as there:
            there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            there.sendall(b"nonsense\r\n\r\n")
            time.sleep(pause / 200_000)
    assert statuses(bot) == [404]
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("number", ["9" * 30, "-" + "9" * 30, "9" * 5000, "1e400", "", "\x00", "²"])
def test_a_number_that_no_database_holds_is_none(bot: Bot, number: str) -> None:
    bot.known("friend-1")
    for name in ("at", "upto"):
        asked = {"id": "friend-1", name: number}
        page = requests.get(f"{bot.url}/talks/friend", params=asked, timeout=PATIENCE)
        assert page.status_code == 200
    for path in ("/talks", "/talks/more"):
        assert ask(bot, path, params={"found": number}).status_code == 200
    cards = {"csrf": owner.TOKEN}
    assert ask(bot, f"/settings/texts/cards?do=up-{number}", "POST", data=cards).ok


@pytest.mark.usefixtures("wherever")
def test_a_nul_and_the_largest_number_are_looked_for_in_any_database(bot: Bot) -> None:
    bot.known("friend-1")
    nul, most = "a%00b", 2**31 - 1
    for path, status in {
        f"/talks/friend?id={nul}": 404,
        f"/talks/delete?id={nul}": 404,
        f"/local_test/arrived/{nul}": 404,
        f"/talks?before=1&id={nul}": 200,
        f"/talks/live?after=1&id={nul}&open={nul}": 200,
        f"/talks/export/csv?friend={nul}": 200,
        f"/talks/export/jsonl?friend={nul}": 200,
        f"/talks/friend?id=friend-1&at={most}": 200,
        f"/talks/friend?id=friend-1&upto={most}": 200,
    }.items():
        assert ask(bot, path).status_code == status, path
    assert ask(bot, f"/local_test/callback/{nul}", "POST", json={}).status_code == 404
    sent(bot, "a\0b", "a\0b \ud800")
    assert ask(bot, "/talks").status_code == 200


def test_no_line_of_the_log_can_be_forged(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    forged = "x\n2026-11-23 09:00:00 ERROR forged\r\x1b[31m\u2028"
    sent(bot, forged, forged)
    change(bot, "/setup", "wrong", Origin=forged.encode("unicode_escape").decode())
    for path in ("/%0aforged%1b", "/static/%0d%0aforged", "/settings/character/versions/%0aforged"):
        ask(bot, path)
        ask(bot, path, "POST", headers={"X-Forwarded-For": "forged"})
    message = payload()
    message["userRequest"]["callbackUrl"] = f"https://evil.example/{forged}"
    ask(bot, "/prompt", "POST", json=message)
    assert "CALLBACK_HOSTS" in caplog.text, "else this would show nothing"
    assert "forged" not in caplog.text


# --- what the server itself answers ---------------------------------------------------------


def of_the_server(bot: Bot, head: str) -> dict[str, str]:
    """The headers of its refusal of a request that it cannot read."""
    with socket.create_connection(bot.address, timeout=PATIENCE) as there:
        there.sendall(f"{head}\r\n{LOCAL}\r\n\r\n".encode())
        reply = HTTPResponse(there)
        reply.begin()
        return dict(reply.getheaders())


def while_it_begins(method: str, path: str) -> dict[str, str]:
    """The headers of what is answered as long as there is no app."""
    found: dict[str, str] = {}

    def start(status: str, headers: list[tuple[str, str]], *_: object) -> Any:
        found.update(headers)

    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path}
    assert list(meanwhile(Texts.load())(environ, start))
    return found


def test_what_the_server_itself_answers_is_closed_as_every_reply(bot: Bot) -> None:
    closed = owner.closed(Response()).headers
    names = {name for name, _ in closed if name not in {"Content-Type", "Content-Length"}}
    assert "Cross-Origin-Opener-Policy" in names
    for headers in (
        of_the_server(bot, "GET / HTTP/1.1\r\nNo colon"),
        of_the_server(bot, "POST /prompt HTTP/1.1\r\nTransfer-Encoding: gzip"),
        while_it_begins("GET", "/"),
        while_it_begins("POST", "/prompt"),
    ):
        assert {name: headers.get(name) for name in names} == {n: closed[n] for n in names}
