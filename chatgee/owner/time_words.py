"""Moments and spans of time as the owner reads them: in Korea's time, and in words."""

import time
from datetime import datetime, timedelta, timezone

from chatgee.store.korean_days import KOREA_SECONDS
from chatgee.texts import Texts

KOREA = timezone(timedelta(seconds=KOREA_SECONDS))
UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60))

# --- moments, all of them as unix time ------------------------------------------------------


def local(at: float) -> datetime:
    return datetime.fromtimestamp(at, KOREA)


def moment(at: float, texts: Texts, now: float) -> str:
    """As short as it can be understood: today without its date, this year without the year."""
    clock = f"{local(at):%H:%M:%S}"
    if local(at).date() == local(now).date():
        return texts("talks.today", time=clock)
    return texts("talks.on_day", day=day(at, texts, now), time=clock)


def in_full(at: float, texts: Texts) -> str:
    then = local(at)
    date = {"year": then.year, "month": then.month, "day": then.day}
    return texts("status.moment", **date, hour=then.hour, minute=f"{then:%M}")


def day(at: float, texts: Texts, now: float) -> str:
    then = local(at)
    key = "talks.day" if then.year == local(now).year else "talks.day_of_year"
    return texts(key, year=then.year, month=then.month, day=then.day)


def clock(at: float) -> str:
    return f"{local(at):%H:%M}"


def iso(at: float) -> str:
    """For machines, to the thousandth of a second."""
    return local(at).isoformat(timespec="milliseconds")


def as_koreas(written: str) -> str:
    """What this machine's clock showed, such as 2026-11-23 05:00:00, on a clock in Korea."""
    try:
        then = local(datetime.fromisoformat(written).timestamp())
    except (ValueError, OverflowError, OSError):
        return written
    return then.replace(tzinfo=None).isoformat(" ", "seconds")


def is_in_korea() -> bool:
    """Whether this machine's clock shows Korea's time."""
    return time.localtime().tm_gmtoff == KOREA_SECONDS


def end_of(written: str) -> float | None:
    """The moment at which a day such as 2026-11-23 is over; None where it is no day."""
    try:
        midnight = datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=KOREA)
        return (midnight + timedelta(days=1)).timestamp()
    except (ValueError, OverflowError):
        return None


# --- how long -------------------------------------------------------------------------------


def ago(at: float, texts: Texts, now: float) -> str:
    """In the largest unit that fits."""
    seconds = now - at
    for unit, size in UNITS:
        if seconds >= size:
            return texts(f"ago.{unit}", count=int(seconds // size))
    return texts("ago.now")


def span(seconds: float, texts: Texts) -> str:
    """In the largest unit of which it has two; short ones to the tenth of a second."""
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return texts("talks.seconds", count=f"{seconds:.1f}")
    for unit, size in UNITS:
        if seconds >= 2 * size:
            return texts(f"talks.{unit}", count=int(seconds // size))
    return texts("talks.seconds", count=round(seconds))


def uptime(seconds: float, texts: Texts) -> str:
    """In two units: days with hours, or hours with minutes."""
    minutes = int(max(0.0, seconds) // 60)
    hours, days = minutes // 60, minutes // 1440
    key = "up_days" if days else "up_hours" if hours else "up_minutes"
    return texts(f"status.{key}", days=days, hours=hours % 24, minutes=minutes % 60)
