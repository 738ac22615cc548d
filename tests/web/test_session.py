"""The session of an owner who has logged in: what it holds for, and what ends it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatgee.web import owner, session
from tests.support.bot import Bot
from tests.support.visitor import (
    OUTSIDE,
    PASSWORD,
    SITE,
    came_in,
    change,
    changed,
    enter,
    given,
    held,
    held_in,
    sees,
    signed,
    token_of,
)
from tests.web.test_owner import CHANGES


@pytest.fixture
def home(stopped_bot: Bot) -> Iterator[Bot]:
    with stopped_bot.open(ADMIN_PASSWORD=PASSWORD):
        yield stopped_bot


# --- the session ----------------------------------------------------------------------------


def test_what_was_in_a_cookie_before_the_login_is_not_kept(home: Bot) -> None:
    first = came_in(home)
    token = token_of(home, first)
    assert changed(home, first, token, "/logout", Origin=SITE) == 303
    planted = signed({"csrf": "planted", "host": "other.example", "since": 0.0, "more": "x"})
    second = given(enter(home, cookie=planted)).value
    assert second not in {first, planted}
    assert held_in(second).keys() == {"csrf", "host", "since", "_permanent"}
    assert token_of(home, second) not in {token, "planted"}
    assert sees(home, planted).status_code == 401
    assert sees(home, first).status_code == 401


VALID = {"csrf": "c", "host": "bot.example.com", "since": 4e9, "_permanent": True}


def test_only_what_the_password_signed_is_a_session(home: Bot) -> None:
    assert sees(home, signed(VALID)).status_code == 200, "else this test would prove nothing"
    real = came_in(home)
    assert sees(home, signed(VALID, "another-password")).status_code == 401
    assert sees(home, signed(VALID | {"host": "evil.example"})).status_code == 401
    head, _, tail = real.partition(".")
    for forged in (head, f"{head}.{tail[:-2]}xx", f"x{real}", "", "x", "{}", real + real):
        assert sees(home, forged).status_code == 401


def test_a_session_ends_after_a_week(home: Bot) -> None:
    now, week = int(time.time()), int(session.LIFETIME.total_seconds())
    assert sees(home, signed(VALID, at=now - week + 60)).status_code == 200
    assert sees(home, signed(VALID, at=now - week - 60)).status_code == 401


def test_logging_out_ends_every_session_even_a_stolen_one(home: Bot, stopped_bot: Bot) -> None:
    stolen, mine = came_in(home), came_in(home)
    sent = OUTSIDE | held(mine) | {"Origin": SITE}
    left = change(home, "/logout", token_of(home, mine), **sent)
    assert left.headers["Location"] == "/login?left=1"
    assert (given(left).value, given(left)["max-age"]) == ("", "0")
    assert given(left)["secure"]
    assert [sees(home, one).status_code for one in (stolen, mine)] == [401, 401]
    with Bot(stopped_bot.environ).open(ADMIN_PASSWORD=PASSWORD) as again:
        assert sees(again, stolen).status_code == 401, "nor after a restart"
        assert sees(again, came_in(again)).status_code == 200


def test_a_session_holds_wherever_the_password_is_the_same(
    home: Bot, environ: dict[str, str], tmp_path: Path
) -> None:
    cookie = came_in(home)
    other = environ | {"DATA_DIR": str(tmp_path / "other")}
    Path(other["DATA_DIR"]).mkdir()
    with Bot(other).open(ADMIN_PASSWORD=PASSWORD) as second:
        assert sees(second, cookie).status_code == 200
        assert changed(second, cookie, token_of(second, cookie), Origin=SITE) == 303
    with Bot(other).open(ADMIN_PASSWORD="another-password") as third:
        assert sees(third, cookie).status_code == 401
    with Bot(other).open() as without:
        assert sees(without, cookie).status_code == 404


def test_under_another_address_it_is_no_session(home: Bot) -> None:
    cookie = came_in(home)
    for host in ("evil.example", "old.lhr.life", "bot.example.com.evil.example"):
        assert sees(home, cookie, Host=host).status_code == 401


# --- what another site tries in the owner's browser -----------------------------------------


def test_a_change_needs_the_token_of_its_own_session(home: Bot) -> None:
    mine, others = came_in(home), came_in(home)
    for token in (None, "", "wrong", owner.TOKEN, token_of(home, others)):
        for path in (*CHANGES, "/logout"):
            assert changed(home, mine, token, path, Origin=SITE) == 403
    assert sees(home, mine).status_code == 200
    assert home.reloads == 0


def test_a_page_of_an_earlier_session_is_given_the_new_token(home: Bot) -> None:
    cookie = came_in(home)
    sent = OUTSIDE | held(cookie)
    refused = change(home, "/setup", "of-before", **sent, Origin=SITE)
    token = refused.headers[owner.TOKEN_HEADER]
    assert changed(home, cookie, token, Origin=SITE) == 303
    foreign = change(home, "/setup", "of-before", **sent, Origin="https://evil.example")
    assert owner.TOKEN_HEADER not in foreign.headers


ORIGINS = [
    "https://evil.example",
    "null",
    "",
    "http://bot.example.com",
    "https://bot.example.com:1",
]
ORIGINS += ["https://bot.example.com.evil.example", "https://evil.example/bot.example.com", "x"]
ORIGINS += ["https://user@bot.example.com", "http://127.0.0.1", "https://[", "https://"]


@pytest.mark.parametrize("origin", ORIGINS)
def test_from_a_page_of_another_origin_nothing_is_changed(home: Bot, origin: str) -> None:
    cookie = came_in(home)
    token = token_of(home, cookie)
    assert changed(home, cookie, token, Origin=origin) == 403
    assert changed(home, cookie, token, "/logout", Origin=origin) == 403
    assert sees(home, cookie).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "x"])
def test_a_request_that_the_browser_calls_foreign_changes_nothing(home: Bot, site: str) -> None:
    cookie = came_in(home)
    token = token_of(home, cookie)
    assert changed(home, cookie, token, Origin=SITE, Sec_Fetch_Site=site) == 403
    assert change(home, "/setup", owner.TOKEN, **{"Sec-Fetch-Site": site}).status_code == 403
    assert changed(home, cookie, token, Origin=SITE, Sec_Fetch_Site="same-origin") == 303
