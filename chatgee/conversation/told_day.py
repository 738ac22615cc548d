"""What the model is told of the day: when it is asked, and from which other day a turn is.

In Korea's time, whatever this computer's clock is set to.
"""

import time
from dataclasses import replace

from chatgee.questions import Turn
from chatgee.store.korean_days import day_of, in_korea
from chatgee.texts import Texts


def now(at: float, texts: Texts) -> str:
    """The moment of asking, unix time; it stands with the question, where nothing is cached."""
    return texts("day.now", date=_date(at, texts), time=time.strftime("%H:%M", in_korea(at)))


def dated(turn: Turn, at: float, texts: Texts) -> Turn:
    """A turn of another day than `at` says from when it is; it does so all of that day."""
    if turn.asked_at is None or day_of(turn.asked_at) == day_of(at):
        return turn
    then = texts("day.then", date=_date(turn.asked_at, texts))
    return replace(turn, question=f"{then}\n{turn.question}")


def _date(at: float, texts: Texts) -> str:
    day = in_korea(at)
    weekday = texts("stats.weekdays")[day.tm_wday]
    return texts("day.date", year=day.tm_year, month=day.tm_mon, day=day.tm_mday, weekday=weekday)
