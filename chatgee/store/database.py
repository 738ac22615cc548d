"""One thread that owns the database, and commits for everyone at once.

Whoever needs the database hands over a function and gets a Future, done once the work is on the
disk. All work that waits is done in one transaction: under load the lock and the fsync are
shared (measured: 81 ms against 442 ms at the 99th percentile with a connection per thread).

A server that goes away is waited for: what was begun is done once it is back. Where the reply to a
commit was lost, the server is asked whether it took place, so that nothing is done twice.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection

from chatgee.errors import StoreError
from chatgee.store.database_session import Session
from chatgee.store.databases import opening
from chatgee.store.databases.connection_errors import first_line
from chatgee.store.statements import STATEMENTS
from chatgee.store.transaction_news import NewsTeller, NoNews

T = TypeVar("T")
Work = Callable[[Session], T]
Item = tuple[Work[Any], "Future[Any]"]

BATCH = 200
"""How much work shares one commit at the most, so that the first need not wait for too many."""

AWAY_SECONDS = 3.0
"""After so long without the server, whoever comes is told at once that it is away."""
LOOK_SECONDS = 0.2
CLOSING_SECONDS = 3.0
"""So long the end of the program waits for a server that neither answers nor goes away."""

log = logging.getLogger(__name__)


class Lasting(Future[T]):
    """Of work that waits for a server that is away as long as the program runs."""


class Database:
    """Owns the connection; `close` finishes what was handed over before it, if it can be done."""

    def __init__(
        self,
        url: str,
        teller: NewsTeller | None = None,
        tell: opening.Tell = opening.silently,
        now: Callable[[], float] | None = None,
    ) -> None:
        """Open the database and make its tables; `StoreError` where it cannot be used."""
        self._kind, self._teller = opening.kind_of(url), teller or NoNews()
        self.now = now or self._kind.now
        """Unix time, as all programs with this database agree on it. Safe from any thread."""
        self._engine, self._tell = self._kind.engine(), tell
        self._statements = {name: self._kind.sql(words) for name, words in STATEMENTS.items()}
        driver = self._engine.dialect.loaded_dbapi
        self._errors: type[Exception] = driver.Error
        self._down: type[Exception] = driver.OperationalError
        self._impossible: type[Exception] = driver.DataError
        """Of values that no try would make fit; SQLite's driver raises Python's own errors."""
        try:
            self._use(opening.first(self._engine, tell))
        except self._errors as error:
            raise opening.broken(self._engine.url, error) from error
        self._waiting: SimpleQueue[Item | None] = SimpleQueue()
        self._batch: list[Item] = []
        """What is being done."""
        self._closed = self._ending = False
        self.is_there = True
        """Whether the database could be reached when it was last tried."""
        self._away: StoreError | None = None
        """For whoever comes while it has been away for long."""
        self._thread = threading.Thread(target=self._serve, name="store", daemon=True)
        self._thread.start()

    def submit(self, work: Work[T], lasting: bool = False) -> "Future[T]":
        """Have `work` done in a transaction. It may be run twice: it must change nothing else.

        What is not `lasting` is refused while the server is away.

        The Future fails with `StoreError` where the database could not do it, and with whatever
        else `work` raises, be it for values that no database takes; nothing was changed then. Its
        callbacks run in the store's thread, in the order in which the work was handed over. As
        long as it can be cancelled, nobody has begun with it.
        """
        future: Future[T] = Lasting() if lasting else Future()
        self._waiting.put((work, future))
        if away := self._away:
            self._refuse_waiting(away, lasting=False)
        if self._closed:  # after that: it has put back what lasts
            self._refuse_the_rest()
        return future

    def close(self) -> None:
        self._ending = True
        self._waiting.put(None)
        self._thread.join(CLOSING_SECONDS)
        if self._thread.is_alive():
            log.warning("store: it hangs, and is left alone")
            self._closed = True
            self._refuse_the_rest()

    def _use(self, connection: Connection) -> None:
        try:
            self._kind.connected(connection)
        except self._errors:
            connection.invalidate()
            connection.close()
            raise
        self._connection = connection
        self._driver = cast(DBAPIConnection, connection.connection)
        self._cursor = self._driver.cursor()
        self._session = Session(self._cursor, self._statements, lambda: self.now())

    def _serve(self) -> None:
        try:
            while not self._closed:
                self._batch = self._next_batch()
                if self._batch:
                    self._together(self._batch)
        except BaseException as error:  # which no work has kept to itself
            self._give_up(error)
        self._refuse_the_rest()
        with suppress(Exception):
            self._connection.close()
        self._engine.dispose()

    def _give_up(self, error: BaseException) -> None:
        """Nobody may wait for what is not done any more, nor for a lock of ours."""
        log.critical("the store has ended", exc_info=error)
        self.is_there, self._closed = False, True
        for _, future in self._batch:
            if not future.done():
                future.set_exception(StoreError("reply.not_stored", why=first_line(error)))
        with suppress(Exception):
            self._driver.rollback()
        self._tell("start.store_ended", first_line(error))

    def _next_batch(self) -> list[Item]:
        """All work that waits, up to a limit; blocks until there is some, or the end."""
        items = [self._waiting.get()]
        try:
            while len(items) < BATCH:
                items.append(self._waiting.get_nowait())
        except Empty:
            pass
        self._closed = None in items
        # A coroutine that was cancelled has cancelled its Future: from here on it no longer can.
        wanted = (item for item in items if item is not None)
        return [item for item in wanted if item[1].set_running_or_notify_cancel()]

    def _refuse_the_rest(self) -> None:
        """Fail what was handed over after the end. Safe from any thread."""
        self._refuse_waiting(StoreError("reply.not_stored", why="closed"), lasting=True)

    def _refuse_waiting(self, error: StoreError, lasting: bool) -> None:
        kept: list[Item | None] = []
        try:
            while True:
                item = self._waiting.get_nowait()
                if item is None or (isinstance(item[1], Lasting) and not lasting):
                    kept.append(item)  # the end is for the store's thread alone to see
                elif item[1].set_running_or_notify_cancel():
                    item[1].set_exception(error)
        except Empty:
            for one in kept:
                self._waiting.put(one)

    def _together(self, batch: list[Item]) -> None:
        while not self._at_once(batch):
            pass

    def _at_once(self, batch: list[Item]) -> bool:
        """In one transaction; False where it has to be begun anew."""
        if not self.is_there:  # nor will it be for us: the program ends
            for _, future in batch:
                future.set_exception(StoreError("reply.not_stored", why="closed"))
            return True
        mark, results = None, None
        self._session.begin()
        try:
            results = [work(self._session) for work, _ in batch]
            self._teller.within(self._driver.driver_connection, self._session.news)
            with self._kind.hurrying(self._driver.driver_connection):
                self._session.settle()
                mark = self._kind.mark(self._cursor)
                self._driver.commit()
        except Exception as error:
            self._roll_back()
            if self._kind.is_away(error):
                return self._once_it_is_back(batch, mark, results, error)
            if self._kind.passes(error) and not self._ending:
                return False
            self._apart(batch, error)
        else:
            self._done(batch, results)
        return True

    def _done(self, batch: list[Item], results: list[Any]) -> None:
        self._teller.after(self._session.news)
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)

    def _apart(self, batch: list[Item], error: Exception) -> None:
        """Whoever failed fails alone; where it was the database, nobody waits for it again."""
        if len(batch) == 1:
            batch[0][1].set_exception(self._translated(error))
            return
        for number, one in enumerate(batch, 1):
            self._together([one])
            cause = one[1].exception()
            if isinstance(error, self._down) and isinstance(cause, StoreError):
                for _, future in batch[number:]:
                    future.set_exception(cause)
                return

    # --- a server that goes away --------------------------------------------------------------

    def _once_it_is_back(
        self, batch: list[Item], mark: str | None, results: list[Any] | None, error: Exception
    ) -> bool:
        """Whether the batch is done with; False where it has to be begun anew."""
        news, took_place = self._session.news, None
        while took_place is None:
            if not self._reconnect(error):
                for _, future in batch:
                    future.set_exception(self._translated(error))
                return True
            took_place = self._took_place(mark)
        if not took_place or results is None:
            return False
        self._session.news = news
        self._done(batch, results)
        return True

    def _took_place(self, mark: str | None) -> bool | None:
        """Whether a commit did that was sent; None where the server went away once more."""
        if mark is None:
            return False
        try:
            return self._kind.was_committed(self._cursor, mark)
        except self._errors as error:
            # A server that took over from another one does not know what it never got.
            return None if self._kind.is_away(error) else False
        finally:
            self._roll_back()

    def _reconnect(self, error: Exception) -> bool:
        """Wait until the server is there; False where the program ends before."""
        self.is_there = False
        self._tell("start.store_away", first_line(error))
        with suppress(Exception):
            self._connection.invalidate()
        since = time.monotonic()
        while not self._ending:
            try:
                self._use(self._engine.connect())
            except Exception as still:  # whatever the network makes of it
                if time.monotonic() - since > AWAY_SECONDS:
                    self._away = StoreError("reply.not_stored", why=first_line(still))
                    self._refuse_waiting(self._away, lasting=False)
                time.sleep(LOOK_SECONDS)
            else:
                self.is_there, self._away = True, None
                self._tell("start.store_back", "")
                return True
        return False

    def _roll_back(self) -> None:
        try:
            self._driver.rollback()
        except self._errors as error:  # the next work fails as well, and says so
            log.info("store: %s", first_line(error))

    def _translated(self, error: Exception) -> Exception:
        if not isinstance(error, self._errors) or isinstance(error, self._impossible):
            return error
        log.info("store: %s", first_line(error))
        translated = StoreError("reply.not_stored", why=first_line(error))
        translated.__cause__ = error
        return translated
