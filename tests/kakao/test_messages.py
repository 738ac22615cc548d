"""What Kakao may send is understood, and what it refuses is not sent."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatgee.errors import PayloadError
from chatgee.kakao.bubbles import length
from chatgee.kakao.messages import (
    Press,
    Promise,
    QuickReply,
    Reply,
    SkillRequest,
    TextCard,
    encode,
    render,
    same_words,
)
from tests.support.kakao_side import PAYLOADS, check, payload

EMPTY = SkillRequest(user_id="me", room_id="me", utterance="")


def request(**user_request: Any) -> SkillRequest:
    return SkillRequest.parse({"userRequest": {"user": {"id": "me"}, **user_request}})


def pressed(extra: Any) -> Press | None:
    message = payload("01")
    message["action"]["clientExtra"] = extra
    return SkillRequest.parse(message).press


# --- a request ------------------------------------------------------------------------------


def test_a_message_from_a_friend() -> None:
    skill = SkillRequest.parse(payload("03"))
    assert skill.utterance == "2026년 노벨상 수상자들을 분야별로 정리해줘"
    assert skill.callback_url
    assert skill.callback_url.endswith("/callback/cbtoken:0d5e8f1a2b3c4d5e6f708192a3b4c5d6")
    assert skill.is_friend
    assert not skill.is_tester
    assert skill.press is None
    assert skill.image_urls == ()


def test_a_stranger_is_no_friend() -> None:
    assert not SkillRequest.parse(payload("05")).is_friend


@pytest.mark.parametrize("name", ["02", "08"])
def test_the_admin_centers_own_panels_are_known(name: str) -> None:
    assert SkillRequest.parse(payload(name)).is_tester


@pytest.mark.parametrize(
    ("prompt", "question"),
    [("매개변수", "매개변수"), (" ", "발화 내용"), ("\0", "발화 내용"), (5, "발화 내용")],
)
def test_the_parameter_is_the_question_where_it_says_anything(prompt: Any, question: str) -> None:
    message = payload("02")
    message["action"]["params"]["prompt"] = prompt
    assert SkillRequest.parse(message).utterance == question


def test_a_user_id_is_all_that_is_needed() -> None:
    assert request() == EMPTY
    assert SkillRequest.parse({"userRequest": {"user": {"id": " me "}}}) == EMPTY


GROUPS: list[tuple[Any, str]] = [
    (payload("09")["userRequest"]["chat"], " group:cr-7f3a9c21e5d84b60"),
    ({"id": " cr-1 ", "type": "anything"}, " group:cr-1"),
    ({"id": "me", "type": "botUserKey"}, " group:me"),
    ({"id": 42, "type": "botGroupKey"}, " group:42"),
    ({"id": None, "type": "botGroupKey", "properties": {"botGroupKey": "cr-1"}}, " group:cr-1"),
    ({"type": "botGroupKey", "properties": None}, " group:me"),
    ("cr-1", " group:cr-1"),
]


@pytest.mark.parametrize(("chat", "room"), GROUPS)
def test_a_chat_is_a_room_of_its_own_which_no_user_shares(chat: Any, room: str) -> None:
    skill = request(chat=chat)
    assert (skill.user_id, skill.room_id, skill.in_group) == ("me", room, True)
    assert request(user={"id": room}).room_id != room


@pytest.mark.parametrize("chat", [None, {}, "", []])
def test_without_a_chat_the_room_is_the_users_own(chat: Any) -> None:
    assert (request(chat=chat).room_id, request(chat=chat).in_group) == ("me", False)


def test_a_room_is_not_taken_for_another_where_its_id_is_too_long() -> None:
    for chat in ({"id": "x" * 201}, {"properties": {"botGroupKey": "x" * 201}}, {"id": 10**201}):
        with pytest.raises(PayloadError):
            request(chat=chat)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("@도우미봇 안녕", "안녕"),
        ("@도우미봇\u200b 안녕", "안녕"),
        ("\u200b@도우미봇\u200b\u200b안녕\u200b", "안녕"),
        ("@다른이름\u200b 안녕", "안녕"),
        ("안녕 @도우미봇", "안녕"),
        ("@도우미봇\u200b", ""),
        ("@도우미봇이 누구야", "@도우미봇이 누구야"),
        ("@민지 @도우미봇 둘 다 안녕", "@민지 @도우미봇 둘 다 안녕"),
        ("a@b.kr로 보내", "a@b.kr로 보내"),
        ("@민지 생일이야\u200b", "@민지 생일이야"),
    ],
)
def test_a_mention_of_the_bot_is_no_part_of_what_is_said_in_a_group(said: str, meant: str) -> None:
    message = payload("09")
    message["action"]["params"]["prompt"] = said
    assert SkillRequest.parse(message).utterance == meant
    for bot in (None, {"name": ""}, {"name": ".*"}):
        message["bot"] = bot
        assert SkillRequest.parse(message).utterance in (meant, said.strip("\u200b "))


NO_USERS: list[Any] = [None, [], {}, *({"id": id} for id in (None, 5, "", "  ", "\0"))]
NO_REQUESTS: list[Any] = [None, 5, "x", [], {}, {"userRequest": None}, {"userRequest": []}]


@pytest.mark.parametrize("body", NO_REQUESTS + [{"userRequest": {"user": one}} for one in NO_USERS])
def test_what_is_no_skill_request_is_refused(body: object) -> None:
    with pytest.raises(PayloadError):
        SkillRequest.parse(body)


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a JSON value, as (container, key)."""
    for key in list(node if isinstance(node, dict) else range(len(node))):
        yield node, key
        if isinstance(node[key], dict | list):
            yield from places(node[key])


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
@pytest.mark.parametrize("other", [None, 5, "x", [], {}, True])
def test_anything_but_the_user_id_may_be_missing_or_of_another_kind(path: Path, other: Any) -> None:
    whole = path.read_text(encoding="utf-8")
    expected = SkillRequest.parse(json.loads(whole)).user_id
    for number in range(len(list(places(json.loads(whole))))):
        message = json.loads(whole)
        container, key = list(places(message))[number]
        container[key] = other
        try:
            assert SkillRequest.parse(message).user_id in (expected, other)
        except PayloadError:
            assert key in ("userRequest", "user", "id")


