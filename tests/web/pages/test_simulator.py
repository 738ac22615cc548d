"""`/local_test` over real sockets: who may use it, and what it hands on and shows."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from chatgee.kakao import messages
from chatgee.kakao.messages import Reply
from chatgee.web import owner
from chatgee.web.pages.simulator import MOST_CHARS
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeBot, FakeKakao, FakeOpenAI
from tests.support.tunnel_side import until

pytestmark = pytest.mark.usefixtures("unhurried")

ID = "desk-abcdefgh"
JPEG = b"\xff\xd8\xffpicture"
BODY = messages.encode(Reply(("늦은 답",)))


def send(bot: Bot, token: str | None = owner.TOKEN, **doing: Any) -> requests.Response:
    """As the page sends it; `host` and other headers in `headers`."""
    headers = doing.pop("headers", {}) | ({owner.TOKEN_HEADER: token} if token else {})
    usual = {"friend": ID, "way": "friend", "how": "text", "words": "안녕", "extra": {}}
    told = usual | {"callback": False, "photo": ""} | doing
    return requests.post(f"{bot.url}/local_test/send", json=told, headers=headers, timeout=PATIENCE)


def says(bot: Bot, words: str = "안녕", **doing: Any) -> dict[str, Any]:
    reply = send(bot, words=words, **doing)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def text(shown: dict[str, Any]) -> str:
    return "\n".join(one["simpleText"]["text"] for one in shown["template"]["outputs"])


def arrived(bot: Bot, token: str) -> requests.Response:
    return requests.get(f"{bot.url}/local_test/arrived/{token}", timeout=PATIENCE)


def until_arrived(bot: Bot, token: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE
    while not (found := arrived(bot, token).json())["came"]:
        assert time.monotonic() < until
        time.sleep(0.01)
    return dict(found)


def calls_back(bot: Bot, token: str, body: bytes = BODY, **headers: str) -> requests.Response:
    url = f"{bot.url}/local_test/callback/{token}"
    return requests.post(url, data=body, headers=headers, timeout=PATIENCE)


# --- whose it is ----------------------------------------------------------------------------


def test_the_owner_sees_the_chat_and_a_stranger_that_it_is_alive(bot: Bot) -> None:
    page = requests.get(f"{bot.url}/local_test", timeout=PATIENCE).text
    assert "어떻게 보낼까요" in page
    assert owner.TOKEN in page
    tunnelled = {"X-Forwarded-For": "203.0.113.7"}
    page = requests.get(f"{bot.url}/local_test", headers=tunnelled, timeout=PATIENCE).text
    assert "켜져 있어요" in page
    assert "어떻게 보낼까요" not in page


@pytest.mark.parametrize("name", owner.FORWARDED)
def test_a_stranger_sends_nothing_though_the_token_is_right(bot: Bot, name: str) -> None:
    assert send(bot, headers={name: "127.0.0.1"}).status_code == 404
    assert (
        requests.get(
            f"{bot.url}/local_test/arrived/x", headers={name: "x"}, timeout=PATIENCE
        ).status_code
        == 404
    )


def test_no_other_site_sends_in_the_owners_name(bot: Bot, fake_openai: FakeOpenAI) -> None:
    assert send(bot, token=None).status_code == 403
    assert send(bot, headers={"Origin": "https://evil.example"}).status_code == 403
    assert fake_openai.requests == []


def test_a_page_that_outlived_its_program_is_given_a_new_token(bot: Bot) -> None:
    assert send(bot, token="old").headers[owner.TOKEN_HEADER] == owner.TOKEN


def test_what_is_nested_without_end_is_refused(bot: Bot) -> None:
    """Also what can just be read, but no more be written a little deeper in another place."""
    usual = {"friend": ID, "way": "friend", "how": "text", "words": "x", "callback": False}
    headers = {owner.TOKEN_HEADER: owner.TOKEN, "Content-Type": "application/json"}
    for levels in (20, *range(840, 1000, 10), 50_000):
        told = json.dumps(usual | {"photo": "", "extra": {"in": "@"}})
        body = told.replace('"@"', "[" * levels + "]" * levels)
        url = f"{bot.url}/local_test/send"
        assert requests.post(url, body, headers=headers, timeout=PATIENCE).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        *({"friend": "friend-1"}, {"friend": 5}, {"friend": "desk-<script>"}, {"way": "other"}),
        *({"how": "other"}, {"words": None}, {"extra": []}, {"callback": "yes"}, {"way": None}),
        *({"photo": "!"}, {"how": "photo"}, {"words": "가" * (MOST_CHARS + 1)}),
        {"how": "photo", "photo": base64.b64encode(b"GIF89a").decode()},
        *({"words": "\ud800"}, {"extra": {"half": ["\udfff"]}}),
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_what_no_page_of_ours_sends_is_refused(
    bot: Bot, fake_openai: FakeOpenAI, wrong: dict[str, Any]
) -> None:
    assert send(bot, **wrong).status_code == 400
    assert fake_openai.requests == []


def test_what_is_too_long_for_a_friend_is_answered_as_it_is_to_one(bot: Bot) -> None:
    told = json.dumps(says(bot, "가" * (messages.UTTERANCE_CHARS + 1)), ensure_ascii=False)
    assert bot.texts("failure.too_long") in told


def test_what_is_too_large_is_refused(bot: Bot) -> None:
    assert send(bot, photo="A" * 2 * 1024 * 1024).status_code == 413


# --- what is handed on ----------------------------------------------------------------------


def test_a_friends_words_reach_the_model_and_the_answer_is_shown(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    shown = says(bot, "몇 시에 <열어요>?")
    assert "답: 몇 시에 <열어요>?" in text(shown)
    assert fake_openai.questions == ["몇 시에 <열어요>?"]
    assert (shown["status"], shown["why"], shown["problems"]) == (200, "", [])
    assert shown["request"]["userRequest"]["user"]["id"] == ID
    assert shown["response"]["template"] == shown["template"]
    assert shown["sizes"][0] == len(
        json.dumps(shown["template"]["outputs"][0], ensure_ascii=False).encode()
    )


def test_the_key_goes_along_and_is_never_shown(stopped_bot: Bot) -> None:
    with stopped_bot.open(SKILL_KEY="secret-of-the-skill") as bot:
        reply = send(bot)
    assert "답: 안녕" in text(reply.json())
    assert "secret-of-the-skill" not in reply.text


def test_it_is_not_taken_for_a_call_of_kakaos(bot: Bot) -> None:
    for way in ("friend", "stranger", "skill_test", "bot_test"):
        says(bot, way=way)
    assert (bot.status.remembered.called_at, bot.status.remembered.tested_at) == (None, None)


@pytest.mark.parametrize("way", ["skill_test", "bot_test", "stranger"])
def test_every_way_of_sending_is_answered(bot: Bot, fake_openai: FakeOpenAI, way: str) -> None:
    assert "답: 질문" in text(says(bot, "질문", way=way))
    assert fake_openai.questions == ["질문"]


def test_a_stranger_meets_the_limit_of_strangers(stopped_bot: Bot) -> None:
    with stopped_bot.open(FREE_QUESTIONS_FOR_STRANGERS=1) as bot:
        says(bot, way="stranger")
        assert "맛보기" in text(says(bot, way="stranger"))
        assert "답: 안녕" in text(says(bot, way="friend", friend="desk-somebodyelse"))


def test_simulated_friends_do_not_share_a_memory(bot: Bot, fake_openai: FakeOpenAI) -> None:
    says(bot, "내 이름은 민수")
    says(bot, "내 이름은?", friend="desk-somebodyelse")
    assert fake_openai.told.memory == []


def test_the_model_sees_the_photo(bot: Bot, fake_openai: FakeOpenAI) -> None:
    shown = says(bot, how="photo", photo=base64.b64encode(JPEG).decode())
    (_, picture) = fake_openai.told.question
    expected = "data:image/jpeg;base64," + base64.b64encode(JPEG).decode()
    assert picture["image_url"]["url"] == expected
    media = shown["request"]["userRequest"]["params"]["media"]
    assert media["url"].startswith("https://talk.kakaocdn.net/")
    assert "base64" not in json.dumps(shown["request"])


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (500, b"{}", "500 상태로 답했어요"),
        (200, b"<h1>", "JSON이 아니에요"),
        (200, b'{"version": "2.0"}', "카카오의 규칙에 맞지 않아요"),
        (0, b"", "연결하지 못했어요"),
    ],
)
def test_what_kakao_would_not_show_is_not_shown_and_the_reason_told(
    bot: Bot, status: int, body: bytes, told: str
) -> None:
    end = FakeBot()
    bot.status.local = end.url
    end.status, end.body = status, body
    shown = says(bot)
    end.close()
    assert (shown["template"], shown["waiting"], shown["token"]) == (None, None, None)
    assert told in shown["why"]
    assert bool(shown["problems"]) == ("규칙" in told)


def test_from_a_far_machine_the_owners_calls_still_arrive(stopped_bot: Bot) -> None:
    """HOST may be every address of this machine; none of them is where it calls itself."""
    with stopped_bot.open(HOST="0.0.0.0") as bot:
        bot.url = bot.url.replace("0.0.0.0", "127.0.0.1")
        assert "답: 안녕" in text(says(bot))


# --- callbacks ------------------------------------------------------------------------------


@pytest.fixture
def slow(stopped_bot: Bot, fake_openai: FakeOpenAI) -> Iterator[Bot]:
    """With a model that thinks until `release`, and a friend who was greeted."""
    with stopped_bot.open(REPLY_SECONDS=2) as bot:
        says(bot)
        fake_openai.hold()
        yield bot
        fake_openai.release()


def test_a_late_answer_comes_by_callback_on_this_machine(
    slow: Bot, fake_openai: FakeOpenAI
) -> None:
    promised = says(slow, "긴 질문", callback=True)
    assert promised["response"]["useCallback"] is True
    assert promised["waiting"] == "생각하고 있어요. 다 되면 바로 보내 드릴게요."
    assert promised["template"] is None
    assert arrived(slow, promised["token"]).json() == {"came": False, "open": True}
    fake_openai.release()
    letter = until_arrived(slow, promised["token"])
    assert "답: 긴 질문" in text(letter)
    assert (letter["why"], letter["problems"]) == ("", [])
    assert "답: 긴 질문" not in text(says(slow, "다음")), "it was delivered"


def test_an_answer_in_time_leaves_nothing_to_wait_for(bot: Bot) -> None:
    assert says(bot, callback=True)["token"] is None


@pytest.mark.parametrize("way", ["skill_test", "bot_test"])
def test_kakaos_tests_have_no_callback(bot: Bot, way: str) -> None:
    assert "callbackUrl" not in says(bot, way=way, callback=True)["request"]["userRequest"]


def test_a_second_callback_is_refused_as_kakao_refuses_it(
    slow: Bot, fake_openai: FakeOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    token = says(slow, "긴 질문", callback=True)["token"]
    assert calls_back(slow, token).json()["status"] == "SUCCESS"
    assert calls_back(slow, token).json()["status"] == "FAIL"
    fake_openai.release()
    until(lambda: "이미 쓴 것이래요" in caplog.text)
    assert text(until_arrived(slow, token)) == "늦은 답"


def test_a_callback_that_breaks_the_rules_is_told(slow: Bot) -> None:
    token = says(slow, "긴 질문", callback=True)["token"]
    assert calls_back(slow, token, b'{"version": "2.0"}').json()["status"] == "ERROR"
    letter = until_arrived(slow, token)
    assert (letter["template"], letter["problems"]) == (None, ["답의 template 값이 없어요."])


def test_nobody_else_finds_the_place_for_callbacks(slow: Bot) -> None:
    token = says(slow, "긴 질문", callback=True)["token"]
    assert calls_back(slow, "x" * 32).status_code == 404
    assert arrived(slow, "x" * 32).status_code == 404
    for name in owner.FORWARDED:
        assert calls_back(slow, token, **{name: "127.0.0.1"}).status_code == 404
    assert calls_back(slow, token, b"x" * 300_000).status_code == 413
    assert arrived(slow, token).json() == {"came": False, "open": True}


def test_a_forged_address_on_this_machine_is_not_called(
    slow: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    """Whoever knows the public address can name any callback address in a request."""
    for path in ("/setup/skip", "/local_test/callback/" + "x" * 32):
        friend = slow.friend(f"evil-{len(path)}", callback_url=slow.url + path)
        assert not friend.says("긴 질문").promised
    assert fake_kakao.requests == []


# --- buttons --------------------------------------------------------------------------------


def test_a_button_is_pressed_with_its_extra(slow: Bot, fake_openai: FakeOpenAI) -> None:
    (button,) = says(slow, "오래 걸리는 질문")["template"]["quickReplies"]
    fake_openai.release()
    slow.until_answered(2)
    shown = says(slow, button["messageText"], how="quick", extra=button["extra"])
    assert text(shown) == "답: 오래 걸리는 질문"
    assert shown["request"]["flow"]["trigger"]["type"] == "QUICKREPLY_BUTTON_MESSAGE"
