"""The only place that knows Kakao's JSON and its limits.

On the way in, `SkillRequest.parse`; on the way out, `render` and `encode`. The facts are
from Kakao's guide to skills, https://kakaobusiness.gitbook.io/main/tool/chatbot/skill_guide/answer_json_format
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chatgee.errors import PayloadError
from chatgee.kakao.attachments import OtherMedia, attached, is_words
from chatgee.kakao.bubbles import clip, cut, length, trimmed
from chatgee.questions import UnreadPart, storable

BUBBLES = 3
BUBBLE_CHARS = 1000
LEAST_BUBBLE_CHARS = 400
"""An owner may choose shorter ones, as KakaoTalk folds a bubble after about 500."""
QUICK_REPLIES = 10
LABEL_CHARS = 14
CARDS = 10
CARD_TITLE_CHARS = 50
CARD_DESCRIPTION_CHARS = 128
CARD_BUTTONS = 3

ID_CHARS = 200
"""Far more than Kakao's have, which are 70 at the most: others may send a page full of it."""
UTTERANCE_CHARS = 50_000
"""More than anybody types in KakaoTalk; what is longer is told so, and not kept."""

GROUP = " group:"
"""Before the id of a group, in those of rooms. A user's is stripped: none of them begins so."""
_UNSEEN = " \t\r\n\u00a0\u3000\u200b"
_MENTION = r"@({bot}(?=[{unseen}]|$)|\S{{1,40}}?\u200b)"
"""Of the bot, in a group: its button leaves a letter behind the name that cannot be seen."""


@dataclass(frozen=True, slots=True)
class Press:
    """A button or quick reply of ours that was pressed."""

    question: str
    page: int = 1
    """The bubble of the answer from which to go on, counted from 1."""
    again: bool = False
    rest: bool = False
    """Whether it asks for the rest of an answer that was cut."""
    bubble_chars: int = BUBBLE_CHARS
    """How long bubbles were where `page` was counted: their owner may have changed it since."""

    @property
    def extra(self) -> dict[str, Any]:
        """What Kakao sends back as `action.clientExtra`."""
        extra: dict[str, Any] = {"question": self.question}
        if self.page > 1:
            extra["page"] = self.page
            if self.bubble_chars != BUBBLE_CHARS:
                extra["chars"] = self.bubble_chars
        if self.again:
            extra["again"] = True
        if self.rest:
            extra["continue"] = True
        return extra

    @classmethod
    def parse(cls, extra: Mapping[str, Any]) -> "Press | None":
        """None where it is nothing of ours."""
        question = extra.get("question")
        if not isinstance(question, str) or not question:
            return None
        page, chars = max(1, _whole(extra, "page", 1)), _whole(extra, "chars", BUBBLE_CHARS)
        if not LEAST_BUBBLE_CHARS <= chars <= BUBBLE_CHARS:
            chars = BUBBLE_CHARS
        again, rest = (extra.get(name) in (True, "true") for name in ("again", "continue"))
        return cls(storable(question), page, again, rest, chars)


@dataclass(frozen=True, slots=True)
class SkillRequest:
    """One message from one user, as Kakao delivered it."""

    user_id: str
    room_id: str
    """The chat in which it was said: a group's, or the user's own, which is the `user_id`."""
    utterance: str
    """What the user wrote, beside photos as well. Trimmed, may be empty."""
    press: Press | None = None
    callback_url: str | None = None
    image_urls: tuple[str, ...] = ()
    """Photos in the chat; they can be fetched for some minutes."""
    other_media: OtherMedia | None = None
    is_friend: bool = False
    is_tester: bool = False
    """Whether it comes from the admin center's own test panels, which know no friends."""

    @property
    def in_group(self) -> bool:
        return self.room_id != self.user_id

    @classmethod
    def parse(cls, payload: object) -> "SkillRequest":
        """Read the JSON of a request; `PayloadError` where it is no skill request.

        Only `userRequest.user.id` is needed: Kakao leaves out or nulls anything else.
        """
        if not isinstance(payload, dict) or not isinstance(payload.get("userRequest"), dict):
            raise PayloadError("userRequest is missing")
        request, action = payload["userRequest"], _table(payload, "action")
        user, params = _table(request, "user"), _table(request, "params")
        user_id = _bounded(_text(user, "id"), "userRequest.user.id")
        if not user_id:
            raise PayloadError("userRequest.user.id is missing")
        room_id = _room(request, user_id)
        said = [_words(_table(action, "params"), "prompt"), _words(request, "utterance")]
        prompt, utterance = said
        if room_id != user_id:
            bot = _text(_table(payload, "bot"), "name")
            prompt, utterance = (trimmed(_without_mention(one, bot)) for one in said)
        found = attached(params, action, prompt, utterance)
        words = prompt if said[0] else utterance
        if found.photos:  # Kakao writes an utterance of its own for them
            words = prompt if is_words(prompt) else ""
        return cls(
            user_id=user_id,
            room_id=room_id,
            utterance=words,
            press=Press.parse(_table(action, "clientExtra")),
            callback_url=_text(request, "callbackUrl") or None,
            image_urls=found.photos,
            other_media=found.other,
            is_friend=_table(user, "properties").get("isFriend") is True,
            is_tester=user.get("type") == "accountId" or params.get("surface") == "BuilderBotTest",
        )


