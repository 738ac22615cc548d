"""The log-in with ADMIN_PASSWORD: what it lets in, and what it does not."""

import re
from collections.abc import Iterator

import pytest
import requests

from chatgee.tunnel import Link
from chatgee.web import owner, session
from chatgee.web.pages.login import local_path
from tests.support.bot import Bot
from tests.support.visitor import (
    HTML,
    OUTSIDE,
    PASSWORD,
    SITE,
    ask,
    came_in,
    change,
    changed,
    enter,
    given,
    held,
    sees,
    token_of,
)
from tests.web.test_owner import ALIVE, CHANGES, PAGES, SECRETS, STRANGERS


@pytest.fixture
def home(stopped_bot: Bot) -> Iterator[Bot]:
    """With every secret there is."""
    with stopped_bot.open(ADMIN_PASSWORD=PASSWORD, **SECRETS):
        yield stopped_bot


# --- without a log-in -----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_without_a_password_there_is_no_login(bot: Bot, path: str, method: str) -> None:
    for headers in ({}, OUTSIDE):
        assert ask(bot, path, method, headers=headers).status_code in {404, 405}
    sent = OUTSIDE | {"Cookie": f"{session.COOKIE}=x; session=y"}
    assert ask(bot, "/setup", headers=sent | HTML).status_code == 404


@pytest.mark.parametrize("headers", STRANGERS, ids=str)
def test_a_stranger_still_sees_nothing(home: Bot, headers: dict[str, str]) -> None:
    for path in ("/", "/local_test"):
        page = ask(home, path, headers=headers | HTML)
        assert page.status_code == 400 or ALIVE in page.text
        assert "login" not in page.text
        assert "Set-Cookie" not in page.headers
    for path in PAGES:
        assert ask(home, path, headers=headers).status_code in {400, 401}
    for path in CHANGES:
        reply = change(home, path, owner.TOKEN, **headers)
        assert reply.status_code in {400, 401}
        assert owner.TOKEN not in reply.text + str(reply.headers)
    assert home.reloads == 0


@pytest.mark.parametrize("path", ["/setup", "/board?a=1&b=%EA%B0%80", "/manual/kakao"])
def test_a_browser_is_led_to_the_login_and_on_to_its_page(home: Bot, path: str) -> None:
    led = sees(home, "", path, **HTML)
    assert (led.status_code, led.headers["Cache-Control"]) == (303, "no-store")
    form = ask(home, led.headers["Location"], headers=OUTSIDE).text
    found = re.search(r'name="next" value="([^"]*)"', form)
    assert found
    reply = enter(home, next=found[1].replace("&amp;", "&"))
    seen = sees(home, given(reply).value, reply.headers["Location"])
    assert seen.status_code == 303
    assert requests.utils.unquote(seen.headers["Location"]) == requests.utils.unquote(path)


def test_a_page_that_does_not_exist_leads_nowhere(home: Bot) -> None:
    assert sees(home, "", "/nothing", **HTML).status_code == 404


def test_the_form_tells_a_stranger_nothing(home: Bot) -> None:
    page = ask(home, "/login", headers=OUTSIDE)
    assert "Set-Cookie" not in page.headers
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    told = (owner.TOKEN, PASSWORD, '/prompt"', "/settings", "gpt-", *SECRETS.values())
    assert [one for one in told if one in page.text] == []


def test_kakaos_address_sets_no_cookie(home: Bot) -> None:
    reply = ask(home, "/prompt", "POST", json={}, headers=OUTSIDE | held(came_in(home)))
    assert "Set-Cookie" not in reply.headers


# --- the log-in -----------------------------------------------------------------------------


def test_the_password_opens_every_page(home: Bot) -> None:
    cookie = came_in(home)
    assert {sees(home, cookie, path).status_code for path in PAGES} == {200}
    front = sees(home, cookie, "/").text
    assert "로그아웃" in front
    assert "다른 곳에서는 비밀번호로 로그인해야 보여요" in front
    assert changed(home, cookie, token_of(home, cookie), Origin=SITE) == 303
    assert home.reloads == 1
    assert "화면을 열지 못했어요" in sees(home, cookie, "/nothing").text
    secrets = (PASSWORD, cookie, *SECRETS.values())
    seen = [sees(home, cookie, path).text for path in ("/", *PAGES)]
    assert [one for one in secrets for page in seen if one in page] == []


def test_the_owner_before_the_machine_needs_no_password(home: Bot) -> None:
    assert ask(home, "/setup").status_code == 200
    assert "로그아웃" not in ask(home, "/").text
    assert ask(home, "/login?next=/setup").headers["Location"] == "/setup"


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + "x", "'\"><script>alert(1)</script>"])
def test_a_wrong_password_opens_nothing_and_is_not_repeated(
    home: Bot, password: str, caplog: pytest.LogCaptureFixture
) -> None:
    reply = enter(home, password)
    assert "Set-Cookie" not in reply.headers
    assert "비밀번호" in reply.text
    assert not password or password not in reply.text + caplog.text
    assert "<script>alert" not in reply.text


