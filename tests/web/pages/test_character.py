"""The page of the bot's character over HTTP: saving, versions, and trying what is not saved."""

import json
import math
import re
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from chatgee.errors import Failure
from chatgee.kakao.messages import BUBBLE_CHARS, BUBBLES
from chatgee.model.system_prompt import MOST_CHARS, Character
from chatgee.owner.prompt_trial import MOST_AT_ONCE
from chatgee.system.text_files import mark
from chatgee.web import owner
from chatgee.web.pages.character import MOST_QUESTION_CHARS
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI

pytestmark = pytest.mark.usefixtures("unhurried")

PAGE = "/settings/character"
EVIL = '</textarea><script>alert("1")</script>'


@pytest.fixture
def character(bot: Bot, tmp_path: Path) -> Character:
    built_in = bot.texts("system_prompt")
    return Character(tmp_path / "system_prompt.txt", tmp_path / "characters", built_in)


def get(bot: Bot, path: str = PAGE) -> requests.Response:
    return requests.get(bot.url + path, timeout=PATIENCE)


def post(bot: Bot, path: str = PAGE, **form: str) -> requests.Response:
    form = {"csrf": owner.TOKEN} | form
    return requests.post(bot.url + path, data=form, timeout=PATIENCE, allow_redirects=False)


def base(page: requests.Response) -> str:
    found = re.search(r'name="base" value="(\w+)"', page.text)
    assert found
    return found[1]


def try_it(bot: Bot, question: str, prompt: str = "초안", *turns: Any, **form: str) -> Any:
    sent = {"prompt": prompt, "question": question, "turns": json.dumps(turns)} | form
    reply = post(bot, PAGE + "/try", **sent)
    assert reply.status_code == 200
    return reply.json()


def shown(told: Any) -> list[list[str]]:
    return [[one["simpleText"]["text"] for one in page["outputs"]] for page in told["pages"]]


# --- who may --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/versions/20261123-010203-000001"])
def test_strangers_find_nothing(bot: Bot, path: str) -> None:
    headers = {"X-Forwarded-For": "192.0.2.7"}
    reply = requests.get(bot.url + PAGE + path, headers=headers, timeout=PATIENCE)
    assert "성격" not in reply.text
    assert reply.url != bot.url + PAGE or reply.status_code == 404


@pytest.mark.parametrize("path", ["", "/try", "/versions/20261123-010203-000001"])
def test_without_the_token_nothing_is_done(
    bot: Bot, character: Character, fake_openai: FakeOpenAI, path: str
) -> None:
    assert post(bot, PAGE + path, csrf="wrong", prompt="x", question="x").status_code == 403
    assert character.read() == character.default
    assert fake_openai.requests == []


# --- saving ---------------------------------------------------------------------------------


def test_what_is_saved_answers_the_next_question(bot: Bot, fake_openai: FakeOpenAI) -> None:
    saved = post(bot, prompt="꽃집의\r\n안내원", base=base(get(bot)))
    assert (saved.status_code, saved.headers["Location"]) == (303, PAGE + "?done=saved")
    assert "저장했어요" in get(bot, saved.headers["Location"]).text
    bot.known().says("몇 시에 열어요?")
    assert "꽃집의\n안내원" in fake_openai.told.system
    assert bot.reloads == 0


def test_of_two_windows_the_second_is_shown_both(bot: Bot, character: Character) -> None:
    page = get(bot)
    post(bot, prompt="먼저 저장한 글", base=base(page))
    refused = post(bot, prompt="나중에 저장한 글", base=base(page))
    assert "아직 저장하지 않았어요" in refused.text
    assert re.search(r"<del>.*먼저</del> <ins>.*나중에</ins> 저장한 글", refused.text)
    assert re.search(r"<textarea[^>]*>\s*나중에 저장한 글</textarea>", refused.text)
    assert character.read() == "먼저 저장한 글"
    assert post(bot, prompt="나중에 저장한 글", base=base(refused)).status_code == 303
    assert [one.text for one in character.versions()][:2] == ["나중에 저장한 글", "먼저 저장한 글"]


def test_what_cannot_be_saved_is_told_and_stays(bot: Bot, character: Character) -> None:
    long = "가" * (MOST_CHARS + 1)
    refused = post(bot, prompt=long, base=base(get(bot)))
    assert f"{MOST_CHARS:,}글자까지" in refused.text
    assert long in refused.text
    character.file.with_name("system_prompt.txt.new").mkdir()
    refused = post(bot, prompt="새 글", base=base(get(bot)))
    assert "system_prompt.txt: 저장하지 못했어요" in refused.text
    assert ">\n새 글</textarea>" in refused.text


