"""How much a request may bring: a stranger little, strangers together not much more."""

import json
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from chatgee.web import owner
from chatgee.web.server import bodies
from chatgee.web.server.bodies import LARGEST_BODY, MOST_TOGETHER, SMALL_BODY
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE
from tests.support.kakao_side import payload
from tests.support.tunnel_side import until
from tests.support.visitor import OUTSIDE, PASSWORD, SITE, ask, came_in, held

BACKUP = "/status/restore"
TUNNEL = {"Host": "name.lhr.life", "X-Forwarded-For": "203.0.113.5"}


@pytest.fixture
def home(stopped_bot: Bot) -> Iterator[Bot]:
    with stopped_bot.open(ADMIN_PASSWORD=PASSWORD) as bot:
        yield bot


def head(path: str, size: int | None, headers: dict[str, str]) -> bytes:
    """Of a POST; without a size its body comes in chunks."""
    length = {"Transfer-Encoding": "chunked"} if size is None else {"Content-Length": str(size)}
    lines = {"Host": "localhost:6959"} | length | headers
    told = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{told}\r\n".encode()


def connect(bot: Bot) -> socket.socket:
    return socket.create_connection(bot.address, timeout=PATIENCE)


def status(connection: socket.socket) -> int:
    return int(connection.recv(12).split()[1])


