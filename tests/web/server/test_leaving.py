"""A web that ends: whoever has called by then is answered, whoever calls later is refused."""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from http.client import HTTPResponse
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from chatgee.web.server.wsgi_server import WebServer
from tests.support.far_ends import PATIENCE
from tests.support.tunnel_side import until

ASKS = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
STAYS = ASKS.replace(b"Connection: close\r\n", b"")
LONG = b"x" * 20_000_000
"""More than the system takes before somebody reads."""


class Held:
    """An app that answers once it is told to."""

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()
        self.body = LONG

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.asked.set()
        self.go_on.wait(PATIENCE)
        start_response("200 OK", [("Content-Length", str(len(self.body)))])
        return [self.body]


@pytest.fixture
def app() -> Held:
    return Held()


@pytest.fixture
def server(app: Held) -> Iterator[WebServer]:
    server = WebServer("127.0.0.1", 0)
    server.start(app, PATIENCE)
    server.serve(app)
    yield server
    app.go_on.set()
    server.stop()


def calls(server: WebServer) -> socket.socket:
    return socket.create_connection((server.host, server.port), PATIENCE)


def read(caller: socket.socket) -> bytes:
    with caller, caller.makefile("rb") as file:
        return file.read()


def answered(caller: socket.socket, body: bytes) -> None:
    reply = HTTPResponse(caller)
    reply.begin()
    assert reply.read() == body


def test_who_has_called_and_not_yet_asked_is_heard_out(
    server: WebServer, app: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A balancer calls and asks in two steps; between them lies all that its machine does."""
    monkeypatch.setattr("chatgee.web.server.connection.SPEAKING_SECONDS", PATIENCE)
    app.go_on.set()
    caller = calls(server)
    server.stop_listening()
    assert server.unanswered() == 1
    caller.sendall(ASKS)
    assert read(caller).endswith(LONG)
    until(lambda: not server.unanswered())


def test_who_has_asked_half_is_heard_out(server: WebServer, app: Held) -> None:
    app.go_on.set()
    caller = calls(server)
    caller.sendall(ASKS[:20])
    server.stop_listening()
    assert server.unanswered() == 1
    caller.sendall(ASKS[20:])
    assert read(caller).endswith(LONG)


def test_a_reply_that_was_held_goes_out_whole(server: WebServer, app: Held) -> None:
    caller = calls(server)
    caller.sendall(ASKS)
    assert app.asked.wait(PATIENCE)
    server.stop_listening()
    app.go_on.set()
    assert caller.recv(1)
    assert server.unanswered() == 1, "it is not out yet"
    assert read(caller).endswith(LONG)


def test_who_never_asks_holds_up_the_end_for_a_moment_only(server: WebServer) -> None:
    with calls(server):
        server.stop_listening()
        until(lambda: not server.unanswered())


def test_who_was_answered_and_stays_holds_up_nothing(server: WebServer, app: Held) -> None:
    """A browser keeps its connections."""
    app.go_on.set()
    with calls(server) as caller:
        caller.sendall(STAYS)
        answered(caller, LONG)
        until(lambda: not server.unanswered())
        server.stop_listening()
        assert not server.unanswered()
        server.stop()
        assert not caller.recv(1)


def test_who_was_answered_and_asks_again_is_heard_out(server: WebServer, app: Held) -> None:
    """At the very moment; there are many, as it is a matter of which is looked at first."""
    app.body = b"short"
    app.go_on.set()
    with ExitStack() as calling:
        callers = [calling.enter_context(calls(server)) for _ in range(20)]
        for caller in callers:
            caller.sendall(STAYS)
            answered(caller, app.body)
        until(lambda: not server.requests())  # each is listened to again
        app.go_on.clear()
        for caller in callers:
            caller.sendall(STAYS)
        server.stop_listening()
        assert server.unanswered() == len(callers)
        app.go_on.set()
        for caller in callers:
            answered(caller, app.body)


def test_who_calls_later_is_refused(server: WebServer) -> None:
    server.stop_listening()
    with pytest.raises(ConnectionRefusedError):
        calls(server)


def test_it_ends_once(server: WebServer) -> None:
    server.stop()
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        calls(server)
