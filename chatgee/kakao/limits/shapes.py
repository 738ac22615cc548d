"""The format of a SkillResponse 2.0, kind by kind."""

import json
from collections.abc import Mapping
from typing import Any

from chatgee.kakao.limits.rules import (
    Found,
    Place,
    Problem,
    Rule,
    Table,
    all_of,
    anything,
    at_most_together,
    does,
    either,
    flag,
    form,
    free,
    not_alone,
    not_both,
    one_of,
    room_for_buttons,
    several,
    whole,
    words,
)
from chatgee.kakao.messages import (
    BUBBLE_CHARS,
    BUBBLES,
    CARD_BUTTONS,
    CARD_DESCRIPTION_CHARS,
    CARD_TITLE_CHARS,
    CARDS,
    LABEL_CHARS,
    QUICK_REPLIES,
)

BUBBLE_BYTES = 30_720
SINGLE_CARD_CHARS = 400
"""Title and description together, where a text card stands alone."""

NEEDED = {
    "webLink": "webLinkUrl",
    "message": "messageText",
    "phone": "phoneNumber",
    "block": "blockId",
}
ADDRESS = form(r"https?://\S+")
LINK = Table({"pc": ADDRESS, "mobile": ADDRESS, "web": ADDRESS}, (), either("web", "pc", "mobile"))
THUMBNAIL = Table(
    {
        "imageUrl": ADDRESS,
        "altText": words(50),
        "link": LINK,
        "fixedRatio": flag,
        "width": whole(1),
        "height": whole(1),
    },
    ("imageUrl",),
)
BUTTON = Table(
    {
        "label": words(LABEL_CHARS),
        "action": one_of(*NEEDED, "share", "operator"),
        "webLinkUrl": ADDRESS,
        "messageText": words(),
        "phoneNumber": form(r"[0-9+*#()\- ]{2,30}"),
        "blockId": words(),
        "extra": free,
    },
    ("label", "action"),
    does(NEEDED),
)
QUICK_REPLY = Table(
    {
        "label": words(LABEL_CHARS),
        "action": one_of("message", "block"),
        "messageText": words(),
        "blockId": words(),
        "extra": anything,
    },
    ("label", "action"),
    does(NEEDED),
)
FOOT: Mapping[str, Rule] = {
    "buttons": several(BUTTON, CARD_BUTTONS),
    "buttonLayout": one_of("vertical", "horizontal"),
    "forwardable": flag,
}
PROFILE = Table({"nickname": words(), "imageUrl": ADDRESS}, ("nickname",))
CARD_PARTS: Mapping[str, Rule] = {
    "title": words(CARD_TITLE_CHARS),
    "description": words(SINGLE_CARD_CHARS),
    **FOOT,
}
CARD_RULES = all_of(either("title", "description"), room_for_buttons)
TEXT_CARD = Table(CARD_PARTS, (), all_of(CARD_RULES, at_most_together(SINGLE_CARD_CHARS)))
BASIC_CARD = Table(
    {
        "title": words(CARD_TITLE_CHARS),
        "description": words(230),
        "thumbnail": THUMBNAIL,
        "profile": PROFILE,
        **FOOT,
    },
    ("thumbnail",),  # without it the whole answer is dropped
    room_for_buttons,
)
COMMERCE_CARD = Table(
    {
        "title": words(30),
        "description": words(40),
        "price": whole(0),
        "currency": one_of("won"),
        "discount": whole(0),
        "discountRate": whole(0, 100),
        "discountedPrice": whole(0),
        "thumbnails": several(THUMBNAIL, 1),
        "profile": PROFILE,
        **FOOT,
    },
    ("price", "thumbnails"),
    all_of(not_alone("discountRate", without="discountedPrice"), room_for_buttons),
)
ROW = Table(
    {
        "title": words(),
        "description": words(),
        "imageUrl": ADDRESS,
        "link": LINK,
        "action": one_of("block", "message"),
        "blockId": words(),
        "messageText": words(),
        "extra": free,
    },
    ("title",),
    does(NEEDED),
)
LIST_CARD = Table(
    {"header": ROW, "items": several(ROW, 5), **FOOT}, ("header", "items"), room_for_buttons
)
ITEM = Table({"title": words(6), "description": words()}, ("title", "description"))
SUMMARY = Table({"title": words(6), "description": words(14)}, ("title", "description"))
PERSON = Table(
    {"title": words(15), "imageUrl": ADDRESS, "width": whole(1), "height": whole(1)}, ("title",)
)
PICTURE_TITLE = Table({"title": words(), "description": words(), "imageUrl": ADDRESS}, ("title",))


