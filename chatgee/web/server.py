"""waitress, with what a server needs that holds a thousand chats for four seconds each.

Threads are made when they are needed (a thread holds one chat), the moment of arrival is kept
from before the wait for a thread, and a program that ends lets what it holds go out first.
"""

import logging
import os
import socket
import threading
import time
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher, WSGITask

from chatgee.errors import SettingsError

ARRIVED = "chatgee.arrived"
"""In the WSGI environment: when the request was read off the socket, on the monotonic clock."""
HUNG_UP = "chatgee.hung_up"
"""In the WSGI environment: a function that tells whether the caller has gone."""

MOST_THREADS = 2048
MOST_CONNECTIONS = 8192
BACKLOG = 2048
"""Calls that come in one instant; with a short queue the kernel makes them wait for a second."""
LARGEST_BODY = 32 * 1024 * 1024
"""Read to the end up to here, so that the sender can read that it is too large."""

log = logging.getLogger(__name__)


class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.arrived = time.monotonic()


class Task(WSGITask):  # type: ignore[misc]
    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[ARRIVED] = self.request.arrived
        environ[HUNG_UP] = lambda: _hung_up(self.channel.socket)
        return environ


class Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = Parser
    task_class = Task


class Threads(ThreadedTaskDispatcher):  # type: ignore[misc]
    """A thread for each request that is held, made when it is needed."""

    def __init__(self) -> None:
        super().__init__()
        self.queue_logger.setLevel(logging.ERROR)  # a queue is no event here

    def add_task(self, task: Any) -> None:
        busy = self.active_count + len(self.queue)
        if busy >= len(self.threads) < MOST_THREADS:
            self.set_thread_count(len(self.threads) + 1)
        super().add_task(task)


class Server:
    """Listens from the moment it is made; answers between `start` and `stop`."""

    def __init__(self, host: str, port: int) -> None:
        """Take the port, 0 for a free one; `SettingsError` where it cannot be had."""
        self._socket = _listen(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._threads = Threads()
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)

    def start(self, app: Any) -> None:
        self._server = create_server(
            app,
            _dispatcher=self._threads,
            sockets=[self._socket],
            connection_limit=MOST_CONNECTIONS,
            backlog=BACKLOG,
            max_request_body_size=LARGEST_BODY,
            asyncore_use_poll=True,  # where there is poll: select ends at 1024 sockets
            ident=None,
        )
        self._server.channel_class = Channel
        self._thread.start()

    def idle(self) -> bool:
        """Whether nothing is being answered."""
        return not self._threads.queue and self._threads.active_count == 0

    def stop_listening(self) -> None:
        self._server.accepting = False

    def stop(self) -> None:
        self._server.close()
        self._threads.shutdown(timeout=0.5)

    def _run(self) -> None:
        try:
            self._server.run()
        except OSError:  # its sockets were closed under it, which is how it ends
            log.debug("server ended", exc_info=True)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    if os.name == "posix":  # elsewhere the option would let two programs share the port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (socket.gaierror, OverflowError) as error:
        listener.close()
        raise SettingsError("start.host_unknown", host=host) from error
    except OSError as error:
        listener.close()
        raise SettingsError("start.port_taken", port=port) from error
    return listener


def _hung_up(connection: socket.socket) -> bool:
    """Whether the caller has closed the connection; what it sent meanwhile stays unread."""
    try:
        return not connection.recv(1, socket.MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        return True