def test_the_log_tells_of_a_wrong_password_once(
    home: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert enter(home, "guessed-this").status_code == 403
    (line,) = [one for one in caplog.messages if "틀린 비밀번호" in one]
    assert "(127.0.0.1, 전해 들은 주소 203.0.113.5)" in line
    assert "guessed-this" not in caplog.text


def test_the_cookie_is_for_https_and_this_site_alone(home: Bot) -> None:
    cookie = given(enter(home))
    assert cookie.key.startswith("__Host-")
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert cookie["expires"]
    assert "Set-Cookie" not in sees(home, cookie.value).headers, "it does not begin anew"


def test_over_http_where_no_cookie_comes_back_it_is_said(home: Bot) -> None:
    browser = requests.Session()  # as every browser: no cookie of https over http
    form = {"password": PASSWORD, "next": "/setup"}
    page = browser.post(home.url + "/login", data=form, headers={"Host": "nas:6959"}, timeout=9)
    assert "이 주소에서는 로그인할 수 없어요" in page.text
    assert "/prompt를 /login으로" in page.text


@pytest.mark.parametrize(
    "origin", ["http://bot.example.com", "https://evil.example", "null", "", "http://[", "https://"]
)
def test_a_form_of_another_origin_logs_nobody_in(home: Bot, origin: str) -> None:
    reply = enter(home, Origin=origin)
    assert reply.status_code == 403
    assert "Set-Cookie" not in reply.headers


def test_a_form_that_is_too_long_is_refused(home: Bot) -> None:
    assert enter(home, "x" * 20_000).status_code == 413


AWAY = ["//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example"]
AWAY += ["https://evil.example", "javascript:alert(1)", "/\t/evil.example", "/\n/evil", "x", ""]
AWAY += [" //evil.example", "/a\\b", "///evil.example", "/\x00/", "/ok\r\nSet-Cookie: a=b"]


@pytest.mark.parametrize("next", AWAY)
def test_the_login_leads_to_no_other_site(home: Bot, next: str) -> None:
    assert local_path(next) == "/"
    reply = enter(home, next=next)
    assert reply.headers["Location"] == "/login?tried=1&next=/"
    assert sees(home, given(reply).value, "/login?next=" + next).headers["Location"] == "/"


def test_what_stands_in_the_address_is_shown_as_text(home: Bot) -> None:
    path = '/"><script>alert(1)</script>'
    assert local_path(path) == path
    page = ask(home, "/login", headers=OUTSIDE, params={"next": path}).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


# --- behind a proxy of the owner's ----------------------------------------------------------


def test_behind_a_bare_proxy_the_owner_logs_in(stopped_bot: Bot) -> None:
    """nginx with nothing but `proxy_pass` sends its own Host; nobody is before the machine."""
    with stopped_bot.open(PUBLIC_URL=SITE, ADMIN_PASSWORD=PASSWORD) as bot:
        bare = {"Origin": SITE, "Sec-Fetch-Site": "same-origin"}
        assert ask(bot, "/setup").status_code == 401
        form = {"password": PASSWORD}
        reply = ask(bot, "/login", "POST", data=form, headers=bare)
        mine = held(given(reply).value)
        page = ask(bot, "/setup", headers=mine)
        token = re.findall(r'name="csrf" value="([^"]+)"', page.text)[0]
        assert token != owner.TOKEN
        assert change(bot, "/setup", token, **mine, **bare).status_code == 303
        foreign = mine | {"Origin": "https://evil.example"}
        assert change(bot, "/setup", token, **foreign).status_code == 403
        assert change(bot, "/setup", owner.TOKEN, **mine, **bare).status_code == 403


def test_the_tunnels_address_is_an_origin_of_ours(home: Bot) -> None:
    home.status.linked(Link("ngrok", "https://our-class.ngrok-free.dev"))
    cookie = came_in(home)
    origin = "https://our-class.ngrok-free.dev"
    assert changed(home, cookie, token_of(home, cookie), Origin=origin) == 303


@pytest.mark.parametrize(
    ("settings", "page"),
    [
        ({}, "{local}"),
        ({"ADMIN_PASSWORD": PASSWORD}, "{local}"),
        ({"PUBLIC_URL": SITE}, None),
        ({"PUBLIC_URL": SITE, "ADMIN_PASSWORD": PASSWORD}, f"{SITE}/login"),
    ],
)
def test_the_screen_names_the_address_under_which_the_pages_open(
    stopped_bot: Bot, settings: dict[str, str], page: str | None
) -> None:
    with stopped_bot.open(**settings) as bot:
        assert bot.status.page == (page and page.format(local=bot.url))


# --- a page that outlives its session -------------------------------------------------------


def test_a_script_of_a_page_learns_that_the_session_has_ended(home: Bot) -> None:
    """So that what was typed stays in the page: see `alarm` in chatgee.js."""
    poll = sees(home, "", "/board", **HTML, **{"HX-Request": "true"})
    save = changed(home, "", "x", Origin=SITE, HX_Request="true", Accept="text/html")
    assert (poll.status_code, save) == (401, 401)
