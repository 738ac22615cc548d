"""One caller's connection: its requests read, answered, and kept out of the loop meanwhile."""

import json
import logging
import socket
import time
from collections.abc import Sequence
from http.client import responses
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask, WSGITask

from chatgee.web import owner
from chatgee.web.bodies import Parser

ARRIVED = "chatgee.arrived"
"""In the WSGI environment: when the request was read off the socket, on the monotonic clock."""
HUNG_UP = "chatgee.hung_up"
"""In the WSGI environment: a function that tells whether the caller has gone."""

SPEAKING_SECONDS = 0.5
"""In which who has called asks something: at the end of the program they are heard out."""

log = logging.getLogger(__name__)


class Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[ARRIVED] = self.channel.arrived
        environ[HUNG_UP] = lambda: _hung_up(self.channel.socket)
        self.channel.passed_on |= owner.was_passed_on(environ)
        environ[owner.PASSED_ON] = self.channel.passed_on
        return environ


class Refusal(ErrorTask):  # type: ignore[misc]
    """What waitress itself answers to a request that it cannot read: as JSON, and never a 5xx."""

    def execute(self) -> None:
        error = self.request.error
        status = 400 if error.code >= 500 else error.code
        self.status = f"{status} {responses[status]}"
        body = json.dumps({"error": f"{error.reason}: {error.body}"}).encode()
        self.response_headers = [
            ("Content-Type", "application/json; charset=utf-8"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection, which the server's loop need not look at while its request is held.

    The loop asks every connection of its map whether it wants to read or write, many times a
    second: with a thousand held chats that costs more than answering them.
    """

    task_class = Task
    error_task_class = Refusal
    arrived = 0.0
    passed_on = has_spoken = False
    requests: Sequence[HTTPRequestParser] = ()

    def __init__(self, *given: Any, **named: Any) -> None:
        self._called = time.monotonic()
        super().__init__(*given, **named)

    def is_owed(self) -> bool:
        """Whether a reply is still to come or to go out, or the caller has only just called."""
        if not self.has_spoken and time.monotonic() < self._called + SPEAKING_SECONDS:
            return True
        # In the order in which a request goes its way: it is seen at one place or the next.
        return bool(self.request is not None or self.requests or self.total_outbufs_len)

    def parser_class(self, adj: Adjustments) -> Parser:
        return Parser(adj, self.addr)

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.arrived = self.server.reading_since()
        went_well = bool(super().received(data))
        self.has_spoken = True  # after that: it is owed something all the time
        return went_well

    def handle_error(self) -> None:
        """Bytes that are no HTTP: a scanner's, not worth a line in the owner's window."""
        log.debug("connection from %s", self.addr, exc_info=True)
        self.handle_close()

    def park(self) -> None:
        self._map.pop(self._fileno, None)

    def unpark(self) -> None:
        number = self._fileno
        if number is not None:  # not closed
            self._map[number] = self

    def write_soon(self, data: bytes) -> int:
        self.unpark()  # the loop sends what the socket does not take at once
        return int(super().write_soon(data))

    def service(self) -> None:
        try:
            super().service()
        except OSError:  # the server was stopped under it
            log.debug("connection from %s", self.addr, exc_info=True)
        finally:
            self.unpark()


def _hung_up(connection: socket.socket) -> bool:
    """Whether the caller has closed the connection; what it sent meanwhile stays unread."""
    try:
        return not connection.recv(1, socket.MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        return True
