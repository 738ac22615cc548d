"""The page of sentences over HTTP: what it shows, saves and refuses, with no browser at hand."""

import html
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import requests

from chatgee.owner.texts_editor import KEYS
from chatgee.texts import Texts
from chatgee.web import owner
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.kakao_side import Friend

PATH = "/settings/texts"
CHANGES = (PATH, f"{PATH}/undo", f"{PATH}/cards", f"{PATH}/preview")
EVIL = "<script>alert('\"')</script>"
OURS = Texts.load()


def ask(bot: Bot, path: str = "", method: str = "GET", **more: Any) -> requests.Response:
    url = bot.url + PATH + path
    return requests.request(method, url, timeout=PATIENCE, allow_redirects=False, **more)


def fields(page: str) -> dict[str, str]:
    """What a browser would send of the page as it is."""
    inputs = re.findall(r'<input[^>]*?name="([^"]+)" value="([^"]*)"', page)
    areas = re.findall(r'<textarea[^>]*?name="([^"]+)"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    return {name: html.unescape(value) for name, value in [*inputs, *areas]}


def send(bot: Bot, path: str = "", **typed: str) -> requests.Response:
    """The page's form, with these words typed over what stood there; `__` stands for a dot."""
    form = fields(ask(bot).text) | {name.replace("__", "."): one for name, one in typed.items()}
    return ask(bot, path, "POST", data=form)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "texts.toml"


# --- whose it is ----------------------------------------------------------------------------


def test_a_stranger_finds_nothing(bot: Bot) -> None:
    for headers in ({"Host": "bot.example.com"}, {"X-Forwarded-For": "192.0.2.7"}):
        assert ask(bot, headers=headers).status_code == 404
        for path in CHANGES:
            form = {"csrf": owner.TOKEN}
            reply = requests.post(bot.url + path, data=form, headers=headers, timeout=PATIENCE)
            assert reply.status_code == 404


@pytest.mark.parametrize("path", CHANGES)
def test_what_no_page_of_ours_sent_changes_nothing(bot: Bot, path: str, file: Path) -> None:
    form = {"reply.empty": "네?", "shows": "reply.empty"}
    assert requests.post(bot.url + path, data=form, timeout=PATIENCE).status_code == 403
    assert not file.exists()
    assert bot.reloads == 0


# --- saving ---------------------------------------------------------------------------------


def test_every_sentence_stands_in_the_page_as_it_is(bot: Bot, file: Path) -> None:
    file.write_text('[reply]\nempty = "네?"\n', "utf-8")
    found = fields(ask(bot).text)
    now = Texts.load(file)
    assert {key: found[key] for key in KEYS} == {key: now.sentences[key] for key in KEYS}
    assert [found[f"card-{n}-title"] for n in range(3)] == [card.title for card in now.cards]


def test_a_sentence_is_saved_and_the_program_reads_it(bot: Bot, file: Path) -> None:
    saved = send(bot, reply__empty="네?\r\n말해 봐", **{"card-1-title": "새 제목"})
    assert (saved.status_code, saved.headers["Location"]) == (303, f"{PATH}?done=saved")
    texts = Texts.load(file)
    assert texts("reply.empty") == "네?\n말해 봐"
    assert texts.cards[1].title == "새 제목"
    assert bot.reloads == 1
    assert "저장했어요" in ask(bot, "?done=saved").text


def test_nothing_is_lost_when_something_is_wrong(bot: Bot, file: Path) -> None:
    page = send(bot, reply__empty="네?", reply__held="{who}", button__more="생각다했니").text
    found = fields(page)
    assert (found["reply.empty"], found["reply.held"]) == ("네?", "{who}")
    assert "고칠 곳이 3개 있어요" in page
    assert "{who}: 여기에는 쓸 수 없는 이름이에요" in page
    assert "‘생각 다했니?’ 버튼과 같은 말이라서" in page
    assert not file.exists()
    assert bot.reloads == 0


def test_saving_what_is_there_already_changes_nothing(bot: Bot, file: Path) -> None:
    assert send(bot).headers["Location"] == f"{PATH}?done=same"
    assert not file.exists()
    assert bot.reloads == 0


def test_the_last_save_is_undone(bot: Bot, file: Path) -> None:
    assert "마지막 저장 되돌리기" not in ask(bot).text
    send(bot, reply__empty="네?")
    assert "마지막 저장 되돌리기" in ask(bot).text
    assert send(bot, "/undo").headers["Location"] == f"{PATH}?done=undone"
    assert Texts.load(file) == OURS
    assert bot.reloads == 2


def test_a_broken_file_is_told_and_put_aside_on_request(bot: Bot, file: Path) -> None:
    file.write_text("[reply\n", "utf-8")
    assert "읽을 수 없는 파일이라" in ask(bot).text
    refused = send(bot, reply__empty="네?")
    assert refused.status_code == 200
    assert "texts.toml: 읽을 수 없는 파일이라 그대로 두었어요" in refused.text
    assert file.read_text("utf-8") == "[reply\n"
    form = fields(refused.text)
    assert form["reply.empty"] == "네?"
    assert ask(bot, "", "POST", data=form | {"aside": "1"}).status_code == 303
    assert tomllib.loads(file.read_text("utf-8")) == {"reply": {"empty": "네?"}}
    assert file.with_name("texts.toml.broken").read_text("utf-8") == "[reply\n"


def test_a_file_that_is_not_broken_is_not_put_aside(bot: Bot, file: Path) -> None:
    file.write_text("# 우리 반\n", "utf-8")
    assert send(bot, reply__empty="네?", aside="1").status_code == 303
    assert file.read_text("utf-8").startswith("# 우리 반\n")


def test_what_was_changed_elsewhere_is_replaced_only_once_that_was_told(
    bot: Bot, file: Path
) -> None:
    form = fields(ask(bot).text) | {"reply.empty": "네?"}
    file.write_text('[reply]\nempty = "다른 말"\n', "utf-8")
    told = ask(bot, "", "POST", data=form).text
    assert "다른 곳에서 바뀌었어요" in told
    assert Texts.load(file)("reply.empty") == "다른 말"
    assert ask(bot, "", "POST", data=fields(told)).status_code == 303
    assert Texts.load(file)("reply.empty") == "네?"


def test_what_the_owners_file_gets_wrong_is_told(bot: Bot, file: Path) -> None:
    file.write_text('[reply]\nhello = "안녕"\n', "utf-8")
    assert "texts.toml 2번째 줄 reply.hello" in ask(bot).text


def test_words_are_never_taken_for_html(bot: Bot, file: Path) -> None:
    evil = {"card-0-title": EVIL, "card-0-description": f"{EVIL}</textarea>"}
    page = send(bot, reply__empty=f"</textarea>{EVIL}", reply__held="{", **evil)
    assert "alert" in page.text
    assert EVIL not in page.text
    assert send(bot, reply__empty=f"</textarea>{EVIL}", **evil).status_code == 303
    assert EVIL not in ask(bot).text
    assert Texts.load(file)("reply.empty") == f"</textarea>{EVIL}"


# --- cards ----------------------------------------------------------------------------------


def titles(page: str) -> list[str]:
    found = fields(page)
    return [found[name] for name in found if re.fullmatch(r"card-\d-title", name)]


FIRST, SECOND, THIRD = (card.title for card in OURS.cards)


@pytest.mark.parametrize(
    ("do", "left"),
    [
        ("add", [FIRST, SECOND, THIRD, ""]),
        ("remove-1", [FIRST, THIRD]),
        ("up-2", [FIRST, THIRD, SECOND]),
        ("down-0", [SECOND, FIRST, THIRD]),
        *((do, [FIRST, SECOND, THIRD]) for do in ("up-0", "down-2", "remove-9", "up-9", "", "x-1")),
    ],
)
def test_cards_come_go_and_move_without_a_script(
    bot: Bot, file: Path, do: str, left: list[str]
) -> None:
    page = send(bot, f"/cards?do={do}", reply__empty="네?").text
    assert titles(page) == left
    assert fields(page)["reply.empty"] == "네?"
    assert not file.exists()


def test_there_are_never_more_cards_than_kakao_shows(bot: Bot) -> None:
    ten = {f"card-{n}-{name}": "카드" for n in range(10) for name in ("title", "description")}
    page = send(bot, "/cards?do=add", **ten).text
    assert len(titles(page)) == 10
    assert "열 장까지" in page


def test_the_last_card_stays(bot: Bot) -> None:
    form = {"csrf": owner.TOKEN, "card-0-title": "하나", "card-0-description": "설명"}
    assert titles(ask(bot, "/cards?do=remove-0", "POST", data=form).text) == ["하나"]


# --- the preview ----------------------------------------------------------------------------


def preview(bot: Bot, shows: str, **typed: str) -> dict[str, Any]:
    reply = send(bot, "/preview", shows=shows, **typed)
    assert reply.status_code == 200
    found: dict[str, Any] = reply.json()
    return found


def test_the_preview_is_what_a_friend_is_sent(
    stopped_bot: Bot, file: Path, fake_openai: FakeOpenAI
) -> None:
    """Each is looked at before it is saved; then friends do what the scenes show."""
    typed = {"reply__greeting": "안녕!\n반가워 <b>", "reply__not_yet": "잠깐만!"}
    typed |= {"button__fetch": "다 됐어?", "button__reset": "처음부터", "reply__reset": "잊었지"}
    typed |= {"limit__day": "{limit}개 끝", "reply__notice": "틀릴 수 있음"}
    typed |= {"card-0-title": "우리 반", "card-0-description": "‘{fetch}’를 눌러요"}
    keys = ("reply.greeting", "reply.notice", "reply.reset", "limit.day", "reply.not_yet", "card")
    with stopped_bot.open(QUESTIONS_PER_DAY=2) as bot:
        seen = {key: preview(bot, key, **typed)["template"] for key in keys}
        send(bot, **typed)
    stopped_bot.texts = Texts.load(file)
    with stopped_bot.open(QUESTIONS_PER_DAY=2, NOTICE_EVERY=2, REPLY_SECONDS=2) as bot:
        friend = bot.friend(is_friend=True)
        assert friend.says("첫 질문").body["template"]["outputs"][0] == at(
            seen["reply.greeting"], 0
        )
        assert friend.says("질문").body["template"]["outputs"][1] == at(seen["reply.notice"], 1)
        assert friend.says("질문").body["template"] == seen["limit.day"]
        assert friend.says("처음부터").body["template"] == seen["reply.reset"]
        assert friend.says("📓 사용설명서").body["template"] == seen["card"]
        other = bot.known("friend-2")
        fake_openai.hold()
        late = other.says("느린 질문").body["template"]
        fake_openai.release()
        for quick in (*late["quickReplies"], *seen["reply.not_yet"]["quickReplies"]):
            del quick["extra"]
        assert late == seen["reply.not_yet"]


def sent(friend: Friend, words: str) -> dict[str, Any]:
    template: dict[str, Any] = friend.says(words).body["template"]
    return template


def at(template: dict[str, Any], number: int) -> Any:
    return template["outputs"][number]


def test_the_preview_tells_what_is_wrong_and_shows_what_was_right(bot: Bot) -> None:
    seen = preview(bot, "reply.empty", reply__empty="{who}", reply__reset="")
    assert set(seen["problems"]) == {"reply.empty", "reply.reset"}
    assert "{who}" in seen["problems"]["reply.empty"]
    assert at(seen["template"], 0) == {"simpleText": {"text": OURS("reply.empty")}}


def test_the_preview_counts_as_kakao_does(bot: Bot) -> None:
    assert preview(bot, "button.more", button__more="🙂 더")["count"] == "4 / 14글자"
    long = preview(bot, "reply.empty", reply__empty="가" * 1001)
    assert long["count"] == "1,001 / 1,000글자"
    assert len(at(long["template"], 0)["simpleText"]["text"]) == 1000


@pytest.mark.parametrize(
    "shows", ["", "hint.server", "system_prompt", "reply.nothing", "failure.x"]
)
def test_the_preview_knows_only_what_friends_see(bot: Bot, shows: str) -> None:
    assert preview(bot, shows) == {"problems": {}}
