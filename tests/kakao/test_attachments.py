"""Photos are known in every way in which Kakao sends them, and nobody else's ever."""

import json
from typing import Any

import pytest

from chatgee.kakao.attachments import PHOTOS, OtherMedia
from chatgee.kakao.messages import SkillRequest
from tests.support.kakao_side import payload

HERE = "https://talk.kakaocdn.net/dna/bXyZ12/i_0a1b2c3d4e5f.jpg?credential=z&signature=AbC%3D"
OLD = "http://dn-m.talk.kakao.com/talkm/bl436znh/i_02b9b3aa57f1.jpg"
ONE, TWO = (
    f"http://secure.kakaocdn.net/dna/{n}/img_org.jpg?allow_ip=&signature=X%3D" for n in "12"
)


def request(**user_request: Any) -> SkillRequest:
    return SkillRequest.parse({"userRequest": {"user": {"id": "me"}, **user_request}})


def photo(url: Any, kind: Any = "image") -> SkillRequest:
    return request(params={"media": {"type": kind, "url": url}})


@pytest.mark.parametrize(
    "url",
    [
        "https://talk.kakaocdn.net/a.jpg?x=1%2F",
        "https://kakaocdn.net/",
        "HTTPS://T.KakaoCDN.net/",
        OLD,
        ONE,
    ],
)
def test_a_photo_of_kakaos_is_taken(url: str) -> None:
    assert photo(url).image_urls == (url,)
    assert not photo(url).other_media


@pytest.mark.parametrize(
    "url",
    [
        *[
            "http://talk.kakaocdn.net/a",
            "ftp://kakaocdn.net/a",
            "//kakaocdn.net/a",
            "kakaocdn.net/a",
        ],
        *[
            "https://evilkakaocdn.net/a",
            "https://kakaocdn.net.evil.example/a",
            "https://evil/kakaocdn.net",
        ],
        *["https://evil?.kakaocdn.net", "https://evil#.kakaocdn.net", "https://[::1].kakaocdn.net"],
        *[
            "https://evil\\@kakaocdn.net/a",
            "https://evil\\.kakaocdn.net/a",
            "https://u:p@kakaocdn.net/",
        ],
        *["https://evil\t/.kakaocdn.net/a", "https://kakaocdn.net:22/", "https://가.kakaocdn.net/"],
        *["https://kakaocdn.net", "https://kakaocdn.net?a=/b", "https://kakaocdn.net:443?a"],
        *["https://kakaocdn.net/a\\b", "https://kakaocdn.net/\x01", "https://kakaocdn.net/가"],
        *["https://-.kakaocdn.net/a", "https://a..kakaocdn.net/a", "https://evil/?@kakaocdn.net/a"],
        *["https://kakaocdn.net/" + "a" * 5000, "https://\u212aakaocdn.net/a"],
        *["http://evil.secure.kakaocdn.net/a.jpg", "http://secure.kakaocdn.net@evil.example/a.jpg"],
        *["https://secure.kakaocdn.net./a.jpg", "http://secure.kakaocdn.net:8080/a.jpg"],
        *["http://dn-m.talk.kakao.com.evil.example/a.jpg", "https://dn-x.talk.kakao.com/a.jpg"],
        *["https://kakaocdn.net%2eevil.example/a.jpg", "https://kakaocdn。net/a.jpg"],
        *["https://" + "a." * 9 + "kakaocdn.net/a.jpg", "javascript://kakaocdn.net/a.jpg"],
        *["https://127.0.0.1/a", "https://[", "", " ", None, 5, {}],
    ],
)
def test_a_photo_from_elsewhere_is_not_taken(url: Any) -> None:
    assert photo(url).image_urls == ()
    assert photo(url).other_media
    assert plugged(f"List({url})").image_urls == ()
    assert request(utterance=str(url)).image_urls == ()


@pytest.mark.parametrize("kind", ["video", "file", "IMAGE", None, 5])
def test_other_media_are_known_as_such(kind: Any) -> None:
    skill = photo("https://talk.kakaocdn.net/a", kind)
    assert (skill.image_urls, bool(skill.other_media)) == ((), True)


