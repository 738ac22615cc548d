"""Moments and spans of time in the owner's words."""

import pytest

from chatgee.owner import time_words
from chatgee.texts import Texts

TEXTS = Texts.load()
NOON = 1_795_402_800.0  # 2026-11-23 12:00 in Korea
DAY = 86_400


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOON, "오늘 12:00:00"),
        (NOON - DAY / 2, "오늘 00:00:00"),
        (NOON - DAY / 2 - 1, "11월 22일 23:59:59"),
        (NOON - 365 * DAY, "2025년 11월 23일 12:00:00"),
    ],
)
def test_a_moment_is_told_in_korean_time(at: float, words: str) -> None:
    assert time_words.moment(at, TEXTS, NOON) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((-1, "0.0초"), (0.84, "0.8초"), (9.96, "10초"), (34, "34초"), (119.4, "119초")),
        *((120, "2분"), (7200, "2시간"), (3 * DAY, "3일")),
    ],
)
def test_a_span_is_as_exact_as_is_of_use(seconds: float, words: str) -> None:
    assert time_words.span(seconds, TEXTS) == words


def test_a_day_ends_at_midnight_in_korea() -> None:
    assert time_words.end_of("2026-11-23") == NOON + DAY / 2
    assert {time_words.end_of(one) for one in ("", "2026-13-01", "9999-12-31", "x")} == {None}


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "방금"), (60, "1분"), (7300, "2시간"), (90_000, "1일")]
)
def test_times_are_told_in_the_largest_unit(seconds: float, words: str) -> None:
    assert time_words.ago(NOON - seconds, TEXTS, NOON).startswith(words)
