"""How often something may happen."""

from chatgee.clock import PerMinute
from tests.support.clocks import StoppedClock


def test_so_many_are_taken_within_a_minute_and_no_more() -> None:
    clock = StoppedClock()
    door = PerMinute(2, clock)
    assert door.take() == 0
    clock.now += 10
    assert [door.take() for _ in range(3)] == [0, 50, 50]
    clock.now += 50
    assert [door.take() for _ in range(2)] == [0, 10], "one has left, and those refused count not"
    clock.now += 1000
    assert [door.take() for _ in range(3)] == [0, 0, 60]
