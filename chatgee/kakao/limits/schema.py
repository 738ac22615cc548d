"""The format of a SkillResponse 2.0 as JSON Schema, with every limit that is known.

Of the kinds of bubbles it has those that somebody may send. Four keywords are ours: `mayBeBlank`,
`maxBeside`, `maxTogether` and `maxBytes`.
https://kakaobusiness.gitbook.io/main/tool/chatbot/skill_guide/answer_json_format
"""

from typing import Any

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

Schema = dict[str, Any]

BUBBLE_BYTES = 30_720
SINGLE_CARD_CHARS = 400
"""Title and description together, where a text card stands alone."""
BESIDE = 2
"""How many buttons fit side by side."""

NEEDED = {
    "webLink": "webLinkUrl",
    "message": "messageText",
    "phone": "phoneNumber",
    "block": "blockId",
}
"""What an action needs beside it."""


def words(most: int | None = None) -> Schema:
    return {"type": "string", "minLength": 1} | ({"maxLength": most} if most else {})


def table(fields: Schema, *needs: str) -> Schema:
    return {
        "type": "object",
        "properties": fields,
        "required": list(needs),
        "additionalProperties": False,
    }


def several(one: Schema, most: int) -> Schema:
    return {"type": "array", "minItems": 1, "maxItems": most, "items": one}


def has(name: str, value: object) -> Schema:
    return {"type": "object", "properties": {name: {"const": value}}, "required": [name]}


def any_of(*names: str) -> Schema:
    return {"anyOf": [{"required": [name]} for name in names]}


# --- parts of cards -----------------------------------------------------------------------------

FLAG: Schema = {"type": "boolean"}
FREE: Schema = {"type": "object"}
ADDRESS: Schema = {"type": "string", "pattern": r"^https?://\S+(?!\s)$"}
LINK = table({"pc": ADDRESS, "mobile": ADDRESS, "web": ADDRESS}) | any_of("web", "pc", "mobile")
SIZE: Schema = {"type": "integer", "minimum": 1}
PICTURE = {"imageUrl": ADDRESS, "altText": words(50)}
THUMBNAIL = table(
    PICTURE | {"link": LINK, "fixedRatio": FLAG, "width": SIZE, "height": SIZE}, "imageUrl"
)
ACTION = {
    "allOf": [
        {"if": has("action", name), "then": {"required": [field]}} for name, field in NEEDED.items()
    ]
}
SAYS = {"label": words(LABEL_CHARS), "messageText": words(), "blockId": words()}
BUTTON = ACTION | table(
    SAYS
    | {
        "action": {"enum": [*NEEDED, "share", "operator"]},
        "webLinkUrl": ADDRESS,
        "phoneNumber": {"type": "string", "pattern": r"^[0-9+*#()\- ]{2,30}(?!\s)$"},
        "extra": FREE,
    },
    "label",
    "action",
)
QUICK_REPLY = ACTION | table(
    SAYS | {"action": {"enum": ["message", "block"]}, "extra": True}, "label", "action"
)
FOOT = {
    "buttons": several(BUTTON, CARD_BUTTONS),
    "buttonLayout": {"enum": ["vertical", "horizontal"]},
}
ROOM = {
    "if": {
        "anyOf": [
            has("buttonLayout", "horizontal"),
            {
                "properties": {"thumbnail": has("fixedRatio", True)},
                "required": ["thumbnail"],
                "not": has("buttonLayout", "vertical"),
            },
        ]
    },
    "then": {"properties": {"buttons": {"maxBeside": BESIDE}}},
}


def card(fields: Schema, *needs: str) -> Schema:
    return table(fields | FOOT, *needs) | ROOM


# --- bubbles ------------------------------------------------------------------------------------

FORWARDABLE = {"forwardable": FLAG}
TITLE = {"title": words(CARD_TITLE_CHARS)}
TITLED = any_of("title", "description")
TEXT_CARD = card(TITLE | {"description": words(SINGLE_CARD_CHARS)} | FORWARDABLE) | TITLED
BASIC_CARD = TITLE | {
    "description": words(230),
    "thumbnail": THUMBNAIL,
    "profile": table({"nickname": words(), "imageUrl": ADDRESS}, "nickname"),
}
HEADER = table(
    {
        "title": words(),
        "description": words(),
        "thumbnail": table({"imageUrl": ADDRESS}, "imageUrl"),
    },
    *("title", "description", "thumbnail"),
)


def cards_of(kind: str, one: Schema, **more: Schema) -> Schema:
    return table({"type": {"const": kind}, "items": several(one, CARDS), **more}, "type", "items")


SHOWN: Schema = {"type": "string", "maxLength": BUBBLE_CHARS, "mayBeBlank": False}
CAROUSEL = {
    "if": has("type", "textCard"),
    "then": cards_of(
        "textCard", card(TITLE | {"description": words(CARD_DESCRIPTION_CHARS)}) | TITLED
    ),
    "else": {
        "if": has("type", "basicCard"),
        "then": cards_of("basicCard", card(BASIC_CARD, "thumbnail"), header=HEADER),
        "else": False,
    },
}
KINDS = {
    "simpleText": table({"text": SHOWN} | FORWARDABLE, "text"),
    "simpleImage": table(PICTURE | FORWARDABLE, "imageUrl"),
    "textCard": TEXT_CARD | {"maxTogether": SINGLE_CARD_CHARS},
    "basicCard": card(BASIC_CARD | FORWARDABLE, "thumbnail"),  # without it the answer is dropped
    "carousel": CAROUSEL,
}
BUBBLE = {
    "properties": KINDS,
    "oneOf": [{"required": [kind], "maxProperties": 1} for kind in KINDS],
    "maxBytes": BUBBLE_BYTES,
}

# --- the whole ----------------------------------------------------------------------------------

COUNT: Schema = {"type": "integer", "minimum": 0}
TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
VALUE = table(
    {"name": words(), "lifeSpan": COUNT, "ttl": COUNT, "params": TEXTS}, "name", "lifeSpan"
)
AROUND = {
    "version": {"const": "2.0"},
    "context": table({"values": {"type": "array", "items": VALUE}}, "values"),
    "data": FREE,
}
TEMPLATE = table(
    {"outputs": several(BUBBLE, BUBBLES), "quickReplies": several(QUICK_REPLY, QUICK_REPLIES)},
    "outputs",
)
ANSWER = table(
    AROUND | {"template": TEMPLATE, "useCallback": {"const": False}}, "version", "template"
)
PROMISE = table(AROUND | {"useCallback": {"const": True}}, "version", "useCallback")
