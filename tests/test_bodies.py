"""How much a request may bring: a backup may be large, where it is the owner's."""

import socket

from waitress.adjustments import Adjustments

from chatgee.web import bodies, owner
from chatgee.web.server import LARGEST_BODY
from tests.bot import Bot
from tests.far_ends import PATIENCE
from tests.visitor import ask


def refused(path: str, size: int, address: str = "127.0.0.1", **headers: str) -> bool:
    """Whether a request is, by its head alone."""
    parser = bodies.Parser(Adjustments(max_request_body_size=LARGEST_BODY), (address, 50_000))
    lines = {"Host": "localhost:6959", "Content-Length": str(size)} | headers
    told = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    parser.received(f"POST {path} HTTP/1.1\r\n{told}\r\n".encode())
    return parser.error is not None


def test_only_the_owners_backup_may_be_large() -> None:
    path, large = bodies.BACKUP_PATH, LARGEST_BODY + 1
    assert not refused(path, large)
    assert not refused(path, large, Origin="http://localhost:6959")
    assert refused(path, bodies.LARGEST_BACKUP)
    assert refused("/prompt", large)
    assert refused(path + "/confirm", large)
    assert refused(path, large, "192.0.2.7")
    strangers = [{"Host": "bot.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}]
    strangers += [{name: "127.0.0.1"} for name in owner.FORWARDED]
    assert [one for one in strangers if not refused(path, large, **one)] == []


def test_a_stranger_is_refused_before_the_body_comes(bot: Bot) -> None:
    head = "Host: localhost\r\nX-Forwarded-For: 192.0.2.7\r\n"
    size = f"Content-Length: {LARGEST_BODY + 1}"
    with socket.create_connection(bot.address, timeout=PATIENCE) as connection:
        connection.sendall(f"POST /status/restore HTTP/1.1\r\n{head}{size}\r\n\r\n".encode())
        assert connection.recv(100).split()[1] == b"413"


def test_a_backup_that_is_larger_than_a_form_arrives(bot: Bot) -> None:
    raw = b"x" * (owner.MOST_BYTES * 4)
    form = {"csrf": owner.TOKEN}
    reply = ask(bot, "/status/restore", "POST", data=form, files={"backup": ("b.zip", raw)})
    assert "쓸 수 없어요" in reply.text
    form |= {"id": "x" * owner.MOST_BYTES}
    assert ask(bot, "/status/restore/confirm", "POST", data=form).status_code == 413
