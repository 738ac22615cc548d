"""How much is measured, and what every topic does the same way."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from contenders import Contender, Running
from generator import Friends
from results import Summary, first_broken
from rhythms import Run, warm_up


@dataclass(frozen=True)
class Plan:
    """The whole run; the first contender is ChatGee."""

    contenders: Sequence[Contender]
    held: Sequence[int] = (100, 1000, 2000)
    held_seconds: float = 12.0
    delays: Sequence[float] = (10.0, 1.0)
    bursts: Sequence[int] = (500, 1000)
    clients: int = 64
    instant_seconds: float = 6.0
    rounds: int = 2
    cpu_questions: int = 400
    friends: int = 100_000
    friend_turns: int = 5
    store_seconds: float = 10.0
    store_rounds: int = 4  # A 99th percentile of milliseconds is easily disturbed.
    memory_at: int = 1000

    def in_round(self, number: int) -> Sequence[Contender]:
        """All contenders, every other round in the opposite order: to be first is no merit."""
        return self.contenders if number % 2 == 0 else self.contenders[::-1]

    @property
    def ours(self) -> Contender:
        return self.contenders[0]


def quick(contenders: Sequence[Contender]) -> Plan:
    """A look in a few minutes; it says nothing about the goals at N = 1000."""
    return Plan(
        contenders,
        held=(100,),
        held_seconds=6.0,
        bursts=(100,),
        instant_seconds=3.0,
        rounds=1,
        cpu_questions=160,
        friends=5_000,
        store_seconds=8.0,
        store_rounds=1,
        memory_at=100,
    )


def say(words: str) -> None:
    """Tell whoever watches what is under way."""
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


def play(target: Running, rhythm: Callable[[Friends], Awaitable[Run]]) -> Run:
    """Warm the contender up, then ask in this rhythm."""

    async def warm_then_ask() -> Run:
        friends = Friends(target.address)
        await warm_up(target.address, friends)
        return await rhythm(friends)

    try:
        run = asyncio.run(warm_then_ask())
    except OSError as error:
        lines = target.server.last_lines()
        raise RuntimeError(f"{target.server.name}: {error}. Its last lines:\n{lines}") from error
    if broken := first_broken(run.replies):
        say(f"{target.server.name}: the first broken reply: {broken}")
        say(f"its last lines:\n{target.server.last_lines(8)}")
    return run


def cells(found: Summary) -> list[str]:
    """A summary as the columns of COLUMNS."""
    return [
        str(found.asked),
        found.kinds,
        f"{found.p50:.2f} s",
        f"{found.p99:.2f} s",
        f"{found.worst:.2f} s",
        f"{found.late} ({found.late / found.asked:.0%})" if found.late else "0",
    ]


COLUMNS = ("질문", "답 / 버튼 / 깨짐", "p50", "p99", "가장 늦음", "5초 넘김")
