"""What an owner writes of a friend, and beginning anew with everyone, as HTTP."""

import csv
import io
import json
import re
from html import unescape

import pytest
import requests

from chatgee.store.describing import Description
from chatgee.store.reading.archive import Archive
from chatgee.store.reading.friends import Friend, find
from chatgee.web import owner
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI, Told
from tests.web.pages.test_talks import WILD, asked, get

pytestmark = pytest.mark.usefixtures("unhurried")

NASTY = "<b>\"'&{{1}}"
KIM = {"nickname": "김민준", "note": "반장\n이과", "labels": "3학년 2반, 과학부"}


def post(bot: Bot, path: str, **form: str) -> requests.Response:
    form = {"csrf": owner.TOKEN} | form
    return requests.post(bot.url + path, form, timeout=PATIENCE, allow_redirects=False)


def describe(bot: Bot, user_id: str = WILD, **form: str) -> requests.Response:
    return post(bot, "/talks/friend", id=user_id, **form)


def known(bot: Bot, user_id: str = WILD) -> Friend:
    archive = Archive(bot.database)
    one = find(archive, user_id)
    archive.close()
    assert one
    return one


def was(page: requests.Response) -> str:
    found = re.search(r'name="was" value="(\w+)"', page.text)
    assert found
    return found[1]


def test_a_nickname_is_shown_wherever_the_friend_is(bot: Bot) -> None:
    bot.known(WILD).says("광합성")
    reply = describe(bot, **KIM)
    assert reply.status_code == 303
    assert "저장했어요" in get(bot, reply.headers["Location"]).text
    assert known(bot).description == Description("김민준", "반장\n이과", ("3학년 2반", "과학부"))
    for page in ("/talks", "/talks/live", "/talks?q=광합성", "/talks?q=김민준"):
        assert "김민준" in get(bot, page).text, page
    for page in ("/talks/friend", "/talks/delete"):
        assert "김민준" in get(bot, page, id=WILD).text, page
    thread = unescape(get(bot, "/talks/friend", id=WILD).text)
    assert "반장\n이과</textarea>" in thread


def test_a_failed_question_names_its_friend(bot: Bot, fake_openai: FakeOpenAI) -> None:
    bot.known()
    describe(bot, "friend-1", **KIM)
    fake_openai.fails(400)
    bot.friend().says("실패한 질문")
    page = get(bot, "/talks", kind="failed")
    assert asked(page) == ["실패한 질문"]
    assert "김민준" in page.text


def test_it_is_a_column_of_the_files_and_works_nothing_out(bot: Bot) -> None:
    bot.known()
    describe(bot, "friend-1", nickname="=1+1", labels="@SUM(A1), 2반")
    head, row = csv.reader(io.StringIO(get(bot, "/talks/export/csv").content.decode("utf-8-sig")))
    found = dict(zip(head, row, strict=True))
    assert (found["별명"], found["이름표"]) == ("'=1+1", "'@SUM(A1), 2반")
    record = json.loads(get(bot, "/talks/export/jsonl").text)
    assert (record["nickname"], record["labels"]) == ("=1+1", ["@SUM(A1)", "2반"])


def test_a_label_narrows_the_list_and_its_files(bot: Bot) -> None:
    for id, labels in (("one", "1반"), ("two", "11반, 과학부"), ("three", "")):
        bot.friend(id).says(f"{id}의 질문")
        describe(bot, id, labels=labels)
    assert re.findall(r"<option[^>]*>(\d+반|과학부)<", get(bot, "/talks").text) == [
        "11반",
        "1반",
        "과학부",
    ]
    page = get(bot, "/talks", label="1반")
    assert asked(page) == ["one의 질문"]
    assert "<option selected>1반" in page.text
    links = [unescape(one) for one in re.findall(r'href="(/talks/export/[^"]+)"', page.text)]
    assert len(links) == 2
    for link in links:
        told = get(bot, link).text
        assert "one의 질문" in told
        assert "two의 질문" not in told
    assert asked(get(bot, "/talks", label="없는 반")) == []


def test_what_an_owner_writes_is_text_on_every_page(bot: Bot) -> None:
    bot.known()
    describe(bot, "friend-1", nickname=NASTY, note=f"</textarea>{NASTY}", labels=NASTY)
    at = "?id=friend-1"
    for page in ("/talks", f"/talks/friend{at}", f"/talks/delete{at}", "/stats"):
        shown = get(bot, page).text
        assert "<b>\"'" not in shown, page
        assert NASTY in unescape(shown), page
    assert asked(get(bot, "/talks", label=NASTY)) == ["안녕"]


def test_what_is_too_long_is_told_and_nothing_typed_is_lost(bot: Bot) -> None:
    bot.known()
    page = describe(bot, "friend-1", nickname="가" * 42, note="메모", labels="나" * 31)
    assert page.status_code == 200
    assert "별명이 2글자 길어요" in page.text
    assert "1글자 길어요. 하나에 30글자까지" in page.text
    for typed in ("가" * 42, "메모", "나" * 31):
        assert typed in page.text
    assert known(bot, "friend-1").description == Description()


def test_what_another_window_wrote_is_not_written_over_unseen(bot: Bot) -> None:
    bot.known()
    opened = was(get(bot, "/talks/friend", id="friend-1"))
    describe(bot, "friend-1", nickname="하나", note="첫째 메모", was=opened)
    told = describe(bot, "friend-1", nickname="둘", was=opened)
    assert "그사이 다른 창에서" in told.text
    assert "첫째 메모" in told.text
    assert known(bot, "friend-1").nickname == "하나"
    assert describe(bot, "friend-1", nickname="둘", was=was(told)).status_code == 303
    assert known(bot, "friend-1").nickname == "둘"


def test_of_who_is_gone_nothing_is_written(bot: Bot) -> None:
    assert describe(bot, "nobody", **KIM).status_code == 404
    bot.known()
    post(bot, "/talks/delete", id="friend-1")
    assert describe(bot, "friend-1", **KIM).status_code == 404


def test_without_the_token_nothing_is_changed(bot: Bot) -> None:
    bot.known()
    assert describe(bot, "friend-1", csrf="wrong", **KIM).status_code == 403
    assert post(bot, "/talks/anew", csrf="wrong").status_code == 403
    assert known(bot, "friend-1").description == Description()
    assert known(bot, "friend-1").memory_from == 0


# --- beginning anew with everyone -----------------------------------------------------------


def test_everybody_begins_anew_once_the_owner_has_said_so_twice(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    friends = [bot.known("one"), bot.known("two")]
    assert "/talks/anew" in get(bot, "/talks").text
    assert "/talks/anew" in get(bot, "/settings/character").text
    assert "하나도 지우지 않아요" in get(bot, "/talks/anew").text
    friends[0].says("아직 기억해요")
    assert len(Told.by(fake_openai.requests[-1]).memory) == 2
    done = post(bot, "/talks/anew")
    assert (done.status_code, done.headers["Location"]) == (303, "/talks?done=anew")
    page = get(bot, "/talks", done="anew")
    assert "모두 새로 시작했어요" in page.text
    assert len(asked(page)) == 3
    for friend in friends:
        friend.says("새 질문")
        assert Told.by(fake_openai.requests[-1]).memory == []
