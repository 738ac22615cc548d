"""What the boards of several machines remember becomes one."""

import json
from dataclasses import replace
from itertools import permutations

import pytest

from chatgee.owner.status_memory import Memo

FIRST, SECOND = "https://first.example", "https://second.example"
MOVED = Memo(address=SECOND, old_address=FIRST, changed_at=50.0, tested_at=30.0, called_at=40.0)


def test_whoever_hears_of_whom_first_all_come_to_the_same() -> None:
    memos = (
        MOVED,
        Memo(address=FIRST, changed_at=10.0, called_at=45.0),
        Memo(logged_out_at=60.0),
        Memo(address=SECOND, changed_at=50.0, tested_at=55.0),
    )
    found = set()
    for first, *others in permutations(memos):
        for other in others:
            first = first.merged(other)
        found.add(first)
    (memo,) = found
    assert (memo.address, memo.tested_at, memo.called_at) == (SECOND, 55.0, 45.0)
    assert memo.logged_out_at == 60.0
    assert memo.merged(memo) == memo


def test_an_old_address_is_forgotten_once_a_friend_has_called_anywhere() -> None:
    assert MOVED.merged(Memo(called_at=49.0)).old_address == FIRST
    assert MOVED.merged(Memo(called_at=51.0)).old_address is None


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "7"])
def test_what_was_cut_short_is_nothing(text: str) -> None:
    assert Memo.of(text) == Memo()


def test_what_a_newer_version_remembers_besides_does_no_harm() -> None:
    newer = json.loads(MOVED.text) | {"more": 1}
    assert Memo.of(json.dumps(newer)) == MOVED
    assert Memo.of(replace(MOVED).text) == MOVED