@pytest.mark.parametrize("media", [None, {}, [], "x"])
def test_no_media_are_none(media: Any) -> None:
    assert request(params={"media": media}) == SkillRequest("me", "me", "")


# --- the plug-in for secure images ------------------------------------------------------------


def plugged(value: object, name: str = "secureimage", **more: Any) -> SkillRequest:
    message = payload("04b")
    message["action"] |= {"params": {name: value, **more}, "detailParams": {}}
    return SkillRequest.parse(message)


def as_json(urls: object) -> str:
    told = {"privacyAgreement": "Y", "imageQuantity": "2", "secureUrls": urls}
    return json.dumps(told | {"expire": "2026-11-22T12:00:00+0000"})


def test_the_plug_ins_photo_is_taken_and_kakaos_sentence_is_not() -> None:
    skill = SkillRequest.parse(payload("04b"))
    (url,) = skill.image_urls
    assert url.startswith("http://secure.kakaocdn.net/dna/bURwc6/K6bg9BX2NY/XXX/img_org.jpg?")
    assert url.endswith("&signature=XniR5UUYCarZ%2BUsdItbSlkSuFaQ%3D"), "to its last letter"
    assert (skill.utterance, skill.other_media) == ("", None)


@pytest.mark.parametrize(
    "value",
    [
        *(f"List({ONE}, {TWO})", f"List({ONE},{TWO})", f" List({ONE}\n{TWO}) "),
        *(as_json(f"List({ONE}, {TWO})"), as_json([ONE, TWO]), json.loads(as_json([ONE, TWO]))),
    ],
)
@pytest.mark.parametrize("name", ["secureimage", "사진", "prompt"])
def test_several_photos_come_in_their_order_under_any_name(value: object, name: str) -> None:
    skill = plugged(value, name)
    assert (skill.image_urls, skill.utterance) == ((ONE, TWO), "")


@pytest.mark.parametrize("detail", ["value", "origin"])
def test_a_photo_may_stand_in_the_details_alone(detail: str) -> None:
    message = payload("04b")
    del message["action"]["params"]
    message["action"]["detailParams"] = {"사진": {detail: f"List({ONE})"}, "x": None}
    assert SkillRequest.parse(message).image_urls == (ONE,)


def test_a_mixed_list_keeps_what_is_kakaos() -> None:
    evil = "https://evil.example/a.jpg"
    mixed = f"List({evil}, {ONE},{evil}, List({HERE}), \\\\evil\\a.jpg, {TWO}, 127.0.0.1/x)"
    assert plugged(mixed).image_urls == (ONE, TWO)
    assert plugged(f"List({HERE},and:more,{TWO})").image_urls == (f"{HERE},and:more", TWO)


@pytest.mark.parametrize("value", ["List(https://evil.example/a.jpg)", as_json(["ftp://x/y"])])
def test_a_list_of_somebody_elses_is_no_photo_and_no_question(value: str) -> None:
    skill = plugged(value, prompt="이건 뭐야?")
    assert (skill.image_urls, skill.other_media) == ((), OtherMedia.UNKNOWN)


@pytest.mark.parametrize(
    "value",
    [
        *("", "List()", "List(1, 2)", f"List({ONE}", '{"secureUrls": ', '{"secureUrls": "List()"}'),
        *('{"secureUrls":' + "[" * 100_000, as_json(None), as_json({}), None, 5, {}),
    ],
)
def test_what_is_no_list_of_photos_leaves_the_words_as_they_are(value: object) -> None:
    skill = plugged(value)
    assert (skill.image_urls, skill.other_media) == ((), None)
    assert skill.utterance == "사진을 전송했습니다."


def test_no_more_photos_are_taken_than_an_owner_would_pay_for() -> None:
    urls = [f"https://secure.kakaocdn.net/{number}.jpg" for number in range(PHOTOS + 5)]
    assert plugged(f"List({', '.join(urls)})").image_urls == tuple(urls[:PHOTOS])


def test_the_words_beside_a_photo_are_the_question() -> None:
    skill = plugged(f"List({ONE})", prompt="합계가 얼마야?")
    assert (skill.image_urls, skill.utterance) == ((ONE,), "합계가 얼마야?")
    message = payload("04")
    message["action"]["params"]["prompt"] = "이 꽃은 뭐야?"
    skill = SkillRequest.parse(message)
    assert (len(skill.image_urls), skill.utterance) == (1, "이 꽃은 뭐야?")


