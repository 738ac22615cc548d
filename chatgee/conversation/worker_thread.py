"""The worker thread: one asyncio loop in which all friends' questions are worked on.

A room's questions go one after the other, in the order in which they were asked; different
rooms never wait for each other, up to `max_concurrent`. While requests crowd at the door no new
work is begun: a reply in time is worth more than an answer that comes a moment earlier.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from chatgee.clock import PAUSES, OncePerMinute
from chatgee.store.databases.connection_errors import first_line
from chatgee.store.transaction_news import News

T = TypeVar("T")

AnswerNext = Callable[[str], Awaitable[None]]
"""Answers the oldest question of a room that has no answer yet, if there is one."""
KeepPromise = Callable[[str, str, float], Coroutine[Any, Any, None]]
"""See `Answering.keep_promise`."""

CROWD = 16
"""So many requests that want the processor at once are a crowd."""
GLANCE_SECONDS = 0.004
LONGEST_PAUSE_SECONDS = 0.25
"""After which the next question is begun even so, and nobody starves."""
WINDING_UP_SECONDS = 5

log = logging.getLogger(__name__)


class Worker:
    """Runs from `start` to `close`. Work that is unfinished then is found in the store again."""

    def __init__(
        self,
        max_concurrent: int = 0,
        busy: Callable[[], int] = lambda: 0,
        new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
    ) -> None:
        """`busy` tells how many requests want the processor just now."""
        self._busy = busy
        self._gate = asyncio.Lock()
        self._room: asyncio.Semaphore | nullcontext[None] = (
            asyncio.Semaphore(max_concurrent) if max_concurrent else nullcontext()
        )
        self._loop = new_loop()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._lines: dict[str, int] = {}
        """How many answers each room waits for that waits for any."""
        self._seldom = OncePerMinute()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing = self._ending = self._given_up = False

    def start(
        self,
        answer_next: AnswerNext,
        keep_promise: KeepPromise,
        last: Sequence[Callable[[], Awaitable[None]]] = (),
        ended: Callable[[str], object] = lambda why: None,
    ) -> None:
        """`last` is called in the loop after all else, however it ends.

        `ended` is told why, in the thread, where that is not by `close`.
        """
        self._answer_next, self._keep_promise = answer_next, keep_promise
        self._last, self._ended = last, ended
        self._thread.start()

    def submit(self, room_id: str) -> None:
        """One question more of this room. Safe from any thread, and never blocks."""
        self._soon(self._take, room_id)

    def promise(self, question_id: str, room_id: str, promised_at: float) -> None:
        """A callback to be kept. As safe."""

        async def keep() -> None:
            await self._keep_promise(question_id, room_id, promised_at)

        self._soon(lambda: self._spawn(self._until_done(keep)))

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run something else in the loop. Safe from any thread."""
        if not self._soon(self._spawn, coroutine):
            coroutine.close()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
        """Run something for its outcome; cancelled where the worker ends before. As safe."""
        tracked = self._tracked(coroutine)
        try:
            return asyncio.run_coroutine_threadsafe(tracked, self._loop)
        except RuntimeError:  # the loop is closed
            tracked.close()
            coroutine.close()
            never: Future[T] = Future()
            never.cancel()
            never.set_running_or_notify_cancel()
            return never

    def close(self) -> None:
        """Cancel what is unfinished, and end the thread."""
        self._ending = True
        if not self._thread.is_alive():
            return
        if self._given_up:  # it is winding up by itself
            self._thread.join()
            return
        winding_up = asyncio.run_coroutine_threadsafe(self._wind_up(), self._loop)
        try:
            winding_up.result(timeout=WINDING_UP_SECONDS)
        except TimeoutError:
            log.error("some work did not end in time; the store has its questions")
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        why = "stopped"
        try:
            self._loop.run_forever()
        except BaseException as error:  # which no task has kept to itself
            log.critical("the worker has ended", exc_info=True)
            why = first_line(error)
        if not self._ending:
            self._given_up = True
            self._give_up()
            self._ended(why)

    def _give_up(self) -> None:
        """Nobody may wait for what is not worked on any more; the store keeps the questions."""
        with suppress(BaseException):
            winding_up = asyncio.wait_for(self._wind_up(), WINDING_UP_SECONDS)
            self._loop.run_until_complete(winding_up)
        self._loop.close()

    def _soon(self, call: Callable[..., object], *args: object) -> bool:
        try:
            self._loop.call_soon_threadsafe(call, *args)
        except RuntimeError:  # the loop is closed; the store keeps the question
            return False
        return True

    def _take(self, room_id: str) -> None:
        if room_id in self._lines:
            self._lines[room_id] += 1
        else:
            self._lines[room_id] = 1
            self._spawn(self._work_through(room_id))

    async def _work_through(self, room_id: str) -> None:
        async def answer() -> None:
            async with self._room:
                await self._until_calm()
                await self._answer_next(room_id)

        try:
            while self._lines[room_id]:
                await self._until_done(answer)
                self._lines[room_id] -= 1
        finally:
            del self._lines[room_id]

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        """Again and again, as the queue of many machines does: forgotten, nobody would answer."""
        pauses = iter(PAUSES)
        while True:
            try:
                return await work()
            except Exception:  # of ours, or a store's that fails just then
                if self._seldom():
                    log.exception("work failed; once more")
            await asyncio.sleep(next(pauses, PAUSES[-1]))

    async def _until_calm(self) -> None:
        """Pass one after the other, and only while there is no crowd at the door."""
        async with self._gate:
            until = self._loop.time() + LONGEST_PAUSE_SECONDS
            while self._busy() > CROWD and self._loop.time() < until:
                await asyncio.sleep(GLANCE_SECONDS)

    async def _tracked(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Known to the winding up, as every task is."""
        task = asyncio.current_task()
        if self._closing or task is None:
            coroutine.close()
            raise asyncio.CancelledError
        self._tasks.add(task)
        try:
            return await coroutine
        finally:
            self._tasks.discard(task)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        if self._closing:  # the store keeps the question
            coroutine.close()
            return
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("work failed", exc_info=error)

    async def _wind_up(self) -> None:
        self._closing = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for call in self._last:
            await call()


@dataclass(frozen=True)
class InProcessNews:
    """Tells this very process, once it is on the disk; see `NewsTeller`."""

    worker: Worker
    wake: Callable[[str], None]

    def within(self, connection: Any, news: News) -> None: ...

    def after(self, news: News) -> None:
        """In the store's thread: questions are queued in the order in which they are stored."""
        for room_id in news.asked:
            self.worker.submit(room_id)
        for promise in news.promised:
            self.worker.promise(*promise)
        for question_id in news.answered:
            self.wake(question_id)