@pytest.mark.parametrize(
    ("given", "kept"), [("가\ud800나", "가?나"), ("a\0b", "ab"), (" 👍\n", "👍"), ("a\nb", "a\nb")]
)
def test_text_is_kept_but_for_what_nothing_can_hold(given: str, kept: str) -> None:
    assert request(utterance=given).utterance == kept
    assert SkillRequest.parse({"userRequest": {"user": {"id": given}}}).user_id == kept


@pytest.mark.parametrize("blank", ["\u200b", "\ufeff\u200d", "\u3164", " \u115f\u2800\ufe0f\x01"])
def test_what_shows_nothing_is_left_out_at_both_ends(blank: str) -> None:
    assert request(utterance=blank) == EMPTY
    assert request(utterance=f"{blank}가{blank}나\u200b").utterance == f"가{blank}나"
    message = payload("02")
    message["action"]["params"]["prompt"] = blank
    assert SkillRequest.parse(message).utterance == "발화 내용"


@pytest.mark.parametrize(
    "emoji", ["❤️", "1️⃣", "👩‍👩‍👧‍👦", "🏴\U000e0067\U000e007f", "葛\U000e0100", "ᠠ\u180b"]
)
def test_an_emoji_stays_whole_at_either_end(emoji: str) -> None:
    assert request(utterance=f"\u200b{emoji} {emoji}\u200b").utterance == f"{emoji} {emoji}"


# --- a press --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "press",
    [
        *(Press("id"), Press("id", 4), Press("id", again=True), Press("id", 2, True)),
        Press("id", 3, bubble_chars=500),
    ],
)
def test_a_press_comes_back_as_it_went_out(press: Press) -> None:
    assert pressed(press.extra) == press
    assert pressed(json.loads(json.dumps(press.extra))) == press


def test_a_press_may_come_back_as_text() -> None:
    assert pressed({"question": "id", "page": "3", "again": "true"}) == Press("id", 3, True)


