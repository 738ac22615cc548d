"""What KakaoTalk does not show is found, and told by its place; what it shows is left alone."""

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from chatgee.kakao import messages
from chatgee.kakao.bubbles import length
from chatgee.kakao.limits import problems, schema
from chatgee.kakao.messages import Press, Promise, QuickReply, Reply, TextCard

URL = "https://example.com/a.png"
LINK = {"label": "보기", "action": "webLink", "webLinkUrl": URL}
SAYS = {"label": "예", "action": "message", "messageText": "예", "extra": {"a": 1}}
CALL = {"label": "전화", "action": "phone", "phoneNumber": "02-123-4567"}
BLOCK = {"label": "블록", "action": "block", "blockId": "66f0"}
PICTURE = {"imageUrl": URL, "altText": "그림", "link": {"web": URL}, "fixedRatio": True, "width": 1}
FOOT = {"buttons": [LINK, SAYS], "buttonLayout": "vertical"}
TEXT_CARD = {"title": "제목", "description": "설명", "buttons": [SAYS, LINK, CALL]}
BASIC_CARD = {"title": "제목", "thumbnail": PICTURE, "profile": {"nickname": "나"}, **FOOT}
HEADER = {"title": "머리", "description": "설명", "thumbnail": {"imageUrl": URL}}
OUTPUTS: dict[str, dict[str, Any]] = {
    "text": {"simpleText": {"text": "안녕하세요", "forwardable": True}},
    "image": {"simpleImage": {"imageUrl": URL, "altText": "그림"}},
    "card": {"textCard": TEXT_CARD | {"forwardable": True}},
    "beside": {"textCard": TEXT_CARD | {"buttons": [SAYS, LINK], "buttonLayout": "horizontal"}},
    "basic": {"basicCard": BASIC_CARD},
    "cards": {"carousel": {"type": "textCard", "items": [TEXT_CARD, {"title": "둘"}]}},
    "basics": {"carousel": {"type": "basicCard", "items": [BASIC_CARD], "header": HEADER}},
}
CONTEXT = {"values": [{"name": "c", "lifeSpan": 1, "ttl": 60, "params": {"a": "b"}}]}
BODIES: list[dict[str, Any]] = [
    *(
        {
            "version": "2.0",
            "template": {"outputs": [output], "quickReplies": [SAYS, BLOCK]},
            "context": CONTEXT,
        }
        for output in OUTPUTS.values()
    ),
    {"version": "2.0", "useCallback": True, "data": {"text": "기다려 주세요"}},
    {"version": "2.0", "useCallback": False, "template": {"outputs": [OUTPUTS["text"]] * 3}},
]


PLAIN = {True: Draft202012Validator(schema.PROMISE), False: Draft202012Validator(schema.ANSWER)}


def plain(body: Any) -> bool:
    """Whether it is right to a reader of JSON Schema who knows none of our keywords."""
    return PLAIN[isinstance(body, dict) and body.get("useCallback") is True].is_valid(body)