def test_what_is_written_is_text_and_no_page(bot: Bot, character: Character) -> None:
    for text in (EVIL, EVIL + "2"):
        character.save(text)
    name = character.versions()[1].name
    for path in (PAGE, f"{PAGE}?version={name}", f"{PAGE}/versions/{name}"):
        page = get(bot, path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


# --- versions -------------------------------------------------------------------------------


def test_versions_are_listed_compared_and_brought_back(bot: Bot, character: Character) -> None:
    character.save("답은 다섯 문장을 넘지 않습니다.")
    character.save("답은 세 문장을 넘지 않습니다.")
    page = get(bot).text
    assert "2글자 더하고 3글자 뺐어요" in page
    assert page.count("이 글로 되돌리기") == 2
    name = character.versions()[1].name
    older = get(bot, f"{PAGE}/versions/{name}").text
    assert re.search(r"답은 <del>.*다섯</del> <ins>.*세</ins> 문장", older)
    restored = post(bot, f"{PAGE}/versions/{name}")
    assert restored.headers["Location"] == PAGE + "?done=restored"
    assert character.read() == "답은 다섯 문장을 넘지 않습니다."


def test_an_older_one_can_be_tried_before_it_is_brought_back(
    bot: Bot, character: Character
) -> None:
    character.save("옛 글")
    character.save("새 글")
    page = get(bot, f"{PAGE}?version={character.versions()[1].name}")
    assert ">\n옛 글</textarea>" in page.text
    assert base(page) == mark("새 글")
    assert character.read() == "새 글"


@pytest.mark.parametrize("name", ["20261123-010203-000001", "..%2f..%2fchatgee.db", "메모"])
def test_a_version_that_is_not_there_is_not_found(bot: Bot, name: str) -> None:
    assert get(bot, f"{PAGE}/versions/{name}").status_code == 404
    assert post(bot, f"{PAGE}/versions/{name}").status_code == 404
    assert get(bot, f"{PAGE}?version={name}").status_code == 200


def test_the_page_is_quick_with_all_the_versions_there_can_be(
    bot: Bot, character: Character
) -> None:
    line = "- 답은 {}번째로 다섯 문장을 넘지 않습니다. 예를 하나 듭니다.\n"
    for number in range(50):
        character.save("".join(line.format(n * (number + 1)) for n in range(180))[:MOST_CHARS])
    assert min(get(bot).elapsed.total_seconds() for _ in range(3)) < 1


# --- trying ---------------------------------------------------------------------------------


def test_the_draft_answers_before_it_is_saved(
    bot: Bot, character: Character, fake_openai: FakeOpenAI
) -> None:
    told = try_it(bot, "안녕?", "아직 저장하지 않은 성격")
    assert (told["answer"], shown(told)) == ("답: 안녕?", [["답: 안녕?"]])
    assert "토큰 30개" in told["told"]
    assert "아직 저장하지 않은 성격" in fake_openai.told.system
    assert character.default not in fake_openai.told.system
    assert character.read() == character.default


def test_the_saved_one_answers_beside_it(
    bot: Bot, character: Character, fake_openai: FakeOpenAI
) -> None:
    character.save("저장된 성격")
    try_it(bot, "안녕?", "초안", saved="1")
    assert "저장된 성격" in fake_openai.told.system
    assert "초안" not in fake_openai.told.system
    try_it(bot, "안녕?", "  ")  # which would be saved as the built-in one
    assert character.default in fake_openai.told.system


def test_it_is_reminded_of_its_own_chat(bot: Bot, fake_openai: FakeOpenAI) -> None:
    try_it(bot, "그럼 둘은?", "초안", ["하나는?", "1이에요"])
    assert fake_openai.told.memory == ["하나는?", "1이에요"]
    assert fake_openai.told.question == "그럼 둘은?"


def test_the_answer_is_cut_as_for_a_friend(bot: Bot, fake_openai: FakeOpenAI) -> None:
    fake_openai.says = lambda _: "**굵게** " + "문장이에요. " * 700
    told = try_it(bot, "길게")
    pages = shown(told)
    assert len(pages) > 1
    assert {len(page) for page in pages[:-1]} == {BUBBLES}
    assert pages[0][0].startswith("굵게 문장")
    assert max(len(bubble) for page in pages for bubble in page) <= BUBBLE_CHARS
    more = [[one["label"] for one in page.get("quickReplies", [])] for page in told["pages"]]
    assert more == [["이어보기"]] * (len(pages) - 1) + [[]]
    assert "".join("".join(page) for page in pages).count("문장이에요") == 700


def test_its_bubbles_are_as_long_as_the_owner_chose(
    stopped_bot: Bot, fake_openai: FakeOpenAI
) -> None:
    fake_openai.says = lambda _: "문장이에요. " * 300
    with stopped_bot.open(BUBBLE_CHARS=500) as bot:
        pages = shown(try_it(bot, "길게"))
    assert max(len(bubble) for page in pages for bubble in page) <= 500
    assert "".join("".join(page) for page in pages).count("문장이에요") == 300


def test_nothing_is_kept_of_it_but_its_tokens(bot: Bot, tmp_path: Path) -> None:
    try_it(bot, "비밀 질문")
    rows = bot.store.database.submit(lambda db: db.all("unanswered", before=math.inf)).result(
        PATIENCE
    )
    assert rows == []
    page = get(bot, "/settings/character").text
    assert "비밀 질문" not in page
    files = list(tmp_path.glob("chatgee.db*"))  # what was written last is in the -wal file alone
    assert "비밀 질문".encode() not in b"".join(path.read_bytes() for path in files)


FAILURES: list[tuple[int, dict[str, Any], Failure]] = [
    (401, {"message": "no"}, Failure.WRONG_KEY),
    (429, {"message": "no", "code": "insufficient_quota"}, Failure.NO_CREDIT),
    (404, {"message": "no"}, Failure.UNKNOWN_MODEL),
]


@pytest.mark.parametrize(("status", "error", "failure"), FAILURES)
def test_the_owner_is_told_why_there_is_no_answer(
    bot: Bot, fake_openai: FakeOpenAI, status: int, error: dict[str, Any], failure: Failure
) -> None:
    fake_openai.fails(status, error)
    told = try_it(bot, "안녕?")
    assert told == {"error": bot.texts(f"hint.{failure}", model="gpt-6-luna")}


def test_a_draft_that_is_too_long_is_told(bot: Bot, fake_openai: FakeOpenAI) -> None:
    assert f"{MOST_CHARS:,}글자까지" in try_it(bot, "안녕?", "가" * (MOST_CHARS + 1))["error"]
    assert "7글자 길어요" in try_it(bot, "가" * (MOST_QUESTION_CHARS + 7), "초안")["error"]
    assert fake_openai.requests == []


@pytest.mark.parametrize("turns", ["x", "5", "[5]", '[["하나"]]', "[" * 5000, "{}x"])
def test_turns_that_no_page_sends_are_refused(bot: Bot, turns: str) -> None:
    form = {"prompt": "초안", "question": "질문", "turns": turns}
    assert post(bot, PAGE + "/try", **form).status_code == 400


def test_an_empty_question_is_not_asked(bot: Bot, fake_openai: FakeOpenAI) -> None:
    assert post(bot, PAGE + "/try", prompt="초안", question=" \n").status_code == 400
    assert fake_openai.requests == []


def test_only_so_many_are_asked_at_once_and_who_leaves_makes_room(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    fake_openai.hold(only="느린")
    form = urlencode({"csrf": owner.TOKEN, "prompt": "초안", "question": "느린 질문"})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    waiting = [HTTPConnection(*bot.address, timeout=PATIENCE) for _ in range(MOST_AT_ONCE)]
    for one in waiting:
        one.request("POST", PAGE + "/try", form, kind)
    fake_openai.wait_for(MOST_AT_ONCE)
    assert f"{MOST_AT_ONCE}개까지만" in try_it(bot, "빠른 질문")["error"]
    for one in waiting:
        one.close()
    until = time.monotonic() + PATIENCE
    while "error" in (told := try_it(bot, "빠른 질문")):
        assert time.monotonic() < until, told
    assert told["answer"] == "답: 빠른 질문"


@pytest.fixture
def practising(stopped_bot: Bot) -> Iterator[Bot]:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        stopped_bot.environ.pop(name)
    with stopped_bot.open():
        yield stopped_bot


def test_the_practice_model_says_that_it_follows_no_character(practising: Bot) -> None:
    assert "연습용 모델이라 성격을 따르지 않아요" in get(practising).text
    assert "연습 답" in shown(try_it(practising, "안녕"))[0][0]