def item_card(chars: int, items: int, **foot: Rule) -> Table:
    return Table(
        {
            "thumbnail": THUMBNAIL,
            "head": Table({"title": words()}, ("title",)),
            "profile": PERSON,
            "imageTitle": PICTURE_TITLE,
            "itemList": several(ITEM, items),
            "itemListAlignment": one_of("left", "right"),
            "itemListSummary": SUMMARY,
            "title": words(chars, may_be_empty=True),
            "description": words(chars, may_be_empty=True),
            **foot,
        },
        ("itemList",),
        all_of(
            not_alone("description", without="title"),
            not_both("head", "profile"),
            at_most_together(chars),
            room_for_buttons,
        ),
    )


HEADER = Table(
    {
        "title": words(),
        "description": words(),
        "thumbnail": Table({"imageUrl": ADDRESS}, ("imageUrl",)),
    },
    ("title", "description", "thumbnail"),
)
IN_ROW = {name: rule for name, rule in FOOT.items() if name != "forwardable"}


def cards_of(kind: str, card: Rule, most: int = CARDS, **header: Rule) -> Table:
    return Table({"type": one_of(kind), "items": several(card, most), **header}, ("type", "items"))


TEXT_IN_ROW = Table(
    {
        "title": words(CARD_TITLE_CHARS),
        "description": words(CARD_DESCRIPTION_CHARS),
        **IN_ROW,
    },
    (),
    CARD_RULES,
)
CAROUSELS: Mapping[str, Table] = {
    "textCard": cards_of("textCard", TEXT_IN_ROW),
    "basicCard": cards_of("basicCard", BASIC_CARD.but("forwardable"), header=HEADER),
    "commerceCard": cards_of("commerceCard", COMMERCE_CARD.but("forwardable"), header=HEADER),
    "listCard": cards_of("listCard", LIST_CARD.but("forwardable", items=several(ROW, 4)), 5),
    "itemCard": cards_of("itemCard", item_card(100, 5, **IN_ROW), header=HEADER),
}


def bubble(value: Any, place: Place, name: str) -> Found:
    """One of the kinds; nothing beside it."""
    kinds = [kind for kind in value if kind in KINDS] if isinstance(value, dict) else []
    if len(kinds) != 1 or len(value) != 1:
        yield Problem("kind", place)
        return
    yield from KINDS[kinds[0]](value[kinds[0]], place, kinds[0])
    if (count := size(value)) > BUBBLE_BYTES:
        yield Problem("bytes", place, "", count, BUBBLE_BYTES)


def carousel(value: Any, place: Place, name: str) -> Found:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in CAROUSELS:
        yield Problem("kind", place)
        return
    yield from CAROUSELS[kind](value, place, name)


def size(bubble: object) -> int:
    """Bytes of a bubble as JSON: about what the platform counts."""
    return len(json.dumps(bubble, ensure_ascii=False).encode("utf-8", "surrogatepass"))


KINDS: Mapping[str, Rule] = {
    "simpleText": Table({"text": words(BUBBLE_CHARS), "forwardable": flag}, ("text",)),
    "simpleImage": Table(
        {"imageUrl": ADDRESS, "altText": words(50), "forwardable": flag}, ("imageUrl",)
    ),
    "textCard": TEXT_CARD,
    "basicCard": BASIC_CARD,
    "commerceCard": COMMERCE_CARD,
    "listCard": LIST_CARD,
    "itemCard": item_card(200, 10, **FOOT),
    "carousel": carousel,
}
TEMPLATE = Table(
    {
        "outputs": several(bubble, BUBBLES),
        "quickReplies": several(QUICK_REPLY, QUICK_REPLIES),
    },
    ("outputs",),
)


def texts_only(value: Any, place: Place, name: str) -> Found:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        yield Problem("wrong", place, name)


CONTEXT = Table(
    {
        "values": several(
            Table(
                {"name": words(), "lifeSpan": whole(0), "ttl": whole(0), "params": texts_only},
                ("name", "lifeSpan"),
            ),
            may_be_empty=True,
        )
    },
    ("values",),
)
AROUND: Mapping[str, Rule] = {"version": one_of("2.0"), "context": CONTEXT, "data": free}
ANSWER = Table(
    {**AROUND, "template": TEMPLATE, "useCallback": one_of(False)}, ("version", "template")
)
PROMISE = Table({**AROUND, "useCallback": one_of(True)}, ("version", "useCallback"))
