"""Skill requests as Kakao makes them, one for every way in which a message can come."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chatgee.questions import SIMULATED

BOT_ID = "de5c000000000000000000b0"
BLOCK = {"id": "de5c000000000000000000f0", "name": "fallback"}

_FRIEND = re.compile(SIMULATED + r"[A-Za-z0-9_-]{4,60}")


def may_be(user_id: str) -> bool:
    """Whether it can be the id of a simulated friend."""
    return _FRIEND.fullmatch(user_id) is not None


@dataclass(frozen=True)
class Message:
    """What a simulated friend does."""

    user_id: str
    words: str
    """For a photo, its address."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Of the button that was pressed."""
    trigger: str = "TEXT_INPUT"
    """How it was sent, in Kakao's words."""
    callback_url: str | None = None


def friend(message: Message) -> dict[str, Any]:
    """From KakaoTalk itself, of somebody who has added the channel."""
    payload = stranger(message)
    payload["userRequest"]["user"]["properties"]["isFriend"] = True
    return payload


def stranger(message: Message) -> dict[str, Any]:
    """From KakaoTalk itself; Kakao leaves `isFriend` out rather than say false."""
    properties = {
        "botUserKey": message.user_id,
        "plusfriendUserKey": message.user_id,
        "bot_user_key": message.user_id,
        "plusfriend_user_key": message.user_id,
    }
    payload = _from_a_block(message, BOT_ID, "Kakaotalk.plusfriend", properties)
    request = payload["userRequest"]
    if message.trigger == "IMAGE_UPLOAD":
        request["params"]["media"] = {"type": "image", "url": message.words}
    if message.callback_url:
        request["callbackUrl"] = message.callback_url
    return payload


def bot_test(message: Message) -> dict[str, Any]:
    """From the admin center's chat window, in which no callback works."""
    properties = {"botUserKey": message.user_id, "bot_user_key": message.user_id}
    payload = _from_a_block(message, f"{BOT_ID}!", "BuilderBotTest", properties)
    payload["userRequest"]["utterance"] += "\n"
    payload["userRequest"]["params"]["ignoreMe"] = "true"
    return payload


def skill_test(message: Message) -> dict[str, Any]:
    """From the admin center's skill page, with what is said as the parameter `prompt`."""
    return {
        "intent": BLOCK,
        "userRequest": {
            "timezone": "Asia/Seoul",
            "params": {"ignoreMe": "true"},
            "block": BLOCK,
            "utterance": message.words,
            "lang": None,
            "user": {"id": message.user_id, "type": "accountId", "properties": {}},
        },
        "bot": {"id": BOT_ID, "name": "ChatGee"},
        "action": {
            "id": "de5c000000000000000000a0",
            "name": "ChatGee",
            "clientExtra": None,
            "params": {"prompt": message.words} if message.words else {},
            "detailParams": {},
        },
    }


WAYS: Mapping[str, Callable[[Message], dict[str, Any]]] = {
    "friend": friend,
    "stranger": stranger,
    "skill_test": skill_test,
    "bot_test": bot_test,
}
"""By the names that a page gives them."""

WITH_CALLBACK = frozenset({"friend", "stranger"})


def _from_a_block(
    message: Message, bot_id: str, surface: str, properties: dict[str, Any]
) -> dict[str, Any]:
    return {
        "bot": {"id": bot_id, "name": "ChatGee"},
        "intent": {**BLOCK, "extra": {"reason": {"code": 1, "message": "OK"}}},
        "action": {
            "id": "de5c000000000000000000a0",
            "name": "ChatGee",
            "params": {},
            "detailParams": {},
            "clientExtra": dict(message.extra),
        },
        "userRequest": {
            "block": BLOCK,
            "user": {"id": message.user_id, "type": "botUserKey", "properties": properties},
            "utterance": message.words,
            "params": {"surface": surface},
            "lang": "ko",
            "timezone": "Asia/Seoul",
        },
        "contexts": [],
        "flow": {
            "trigger": {"type": message.trigger, "referrerBlock": BLOCK},
            "lastBlock": BLOCK,
        },
    }
