"""Who comes in with ADMIN_PASSWORD: how often they may guess, and from where."""

import pytest

from chatgee.admission import TRIES, TRIES_OF_ALL, WINDOW_SECONDS, Admission, source_of
from chatgee.settings.options import Secret

PASSWORD = "open-sesame-2026"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def door(clock: Clock) -> Admission:
    return Admission(Secret(PASSWORD), clock)


def guesses(door: Admission, source: str, count: int = TRIES) -> list[float]:
    found = []
    for number in range(count):
        found.append(door.begin(source))
        assert found[-1] or not door.admits(f"wrong-password-{number}", source)
    return found


# --- the password ---------------------------------------------------------------------------


def test_only_the_password_is_the_password(door: Admission) -> None:
    assert door.admits(PASSWORD, "a")
    assert door.admits(f" {PASSWORD}\n", "a"), "as it was pasted"
    wrong = ("", PASSWORD[:-1], PASSWORD + "x", PASSWORD.upper(), "비밀번호", "\ud800", "\0")
    assert [text for text in wrong if door.admits(text, "a")] == []


def test_sessions_are_signed_with_what_the_password_gives(door: Admission) -> None:
    assert door.key == Admission(Secret(PASSWORD)).key, "in every process with the password"
    assert door.key != Admission(Secret(PASSWORD + "x")).key
    assert len(door.key) >= 32
    assert PASSWORD.encode() not in door.key


def test_the_password_is_not_printed(door: Admission) -> None:
    assert PASSWORD not in f"{door!r} {vars(door)}"


# --- how often ------------------------------------------------------------------------------


def test_after_some_wrong_ones_an_address_has_to_wait(door: Admission, clock: Clock) -> None:
    assert guesses(door, "a") == [0.0] * TRIES
    clock.now += 60
    assert door.begin("a") == WINDOW_SECONDS - 60
    assert door.begin("b") == 0.0, "another has nothing to do with it"


def test_a_try_is_taken_again_when_the_oldest_has_left_the_window(
    door: Admission, clock: Clock
) -> None:
    guesses(door, "a", 1)
    clock.now += 100
    guesses(door, "a", TRIES - 1)
    clock.now += WINDOW_SECONDS - 100
    assert guesses(door, "a", 2) == [0.0, 100.0], "one has left, the others have not"
    clock.now += 100
    assert door.begin("a") == 0.0


def test_to_go_on_trying_makes_the_wait_no_longer(door: Admission, clock: Clock) -> None:
    guesses(door, "a", TRIES + 500)
    clock.now += WINDOW_SECONDS
    assert door.begin("a") == 0.0


def test_many_addresses_together_guess_no_more_than_a_few(door: Admission, clock: Clock) -> None:
    taken = [source for source in map(str, range(2000)) if not door.begin(source)]
    assert len(taken) == TRIES_OF_ALL
    clock.now += WINDOW_SECONDS - 1
    assert door.begin("one more") == 1.0
    clock.now += 1
    assert door.begin("one more") == 0.0


def test_who_knows_the_password_has_not_guessed(door: Admission) -> None:
    guesses(door, "a", TRIES - 1)
    guesses(door, "b", TRIES - 1)
    door.begin("a")
    assert door.admits(PASSWORD, "a")
    assert guesses(door, "a") == [0.0] * TRIES
    assert guesses(door, "b", 2) == [0.0, WINDOW_SECONDS], "that of another stays"


def test_the_log_is_told_once_a_minute(door: Admission, clock: Clock) -> None:
    assert [door.may_complain() for _ in range(3)] == [True, False, False]
    clock.now += door.may_complain.SECONDS
    assert [door.may_complain() for _ in range(2)] == [True, False]


# --- from where -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "forwarded", "source"),
    [
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "8.8.8.8", "8.8.8.8"),
        ("127.0.0.1", "1.1.1.1, 8.8.8.8", "8.8.8.8"),
        ("127.0.0.1", "8.8.8.8, 10.0.0.1 ", "10.0.0.1"),
        ("172.17.0.1", "8.8.8.8", "8.8.8.8"),
        ("9.9.9.9", "8.8.8.8", "9.9.9.9"),
        ("127.0.0.1", "<script>", "127.0.0.1"),
        ("127.0.0.1", "8.8.8.8, 8.8.8.8:80", "127.0.0.1"),
        ("127.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("127.0.0.1", "::ffff:8.8.8.8", "8.8.8.8"),
        ("::ffff:9.9.9.9", "8.8.8.8", "9.9.9.9"),
        ("", "", ""),
        (None, "8.8.8.8", "8.8.8.8"),
    ],
)
def test_the_source_is_what_the_nearest_machine_saw(
    caller: str | None, forwarded: str, source: str
) -> None:
    assert source_of(caller, forwarded) == source
