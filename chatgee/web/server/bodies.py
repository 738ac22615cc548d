"""How much a request may bring, told by its head: what is too much is never read.

waitress takes a body in before anybody looks at it. It lies in memory, or in a folder that a
container keeps there; so a stranger brings little, and all of them together not much more.
"""

import copy
import logging
import threading
from io import BytesIO
from typing import TYPE_CHECKING, Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from flask import Flask, request
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import Error
from werkzeug.exceptions import HTTPException

from chatgee.web import owner

if TYPE_CHECKING:
    from chatgee.web.server.connection import Channel

LARGEST_BODY = 1024 * 1024
"""Of anybody, but for the owner on a page that takes more; see `owner.LARGE`."""
LARGEST_BACKUP = 1024**3
SMALL_BODY = 16 * 1024
"""Taken whatever others have sent: a question of Kakao's has a few thousand bytes."""
MOST_TOGETHER = 32 * LARGEST_BODY
"""Of all larger bodies of strangers that are being read, or answered."""

log = logging.getLogger(__name__)


class TooMuchAtOnce(Error):  # type: ignore[misc]  # waitress has no types
    code = 429
    reason = "Too Many Requests"


class BodySpace:
    """What strangers' larger bodies take up together. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.taken = 0
        """Bytes."""

    def take(self, size: int) -> bool:
        """Whether there was room for it, which is taken now."""
        with self._lock:
            fits = self.taken + size <= MOST_TOGETHER
            self.taken += size * fits
        return fits

    def give_back(self, size: int) -> None:
        with self._lock:
            self.taken -= size


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """Reads one request of a connection."""

    _taken = 0
    """Of the room, in bytes; less than nothing where there was none."""
    completed: bool = False

    def __init__(self, adj: Any, connection: "Channel") -> None:
        super().__init__(adj)
        self.adj: Any = adj
        self._connection = connection

    def received(self, data: bytes) -> int:
        consumed = int(super().received(data))
        if self.headers_finished and not self.completed and self._is_crowded():
            self.error = TooMuchAtOnce("other requests bring too much just now; try again")
            self.completed = True
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # a Content-Length of thousands of digits
            raise ParsingError("Content-Length is invalid") from error
        if self.chunked and "CONTENT_LENGTH" in self.headers:  # two may read two requests in it
            raise ParsingError("Content-Length beside Transfer-Encoding")
        headers = {f"HTTP_{name}": value for name, value in self.headers.items()}
        # Here, and not when it is answered: of two that came together the second is read by then.
        self._connection.passed_on |= owner.was_passed_on(headers)
        if self.content_length > SMALL_BODY or self.chunked:
            self._measure(headers)

    def _measure(self, headers: dict[str, str]) -> None:
        door = self._connection.server.application
        most = owners_share(door.app, self._head(headers))
        if most:
            self.adj = copy.copy(self.adj)
            self.adj.max_request_body_size = most + 1  # the first that is too many
        elif self.content_length <= LARGEST_BODY:
            size = LARGEST_BODY if self.chunked else self.content_length
            self._taken = size if self._connection.server.room.take(size) else -1

    def _is_crowded(self) -> bool:
        return self._taken < 0

    def close(self) -> None:
        super().close()
        taken, self._taken = self._taken, 0
        self._connection.server.room.give_back(max(0, taken))

    def _head(self, headers: dict[str, str]) -> WSGIEnvironment:
        """As much of a WSGI environment as tells who asks for what."""
        return headers | {
            owner.PASSED_ON: self._connection.passed_on,
            "REQUEST_METHOD": self.command.upper(),
            "SCRIPT_NAME": "",
            "PATH_INFO": "/" + self.path.lstrip("/"),
            "QUERY_STRING": self.query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "0",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self._connection.addr[0],
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
        }


def owners_share(app: WSGIApplication | None, environ: WSGIEnvironment) -> int:
    """How many bytes the owner, or Kakao with the owner's key, may bring; 0 for anybody else."""
    if not isinstance(app, Flask):  # none is open just now
        return 0
    try:
        with app.request_context(environ):
            if owner.is_owner() and owner.is_from_ours():
                return owner.LARGE.get(request.endpoint or "", LARGEST_BODY)
            return LARGEST_BODY if owner.has_skill_key() else 0
    except HTTPException:  # for a Host that is none, say
        return 0