@pytest.mark.parametrize(
    "page", [0, -5, None, "", "two", [], {}, float("inf"), float("nan"), "9" * 5000]
)
def test_a_page_that_is_none_is_the_first(page: Any) -> None:
    assert pressed({"question": "id", "page": page}) == Press("id")


@pytest.mark.parametrize("chars", [0, 399, 1001, -5, None, "", [], float("nan")])
def test_a_bubble_that_no_owner_could_choose_is_kakaos(chars: Any) -> None:
    assert pressed({"question": "id", "page": 2, "chars": chars}) == Press("id", 2)


@pytest.mark.parametrize("again", [False, None, "false", 0, "", [], "no"])
def test_only_true_asks_again(again: Any) -> None:
    assert pressed({"question": "id", "again": again}) == Press("id")


@pytest.mark.parametrize(
    "extra",
    [None, {}, [], "id", {"question": None}, {"question": 5}, {"question": ""}, {"page": 2}],
)
def test_what_is_not_ours_is_no_press(extra: Any) -> None:
    assert pressed(extra) is None


# --- a reply --------------------------------------------------------------------------------


def test_a_reply_is_bubbles_and_quick_replies() -> None:
    press = Press("id", 4)
    body = render(Reply(("하나", "둘"), (QuickReply("이어보기", press), QuickReply("도움말"))))
    check(body)
    assert body["template"] == {
        "outputs": [{"simpleText": {"text": "하나"}}, {"simpleText": {"text": "둘"}}],
        "quickReplies": [
            {
                "label": "이어보기",
                "action": "message",
                "messageText": "이어보기",
                "extra": {"question": "id", "page": 4},
            },
            {"label": "도움말", "action": "message", "messageText": "도움말"},
        ],
    }


def test_without_buttons_there_is_no_empty_list_of_them() -> None:
    assert "quickReplies" not in render(Reply(("답",)))["template"]


def test_a_promise_is_a_callback_with_the_words_to_wait_by() -> None:
    body = json.loads(encode(Promise("생각하고 있어요.")))
    check(body)
    assert body == {"version": "2.0", "useCallback": True, "data": {"text": "생각하고 있어요."}}


def test_no_more_is_sent_than_kakao_takes() -> None:
    quick = tuple(QuickReply(f"버튼{number}", Press("id")) for number in range(20))
    body = render(Reply(("말",) * 9, quick))
    check(body)
    assert len(body["template"]["outputs"]) == 3
    assert len(body["template"]["quickReplies"]) == 10


def test_a_carousel_keeps_to_its_limits() -> None:
    card = TextCard(
        "제목 " * 50, "설명 👍" * 100, ("아주 길고도 긴 버튼의 이름입니다", *"가나다라")
    )
    body = render(Reply(((card,) * 20,)))
    check(body)
    items = body["template"]["outputs"][0]["carousel"]["items"]
    assert len(items) == 10
    assert length(items[0]["title"]) == 50
    assert 120 < length(items[0]["description"]) <= 128
    assert len(items[0]["buttons"]) == 3


@pytest.mark.parametrize(
    "label", ["열네글자까지는그대로보여요맞", "열네 글자를 넘으면 줄여서 보여요", "👍" * 9]
)
def test_a_long_label_is_clipped_but_sends_all_of_its_words(label: str) -> None:
    (button,) = render(Reply(("말",), (QuickReply(label),)))["template"]["quickReplies"]
    assert length(button["label"]) <= 14
    assert button["label"] == label or button["label"].endswith("…")
    assert button["messageText"] == label


def test_an_answer_is_utf_8_and_korean_stays_readable() -> None:
    assert "답 👍" in encode(Reply(("답 👍",))).decode()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("📓 사용설명서", "사용설명서\n", True),
        ("생각 다했니?", "생각다했니", True),
        ("Help", "help!", True),
        ("생각 다했니?", "생각 다했어?", False),
        ("👍", "👍", False),
        ("", "", False),
    ],
)
def test_a_button_is_known_by_its_letters(one: str, other: str, same: bool) -> None:
    assert same_words(one, other) is same
