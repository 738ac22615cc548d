"""Who comes in with ADMIN_PASSWORD: how often they may guess, and from where."""

import json

import pytest

from chatgee.owner.login_tries import (
    NAME,
    TRIES,
    TRIES_OF_ALL,
    WINDOW_SECONDS,
    LoginRefusal,
    LoginTries,
    source_of,
    source_of_known,
    told_address,
)
from chatgee.settings.value_parsers import Secret
from chatgee.system.key_values import InMemory
from tests.support.clocks import StoppedClock

PASSWORD = "open-sesame-2026"


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def door(clock: StoppedClock) -> LoginTries:
    return LoginTries(Secret(PASSWORD), InMemory(clock))


def guesses(door: LoginTries, source: str, count: int = TRIES) -> list[LoginRefusal]:
    """What came of so many wrong ones."""
    found = []
    for number in range(count):
        refusal = door.refuses(f"wrong-password-{number}", source)
        assert refusal
        found.append(refusal)
    return found


def is_let_in(door: LoginTries, source: str) -> bool:
    return door.refuses(PASSWORD, source) is None


WRONG = LoginRefusal()
"""Just that: another may be tried at once."""


# --- the password ---------------------------------------------------------------------------


def test_only_the_password_is_the_password(door: LoginTries) -> None:
    assert is_let_in(door, "a")
    assert door.refuses(f" {PASSWORD}\n", "a") is None, "as it was pasted"
    wrong = ("", PASSWORD[:-1], PASSWORD + "x", PASSWORD.upper(), "비밀번호", "\ud800", "\0")
    assert [text for text in wrong if door.refuses(text, "a") is None] == []


def test_sessions_are_signed_with_what_the_password_gives(door: LoginTries) -> None:
    assert door.key == LoginTries(Secret(PASSWORD)).key, "in every process with the password"
    assert door.key != LoginTries(Secret(PASSWORD + "x")).key
    assert len(door.key) >= 32
    assert PASSWORD.encode() not in door.key


def test_the_password_is_not_printed(door: LoginTries) -> None:
    assert PASSWORD not in f"{door!r} {vars(door)}"


# --- how often ------------------------------------------------------------------------------


def test_after_some_wrong_ones_a_source_is_told_to_wait_and_the_right_one_still_passes(
    door: LoginTries, clock: StoppedClock
) -> None:
    assert guesses(door, "a") == [WRONG] * TRIES
    clock.now += 60
    assert guesses(door, "a", 1) == [LoginRefusal(WINDOW_SECONDS - 60)]
    assert is_let_in(door, "a"), "a stranger's wrong ones lock no owner out"
    assert guesses(door, "b", 1) == [WRONG], "another has nothing to do with it"


def test_a_source_is_told_as_at_first_when_the_oldest_have_left_the_window(
    door: LoginTries, clock: StoppedClock
) -> None:
    guesses(door, "a", 1)
    clock.now += 100
    guesses(door, "a", TRIES - 1)
    clock.now += WINDOW_SECONDS - 100
    assert guesses(door, "a", 2) == [WRONG, LoginRefusal(100.0)], (
        "one has left, the others have not"
    )
    clock.now += 100
    assert guesses(door, "a", 1) == [WRONG]


def test_all_strangers_together_guess_no_more_than_some(
    door: LoginTries, clock: StoppedClock
) -> None:
    """However many addresses they have; the right one would not be looked at either."""
    for source in map(str, range(TRIES_OF_ALL)):
        guesses(door, source, 1)
    clock.now += WINDOW_SECONDS - 1
    assert door.refuses(PASSWORD, "one more") == LoginRefusal(1.0, heard=False)
    guesses(door, "a", 2000)
    clock.now += 1
    assert is_let_in(door, "one more"), "to go on trying makes it no longer"


def test_one_source_guesses_no_more_than_all_together(
    door: LoginTries, clock: StoppedClock
) -> None:
    heard = [one.heard for one in guesses(door, "127.0.0.1", 2 * TRIES_OF_ALL)]
    assert heard == [True] * TRIES_OF_ALL + [False] * TRIES_OF_ALL
    assert not is_let_in(door, "127.0.0.1")
    clock.now += WINDOW_SECONDS
    assert is_let_in(door, "127.0.0.1")