def refused(bot: Bot, path: str, size: int, **headers: str) -> bool:
    """Whether a request is, by its head alone; who is let in is asked for the body."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    with connect(bot) as connection:
        connection.sendall(head(path, size, sent | {"Expect": "100-continue"}))
        return {100: False, 413: True}[status(connection)]


# --- one request ----------------------------------------------------------------------------


def test_only_the_owners_backup_may_be_large(home: Bot) -> None:
    large = bodies.LARGEST_BACKUP
    ours = {"Origin": "http://localhost:6959"}
    assert not refused(home, BACKUP, large)
    assert not refused(home, BACKUP, large, **ours)
    assert refused(home, BACKUP, large + 1)
    others = ("/prompt", "/status/restore/confirm", "/setup", "/nothing", "/", "/login")
    assert [path for path in others if not refused(home, path, LARGEST_BODY + 1)] == []
    strangers = [{"Host": "bot.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}]
    strangers += [{name: "127.0.0.1"} for name in owner.FORWARDED]
    strangers += [{"Sec-Fetch-Site": "cross-site"}, {"Host": "["}, {"Host": ""}]
    found = [one for one in strangers if not refused(home, BACKUP, LARGEST_BODY + 1, **one)]
    assert found == []
    assert not refused(home, BACKUP, LARGEST_BODY, **TUNNEL)


def test_the_owner_from_elsewhere_may_bring_one_too(home: Bot) -> None:
    mine = OUTSIDE | {"Origin": SITE} | held(came_in(home))
    assert not refused(home, BACKUP, bodies.LARGEST_BACKUP, **mine)
    assert refused(home, BACKUP, LARGEST_BODY + 1, **OUTSIDE, Origin=SITE)
    made_up = OUTSIDE | {"Origin": SITE} | held("e30.made-up.x")
    assert refused(home, BACKUP, LARGEST_BODY + 1, **made_up)


def test_with_a_public_url_nobody_is_before_the_machine(stopped_bot: Bot) -> None:
    """nginx as it comes tells nothing of whom it speaks for."""
    with stopped_bot.open(PUBLIC_URL=SITE, ADMIN_PASSWORD=PASSWORD) as bot:
        assert refused(bot, BACKUP, LARGEST_BODY + 1)
        assert refused(bot, BACKUP, LARGEST_BODY + 1, Origin="http://localhost:6959")
        mine = {"Origin": SITE} | held(came_in(bot))
        assert not refused(bot, BACKUP, bodies.LARGEST_BACKUP, **OUTSIDE | mine)


@pytest.mark.parametrize("together", [True, False], ids=["in one piece", "one after the other"])
def test_the_second_request_of_a_strangers_connection_is_a_strangers(
    home: Bot, together: bool
) -> None:
    first = head("/prompt", 0, TUNNEL)
    second = head(BACKUP, LARGEST_BODY + 1, {})
    with connect(home) as connection, connection.makefile("rb") as file:
        connection.sendall(first + second * together)
        assert b" 400 " in file.readline()
        while file.readline().strip():
            pass
        if not together:
            connection.sendall(second)
        assert b"HTTP/1.1 413 " in file.read()


@pytest.mark.parametrize("more", [1, LARGEST_BODY, 10 * LARGEST_BODY])
def test_who_sends_too_much_can_read_that_it_is(bot: Bot, more: int) -> None:
    """Though the body was still on its way when it was refused."""
    reply = ask(bot, "/prompt", "POST", data=b"x" * (LARGEST_BODY + more))
    assert reply.status_code == 413
    assert "error" in reply.json()


def test_what_just_fits_is_read(bot: Bot) -> None:
    message = json.dumps(payload()).encode()
    fits = message + b" " * (LARGEST_BODY - len(message))
    reply = ask(bot, "/prompt", "POST", data=fits, headers={"Content-Type": "application/json"})
    assert reply.status_code == 200


def test_a_body_in_chunks_is_no_way_around(bot: Bot) -> None:
    with connect(bot) as connection:
        connection.sendall(head("/prompt", None, TUNNEL))
        piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        for _ in range(17):
            connection.sendall(piece)
        assert status(connection) == 413


def test_a_backup_that_is_larger_than_a_form_arrives(bot: Bot) -> None:
    raw = b"x" * (LARGEST_BODY * 3)
    form = {"csrf": owner.TOKEN}
    reply = ask(bot, BACKUP, "POST", data=form, files={"backup": ("b.zip", raw)})
    assert "쓸 수 없어요" in reply.text
    form |= {"id": "x" * owner.MOST_BYTES}
    assert ask(bot, f"{BACKUP}/confirm", "POST", data=form).status_code == 413


def test_a_photo_that_is_larger_than_a_strangers_body_arrives(bot: Bot) -> None:
    body = json.dumps({"photo": "x" * LARGEST_BODY})
    headers = {"Content-Type": "application/json", owner.TOKEN_HEADER: owner.TOKEN}
    reply = ask(bot, "/local_test/send", "POST", data=body, headers=headers)
    assert reply.status_code == 400, "it was read, and is no message"


# --- many of them ---------------------------------------------------------------------------


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("size", [LARGEST_BODY, None], ids=["with a length", "in chunks"])
def test_strangers_together_bring_no_more_than_fits(
    stopped_bot: Bot, fake_openai: object, size: int | None
) -> None:
    most = MOST_TOGETHER // LARGEST_BODY
    with stopped_bot.open() as bot, ExitStack() as stack:
        held = [stack.enter_context(connect(bot)) for _ in range(most)]
        for one in held:
            one.sendall(head("/prompt", size, TUNNEL | {"Expect": "100-continue"}))
            assert status(one) == 100
        one_more = stack.enter_context(connect(bot))
        one_more.sendall(head("/prompt", size, TUNNEL))
        assert status(one_more) == 429
        assert "답: 질문" in bot.friend(headers=tuple(TUNNEL.items())).says("질문").text
        assert not refused(bot, BACKUP, bodies.LARGEST_BACKUP), "the owner's is not among them"
        for one in held:
            one.close()
        assert until_there_is_room(bot, size)


def until_there_is_room(bot: Bot, size: int | None) -> bool:
    """Whether a stranger is let in soon after others have gone."""
    for _ in range(200):
        with connect(bot) as connection:
            connection.sendall(head("/prompt", size, TUNNEL | {"Expect": "100-continue"}))
            if status(connection) == 100:
                return True
    return False


def test_room_is_given_back_once_a_request_is_answered(bot: Bot) -> None:
    with requests.Session() as session:
        body = b"x" * (SMALL_BODY + 1)
        times = MOST_TOGETHER // len(body) + 10
        found = {
            session.post(f"{bot.url}/prompt", data=body, headers=TUNNEL).status_code
            for _ in range(times)
        }
    assert found == {400}


# --- room that is given back ----------------------------------------------------------------

CHUNKED = b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
NONSENSE = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 4400 + b"\r\n\r\n"


def taken(bot: Bot) -> int:
    assert bot.server is not None
    return bot.server.room.taken


@pytest.mark.parametrize("end", [b"", NONSENSE], ids=["reset", "after nonsense"])
def test_requests_that_are_not_answered_any_more_keep_no_room(bot: Bot, end: bytes) -> None:
    """They came behind another in one piece, and whoever sent them has gone."""
    for _ in range(20):
        with connect(bot) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(b"GET /login HTTP/1.1\r\nHost: x\r\n\r\n" + CHUNKED * 40 + end)
    until(lambda: taken(bot) == 0)


def test_a_length_that_no_number_holds_is_refused_and_answered(bot: Bot) -> None:
    with connect(bot) as connection:
        connection.sendall(NONSENSE)
        assert status(connection) == 400


@pytest.mark.usefixtures("unhurried")
def test_kakao_with_the_key_is_let_in_while_strangers_take_all_room(stopped_bot: Bot) -> None:
    key = "a-key-of-twelve-letters"
    with stopped_bot.open(SKILL_KEY=key) as bot, ExitStack() as stack:
        for _ in range(MOST_TOGETHER // LARGEST_BODY):
            one = stack.enter_context(connect(bot))
            one.sendall(head("/prompt", None, TUNNEL | {"Expect": "100-continue"}))
            assert status(one) == 100
        long = "긴 질문 " * 2000
        friend = bot.friend(headers=(*TUNNEL.items(), ("X-ChatGee-Key", key)))
        assert "답: 긴 질문" in friend.says(long).text
        one = stack.enter_context(connect(bot))
        one.sendall(head("/prompt", SMALL_BODY + 1, TUNNEL | {"X-ChatGee-Key": "wrong"}))
        assert status(one) == 429
