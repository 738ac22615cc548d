"""Hours and days as they are counted: the days are Korea's, the hours are the same everywhere."""

import time

KOREA_SECONDS = 9 * 3600
"""How far Korea is ahead of UTC; there is no summer time."""

HOURS_OF_DAY = 24


def in_korea(moment: float) -> time.struct_time:
    """What a clock and a calendar there show."""
    return time.gmtime(moment + KOREA_SECONDS)


def day_name(moment: float) -> str:
    """Such as 2026-11-22."""
    return time.strftime("%Y-%m-%d", in_korea(moment))


def midnight(moment: float) -> float:
    """When the day of `moment` began."""
    return (moment + KOREA_SECONDS) // 86400 * 86400 - KOREA_SECONDS


def hour_of(moment: float) -> int:
    """Hours since 1970 in UTC."""
    return int(moment // 3600)


def day_of(moment: float) -> int:
    """Days since 1970 in Korea."""
    return int((moment + KOREA_SECONDS) // 86400)


def first_hour(day: int) -> int:
    """The hour with which a day begins."""
    return day * HOURS_OF_DAY - KOREA_SECONDS // 3600