def test_the_right_one_is_no_guess_and_takes_back_none_of_anybodys(door: LoginTries) -> None:
    """Behind a tunnel a guesser has the owner's source: log-ins must give no new tries."""
    assert all(is_let_in(door, "a") for _ in range(2 * TRIES_OF_ALL))
    guesses(door, "a", TRIES_OF_ALL - 1)
    assert is_let_in(door, "a")
    assert [one.heard for one in guesses(door, "a", 2)] == [True, False]


# --- a browser that was here before ---------------------------------------------------------

MINE, OTHER = source_of_known("browser-1"), source_of_known("browser-2")


def test_strangers_lock_out_nobody_who_was_here_before(door: LoginTries) -> None:
    guesses(door, "a", TRIES_OF_ALL + 1)
    assert not is_let_in(door, "a")
    assert guesses(door, MINE) == [WRONG] * TRIES
    assert is_let_in(door, MINE)


def test_the_tries_of_a_known_browser_are_its_own_and_bounded(
    door: LoginTries, clock: StoppedClock
) -> None:
    heard = [one.heard for one in guesses(door, MINE, TRIES_OF_ALL + 1)]
    assert heard == [True] * TRIES_OF_ALL + [False], "the cookie may be a thief's"
    assert not is_let_in(door, MINE)
    assert (is_let_in(door, OTHER), is_let_in(door, "a")) == (True, True)
    assert guesses(door, "a", 1) == [WRONG]
    clock.now += WINDOW_SECONDS
    assert is_let_in(door, MINE)


def test_no_address_is_taken_for_a_known_browser() -> None:
    named = {source_of(caller) for caller in ("browser-1", MINE, "127.0.0.1", "::1")}
    assert MINE not in named


# --- with others ----------------------------------------------------------------------------


def test_tries_are_counted_with_those_of_other_programs_old_and_new(clock: StoppedClock) -> None:
    """Each of which knows no more of one than its moment and its source."""
    of_before, kept = json.dumps([[clock.now - 1, "1.2.3.4"]] * TRIES), InMemory(clock)
    kept.change(NAME, lambda _: (of_before, None))
    one, other = (LoginTries(Secret(PASSWORD), kept) for _ in range(2))
    assert guesses(one, "1.2.3.4", 1) == [LoginRefusal(WINDOW_SECONDS - 1)]
    guesses(other, MINE, 1)
    tries = json.loads(kept.change(NAME, lambda text: (None, text or "")))
    assert [tuple(map(type, each)) for each in tries] == [(float, str)] * (TRIES + 2)
    assert len(guesses(other, "b", TRIES_OF_ALL - TRIES - 1)) + TRIES + 1 == TRIES_OF_ALL
    assert not is_let_in(one, "c")


def test_the_log_is_told_once_a_minute(door: LoginTries, clock: StoppedClock) -> None:
    assert [door.may_complain() for _ in range(3)] == [True, False, False]
    clock.now += door.may_complain.SECONDS
    assert [door.may_complain() for _ in range(2)] == [True, False]


# --- from where -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "source"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("9.9.9.9", "9.9.9.9"),
        ("::ffff:9.9.9.9", "9.9.9.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("<script>", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_source_is_who_called(caller: str | None, source: str) -> None:
    assert source_of(caller) == source


@pytest.mark.parametrize(
    ("forwarded", "told"),
    [
        *(("", ""), ("203.0.113.5", "203.0.113.5"), ("1.1.1.1, 203.0.113.5 ", "203.0.113.5")),
        *(("::ffff:8.8.8.8", "8.8.8.8"), ("2001:db8::1", "2001:db8::1")),
        *(("8.8.8.8, 8.8.8.8:80", ""), ("<script>", ""), ("8.8.8.8\n", "8.8.8.8")),
        ("fe80::1%\x1b[31m", "fe80::1"),
    ],
)
def test_what_the_log_is_told_is_an_address_and_nothing_else(forwarded: str, told: str) -> None:
    assert told_address(forwarded) == told
