"""What an owner does with questions that failed, as HTTP: without any script."""

import re
from html import unescape

import pytest
import requests

from chatgee.texts import Texts
from chatgee.web import owner
from chatgee.web.pages import failed_questions
from tests.support import beside
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.visitor import ask

pytestmark = pytest.mark.usefixtures("wherever", "unhurried")

TEXTS = Texts.load()
NO_CREDIT = (429, {"code": "insufficient_quota"})
FILTER = {"kind": "failed", "failure": "no_credit"}


def fails(bot: Bot, end: FakeOpenAI, *questions: str, by: str = "friend-1") -> None:
    for words in questions:
        end.fails(*NO_CREDIT)
        bot.friend(by).says(words)
    count = "SELECT count(*) FROM questions WHERE state = 'failed' AND delivered_at IS NULL"
    beside.until(bot.database, count, lambda found: found == 0)


def does(
    bot: Bot, what: str, to: dict[str, str] | None = None, hx: bool = False, **form: str
) -> requests.Response:
    """Press a button of a page whose address has `to` in it."""
    sent = {"csrf": owner.TOKEN, "what": what} | form
    headers = {"HX-Request": "true"} if hx else {}
    return ask(bot, "/talks/failed", "POST", params=to or {}, data=sent, headers=headers)


def goes_to(bot: Bot, reply: requests.Response) -> requests.Response:
    assert reply.status_code == 303, reply.text
    return requests.get(bot.url + reply.headers["Location"], timeout=PATIENCE)


def id_of(bot: Bot, words: str) -> str:
    found: str = beside.value(bot.database, f"SELECT id FROM questions WHERE text = '{words}'")
    return found


def handled(bot: Bot) -> list[str | None]:
    return [
        row[0]
        for row in beside.rows(bot.database, "SELECT handled FROM questions ORDER BY asked_at")
    ]


def asked(page: requests.Response) -> list[str]:
    assert page.status_code == 200, page.text
    found = re.findall(r'class="asked">(.*?)</p>', page.text, re.DOTALL)
    return [unescape(re.sub(r"<[^>]+>", "", one)).strip() for one in found]


def home(bot: Bot) -> str:
    return ask(bot, "/").text


def test_one_is_asked_again_and_its_answer_waits_for_the_friend(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    fails(bot, fake_openai, "질문")
    page = goes_to(bot, does(bot, "again", FILTER, id=id_of(bot, "질문")))
    assert TEXTS("talks.told_again", count=1) in page.text
    bot.until_held("friend-1")
    assert TEXTS("home.troubles") not in home(bot)
    assert bot.friend().says("다음").bubbles == ["‘질문’의 답이에요.\n\n답: 질문", "답: 다음"]


def test_all_of_one_reason_are_asked_again_whoever_asked_them(
    bot: Bot, fake_openai: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_questions, "AT_ONCE", 2)
    for friend in ("one", "two"):
        fails(bot, fake_openai, f"{friend} 하나", f"{friend} 둘", by=friend)
    fake_openai.fails(401)
    bot.friend("three").says("다른 까닭")
    page = goes_to(bot, does(bot, "again", {"home": "1"}, failure="no_credit"))
    assert TEXTS("talks.told_again", count=4) in page.text
    bot.until_answered(4)
    assert fake_openai.questions.count("다른 까닭") == 1
    again = fake_openai.questions[5:]
    assert [one for one in again if one.startswith("one")] == ["one 하나", "one 둘"]
    assert TEXTS("hint.no_credit") not in home(bot)


@pytest.mark.parametrize("what", ["dismissed", "done"])
def test_what_is_handled_is_no_trouble_and_says_so_among_the_talks(
    bot: Bot, fake_openai: FakeOpenAI, what: str
) -> None:
    fails(bot, fake_openai, "하나", "둘")
    does(bot, what, FILTER, id=id_of(bot, "하나"))
    assert TEXTS("home.trouble_times", count=1, ago=TEXTS("ago.now")) in home(bot)
    does(bot, what, {"home": "1"}, failure="no_credit")
    assert TEXTS("home.troubles") not in home(bot)
    page = ask(bot, "/talks", params=FILTER)
    assert asked(page) == ["둘", "하나"]
    assert page.text.count(f'is-handled">{TEXTS(f"talks.as_{what}")}<') == 2
    does(bot, "open", FILTER, id=id_of(bot, "하나"))
    assert handled(bot) == [None, what]
    assert len(fake_openai.questions) == 2


def test_a_reason_leads_to_its_questions(bot: Bot, fake_openai: FakeOpenAI) -> None:
    fails(bot, fake_openai, "금액")
    fake_openai.fails(401)
    bot.friend().says("키")
    for path in ("/", "/stats"):
        found = unescape(ask(bot, path).text)
        assert 'href="/talks?kind=failed&failure=no_credit"' in found, path
    page = ask(bot, "/talks", params=FILTER)
    assert asked(page) == ["금액"]
    assert TEXTS("talks.reason", kind=TEXTS("stats.kind_no_credit")) in page.text
    assert TEXTS("talks.same_reason", count=1) in page.text
    assert asked(ask(bot, "/talks", params=FILTER | {"kind": "reply"})) == []


def test_the_script_gets_the_row_alone_and_goes_on_as_it_was(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    fails(bot, fake_openai, "하나", "둘")
    reply = does(bot, "dismissed", FILTER, hx=True, id=id_of(bot, "하나"))
    assert asked(reply) == ["하나"]
    assert "failure=no_credit" in reply.text
    assert 'class="more' not in reply.text


def test_on_a_friends_page_one_stays_there(bot: Bot, fake_openai: FakeOpenAI) -> None:
    fails(bot, fake_openai, "질문")
    to = {"friend": "friend-1", "at": "1"}
    for hx in (True, False):
        reply = does(bot, "done", to, hx, id=id_of(bot, "질문"))
        page = goes_to(bot, reply)
        assert f'id="q-{id_of(bot, "질문")}"' in page.text
        assert TEXTS("talks.as_done") in page.text


def test_nobody_is_led_elsewhere_and_nothing_odd_is_done(bot: Bot, fake_openai: FakeOpenAI) -> None:
    fails(bot, fake_openai, "질문")
    assert does(bot, "delete", id="x").status_code == 400
    gone = goes_to(bot, does(bot, "again", id="\0x"))
    assert TEXTS("talks.told_none") in gone.text
    odd = does(bot, "again", {"friend": "//evil.example", "at": "x"}, id="//evil.example")
    assert odd.headers["Location"].startswith("/talks/friend?")
    assert handled(bot) == [None]
    assert TEXTS("talks.told_again", count=7) not in ask(bot, "/?did=zzz&count=7").text
    assert ask(bot, "/talks?did=again&count=x").status_code == 200


def test_what_was_answered_meanwhile_is_left(bot: Bot, fake_openai: FakeOpenAI) -> None:
    fails(bot, fake_openai, "질문")
    id_ = id_of(bot, "질문")
    does(bot, "again", id=id_)
    bot.until_held("friend-1")
    assert TEXTS("talks.told_none") in goes_to(bot, does(bot, "again", id=id_)).text
    does(bot, "dismissed", id=id_)
    assert handled(bot) == [None]
    assert fake_openai.questions.count("질문") == 2
