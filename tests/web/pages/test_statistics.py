"""The page of statistics: it says what friends did, and the owner's prices count at once."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from chatgee.errors import Failure
from chatgee.model.prices import FILE, Prices
from chatgee.questions import Usage
from chatgee.store.database_session import Session
from chatgee.store.describing import Description
from chatgee.texts import Texts
from chatgee.web import owner
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeKakao, FakeOpenAI

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MODEL = "gpt-test"
TEXTS = Texts.load()
NASTY = "<script>alert(1)</script>\"'&"


@pytest.fixture
def bot(stopped_bot: Bot) -> Iterator[Bot]:
    with stopped_bot.open(OPENAI_MODEL=MODEL):
        yield stopped_bot


def get(bot: Bot, span: str = "week") -> str:
    reply = requests.get(f"{bot.url}/stats?range={span}", timeout=PATIENCE)
    assert reply.status_code == 200
    return reply.text


def tiles(page: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>([^<]+)</dt>\s*<dd class=\"value\">([^<]+)</dd>", page))


def total(page: str, table: str) -> dict[str, int]:
    """The sums of a table's columns, of whole numbers."""
    part = page.partition(f'aria-label="{table}"')[2].partition("</table>")[0]
    heads = re.findall(r'<th scope="col">([^<]*)</th>', part)
    rows = [re.findall(r"<td>([\d,]+)</td>", row) for row in part.split("<tr ")[1:]]
    assert rows
    sums = [sum(int(cell.replace(",", "")) for cell in cells) for cells in zip(*rows, strict=True)]
    return dict(zip(heads[1:], sums, strict=False))


def save(bot: Bot, *rows: tuple[str, str, str], won: str = "1400") -> str:
    columns = zip(*rows, strict=True)
    form = dict(zip(("model", "input", "output"), map(list, columns), strict=False))
    data = {**form, "won": won, "csrf": owner.TOKEN, "range": "month"}
    reply = requests.post(bot.url + "/stats", data=data, timeout=PATIENCE)
    assert reply.status_code == 200
    return reply.text


def spend(bot: Bot, model: str, usage: Usage) -> None:
    """As if a question of today had used so much."""

    def work(db: Session) -> None:
        db.tallies.asked(bot.store.now(), None)
        db.tallies.spent(bot.store.now(), model, usage)

    bot.store.database.submit(work).result(PATIENCE)


# --- what friends did -----------------------------------------------------------------------


def test_a_new_bot_is_told_how_to_begin(bot: Bot) -> None:
    page = get(bot)
    assert "아직 질문이 없어요" in page
    assert 'href="/local_test"' in page
    assert "<svg" not in page


