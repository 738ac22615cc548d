"""What is counted as it happens: numbers by the hour and by the day, which name nobody.

Everything counts at the moment at which its question was asked, whenever it happened: so the
parts add up. The numbers stay when the questions are deleted.
"""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chatgee.errors import Failure
from chatgee.questions import Delivery, Usage
from chatgee.store.korean_days import day_name, day_of, hour_of

ASKED, ANSWERED = "asked", "answered"
FAILED, DELIVERED = "failed.", "delivered."
FRIENDS = "friends"
"""Of hours: friends who ask their first question within it."""
FRIENDS_OF_DAY = "friends.day"
"""Of hours: friends who ask their first question of the day; they add up to the day's friends."""
BACK = "back."
"""Of days: friends by the number of days for which they had not asked. See `figures.friends`."""
LONGEST_BACK = 400
"""Days that are the same as never; more than the longest time that is looked at."""
TOOK = "seconds."
"""Answers by the model's seconds: the number of the bucket, see `bucket`."""
TOOK_ROUGHLY, FINE = "took.", 4
"""The same until 2.3, whose buckets were as wide as so many are now."""
PROMPT, COMPLETION = "prompt_tokens:", "completion_tokens:"
UNKNOWN_MODEL = "?"
"""Of tokens from before models were noted."""

SHORTEST_SECONDS = 0.25
STEPS = 16
"""Buckets until the seconds have doubled: each ends a twentieth later than the one before."""

USED = ("answers", "prompt_tokens", "completion_tokens")

Rows = Iterator[dict[str, Any]]


def bucket(seconds: float) -> int:
    """Of a histogram whose buckets end at 0.25 s, 0.26 s, …, 1 s, …; the first is 0."""
    return max(0, math.ceil(math.log2(max(seconds, SHORTEST_SECONDS) / SHORTEST_SECONDS) * STEPS))


def bucket_end(number: int) -> float:
    """The most seconds that are in a bucket."""
    return SHORTEST_SECONDS * math.exp2(number / STEPS)


class Tallies:
    """Counts that are still to be written down. Every `at` is when the question was asked."""

    def __init__(self) -> None:
        self._hours: Counter[tuple[int, str]] = Counter()
        self._days: Counter[tuple[int, str]] = Counter()
        self._used: Counter[tuple[str, str]] = Counter()

    def asked(self, at: float, seen_at: float | None) -> None:
        """`seen_at` is when its friend asked before; None for a new one."""
        self._count(at, ASKED)
        if seen_at is None or hour_of(seen_at) != hour_of(at):
            self._hours[hour_of(at), FRIENDS] += 1
        away = LONGEST_BACK if seen_at is None else min(day_of(at) - day_of(seen_at), LONGEST_BACK)
        if away > 0:
            self._hours[hour_of(at), FRIENDS_OF_DAY] += 1
            self._days[day_of(at), f"{BACK}{away}"] += 1

    def asked_again(self, before: float, failure: Failure) -> None:
        """The same question, which now counts when it is `asked` anew, and has not failed yet."""
        self._count(before, ASKED, -1)
        self.failed_no_more(before, failure)

    def failed_no_more(self, at: float, failure: Failure) -> None:
        """The same question, which counts where it was asked, and is worked on anew."""
        self._count(at, f"{FAILED}{failure}", -1)

    def answered(self, at: float, seconds: float | None) -> None:
        """`seconds` is what the model took, where that is known."""
        self._count(at, ANSWERED)
        if seconds is not None:
            self._count(at, f"{TOOK}{bucket(seconds)}")

    def failed(self, at: float, failure: Failure) -> None:
        self._count(at, f"{FAILED}{failure}")

    def spent(self, at: float, model: str, usage: Usage) -> None:
        self._count(at, f"{PROMPT}{model}", usage.prompt_tokens)
        self._count(at, f"{COMPLETION}{model}", usage.completion_tokens)

    def used(self, now: float, usage: Usage) -> None:
        """Of everyone together, on the day on which it was paid."""
        row = used(now, "", usage)
        for name in USED:
            self._used[row["day"], name] += row[name]

    def delivered(self, at: float, how: Delivery) -> None:
        """An answer, not the news that there is none."""
        self._count(at, f"{DELIVERED}{how}")

    def _count(self, at: float, name: str, by: int = 1) -> None:
        if by:
            self._hours[hour_of(at), name] += by
            self._days[day_of(at), name] += by

    def take(self) -> tuple[Rows, Rows]:
        """The rows of hours and of days, and forget them: always in the same order.

        Two programs that write the same rows then never wait for each other in a circle.
        """
        hours, days = sorted(self._hours.items()), sorted(self._days.items())
        self._hours.clear()
        self._days.clear()
        return (
            ({"hour": hour, "name": name, "count": count} for (hour, name), count in hours),
            ({"day": day, "name": name, "count": count} for (day, name), count in days),
        )

    def take_used(self) -> Rows:
        """As `take`, of what everyone together has used."""
        found = sorted({day for day, _ in self._used})
        rows = [{"day": d, "user_id": "", **{n: self._used[d, n] for n in USED}} for d in found]
        self._used.clear()
        return iter(rows)

    def clear(self) -> None:
        self._hours.clear()
        self._days.clear()
        self._used.clear()


def used(now: float, user_id: str, usage: Usage) -> dict[str, Any]:
    """A row of the table `usage` for one call that was paid, to be counted on."""
    return {
        "day": day_name(now),
        "user_id": user_id,
        "answers": 1,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
    }
