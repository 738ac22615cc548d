"""Our own reading of Kakao's format, against the JSON schema that was written from its guide."""

import copy
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatgee.kakao import messages
from chatgee.kakao.bubbles import length
from chatgee.kakao.limits import problems
from chatgee.kakao.messages import Press, Promise, QuickReply, Reply, TextCard
from tests.support.kakao_side import check

URL = "https://example.com/a.png"
LINK = {"label": "보기", "action": "webLink", "webLinkUrl": URL}
SAYS = {"label": "예", "action": "message", "messageText": "예", "extra": {"a": 1}}
CALL = {"label": "전화", "action": "phone", "phoneNumber": "02-123-4567"}
BLOCK = {"label": "블록", "action": "block", "blockId": "66f0"}
PICTURE = {"imageUrl": URL, "altText": "그림", "link": {"web": URL}, "fixedRatio": True, "width": 1}
FOOT = {"buttons": [LINK, SAYS], "buttonLayout": "vertical"}
TEXT_CARD = {"title": "제목", "description": "설명", "buttons": [SAYS, LINK, CALL]}
BASIC_CARD = {"title": "제목", "thumbnail": PICTURE, "profile": {"nickname": "나"}, **FOOT}
COMMERCE_CARD = {
    "title": "꽃",
    "price": 1000,
    "currency": "won",
    "discountRate": 10,
    "discountedPrice": 900,
    "thumbnails": [{"imageUrl": URL}],
    **FOOT,
}
ROW = {"title": "줄", "description": "설명", "link": {"pc": URL}}
LIST_CARD = {
    "header": {"title": "머리"},
    "items": [ROW, {"title": "둘", "action": "message", "messageText": "둘"}],
}
ITEM_CARD = {
    "head": {"title": "머리"},
    "imageTitle": {"title": "그림", "imageUrl": URL},
    "itemList": [{"title": "시간", "description": "열 시"}],
    "itemListAlignment": "left",
    "itemListSummary": {"title": "합계", "description": "천 원"},
    "title": "제목",
    "description": "설명",
}
HEADER = {"title": "머리", "description": "설명", "thumbnail": {"imageUrl": URL}}
OUTPUTS: dict[str, dict[str, Any]] = {
    "text": {"simpleText": {"text": "안녕하세요", "forwardable": True}},
    "image": {"simpleImage": {"imageUrl": URL, "altText": "그림"}},
    "card": {"textCard": TEXT_CARD | {"forwardable": True}},
    "beside": {"textCard": TEXT_CARD | {"buttons": [SAYS, LINK], "buttonLayout": "horizontal"}},
    "basic": {"basicCard": BASIC_CARD},
    "commerce": {"commerceCard": COMMERCE_CARD},
    "list": {"listCard": LIST_CARD},
    "item": {"itemCard": ITEM_CARD},
    "cards": {"carousel": {"type": "textCard", "items": [TEXT_CARD, {"title": "둘"}]}},
    "basics": {"carousel": {"type": "basicCard", "items": [BASIC_CARD], "header": HEADER}},
    "commerces": {"carousel": {"type": "commerceCard", "items": [COMMERCE_CARD]}},
    "lists": {"carousel": {"type": "listCard", "items": [LIST_CARD]}},
    "items": {"carousel": {"type": "itemCard", "items": [ITEM_CARD]}},
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


def agrees_with_the_schema(body: Any) -> bool:
    try:
        check(body)
    except (jsonschema.ValidationError, AssertionError):
        return False
    return True


def parts(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON document: what holds it, and its key or number there."""
    pairs: Any = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        yield value, key
        if isinstance(inner, dict | list):
            yield from parts(inner)


def shares_its_room(body: Any) -> bool:
    """Whether title and description may be too long together, of which no schema can tell."""
    cards = [inner for holder, key in parts(body) if isinstance(inner := holder[key], dict)]
    return any(
        isinstance(title, str) and isinstance(about, str) and len(title) + len(about) > 100
        for title, about in ((one.get("title"), one.get("description")) for one in cards)
    )


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
    assert agrees_with_the_schema(body)
    assert problems(body) == ()


def parts_of(body: dict[str, Any]) -> list[str]:
    outputs = body.get("template", {}).get("outputs", [{"promise": 0}])
    return [next(iter(one)) for one in outputs]


@settings(max_examples=1500, deadline=None)
@given(broken())
def test_it_finds_what_the_schema_finds_and_nothing_else(body: Any) -> None:
    found = problems(body)
    if shares_its_room(body):
        found = tuple(one for one in found if one.kind != "together")
    assert bool(found) != agrees_with_the_schema(body), found


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


def one(output: dict[str, Any]) -> dict[str, Any]:
    return {"version": "2.0", "template": {"outputs": [output]}}


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
