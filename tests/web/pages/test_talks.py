"""The owner's page of talks, as HTTP: what is in it, the files, and deleting."""

import csv
import io
import json
import re
from contextlib import closing
from html import unescape
from pathlib import Path
from sqlite3 import connect

import pytest
import requests

from chatgee.store.reading import friends, talks
from chatgee.store.reading.archive import Archive
from chatgee.web import owner
from tests.support import beside
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI

pytestmark = pytest.mark.usefixtures("unhurried")

WILD = "a/b?c=<script>&\"'한 글%2F#é"
"""A friend's id comes from outside and may hold anything."""


def get(bot: Bot, path: str, **query: object) -> requests.Response:
    return requests.get(bot.url + path, params=query, timeout=PATIENCE)  # type: ignore[arg-type]


def delete(bot: Bot, user_id: str, token: str = owner.TOKEN) -> requests.Response:
    form = {"csrf": token, "id": user_id}
    return requests.post(bot.url + "/talks/delete", form, timeout=PATIENCE, allow_redirects=False)


def asked(page: requests.Response) -> list[str]:
    """The questions in a page, as a reader sees them."""
    assert page.status_code == 200, page.text
    found = re.findall(r'class="asked">(.*?)</p>', page.text, re.DOTALL)
    return [unescape(re.sub(r"<[^>]+>", "", one)).strip() for one in found]


def states(page: requests.Response) -> list[str]:
    return re.findall(r'class="state is-\w+">(.*?)<', page.text)


def link(page: requests.Response, words: str) -> str:
    found = re.search(rf'href="([^"]+)"[^>]*>{words}</a>', page.text)
    assert found, words
    return unescape(found[1])


# --- the list -------------------------------------------------------------------------------


