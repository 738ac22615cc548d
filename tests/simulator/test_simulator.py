"""KakaoTalk played on this machine: what it sends, when it hangs up, what it takes back."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chatgee.conversation.callback import CallbackHosts
from chatgee.kakao.limits import problems
from chatgee.kakao.messages import BUBBLE_CHARS, Press, SkillRequest
from chatgee.settings import Secret
from chatgee.simulator import callbacks, payloads
from chatgee.simulator.call import call
from chatgee.simulator.callbacks import CallbackReceiver
from chatgee.simulator.payloads import WAYS, Message
from chatgee.simulator.photos import MOST_BYTES, MOST_PHOTOS, Photos
from chatgee.simulator.problem_words import told
from chatgee.system import own_mark
from chatgee.system.key_values import InMemory
from chatgee.texts import Texts
from tests.support.far_ends import FakeBot
from tests.support.kakao_side import payload

ID = "desk-abcdefgh"
PHOTO = "https://talk.kakaocdn.net/chatgee-desk/x.jpg"
GOOD = {"version": "2.0", "template": {"outputs": [{"simpleText": {"text": "안녕"}}]}}


# --- what is sent ---------------------------------------------------------------------------


def shape(value: Any) -> Any:
    """The fields of a request, and what kind of value is in each."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return type(value).__name__


AS_KAKAO_SENT_IT = [
    ("friend", Message(ID, "안녕"), "01"),
    ("friend", Message(ID, PHOTO, trigger="IMAGE_UPLOAD"), "04"),
    ("friend", Message(ID, "안녕", callback_url="https://bot-api.kakao.com/c"), "03"),
    ("bot_test", Message(ID, "안녕"), "08"),
    ("skill_test", Message(ID, ""), "02"),
]


@pytest.mark.parametrize(("way", "message", "sample"), AS_KAKAO_SENT_IT)
def test_a_request_has_the_fields_of_one_of_kakaos(way: str, message: Message, sample: str) -> None:
    ours, kakaos = shape(WAYS[way](message)), shape(payload(sample))
    if way == "skill_test":
        kakaos["intent"] = kakaos["userRequest"]["block"]
    assert ours == kakaos


def test_who_has_not_added_the_channel_is_no_friend() -> None:
    ours = WAYS["stranger"](Message(ID, "안녕"))["userRequest"]
    assert shape(ours["user"]) == shape(payload("05")["userRequest"]["user"])
    assert "isFriend" not in ours["user"]["properties"]


def test_what_is_sent_is_read_as_it_was_meant() -> None:
    extra = Press("q1", 4).extra
    read = {way: SkillRequest.parse(make(Message(ID, "안녕", extra))) for way, make in WAYS.items()}
    assert {one.user_id for one in read.values()} == {ID}
    assert {one.utterance for one in read.values()} == {"안녕"}
    assert {way for way, one in read.items() if one.is_friend} == {"friend"}
    assert {way for way, one in read.items() if one.is_tester} == {"skill_test", "bot_test"}
    assert {way for way, one in read.items() if one.press == Press("q1", 4)} == {
        *("friend", "stranger", "bot_test")
    }


def test_a_photo_is_let_in_as_kakaos() -> None:
    message = Message(ID, Photos(InMemory()).keep(b"\xff\xd8\xffx"), trigger="IMAGE_UPLOAD")
    read = SkillRequest.parse(WAYS["friend"](message))
    assert read.image_urls == (message.words,)


@pytest.mark.parametrize(
    "id", ["", "desk-", "friend", "desk-a b c d", "desk-" + "x" * 61, "desk-가나다라", "xdesk-abcd"]
)
def test_nobody_can_speak_in_the_name_of_a_real_friend(id: str) -> None:
    assert not payloads.may_be(id)
    assert payloads.may_be(ID)


# --- the call -------------------------------------------------------------------------------


@pytest.fixture
def end() -> Iterator[FakeBot]:
    end = FakeBot()
    end.body = json.dumps(GOOD).encode()
    yield end
    end.gate.set()
    end.close()


def test_it_calls_as_kakao_calls(end: FakeBot) -> None:
    sent = WAYS["friend"](Message(ID, "안녕 <b>"))
    done = call(end.url, sent, Secret("a-key"))
    ((path, headers, body),) = end.requests
    assert (path, body) == ("/prompt", sent)
    given = {name.lower(): value for name, value in headers.items()}
    assert (given["user-agent"], given["x-chatgee-key"]) == ("AHC/2.1", "a-key")
    assert given["x-request-id"].startswith("chp-")
    assert given[own_mark.HEADER.lower()]
    assert (done.request, done.response, done.status, done.why) == (sent, GOOD, 200, "")


def test_without_a_key_none_is_sent(end: FakeBot) -> None:
    call(end.url, {}, None)
    assert "x-chatgee-key" not in map(str.lower, end.requests[0][1])


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (500, b"{}", "status"),
        (500, b"oops", "status"),
        (401, b'{"error": "key"}', "status"),
        (302, b"", "status"),
        (200, b"<h1>hello</h1>", "not_json"),
        (200, b"", "not_json"),
        (200, b"[" * 9000, "not_json"),
        (200, b"\xff", "not_json"),
        (200, b"{}", "limits"),
        (200, b"null", "limits"),
        (200, b'{"version": "2.0", "template": {"outputs": []}}', "limits"),
        (0, b"", "gone"),
    ],
)
def test_what_kakao_would_not_show_is_told_apart(
    end: FakeBot, status: int, body: bytes, why: str
) -> None:
    end.status, end.body = status, body
    done = call(end.url, {}, None)
    assert (done.why, done.status) == (why, status)
    assert bool(done.problems) == (why == "limits")