def test_the_page_says_what_friends_did(
    stopped_bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    with stopped_bot.open(REPLY_SECONDS=2) as bot:
        asked, pages = six_questions(bot, fake_openai, fake_kakao), ("day", "week", "year", "x", "")
        for page in (get(bot, span) for span in pages):
            assert tiles(page)["친구"] == "3명"
            told = total(page, "질문 표")
            assert (told["질문"], told["바로"]) == (asked, asked - 3)
            assert (told["콜백으로"], told["버튼으로"], told["답하지 못함"]) == (1, 1, 1)
            assert told["아직 안 가져감"] == 0


def six_questions(bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao) -> int:
    """One fails, one comes by callback, one at a button; how many were asked with those before."""
    friends = [bot.known(f"friend-{number}") for number in range(3)]
    before = int(tiles(get(bot)).get("질문", "0"))
    for friend in friends:
        friend.says("바로 답하는 질문")
    fake_openai.fails(400, {"message": "no", "code": "invalid_prompt"})
    friends[0].says("거절되는 질문")
    fake_openai.hold(only="오래")
    late, called = friends[1], bot.friend("friend-2", callback_url=fake_kakao.callback_url())
    shown = late.says("오래 생각할 질문")
    assert called.says("오래 걸리는 질문").promised
    fake_openai.release()
    fake_kakao.wait_for(1)
    assert "답: 오래 생각할 질문" in late.presses(shown, "생각 다했니?").text
    bot.until_delivered(before + 6)
    return before + 6


@pytest.mark.usefixtures("unhurried")
def test_failures_are_told_by_kind_with_what_to_do(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    fake_openai.fails(401, {"message": "no", "code": "invalid_api_key"})
    friend.says("첫 질문")
    bot.until_delivered(1)
    page = get(bot)
    assert TEXTS("stats.kind_wrong_key") in page
    assert TEXTS("hint.wrong_key").removeprefix("OPENAI_API_KEY") in page
    assert TEXTS("stats.kind_timeout") not in page


def test_a_time_without_failures_says_so(bot: Bot) -> None:
    bot.known().says("질문")
    assert "모든 질문에 답했어요" in get(bot)


def test_a_label_has_figures_of_its_own_from_what_is_stored(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    for id, labels in (("one", (NASTY, "1반")), ("two", ("1반",)), ("three", ())):
        bot.known(id)
        described = Description(labels=labels)
        assert bot.store.describe(id, Description(), described).result(PATIENCE)
    fake_openai.fails(400)
    bot.friend("two").says("실패한 질문")
    page = get(bot, "day")
    part = page.partition('id="labels-title"')[2].partition("</table>")[0]
    rows = [re.findall(r"<t[dh][^>]*>(?:<a[^>]*>)?([^<]+)", row) for row in part.split("<tr>")[2:]]
    assert [[unescape(cell) for cell in row] for row in rows] == [
        ["1반", "2", "3", "2", "1"],
        [NASTY, "1", "1", "1", "0"],
    ]
    assert "지금 남아 있는 질문에서" in part


def test_without_labels_there_is_no_table_of_them(bot: Bot) -> None:
    bot.known()
    assert TEXTS("stats.by_label") not in get(bot)


def test_every_failure_has_a_name() -> None:
    assert len({TEXTS(f"stats.kind_{failure}") for failure in Failure}) == len(Failure)


# --- prices ---------------------------------------------------------------------------------


def test_an_unknown_price_is_told_as_unknown(bot: Bot) -> None:
    spend(bot, MODEL, Usage(1_000_000, 0))
    assert tiles(get(bot))["예상 비용"] == "모름"


def test_the_owners_price_counts_at_once_and_after_a_restart(stopped_bot: Bot) -> None:
    with stopped_bot.open(OPENAI_MODEL=MODEL) as bot:
        spend(bot, MODEL, Usage(1_000_000, 100_000))
        page = save(bot, (MODEL, "1", "10"), won="1,000")
        assert "가격을 저장했어요" in page
        assert tiles(page)["예상 비용"] == "2,000원"
    with stopped_bot.open(OPENAI_MODEL=MODEL) as bot:
        assert tiles(get(bot))["예상 비용"] == "2,000원"


def test_a_model_without_a_price_is_left_out_of_the_sum_and_said_so(bot: Bot) -> None:
    spend(bot, MODEL, Usage(1_000_000, 0))
    spend(bot, "llama3:8b", Usage(1_000_000, 0))
    page = save(bot, (MODEL, "0", "0"))
    assert tiles(page)["예상 비용"] == "0원"
    assert "모르는 모델은 빼고" in page
    assert "모르는 모델은 빼고" not in save(bot, (MODEL, "0", "0"), ("llama3:8b", "1", "1"))


def test_a_wrong_price_is_told_and_nothing_typed_is_lost(bot: Bot) -> None:
    spend(bot, "other", Usage(1, 1))
    page = save(bot, (MODEL, "열 원", "2.5"), ("other", "3", "4"), won="많이")
    assert [f'value="{typed}"' in page for typed in ("열 원", "2.5", "3", "4", "많이")] == [
        True
    ] * 5
    assert page.count('aria-invalid="true"') == 3
    assert TEXTS("stats.wrong_price") in page
    assert TEXTS("stats.wrong_rate") in page
    assert Prices.read(Path(bot.environ["DATA_DIR"])) == Prices()


def test_prices_that_cannot_be_written_are_told_and_stay_in_the_form(bot: Bot) -> None:
    (Path(bot.environ["DATA_DIR"]) / FILE).mkdir()
    page = save(bot, (MODEL, "1", "10"))
    assert "가격을 저장하지 못했어요" in page
    assert 'value="10"' in page


def test_a_file_that_cannot_be_read_is_told(bot: Bot) -> None:
    (Path(bot.environ["DATA_DIR"]) / FILE).write_text("[[", "utf-8")
    assert "읽을 수 없어서" in get(bot)


def test_a_models_name_is_shown_as_it_stands(bot: Bot) -> None:
    spend(bot, NASTY, Usage(1, 1))
    page = save(bot, (NASTY, NASTY, NASTY), won=NASTY)
    assert "<script>alert" not in get(bot) + page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;" in page


# --- in a browser ---------------------------------------------------------------------------


def test_an_owner_looks_at_a_column_and_edits_a_price(page: "Page", bot: Bot) -> None:
    from playwright.sync_api import expect

    bot.known().says("질문")
    spend(bot, MODEL, Usage(2_000_000, 0))
    page.goto(bot.url + "/stats")
    chart = page.get_by_role("region", name="질문", exact=True)
    chart.locator(".column").last.hover()
    expect(chart.locator(".tip")).to_contain_text("질문")
    page.get_by_role("link", name="30일").click()
    expect(page.get_by_role("link", name="30일")).to_have_attribute("aria-current", "page")
    page.get_by_label("읽기 (달러)").fill("1")
    page.get_by_role("button", name="가격 저장").click()
    expect(page.get_by_text("0보다 큰 수를 적어 주세요")).to_be_visible()
    page.get_by_label("쓰기 (달러)").fill("2")
    page.get_by_role("button", name="가격 저장").click()
    expect(page.get_by_text("가격을 저장했어요")).to_be_visible()
    expect(page.get_by_role("link", name="30일")).to_have_attribute("aria-current", "page")
    expect(page.get_by_text("2,800원").first).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_in_the_way_of_anybody(
    chromium: "Browser", bot: Bot, fake_openai: FakeOpenAI, dark: bool
) -> None:

    from tests.support import browser as real
    from tests.support.browser import shuts_nobody_out

    fake_openai.fails(500, times=3)
    friend = bot.known()
    for number in range(4):
        friend.says(f"질문 {number}")
    save(bot, (MODEL, "1", "10"), ("a-model-with-a-long-name:70b-instruct-q4_K_M", "0", "0"))
    for size in (real.WIDE, real.PHONE):
        with real.opened(chromium, size, dark) as page:
            found = real.complaints(page)
            for span in ("day", "month"):
                page.goto(f"{bot.url}/stats?range={span}")
                for summary in page.get_by_text("표로 보기").all():
                    summary.click()
                shuts_nobody_out(page)
            assert found == []
