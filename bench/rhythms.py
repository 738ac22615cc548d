"""The rhythms in which friends ask: evenly, in one instant, or each after its last reply."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from far_end import WARM_UP
from generator import Address, Chat, Friends, Reply, ask_once, connect

WARM_UP_QUESTIONS = 60
WARM_UP_AT_ONCE = 8


@dataclass
class Run:
    """Everything that came back in one run."""

    replies: list[Reply] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    lag: float = 0.0  # The generator's worst lateness against its own plan: its share of any delay.


@asynccontextmanager
async def recording() -> AsyncIterator[Run]:
    """A Run to be filled; garbage waits, its pauses would look like the server's."""
    gc.collect()
    gc.disable()
    run = Run()
    try:
        yield run
    finally:
        run.seconds = time.monotonic() - run.began
        gc.enable()


async def evenly(
    address: Address, per_second: float, seconds: float, question: Callable[[], bytes]
) -> Run:
    """Questions at a steady pace, each on a connection of its own, until all are answered."""
    async with recording() as run:
        asking = []
        for number in range(int(per_second * seconds)):
            planned = run.began + number / per_second
            await asyncio.sleep(max(0.0, planned - time.monotonic()))
            run.lag = max(run.lag, time.monotonic() - planned)
            asking.append(asyncio.create_task(ask_once(address, question())))
        run.replies = list(await asyncio.gather(*asking))
    return run


async def at_once(address: Address, questions: Sequence[bytes], *, opened: bool) -> Run:
    """All questions in one instant, on connections opened before or just then."""
    chats = [await connect(address) for _ in questions] if opened else []
    await asyncio.sleep(1.0 if opened else 0.0)  # The server takes them in.
    async with recording() as run:
        if opened:
            asking = [c.ask(q) for c, q in zip(chats, questions, strict=True)]
        else:
            asking = [ask_once(address, q) for q in questions]
        run.replies = list(await asyncio.gather(*asking))
        run.lag = max(r.asked_at for r in run.replies) - run.began
    for chat in chats:
        chat.transport.abort()
    return run


async def in_turn(
    address: Address, clients: int, questions: Iterable[bytes], seconds: float = 600.0
) -> Run:
    """So many clients, each asking the next question when its last is answered, for some time."""
    async with recording() as run:
        waiting = iter(questions)
        until = run.began + seconds

        async def client() -> None:
            chat: Chat | None = None
            for question in waiting:
                if time.monotonic() >= until:
                    break
                if chat is None or not chat.open:  # Flask's own server closes after each reply.
                    chat = await connect(address)
                run.replies.append(await chat.ask(question))
            if chat is not None:
                chat.transport.abort()

        await asyncio.gather(*(client() for _ in range(clients)))
    return run


async def warm_up(address: Address, friends: Friends) -> None:
    """Have everything imported and connected before anything is measured."""
    first = friends.next_stranger + 1
    friends.next_stranger += WARM_UP_QUESTIONS
    numbers = range(first, first + WARM_UP_QUESTIONS)
    questions = (friends.question(number, WARM_UP) for number in numbers)
    await in_turn(address, WARM_UP_AT_ONCE, questions)