def test_it_hangs_up_when_kakao_does(end: FakeBot) -> None:
    end.gate.clear()
    done = call(end.url, {}, None, seconds=0.2)
    assert (done.why, done.status, done.response) == ("late", 0, None)
    assert done.seconds == pytest.approx(0.2)


def test_a_program_that_is_not_there_is_told(end: FakeBot) -> None:
    assert call("http://127.0.0.1:1", {}, None).why == "gone"


# --- callbacks ------------------------------------------------------------------------------

SERVER = "http://127.0.0.1:6959"
BODY = json.dumps(GOOD).encode()


def test_an_address_takes_one_callback() -> None:
    box = CallbackReceiver(InMemory(), SERVER)
    token = box.open()
    assert (letter := box.look(token))
    assert letter.is_open
    assert box.take(token, BODY)["status"] == "SUCCESS"
    assert (letter := box.look(token))
    assert (letter.body, letter.used, letter.is_open) == (GOOD, True, False)
    assert box.take(token, b"{}")["status"] == "FAIL"
    assert (letter := box.look(token))
    assert letter.body == GOOD


def test_an_address_is_closed_when_its_minute_is_over() -> None:
    moments = [0.0]
    box = CallbackReceiver(InMemory(lambda: moments[-1]), SERVER)
    token = box.open()
    moments.append(callbacks.OPEN_SECONDS)
    assert box.take(token, BODY)["status"] == "FAIL"
    assert (letter := box.look(token))
    assert (letter.used, letter.is_open) == (False, False)


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"version": "2.0", "useCallback": true}'])
def test_a_callback_that_kakao_would_not_show_uses_the_address_up(body: bytes) -> None:
    box = CallbackReceiver(InMemory(), SERVER)
    token = box.open()
    assert box.take(token, body)["status"] == "ERROR"
    assert (letter := box.look(token))
    assert (letter.used, bool(letter.problems)) == (True, True)


def test_an_address_that_was_never_given_out_is_nobodys() -> None:
    box = CallbackReceiver(InMemory(), SERVER)
    assert (box.take("x" * 32, BODY), box.look("x" * 32)) == (None, None)


def test_old_addresses_are_forgotten() -> None:
    box = CallbackReceiver(InMemory(), SERVER)
    tokens = [box.open() for _ in range(callbacks.MOST_ADDRESSES + 1)]
    assert box.look(tokens[0]) is None
    assert all(map(box.look, tokens[1:]))


def test_only_addresses_that_were_given_out_may_be_called_back() -> None:
    box = CallbackReceiver(InMemory(), SERVER)
    hosts = CallbackHosts(("bot-api.kakao.com",), box.is_ours)
    ours = box.url(token := box.open())
    assert hosts.allow(ours)
    assert hosts.allow("https://bot-api.kakao.com/v1/callback/x")
    forged = [
        *(ours + "x", ours + "/..", ours + "?a", ours[:-1], box.url(""), box.url("x" * 32)),
        *(SERVER + "/prompt", SERVER + "/setup", box.url(f"../../setup?{token}")),
        *(ours.replace("6959", "22"), ours.replace("127.0.0.1", "localhost"), ours.upper()),
        *(ours.replace("http:", "https:"), f"http://evil.example/local_test/callback/{token}"),
    ]
    assert [url for url in forged if hosts.allow(url)] == []


# --- photos ---------------------------------------------------------------------------------


def test_the_model_is_handed_the_picture_itself() -> None:
    photos = Photos(InMemory())
    url = photos.keep(b"\xff\xd8\xffpicture")
    assert photos.for_model(url) == "data:image/jpeg;base64,/9j/cGljdHVyZQ=="
    for other in ("", PHOTO, "https://talk.kakaocdn.net/dna/real.jpg?signature=x"):
        assert photos.for_model(other) == other


def test_no_more_photos_are_kept_than_fit() -> None:
    photos = Photos(InMemory())
    urls = [photos.keep(b"\xff\xd8\xff%d" % number) for number in range(MOST_PHOTOS + 1)]
    assert photos.for_model(urls[0]) == urls[0]
    assert all(photos.for_model(url) != url for url in urls[1:])


@pytest.mark.parametrize("picture", [b"", b"GIF89a", b"<svg>", b"\xff\xd8\xff" * MOST_BYTES])
def test_what_is_no_photo_is_not_kept(picture: bytes) -> None:
    with pytest.raises(ValueError, match="JPEG"):
        Photos(InMemory()).keep(picture)


# --- in words -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (
            {"outputs": [*GOOD["template"]["outputs"], {"simpleText": {"text": "가" * 1203}}]},
            f"2번째 말풍선의 글이 1,203글자예요. {BUBBLE_CHARS:,}글자까지 보여요.",
        ),
        (
            {"outputs": [{"carousel": {"type": "textCard", "items": [{"title": "가" * 51}]}}]},
            "1번째 말풍선의 1번째 카드의 제목이 51글자예요. 50글자까지 보여요.",
        ),
        ({"outputs": GOOD["template"]["outputs"] * 4}, "답의 말풍선이 4개예요. 3개까지 보여요."),
        ({"outputs": [{"basicCard": {}}]}, "1번째 말풍선의 thumbnail 값이 없어요."),
        ({"outputs": [{"video": {}}]}, "1번째 말풍선의 종류를 카카오가 몰라요."),
        (None, "답의 template 값이 카카오가 받지 않는 값이에요."),
    ],
    ids=lambda value: value[-12:] if isinstance(value, str) else "",
)
def test_a_problem_is_told_with_its_place_and_numbers(template: object, sentence: str) -> None:
    (found,) = problems({"version": "2.0", "template": template})
    assert told(found, Texts.load()) == sentence