def parts(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON document: what holds it, and its key or number there."""
    pairs: Any = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        yield value, key
        if isinstance(inner, dict | list):
            yield from parts(inner)


LENGTHS = (1, 6, 7, 8, 14, 15, 16, 30, 31, 40, 41, 50, 51, 128, 129, 230, 231, 400, 401, 1000, 1001)
STRANGE = st.one_of(
    st.sampled_from([None, True, False, 0, 1, -1, 1.5, 2.0, 101, "", "x", {}, [], [1], {"a": 1}]),
    st.sampled_from(["2.0", "horizontal", "block", "message", "textCard", "ftp://x", URL]),
    st.sampled_from(LENGTHS).map(lambda count: "가" * count),
)


@st.composite
def broken(draw: st.DrawFn) -> Any:
    """A good answer with one to three things changed in it; it may still be good."""
    body = copy.deepcopy(draw(st.sampled_from(BODIES)))
    for _ in range(draw(st.integers(1, 3))):
        places = list(parts(body))
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        match draw(st.sampled_from(["set", "set", "drop", "add", "repeat"])):
            case "set":
                holder[key] = copy.deepcopy(draw(STRANGE))
            case "drop":
                del holder[key]
            case "add" if isinstance(holder, dict):
                name = st.sampled_from(["title", "description", "buttonLayout", "what", "label"])
                holder[draw(name)] = copy.deepcopy(draw(STRANGE))
            case _ if isinstance(holder, list):
                holder[:] = holder * draw(st.integers(2, 6))
        if not body:
            break
    return body


@pytest.mark.parametrize("body", BODIES, ids=lambda body: "-".join(map(str, parts_of(body))))
def test_what_kakao_shows_is_not_complained_about(body: dict[str, Any]) -> None:
    assert problems(body) == ()


def parts_of(body: dict[str, Any]) -> list[str]:
    outputs = body.get("template", {}).get("outputs", [{"promise": 0}])
    return [next(iter(one)) for one in outputs]


OURS = {"empty", "beside", "together", "bytes"}
"""What only our keywords find; of `empty`, some."""


@settings(max_examples=1500, deadline=None)
@given(broken())
def test_it_finds_what_any_reader_of_json_schema_finds(body: Any) -> None:
    found = problems(body)
    assert found or plain(body)
    assert not plain(body) or {one.kind for one in found} <= OURS


def test_the_schema_is_one() -> None:
    for one in (schema.ANSWER, schema.PROMISE):
        Draft202012Validator.check_schema(one)


# --- each limit -----------------------------------------------------------------------------


def one(output: dict[str, Any]) -> dict[str, Any]:
    return {"version": "2.0", "template": {"outputs": [output]}}


def card(**changed: Any) -> dict[str, Any]:
    return {"textCard": TEXT_CARD | changed}


def basic(**changed: Any) -> dict[str, Any]:
    return {"basicCard": BASIC_CARD | changed}


def cards(*items: Any, kind: str = "textCard", **more: Any) -> dict[str, Any]:
    return {"carousel": {"type": kind, "items": list(items), **more}}


SQUARE = {"basicCard": {"thumbnail": PICTURE, "buttons": [SAYS] * 3}}
"""Its picture says that buttons stand side by side."""


def button(**changed: Any) -> dict[str, Any]:
    return card(buttons=[SAYS | changed])


def short(value: Any) -> str:
    return next(iter(value), "nothing") if isinstance(value, dict) else str(value)


def words(count: int) -> str:
    return "가" * count


LIMITS: list[tuple[dict[str, Any], str, str, int]] = [
    ({"simpleText": {"text": words(1001)}}, "long", "text", 1000),
    ({"simpleImage": {"imageUrl": URL, "altText": words(51)}}, "long", "altText", 50),
    (card(title=words(51)), "long", "title", 50),
    ({"textCard": {"description": words(401)}}, "long", "description", 400),
    (basic(title=words(51)), "long", "title", 50),
    (basic(description=words(231)), "long", "description", 230),
    (basic(thumbnail=PICTURE | {"altText": words(51)}), "long", "altText", 50),
    (cards({"title": words(51)}), "long", "title", 50),
    (cards({"description": words(129)}), "long", "description", 128),
    (cards(*[{"title": "하나"}] * 11), "many", "items", 10),
    (cards(*[BASIC_CARD] * 11, kind="basicCard"), "many", "items", 10),
    (button(label=words(15)), "long", "label", 14),
    (card(buttons=[SAYS] * 4), "many", "buttons", 3),
    (card(buttons=[SAYS] * 3, buttonLayout="horizontal"), "beside", "buttons", 2),
    (basic(buttons=[SAYS] * 3, buttonLayout="horizontal"), "beside", "buttons", 2),
    (SQUARE, "beside", "buttons", 2),
]


@pytest.mark.parametrize(("output", "kind", "name", "most"), LIMITS, ids=short)
def test_a_limit_is_told_with_what_it_is(
    output: dict[str, Any], kind: str, name: str, most: int
) -> None:
    (found,) = problems(one(output))
    assert (found.kind, found.name, found.most) == (kind, name, most)
    assert found.count > most


def test_there_is_room_for_three_bubbles_and_ten_quick_replies() -> None:
    template = {"outputs": [OUTPUTS["text"]] * 4, "quickReplies": [SAYS] * 11}
    found = problems({"version": "2.0", "template": template})
    assert [(one.kind, one.name, one.count, one.most, one.place) for one in found] == [
        ("many", "outputs", 4, 3, ()),
        ("many", "quickReplies", 11, 10, ()),
    ]


FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"simpleText": {}}, "missing", "text"),
    ({"simpleText": {"text": ""}}, "empty", "text"),
    ({"simpleText": {"text": None}}, "wrong", "text"),
    ({"simpleText": {"text": "글", "title": "제목"}}, "unknown", "title"),
    ({"simpleText": {"text": "글", "forwardable": 1}}, "wrong", "forwardable"),
    ({"simpleText": "글"}, "wrong", "simpleText"),
    ({"simpleImage": {"altText": "그림"}}, "missing", "imageUrl"),
    ({"simpleImage": {"imageUrl": "ftp://example.com/a.png"}}, "wrong", "imageUrl"),
    ({"simpleImage": {"imageUrl": URL + "\n"}}, "wrong", "imageUrl"),
    ({"textCard": {"buttons": [SAYS]}}, "missing", "title"),
    ({"basicCard": {"title": "제목"}}, "missing", "thumbnail"),
    (basic(thumbnail={"imageUrl": URL, "link": {}}), "missing", "web"),
    (basic(thumbnail={"imageUrl": URL, "width": 0}), "wrong", "width"),
    (basic(thumbnail={"imageUrl": URL, "width": 1.5}), "wrong", "width"),
    (basic(profile={"imageUrl": URL}), "missing", "nickname"),
    (card(title=""), "empty", "title"),
    (card(buttons=[]), "empty", "buttons"),
    (card(buttons="예"), "wrong", "buttons"),
    (card(buttonLayout="diagonal"), "wrong", "buttonLayout"),
    (button(label=""), "empty", "label"),
    (button(label=None), "wrong", "label"),
    (button(action="osLink"), "wrong", "action"),
    (button(action="webLink"), "missing", "webLinkUrl"),
    (button(action="phone"), "missing", "phoneNumber"),
    (button(action="block"), "missing", "blockId"),
    (card(buttons=[{"label": "예", "action": "message"}]), "missing", "messageText"),
    (card(buttons=[CALL | {"phoneNumber": "전화"}]), "wrong", "phoneNumber"),
    (card(buttons=[CALL | {"phoneNumber": "112\n"}]), "wrong", "phoneNumber"),
    (button(extra="x"), "wrong", "extra"),
    (cards(TEXT_CARD | {"forwardable": True}), "unknown", "forwardable"),
    (cards(BASIC_CARD | {"forwardable": True}, kind="basicCard"), "unknown", "forwardable"),
    (cards(BASIC_CARD, kind="basicCard", header={"title": "머리"}), "missing", "description"),
    (cards({"title": "하나"}, header=HEADER), "unknown", "header"),
    (cards(), "empty", "items"),
    ({"carousel": {"type": "textCard"}}, "missing", "items"),
    (cards({"title": "하나"}, kind="video"), "kind", ""),
    ({"carousel": {"items": [{"title": "하나"}]}}, "kind", ""),
    ({"video": {}}, "kind", ""),
    ({}, "kind", ""),
    ({"simpleText": {"text": "글"}, "textCard": {"title": "제목"}}, "kind", ""),
]


@pytest.mark.parametrize(("output", "kind", "name"), FAULTS, ids=short)
def test_a_fault_is_told_with_its_field(output: dict[str, Any], kind: str, name: str) -> None:
    found = problems(one(output))
    assert found[0].kind == kind
    assert found[0].name == name or kind == "kind"
    assert {problem.place[0] for problem in found} == {("outputs", 1)}


def test_an_operator_a_phone_and_a_link_are_buttons() -> None:
    operator = {"label": "상담원 연결", "action": "operator"}
    for output in (card(buttons=[operator, CALL, LINK]), basic(buttons=[operator, CALL, LINK])):
        assert problems(one(output)) == ()


def test_an_answer_that_is_as_deep_as_can_be_read_is_judged() -> None:
    for depth in range(900, 1000):
        deep = '{"a":' * depth + "1" + "}" * depth
        with suppress(RecursionError):
            body = json.loads(f'{{"version": "2.0", "template": {{"outputs": [{deep}]}}}}')
            assert raises_nothing(body)


def raises_nothing(body: Any) -> bool:
    try:
        return problems(body) != ()
    except RecursionError:
        return False


# --- what we say ----------------------------------------------------------------------------

BUBBLES = st.one_of(
    st.text(min_size=1, max_size=1500).filter(lambda words: words.strip()),
    st.lists(
        st.builds(
            TextCard,
            st.text("가나 다", min_size=1).map(lambda words: words + "끝"),
            st.text("가나 다", max_size=500).map(lambda words: words + "끝"),
            st.lists(st.text("가나다", min_size=1, max_size=30), max_size=5).map(tuple),
        ),
        min_size=1,
        max_size=12,
    ).map(tuple),
)
QUICK = st.builds(
    QuickReply,
    st.text("가나다", min_size=1, max_size=30),
    st.none() | st.builds(Press, st.text("abc", min_size=1), st.integers(1, 9), st.booleans()),
)
REPLIES = st.builds(
    Reply,
    st.lists(BUBBLES, min_size=1, max_size=5).map(tuple),
    st.lists(QUICK, max_size=12).map(tuple),
)


@settings(deadline=None)
@given(REPLIES | st.builds(Promise, st.text()))
def test_nothing_that_our_bot_can_say_is_complained_about(reply: Reply | Promise) -> None:
    body = messages.render(reply)
    blank = [one for one in problems(body) if one.kind == "empty" and one.name == "text"]
    assert [one for one in problems(body) if one not in blank] == []


# --- what no schema can tell ----------------------------------------------------------------


def test_an_emoji_counts_as_the_platform_counts_it() -> None:
    text = "😀" * 501
    (found,) = problems(one({"simpleText": {"text": text}}))
    assert (found.kind, found.count, found.most) == ("long", length(text), 1000)


def test_a_bubble_may_be_too_large_though_every_part_of_it_fits() -> None:
    heavy = SAYS | {"extra": {"x": "가" * 11_000}}
    (found,) = problems(one({"textCard": {"title": "제목", "buttons": [heavy]}}))
    assert (found.kind, found.most) == ("bytes", 30_720)


def test_title_and_description_of_a_card_share_their_room() -> None:
    (found,) = problems(one({"textCard": {"title": "가" * 50, "description": "나" * 351}}))
    assert (found.kind, found.count, found.most) == ("together", 401, 400)


@pytest.mark.parametrize("text", [" \n", "\u200b", "ㅤ"])
def test_a_bubble_that_shows_nothing_is_found(text: str) -> None:
    assert [found.kind for found in problems(one({"simpleText": {"text": text}}))] == ["empty"]


def test_a_callback_cannot_promise_another_one() -> None:
    promise = messages.render(Promise("기다려 주세요"))
    assert problems(promise) == ()
    assert problems(promise, after_promise=True)


def test_a_problem_says_where_it_is() -> None:
    cards = [{"title": "하나"}, {"title": "둘", "buttons": [SAYS, SAYS | {"label": "가" * 15}]}]
    body = one({"carousel": {"type": "textCard", "items": cards}})
    (found,) = problems(body)
    assert found.place == (("outputs", 1), ("items", 2), ("buttons", 2))
    assert (found.kind, found.name, found.count, found.most) == ("long", "label", 15, 14)


@pytest.mark.parametrize("body", [None, [], "", 5, {}, {"version": "2.0"}])
def test_what_is_no_answer_at_all_is_a_problem_too(body: object) -> None:
    assert problems(body)