def test_the_newest_is_at_the_top_and_older_ones_are_one_press_away(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatgee.web.pages.talks.PAGE", 2)
    friend = bot.known()
    for number in range(3):
        friend.says(f"질문 {number}")
    page = get(bot, "/talks")
    assert asked(page) == ["질문 2", "질문 1"]
    further = link(page, "더 보기")
    assert asked(get(bot, further)) == ["질문 0", "안녕"]
    assert "여기까지가 전부예요" in get(bot, further).text


def test_nothing_yet_is_said_kindly(bot: Bot) -> None:
    page = get(bot, "/talks")
    assert "아직 아무도 묻지 않았어요" in page.text


def test_what_the_owner_tried_is_shown_and_exported_on_request(bot: Bot) -> None:
    bot.known().says("진짜 질문")
    bot.friend("desk-abcdefgh").says("해 본 질문")
    page = get(bot, "/talks")
    assert asked(page) == ["진짜 질문", "안녕"]
    assert "해 보기의 친구는 빼요" in page.text
    both = get(bot, link(page, "해 보기의 친구도 보기"))
    assert asked(both) == ["해 본 질문", "진짜 질문", "안녕"]
    assert "/talks/live?simulated=1" in both.text
    assert "해 본 질문" not in get(bot, link(page, "JSONL 받기")).text
    assert "해 본 질문" in get(bot, link(both, "JSONL 받기")).text
    assert "해 본 질문" in get(bot, link(both, r"CSV 받기 \(엑셀\)")).text
    assert asked(get(bot, "/talks", q="질문")) == ["진짜 질문"]
    assert asked(get(bot, "/talks", q="질문", simulated="1")) == ["해 본 질문", "진짜 질문"]
    assert asked(get(bot, link(both, "해 보기의 친구 빼기"))) == ["진짜 질문", "안녕"]


def test_it_is_told_how_each_answer_was_delivered(bot: Bot, fake_openai: FakeOpenAI) -> None:
    bot.known().says("바로")
    fake_openai.hold()
    bot.friend("late").says("늦게")
    assert "생각하는 중" in states(get(bot, "/talks"))
    fake_openai.release()
    bot.until_held("late")
    page = get(bot, "/talks")
    assert asked(page)[:2] == ["늦게", "바로"]
    assert states(page)[:2] == ["아직 안 가져감", "바로 답함"]
    assert asked(get(bot, "/talks", kind="waiting")) == ["늦게"]


def test_a_failure_is_told_in_the_owners_words(bot: Bot, fake_openai: FakeOpenAI) -> None:
    fake_openai.fails(401)
    bot.friend().says("안녕")
    page = get(bot, "/talks")
    assert "답하지 못함" in page.text
    told = bot.texts("hint.wrong_key").removeprefix("OPENAI_API_KEY")
    assert told in unescape(page.text)


def test_what_was_found_is_marked(bot: Bot) -> None:
    friend = bot.known()
    friend.says("광합성이 뭐예요? <b>")
    friend.says("급식은요?")
    page = get(bot, "/talks", q="광합성 <b>")
    assert asked(page) == ["광합성이 뭐예요? <b>"]
    assert "<mark>광합성</mark>" in page.text
    assert "<mark>&lt;b&gt;</mark>" in page.text
    assert "찾은 대화가 없어요" in get(bot, "/talks", q="없는말").text


def test_a_long_search_goes_on_by_itself_or_by_a_link(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talks, "SLICE", 2)
    monkeypatch.setattr(talks, "PATIENCE_SECONDS", 0.0)
    friend = bot.friend()
    for number in range(4):
        friend.says(f"질문 {number}")
    page = get(bot, "/talks", q="질문 0")
    assert asked(page) == []
    assert "까지 찾아봤어요" in page.text
    assert 'hx-trigger="load"' in page.text
    rest = get(bot, link(page, "이어서 찾기"))
    assert asked(rest) == ["질문 0"]


def test_a_day_ends_the_list(bot: Bot) -> None:
    bot.friend().says("안녕")
    assert asked(get(bot, "/talks", until="2020-01-01")) == []
    assert asked(get(bot, "/talks", until="2099-12-31")) == ["안녕"]
    assert asked(get(bot, "/talks", until="no day", kind="nothing")) == ["안녕"]


@pytest.mark.parametrize("before", ["x", "nan", ""])
def test_a_place_that_is_none_is_refused(bot: Bot, before: str) -> None:
    assert get(bot, "/talks", before=before).status_code == 400


def test_the_live_part_holds_only_what_the_page_does_not_know(bot: Bot) -> None:
    friend = bot.friend()
    friend.says("하나")
    page = get(bot, "/talks")
    row = re.search(r'data-at="([^"]+)" data-id="([^"]+)"', page.text)
    assert row
    known = {"after": row[1], "id": row[2]}
    assert asked(get(bot, "/talks/live", **known)) == []
    friend.says("둘")
    assert asked(get(bot, "/talks/live", **known)) == ["둘"]
    assert asked(get(bot, "/talks/live", **known, open=row[2])) == ["둘", "하나"]


def test_where_the_talks_cannot_be_read_the_owner_is_told(bot: Bot, tmp_path: Path) -> None:
    with closing(connect(tmp_path / "chatgee.db")) as other:
        other.execute("DROP TABLE questions")
    page = get(bot, "/talks")
    assert page.status_code == 503
    assert "지금은 대화를 읽을 수 없어요" in page.text


# --- one friend -----------------------------------------------------------------------------


def test_whatever_an_id_holds_its_thread_is_found(bot: Bot) -> None:
    bot.friend(WILD).says("<script>alert('q')</script>")
    bot.friend("other").says("남의 질문")
    thread = get(
        bot, re.findall(r'href="(/talks/friend[^"]+)"', unescape(get(bot, "/talks").text))[1]
    )
    assert thread.status_code == 200
    assert WILD in unescape(thread.text)
    assert "<script>alert" not in thread.text
    assert "&lt;script&gt;alert" in thread.text
    assert "남의 질문" not in thread.text


def test_a_thread_tells_where_the_memory_begins(bot: Bot) -> None:
    friend = bot.known()
    friend.says("옛 이야기")
    friend.says(bot.texts("button.reset"))
    assert "여기까지는 잊었어요" in get(bot, "/talks/friend", id="friend-1").text
    friend.says("새 이야기")
    page = get(bot, "/talks/friend", id="friend-1").text
    places = [page.index(words) for words in ("옛 이야기", "여기까지는 잊었어요", "새 이야기")]
    assert places == sorted(places)


def test_a_thread_has_what_was_asked_in_groups_too_and_says_so(bot: Bot) -> None:
    friend = bot.known()
    friend.within("cr-1").says("모두에게")
    friend.says(bot.texts("button.reset"))
    friend.within("cr-1").says("모두에게 또")
    for path in ("/talks/friend?id=friend-1", "/talks"):
        assert get(bot, path).text.count(f">{bot.texts('talks.in_group')}<") == 2
    page = get(bot, "/talks/friend", id="friend-1").text
    places = [page.index(words) for words in ("안녕", "여기까지는 잊었어요", "모두에게")]
    assert places == sorted(places), "what is forgotten is the private chat's"
    rows = csv.DictReader(io.StringIO(get(bot, "/talks/export/csv").text.lstrip("\ufeff")))
    assert [row["방"] for row in rows] == ["단체방", "단체방", ""]
    lines = get(bot, "/talks/export/jsonl").text.splitlines()
    assert [json.loads(line)["room_id"] for line in lines] == [" group:cr-1"] * 2 + [None]


def test_a_thread_has_pages_in_both_directions(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatgee.web.pages.talks.PAGE", 2)
    friend = bot.friend()
    for number in range(5):
        friend.says(f"질문 {number}")
    newest = get(bot, "/talks/friend", id="friend-1")
    assert "질문 2" not in newest.text
    older = get(bot, link(newest, "더 오래된 대화 보기"))
    assert ("질문 1" in older.text, "질문 2" in older.text, "질문 3" in older.text) == (1, 1, 0)
    assert "질문 4" in get(bot, link(older, "더 새로운 대화 보기")).text


def test_who_never_asked_has_no_thread(bot: Bot) -> None:
    assert get(bot, "/talks/friend", id="nobody").status_code == 404
    assert get(bot, "/talks/delete", id="nobody").status_code == 404
    assert delete(bot, "nobody").status_code == 404


def test_the_way_back_to_a_deleted_friend_says_that_nothing_is_left(bot: Bot) -> None:
    bot.friend().says("안녕")
    assert delete(bot, "friend-1").status_code == 303
    for path in ("/talks/friend", "/talks/delete"):
        page = get(bot, path, id="friend-1")
        assert "이 친구의 대화는 남아 있지 않아요" in page.text
        assert page.headers["Cache-Control"] == "no-store"


# --- files ----------------------------------------------------------------------------------


def test_the_table_opens_in_excel_and_works_nothing_out(bot: Bot) -> None:
    bot.known().says('=HYPERLINK("http://evil.example")')
    file = get(bot, "/talks/export/csv")
    assert file.content.startswith(b"\xef\xbb\xbf")
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = r'attachment; filename="chatgee-\d{4}-\d\d-\d\d\.csv"'
    assert re.fullmatch(name, file.headers["Content-Disposition"])
    _, newest, _ = csv.reader(io.StringIO(file.content.decode("utf-8-sig"), newline=""))
    assert '\'=HYPERLINK("http://evil.example")' in newest


def test_a_file_holds_what_was_looked_for(bot: Bot) -> None:
    bot.friend().says("광합성")
    bot.friend(WILD).says("급식")
    page = get(bot, "/talks", q="광합성")
    found = get(bot, link(page, "JSONL 받기"))
    assert [json.loads(line)["text"] for line in found.text.splitlines()] == ["광합성"]
    thread = get(bot, "/talks/friend", id=WILD)
    theirs = get(bot, link(thread, "JSONL 받기"))
    assert [json.loads(line)["user_id"] for line in theirs.text.splitlines()] == [WILD]
    assert len(get(bot, "/talks/export/jsonl").text.splitlines()) == 2


def test_no_other_file_is_offered(bot: Bot) -> None:
    assert get(bot, "/talks/export/exe").status_code == 404


# --- deleting -------------------------------------------------------------------------------


def test_deleting_is_asked_for_and_then_everything_is_gone(bot: Bot) -> None:
    bot.known(WILD).says("비밀이에요")
    bot.friend("other").says("남의 질문")
    sure = get(bot, "/talks/delete", id=WILD)
    assert "질문 2개와 그 답" in sure.text
    done = delete(bot, WILD)
    assert (done.status_code, done.headers["Location"]) == (303, "/talks?done=deleted")
    page = get(bot, "/talks", done="deleted")
    assert asked(page) == ["남의 질문"]
    assert "지웠어요" in page.text
    assert get(bot, "/talks/friend", id=WILD).status_code == 404


def test_without_the_token_nobody_is_deleted(bot: Bot) -> None:
    bot.friend().says("안녕")
    assert delete(bot, "friend-1", token="wrong").status_code == 403
    assert asked(get(bot, "/talks")) == ["안녕"]


def test_who_is_deleted_in_the_middle_of_a_question_is_gone(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    fake_openai.hold()
    friend = bot.friend()
    waiting = friend.says("비밀이에요")
    assert delete(bot, "friend-1").status_code == 303
    fake_openai.release()
    bot.friend("other").says("다음 질문")  # and the worker goes on
    paid = "SELECT prompt_tokens FROM usage WHERE user_id = ''"
    beside.until(bot.database, paid, lambda tokens: tokens == 2 * 20)
    told = friend.presses(waiting, bot.texts("button.fetch"))
    assert told.text == bot.texts("reply.unknown_question")
    assert asked(get(bot, "/talks")) == ["다음 질문"]
    assert get(bot, "/talks/friend", id="friend-1").status_code == 404


def test_a_deletion_that_fails_is_told_and_nothing_is_said_to_be_gone(
    bot: Bot, tmp_path: Path
) -> None:
    bot.friend().says("안녕")
    with closing(connect(tmp_path / "chatgee.db")) as other:
        other.execute("DROP TABLE usage")
        other.execute(
            "CREATE VIEW usage AS SELECT '' AS user_id, 1 AS prompt_tokens, 1 AS completion_tokens"
        )
    page = delete(bot, "friend-1")
    assert page.status_code == 503
    assert "지금은 지우지 못했어요" in page.text
    archive = Archive(f"sqlite:///{tmp_path / 'chatgee.db'}")
    assert friends.find(archive, "friend-1")
    archive.close()
