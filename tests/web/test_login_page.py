"""The log-in as an owner uses it, in a real browser."""

from collections.abc import Iterator

import pytest

from chatgee.owner.login_tries import TRIES
from chatgee.tunnel import Link
from tests.support.bot import Bot
from tests.support.visitor import PASSWORD, SITE
from tests.web.test_owner import another_address

pytest.importorskip("playwright", reason="no playwright: pip install -r tests/requirements.txt")
from playwright.sync_api import Browser, Page, expect

from tests.support import browser as real
from tests.support.browser import press, sees, shuts_nobody_out

pytestmark = pytest.mark.skipif(real.CHROMIUM is None, reason=real.MISSING)


@pytest.fixture
def away(stopped_bot: Bot) -> Iterator[Bot]:
    """Behind a proxy, so that this browser is not before the machine either.

    Chromium takes cookies of https from 127.0.0.1, too.
    """
    with stopped_bot.open(PUBLIC_URL=SITE, ADMIN_PASSWORD=PASSWORD) as bot:
        bot.status.linked(Link("public_url", SITE))
        yield bot


def log_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("비밀번호").fill(password)
    press(page, "로그인")


def test_an_owner_logs_in_changes_something_and_leaves(page: Page, away: Bot) -> None:
    page.goto(away.url + "/setup")
    expect(page.get_by_label("비밀번호")).to_be_focused()
    log_in(page)
    expect(page).to_have_url(away.url + "/setup")
    page.get_by_role("radio", name="나중에").check()
    press(page, "저장")
    sees(page, "저장했어요")
    assert away.reloads == 1
    press(page, "로그아웃")
    sees(page, "로그아웃했어요")
    page.goto(away.url)
    sees(page, "ChatGee가 켜져 있어요.")
    page.goto(away.url + "/setup")
    expect(page.get_by_label("비밀번호")).to_be_visible()


def test_a_wrong_password_is_told_and_the_page_still_leads_on(chromium: Browser, away: Bot) -> None:
    with real.opened(chromium) as page:  # in whose console a 403 is an error
        page.goto(away.url + "/manual/kakao")
        log_in(page, "not-this-one")
        sees(page, "비밀번호가 맞지 않아요")
        page.get_by_label("비밀번호").press_sequentially("t")
        expect(page.get_by_text("비밀번호가 맞지 않아요")).to_have_count(0)
        log_in(page)
        expect(page.get_by_role("heading", level=1)).to_contain_text("카카오톡 채널과 챗봇 만들기")


def test_after_wrong_ones_of_others_the_page_says_that_the_right_one_passes(
    chromium: Browser, away: Bot
) -> None:
    with real.opened(chromium) as page:
        page.goto(away.url + "/setup")
        for number in range(TRIES + 1):
            log_in(page, f"wrong-{number}")
            sees(page, "확인해 주세요")
        sees(page, "맞는 비밀번호를 적으면 그대로 들어올 수 있어요")
        shuts_nobody_out(page)
        log_in(page)
        expect(page).to_have_url(away.url + "/setup")


def test_what_was_typed_outlives_the_session(chromium: Browser, away: Bot) -> None:
    with real.opened(chromium) as page, real.opened(chromium) as elsewhere:
        page.goto(away.url + "/setup")
        log_in(page)
        page.get_by_label("성격과 할 일").fill("내가 쓴 성격")
        elsewhere.goto(away.url + "/login")
        log_in(elsewhere)
        press(elsewhere, "로그아웃")
        sees(elsewhere, "로그아웃했어요")
        page.get_by_role("radio", name="나중에").check()
        press(page, "저장")
        sees(page, "로그인이 끝났어요")
        assert away.reloads == 0
        expect(page.get_by_label("성격과 할 일")).to_have_value("내가 쓴 성격")
        again = page.context.new_page()
        again.goto(away.url + "/login")
        log_in(again)
        expect(again.get_by_role("button", name="로그아웃")).to_be_visible()
        press(page, "저장")
        sees(page, "저장했어요")
        assert away.reloads == 1


def test_over_http_no_password_is_asked_for(chromium: Browser, stopped_bot: Bot) -> None:
    """Where Chromium also warns that it takes no Cross-Origin-Opener-Policy from there."""
    address = another_address()
    if address is None:
        pytest.skip("this machine has no other address")
    ours = stopped_bot.open(HOST="0.0.0.0", ADMIN_PASSWORD=PASSWORD)
    with ours as bot, real.opened(chromium) as page:
        page.goto(bot.url.replace("0.0.0.0", address) + "/login")
        sees(page, "이 주소에서는 로그인할 수 없어요")
        expect(page.get_by_label("비밀번호")).not_to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [real.WIDE, real.PHONE], ids=["wide", "phone"])
def test_nobody_is_shut_out(
    chromium: Browser, away: Bot, size: tuple[int, int], dark: bool
) -> None:
    with real.opened(chromium, size, dark) as page:
        for path in ("/login", "/login?left=1", "/login?tried=1", "/login?next=/", ""):
            if path:
                page.goto(away.url + path)
            if path.endswith("next=/"):
                log_in(page, "wrong-one")
                sees(page, "비밀번호가 맞지 않아요")
            if not path:
                log_in(page)
                expect(page.get_by_role("button", name="로그아웃")).to_be_visible()
            shuts_nobody_out(page)