def says_it_is_kakaos(user_agent: str, x_request_id: str) -> bool:
    """By headers of Kakao's, of which what is in between may change one.

    A hint and no proof: anybody may write them.
    """
    return user_agent.startswith("AHC/") or x_request_id.startswith("chp-")


def has_shape(payload: object) -> bool:
    """Whether it is built as a request of Kakao's, of which one part may be missing."""
    if not isinstance(payload, dict):
        return False
    there = sum(isinstance(payload.get(name), dict) for name in ("bot", "intent", "action"))
    return there >= 2 and bool(_text(_table(_table(payload, "userRequest"), "user"), "id"))


def _table(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _room(request: Mapping[str, Any], user_id: str) -> str:
    """The group's; where it is not named, one that nobody shares with the user."""
    chat = request.get("chat")
    if not chat:
        return user_id
    if not isinstance(chat, dict):
        chat = {"id": chat}
    id_ = str(chat["id"]) if type(chat.get("id")) is int else _text(chat, "id")
    named = id_ or _text(_table(chat, "properties"), "botGroupKey")
    return GROUP + _bounded(named or user_id, "userRequest.chat.id")


def _bounded(id_: str, name: str) -> str:
    if len(id_) > ID_CHARS:
        raise PayloadError(f"{name} is longer than {ID_CHARS} characters")
    return id_


def _without_mention(utterance: str, bot: str) -> str:
    """At its head, and the bot's own name at its end."""
    said = utterance.strip(_UNSEEN)
    pattern = _MENTION.format(bot=re.escape(bot), unseen=_UNSEEN)
    if mention := re.match(pattern, said):
        said = said[mention.end() :].strip(_UNSEEN)
    if bot and said.endswith((f" @{bot}", f"\u200b@{bot}")):
        said = said[: -len(f"@{bot}")].strip(_UNSEEN)
    return said


def _whole(parent: Mapping[str, Any], name: str, default: int) -> int:
    """Kakao's JSON passes through more than one hand: a number may come back as text."""
    try:
        return int(parent.get(name, default))
    except (TypeError, ValueError, OverflowError):
        return default


def _text(parent: Mapping[str, Any], name: str) -> str:
    value = parent.get(name)
    return storable(value).strip() if isinstance(value, str) else ""


def _words(parent: Mapping[str, Any], name: str) -> str:
    """What a friend wrote; what nobody can have typed is not looked at letter by letter."""
    text = _text(parent, name)
    return trimmed(text) if len(text) <= UTTERANCE_CHARS else text


@dataclass(frozen=True, slots=True)
class QuickReply:
    """A button under the bubbles that sends its own label, as if the friend had typed it."""

    label: str
    press: Press | None = None


@dataclass(frozen=True, slots=True)
class TextCard:
    """One card of a carousel; its buttons send their own labels."""

    title: str
    description: str
    buttons: tuple[str, ...] = ()


Bubble = str | tuple[TextCard, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the friend will see: at most three bubbles, and the buttons under them."""

    bubbles: tuple[Bubble, ...]
    quick_replies: tuple[QuickReply, ...] = ()
    claimed: tuple[str, ...] = ()
    """Ids of the questions whose answers it delivers."""
    rests: Mapping[str, UnreadPart | None] = field(default_factory=dict)
    """In a group, by the ids of answers: what is not shown of them."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What Kakao shows until the callback comes."""

    text: str


def render(reply: Reply | Promise) -> dict[str, Any]:
    """The JSON of a SkillResponse 2.0, within every limit of Kakao's."""
    if isinstance(reply, Promise):
        return {"version": "2.0", "useCallback": True, "data": {"text": reply.text}}
    template: dict[str, Any] = {"outputs": [_bubble(one) for one in reply.bubbles[:BUBBLES]]}
    if reply.quick_replies:
        template["quickReplies"] = [_quick(one) for one in reply.quick_replies[:QUICK_REPLIES]]
    return {"version": "2.0", "template": template}


def encode(reply: Reply | Promise) -> bytes:
    """`render`, as UTF-8 JSON."""
    return json.dumps(render(reply), ensure_ascii=False, separators=(",", ":")).encode()


def _bubble(bubble: Bubble) -> dict[str, Any]:
    if isinstance(bubble, str):
        fits = length(bubble) <= BUBBLE_CHARS  # what an owner wrote may not
        return {"simpleText": {"text": bubble if fits else cut(bubble, BUBBLE_CHARS)[0]}}
    return {"carousel": {"type": "textCard", "items": [_card(one) for one in bubble[:CARDS]]}}


def _card(card: TextCard) -> dict[str, Any]:
    item: dict[str, Any] = {
        "title": clip(card.title, CARD_TITLE_CHARS),
        "description": clip(card.description, CARD_DESCRIPTION_CHARS),
    }
    if card.buttons:
        item["buttons"] = [_says(label) for label in card.buttons[:CARD_BUTTONS]]
    return item


def _quick(quick: QuickReply) -> dict[str, Any]:
    extra = {"extra": quick.press.extra} if quick.press else {}
    return _says(quick.label) | extra


def _says(label: str) -> dict[str, Any]:
    return {"label": clip(label, LABEL_CHARS), "action": "message", "messageText": label}


def same_words(one: str, other: str) -> bool:
    """Whether a friend means the same button by both: emoji, spaces and marks do not count."""
    letters = _letters(one)
    return bool(letters) and letters == _letters(other)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
