"""What several machines remember of their status becomes one."""

import json
from dataclasses import replace
from itertools import permutations

import pytest

from chatgee.owner.status_memory import StatusMemory

FIRST, SECOND = "https://first.example", "https://second.example"
MOVED = StatusMemory(
    address=SECOND, old_address=FIRST, changed_at=50.0, tested_at=30.0, called_at=40.0
)


def test_whoever_hears_of_whom_first_all_come_to_the_same() -> None:
    several = (
        MOVED,
        StatusMemory(address=FIRST, changed_at=10.0, called_at=45.0),
        StatusMemory(logged_out_at=60.0),
        StatusMemory(address=SECOND, changed_at=50.0, tested_at=55.0),
    )
    found = set()
    for first, *others in permutations(several):
        for other in others:
            first = first.merged(other)
        found.add(first)
    (remembered,) = found
    assert (remembered.address, remembered.tested_at, remembered.called_at) == (SECOND, 55.0, 45.0)
    assert remembered.logged_out_at == 60.0
    assert remembered.merged(remembered) == remembered


def test_an_old_address_is_forgotten_once_a_friend_has_called_anywhere() -> None:
    assert MOVED.merged(StatusMemory(called_at=49.0)).old_address == FIRST
    assert MOVED.merged(StatusMemory(called_at=51.0)).old_address is None


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "7"])
def test_what_was_cut_short_is_nothing(text: str) -> None:
    assert StatusMemory.of(text) == StatusMemory()


def test_what_a_newer_version_remembers_besides_does_no_harm() -> None:
    newer = json.loads(MOVED.text) | {"more": 1}
    assert StatusMemory.of(json.dumps(newer)) == MOVED
    assert StatusMemory.of(replace(MOVED).text) == MOVED
