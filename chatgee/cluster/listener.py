"""What other processes tell: one connection that listens, and comes back when it was cut."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from psycopg import sql

from chatgee.clock import OncePerMinute
from chatgee.errors import StoreError
from chatgee.store.databases.connection_errors import first_line
from chatgee.store.databases.opening import conninfo
from chatgee.store.databases.postgresql import CONNECT
from chatgee.store.databases.server_check import WORKERS

Heard = Callable[[str], None]

GLANCE_SECONDS = 0.5
"""How long the end of the program may wait for us."""
ALIVE_SECONDS = 5.0
"""A connection over which nothing comes is tried so often."""
AGAIN_SECONDS = 0.3

log = logging.getLogger(__name__)


class NewsListener:
    """Listens in a thread of its own, from `start` to `close`."""

    def __init__(
        self,
        url: str,
        channels: Mapping[str, Heard],
        missed: Callable[[], None],
        counted: Callable[[int], None] = lambda workers: None,
        lost: Callable[[], object] = lambda: None,
    ) -> None:
        """`missed` is called whenever something may have been missed: look for yourself.

        It is called again where the store fails. `counted` is told every few seconds how many
        workers there are. `lost` is called where nothing can be heard any more. All are called in
        the listener's thread, one after the other.
        """
        self._counted, self._lost = counted, lost
        self._seldom = OncePerMinute()
        self._url, self._channels, self._missed = conninfo(url), channels, missed
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="news listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(GLANCE_SECONDS * 4)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._listen()
            except Exception as error:  # whatever it was: answers go on coming in
                self._lost()
                if self._seldom():  # it may be away for a night
                    ours = not isinstance(error, psycopg.Error)
                    log.info("listening: %s", first_line(error), exc_info=ours)
                self._ending.wait(AGAIN_SECONDS)

    def _listen(self) -> None:
        about: dict[str, Any] = CONNECT | {"application_name": "chatgee listens"}
        with psycopg.connect(self._url, autocommit=True, **about) as connection:
            for channel in self._channels:
                connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            alive, known = time.monotonic(), False
            while not self._ending.is_set():
                known = known or self._call(self._missed)
                for note in connection.notifies(timeout=GLANCE_SECONDS):
                    self._call(self._channels[note.channel], note.payload)
                if time.monotonic() - alive > ALIVE_SECONDS:
                    ((workers,),) = connection.execute(WORKERS).fetchall()
                    self._counted(workers)
                    alive = time.monotonic()

    def _call(self, heard: Callable[..., None], *arguments: str) -> bool:
        """Whether it could be done."""
        try:
            heard(*arguments)
        except StoreError as error:
            log.info("listening: %s", error)
            return False
        except Exception:  # of ours; the next news must be heard all the same
            log.exception("listening")
        return True


def told(payload: str) -> list[str]:
    """What was told on a channel of the queue's."""
    found: list[str] = json.loads(payload)
    return found
