"""One caller's connection: its requests read, answered, and kept out of the loop meanwhile."""

import json
import logging
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from http.client import responses
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask, WSGITask

from chatgee.web import owner
from chatgee.web.server.bodies import Parser

ARRIVED = "chatgee.arrived"
"""In the WSGI environment: when the request was read off the socket, on the monotonic clock."""
HUNG_UP = "chatgee.hung_up"
"""In the WSGI environment: a function that tells whether the caller has gone."""

SPEAKING_SECONDS = 0.5
"""In which who has called asks something: at the end of the program they are heard out."""

DRAIN_SECONDS, DRAIN_BYTES, DRAIN_AT_ONCE = 10.0, 32 * 1024 * 1024, 256 * 1024
"""For how long, and how much, is still taken of who is refused, and thrown away."""

log = logging.getLogger(__name__)


class Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[ARRIVED] = self.channel.arrived
        environ[HUNG_UP] = lambda: _hung_up(self.channel.socket)
        environ[owner.PASSED_ON] = self.channel.passed_on
        return environ


class RefusalTask(ErrorTask):  # type: ignore[misc]
    """What waitress itself answers to a request that it cannot read: as JSON, and never a 5xx."""

    def execute(self) -> None:
        error = self.request.error
        self.channel.is_refused = True
        if not hasattr(self.request, "path"):  # which waitress logs where the caller has gone
            self.request.path = ""
        status = 400 if error.code >= 500 else error.code
        self.status = f"{status} {responses[status]}"
        body = json.dumps({"error": f"{error.reason}: {error.body}"}).encode()
        self.response_headers = [
            ("Content-Type", "application/json; charset=utf-8"),
            *owner.CLOSED.items(),
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
    error_task_class = RefusalTask
    arrived = 0.0
    passed_on = has_spoken = is_refused = False
    close_when_flushed: bool = False
    drained: int | None = None
    """Bytes that came after a refusal, and that nobody reads."""
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
        return Parser(adj, self)

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.arrived = self.server.reading_since()
        went_well = bool(super().received(data))
        self.has_spoken = True  # after that: it is owed something all the time
        return went_well

    def send_continue(self) -> None:
        """Not where all has come, or is refused: waitress would wait for a body all the same."""
        self.request.expect_continue = False
        if not self.request.completed:
            super().send_continue()

    def handle_error(self) -> None:
        """Bytes that are no HTTP: a scanner's, not worth a line in the owner's window."""
        log.debug("connection from %s", self.addr, exc_info=True)
        self.handle_close()

    def handle_close(self) -> None:
        if self.request is not None:  # it was not read to its end
            self.request.close()
        super().handle_close()

    # Who is refused is still sending. Were the connection closed now, the system would answer
    # those bytes by a reset, and the refusal might never be read.

    def handle_write(self) -> None:
        if not (self.is_refused and self.close_when_flushed):
            super().handle_write()
            return
        self._flush_exception(self._flush_some)
        if self.will_close:
            self.handle_close()
        elif not self.total_outbufs_len:
            self.close_when_flushed, self.drained = False, 0
            self._drain_until = time.monotonic() + DRAIN_SECONDS
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)

    def handle_read(self) -> None:
        if self.drained is None:
            super().handle_read()
            return
        try:
            self.drained += len(self.recv(DRAIN_AT_ONCE)) or DRAIN_BYTES
        except OSError:
            self.drained = DRAIN_BYTES
        if self.connected and (self.drained >= DRAIN_BYTES or time.monotonic() > self._drain_until):
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
            if not self.connected:
                self._drop_requests()

    def _drop_requests(self) -> None:
        """What came behind the last one that was answered, and that nobody will answer."""
        with self.requests_lock:
            left, self.requests = self.requests, []
        for one in left:
            one.close()


def _hung_up(connection: socket.socket) -> bool:
    """Whether the caller has closed the connection; what it sent meanwhile stays unread."""
    try:
        return not connection.recv(1, socket.MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        return True