# --- an address alone -------------------------------------------------------------------------


@pytest.mark.parametrize("url", [HERE, OLD, ONE, OLD.replace("http:", "https:"), HERE + "\n\u200b"])
def test_a_pictures_address_alone_is_the_picture(url: str) -> None:
    skill = request(utterance=url)
    assert (skill.image_urls, skill.utterance) == ((url.split()[0],), "")
    message = payload("02")
    message["action"]["params"]["prompt"] = url
    assert SkillRequest.parse(message).image_urls == skill.image_urls


@pytest.mark.parametrize(
    "words",
    [
        *(f"{HERE} 이게 뭐야?", f"이거 {HERE}", f"<{HERE}>", f'"{HERE}"', f"List({HERE})"),
        *("https://talk.kakaocdn.net/notice", "https://kakaocdn.net/", "https://example.com/a.jpg"),
        *("https://example.com/a.mp4", "https://t1.kakaocdn.net/a.js", HERE.replace("s:", ":")),
    ],
)
def test_a_link_that_a_friend_types_is_a_question(words: str) -> None:
    skill = request(utterance=words)
    assert (skill.image_urls, skill.other_media, skill.utterance) == ((), None, words)
    assert SkillRequest.parse(
        {
            "userRequest": {"user": {"id": "me"}, "utterance": words},
            "action": {"params": {"prompt": words, "질문": words}},
        }
    ) == SkillRequest("me", "me", words)


def test_a_photo_that_is_told_in_several_ways_is_taken_once() -> None:
    message = payload("04")
    url = message["userRequest"]["utterance"]
    message["action"]["params"] = {
        "prompt": url,
        "사진": f"List({url}, {ONE})",
        "again": as_json(f"List({ONE.replace('http:', 'https:')})"),
    }
    skill = SkillRequest.parse(message)
    assert (skill.image_urls, skill.utterance) == ((url, ONE), "")


def test_a_photo_in_a_group_is_known_behind_the_mention_of_the_bot() -> None:
    message = payload("09")
    message["userRequest"]["utterance"] = f"@{message['bot']['name']}\u200b {HERE}"
    message["action"]["params"] = {}
    skill = SkillRequest.parse(message)
    assert (skill.image_urls, skill.utterance, skill.in_group) == ((HERE,), "", True)


# --- what is neither words nor a photo --------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        *(
            ("video", OtherMedia.VIDEO),
            ("VIDEO", OtherMedia.VIDEO),
            ("video/mp4", OtherMedia.VIDEO),
        ),
        *(("audio", OtherMedia.SOUND), ("voice", OtherMedia.SOUND), ("file", OtherMedia.FILE)),
        *(("application/pdf", OtherMedia.FILE), ("contact", OtherMedia.CONTACT)),
        *(("location", OtherMedia.LOCATION), ("emoticon", OtherMedia.EMOTICON)),
        *((None, OtherMedia.UNKNOWN), ("hologram", OtherMedia.UNKNOWN)),
    ],
)
def test_other_media_are_named_by_their_type(kind: object, expected: OtherMedia) -> None:
    assert photo("https://talk.kakaocdn.net/a", kind).other_media == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://dn-v.talk.kakao.com/talkv/x/talkv_high.mp4", OtherMedia.VIDEO),
        ("https://talk.kakaocdn.net/dna/x/v.MOV?credential=a.jpg", OtherMedia.VIDEO),
        ("http://dn-a.talk.kakao.com/talka/x/audio.m4a", OtherMedia.SOUND),
        ("https://dn.talk.kakao.com/talkp/x/숙제.hwp", OtherMedia.FILE),
        ("https://talk.kakaocdn.net/dna/x/report.pdf#1", OtherMedia.FILE),
    ],
)
def test_other_media_are_named_by_the_end_of_their_address(url: str, expected: OtherMedia) -> None:
    assert request(utterance=url).other_media == expected
    assert photo(url, "something").other_media == expected
    assert request(utterance=f"{url} 봐 줘").other_media is None
