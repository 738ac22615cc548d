"""waitress, with what a server needs that holds a thousand chats for four seconds each.

Threads are made when they are needed (a thread holds one chat), the moment of arrival is kept
from before the wait for a thread, and a program that ends lets what it holds go out first.
"""

import _thread
import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from waitress.adjustments import Adjustments
from waitress.server import BaseWSGIServer, TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from chatgee.web.server.bodies import LARGEST_BODY, BodySpace
from chatgee.web.server.connection import ARRIVED, Channel
from chatgee.web.server.port import connections, listen, reachable

MOST_THREADS = 2048
IDLE_SECONDS = 30
BACKLOG = 2048
"""Calls that come in one instant; with a short queue the kernel makes them wait for a second."""
LOOP_SECONDS = 1.0
"""For the loop to notice that it is told something; it does nothing that takes long."""
LARGEST_HEADERS = 64 * 1024
BODY_IN_MEMORY = 64 * 1024
"""Of each connection; the rest waits in a file. A question of Kakao's has a few thousand bytes."""

log = logging.getLogger(__name__)


class WaitressServer(TcpWSGIServer):  # type: ignore[misc]
    """waitress' server, which also knows since when it has been reading."""

    channel_class = Channel
    _reading_since: float | None = None

    def __init__(self, *given: Any, **named: Any) -> None:
        self.room = BodySpace()
        super().__init__(*given, **named)

    def readable(self) -> bool:
        """Called once in every round of the loop, before it looks who has sent something."""
        self._reading_since = None
        return bool(super().readable())

    def reading_since(self) -> float:
        """When this round's first bytes were read; the last of a thousand have waited as long."""
        if self._reading_since is None or not self.accepting:  # then `readable` is not called
            self._reading_since = time.monotonic()
        return self._reading_since

    def leave(self) -> None:
        """Let in who has called; the rest are refused, and a balancer asks another web."""
        for _ in range(BACKLOG):
            self.handle_accept()
        super(BaseWSGIServer, self).close()  # whose own would end the loop's trigger, too

    def hang_up(self) -> None:
        """Close every connection, and end the loop."""
        for channel in list(self.active_channels.values()):  # also those that are parked
            channel.handle_close()
        self._map.clear()


class RequestThreads(ThreadedTaskDispatcher):  # type: ignore[misc]
    """A thread for each request that is held, made when it is needed."""

    def __init__(self) -> None:
        super().__init__()
        self.queue_logger.setLevel(logging.ERROR)  # a queue is no event here

    def start_new_thread(self, target: Callable[[int], None], thread_no: int) -> None:
        """Without waiting for it to begin, as `Thread.start` does: many may be needed at once."""
        _thread.start_new_thread(target, (thread_no,))

    def add_task(self, task: Channel) -> None:
        task.park()
        busy = self.active_count + len(self.queue)
        if busy >= len(self.threads) < MOST_THREADS:
            self.set_thread_count(len(self.threads) + 1)
        super().add_task(task)


class CurrentApp:
    """The app that answers just now; between two of them callers wait, as long as they can."""

    def __init__(self, meanwhile: WSGIApplication, patience_seconds: float) -> None:
        self.meanwhile, self._patience_seconds = meanwhile, patience_seconds
        self.app: WSGIApplication | None = None
        self._open = threading.Event()
        self._lock = threading.Lock()
        self.waiting = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        app = self.app or self._wait(environ[ARRIVED]) or self.meanwhile
        return app(environ, start_response)

    def open(self, app: WSGIApplication) -> None:
        self.app = app
        self._open.set()

    def close(self) -> None:
        self._open.clear()
        self.app = None

    def _wait(self, arrived: float) -> WSGIApplication | None:
        with self._lock:
            self.waiting += 1
        self._open.wait(max(0.0, arrived + self._patience_seconds - time.monotonic()))
        with self._lock:
            self.waiting -= 1
        return self.app


class WebServer:
    """Listens from the moment it is made; answers between `start` and `stop`.

    An app may take the place of another meanwhile (`pause`, then `serve`): nobody is turned away.
    """

    def __init__(self, host: str, port: int) -> None:
        """Take the port, 0 for a free one; `SettingsError` where it cannot be had."""
        self._socket = listen(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self.local = f"http://{reachable(self.host)}:{self.port}"
        """Where a browser on this machine finds it."""
        self._threads = RequestThreads()

    def start(self, meanwhile: WSGIApplication, patience_seconds: float) -> None:
        """Take callers; after so long without an app, and at the end, `meanwhile` answers them."""
        self._door = CurrentApp(meanwhile, patience_seconds)
        options = Adjustments(
            sockets=[self._socket],
            connection_limit=connections(),
            channel_timeout=IDLE_SECONDS,
            backlog=BACKLOG,
            max_request_header_size=LARGEST_HEADERS,
            max_request_body_size=LARGEST_BODY + 1,  # the first that is too many
            inbuf_overflow=BODY_IN_MEMORY,
            asyncore_use_poll=True,  # where there is poll: select ends at 1024 sockets
            ident=None,
            clear_untrusted_proxy_headers=False,  # they tell who comes through the tunnel
        )
        self._server = WaitressServer(
            self._door,
            adj=options,
            dispatcher=self._threads,
            _sock=self._socket,
            sockinfo=(self._socket.family, self._socket.type, 0, self._socket.getsockname()),
            bind_socket=False,
        )
        self._thread = threading.Thread(target=self._server.run, name="server", daemon=True)
        self._thread.start()

    @property
    def room(self) -> BodySpace:
        """What bodies of strangers take up."""
        return self._server.room

    def requests(self) -> int:
        """How many are being answered, or wait for a thread."""
        return len(self._threads.queue) + int(self._threads.active_count)

    def serve(self, app: WSGIApplication) -> None:
        self._door.open(app)

    def pause(self) -> None:
        """Let callers wait until the next `serve`; what is inside goes on."""
        self._door.close()

    def inside(self) -> int:
        """How many requests the app has, those at a closed door not counted."""
        return self.requests() - self._door.waiting

    def unanswered(self) -> int:
        """How many callers are to hear something, those included who have only just called."""
        return sum(one.is_owed() for one in list(self._server.active_channels.values()))

    def stop_listening(self) -> None:
        """Let in who has called by now, and read what they have asked; the rest are refused."""
        self._in_the_loop(self._server.leave)
        self._in_the_loop(lambda: None)  # the round in which it left has gone to its end

    def stop(self) -> None:
        if not self._thread.is_alive():
            return
        self._door.open(self._door.meanwhile)  # nobody waits any more
        self._threads.shutdown(timeout=0.5)
        self._in_the_loop(self._server.hang_up)
        self._thread.join(LOOP_SECONDS)
        self._server.close()  # not before: whoever pulls the trigger may still be about to

    def _in_the_loop(self, act: Callable[[], None]) -> None:
        """Have it done by the thread that owns the connections, and wait for that."""
        done = threading.Event()

        def acting() -> None:
            try:
                act()
            finally:
                done.set()

        self._server.trigger.pull_trigger(acting)
        done.wait(LOOP_SECONDS)
