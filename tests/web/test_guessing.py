"""Guessing ADMIN_PASSWORD over HTTP: whom it holds up, and whom it does not."""

from collections.abc import Iterator

import pytest

from chatgee.owner.login_tries import TRIES, TRIES_OF_ALL
from chatgee.web import known_browsers as known_browser
from tests.support.bot import Bot
from tests.support.visitor import OUTSIDE, PASSWORD, ask, enter, given, known


@pytest.fixture
def home(stopped_bot: Bot) -> Iterator[Bot]:
    with stopped_bot.open(ADMIN_PASSWORD=PASSWORD):
        yield stopped_bot


# --- strangers ------------------------------------------------------------------------------


def test_who_guesses_has_to_wait_but_not_with_the_right_one(home: Bot) -> None:
    for _ in range(TRIES):
        assert enter(home, "wrong").status_code == 403
    reply = enter(home, "wrong")
    assert reply.status_code == 429
    assert 0 < int(reply.headers["Retry-After"]) <= 600
    assert "그대로 들어올 수 있어요" in reply.text
    assert "Set-Cookie" not in reply.headers
    assert enter(home).status_code == 303, "the owner, who comes through the same tunnel"


def guessed(home: Bot, count: int, **headers: str) -> list[int]:
    return [enter(home, f"wrong-{number}", **headers).status_code for number in range(count)]


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP"]
)
def test_no_header_says_where_a_try_comes_from(home: Bot, header: str) -> None:
    """Neither to guess more, nor to use up what another may guess."""
    tries = [
        enter(home, "wrong", **{header: f"198.51.100.{number}"}).status_code
        for number in range(TRIES + 1)
    ]
    assert tries == [403] * TRIES + [429]
    assert enter(home, **{header: "198.51.100.0"}).status_code == 303


def test_all_strangers_together_guess_no_more_than_some(home: Bot) -> None:
    assert set(guessed(home, TRIES_OF_ALL)) == {403, 429}
    reply = enter(home)
    assert reply.status_code == 429
    assert 0 < int(reply.headers["Retry-After"]) <= 600
    assert "10분 뒤에" in reply.text
    assert "Set-Cookie" not in reply.headers
    assert ask(home, "/setup").status_code == 200, "the one before the machine"


# --- a browser that was here before ---------------------------------------------------------


def test_a_log_in_makes_the_browser_known_for_long(home: Bot) -> None:
    cookie = given(enter(home), known_browser.COOKIE)
    assert cookie.key.startswith("__Host-")
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert int(cookie["max-age"]) == 180 * 86_400
    assert given(enter(home), known_browser.COOKIE).value != cookie.value, (
        "each has an id of its own"
    )


def test_strangers_do_not_lock_out_a_browser_that_was_here_before(home: Bot) -> None:
    before = known(enter(home))
    guessed(home, TRIES_OF_ALL)
    assert enter(home).status_code == 429
    assert guessed(home, TRIES + 1, **before) == [403] * TRIES + [429], "its own"
    again = enter(home, **before)
    assert again.status_code == 303
    assert guessed(home, 1, **known(again)) == [429], "it keeps its id, and its tries"


def test_the_tries_of_a_known_browser_do_not_count_for_strangers(home: Bot) -> None:
    before = known(enter(home))
    guessed(home, TRIES_OF_ALL, **before)
    assert enter(home, **before).status_code == 429, "a thief's guesses are bounded, too"
    assert guessed(home, 1) == [403]
    assert enter(home).status_code == 303


def test_only_what_the_password_signed_makes_a_browser_known(home: Bot, stopped_bot: Bot) -> None:
    before = known(enter(home))
    guessed(home, TRIES_OF_ALL)
    assert enter(home, **before).status_code == 303, "else this would show nothing"
    real = before["Cookie"].partition("=")[2]
    for forged in ("", "x", real[:-2], real + "x", came_in_at(home, before)):
        assert enter(home, Cookie=f"{known_browser.COOKIE}={forged}").status_code == 429
    elsewhere = {"Host": "old.lhr.life", "Origin": "https://old.lhr.life"}
    assert enter(home, **before, **elsewhere).status_code == 429, "a tunnel's address of before"


def test_with_another_password_nobody_is_known(stopped_bot: Bot) -> None:
    with stopped_bot.open(ADMIN_PASSWORD="another-password") as bot:
        before = known(enter(bot, "another-password"))
    with stopped_bot.open(ADMIN_PASSWORD=PASSWORD) as bot:
        guessed(bot, TRIES_OF_ALL)
        assert enter(bot, **before).status_code == 429


def test_to_be_known_opens_no_page(home: Bot) -> None:
    before = known(enter(home))
    assert ask(home, "/setup", headers=OUTSIDE | before).status_code == 401


def came_in_at(home: Bot, headers: dict[str, str]) -> str:
    """The session's cookie, which the same key has signed."""
    return given(enter(home, **headers)).value
