"""KakaoTalk's side of the conversation, as it is seen from a friend's phone."""

import copy
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests

from chatgee.kakao.limits import problems

TESTS = Path(__file__).parents[1]
PAYLOADS = sorted((TESTS / "payloads").glob("*.json"))


def check(body: Any) -> None:
    """Fail where Kakao would not show it."""
    assert problems(body) == ()


def payload(name: str = "01") -> dict[str, Any]:
    file = next(path for path in PAYLOADS if path.name.startswith(name))
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class Shown:
    """What the friend sees."""

    body: dict[str, Any]
    seconds: float = 0.0

    @property
    def promised(self) -> bool:
        return self.body.get("useCallback") is True

    @property
    def bubbles(self) -> list[str]:
        outputs = self.body["template"]["outputs"]
        return [output["simpleText"]["text"] for output in outputs if "simpleText" in output]

    @property
    def text(self) -> str:
        return "\n".join(self.bubbles)

    @property
    def cards(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.body["template"]["outputs"][0]["carousel"]["items"]
        return items

    @property
    def buttons(self) -> dict[str, dict[str, Any]]:
        """`extra` by label."""
        quick = self.body["template"].get("quickReplies", [])
        return {one["label"]: one.get("extra", {}) for one in quick}


@dataclass
class Friend:
    """Somebody in the channel's chat. Every reply is checked against Kakao's limits."""

    url: str
    id: str = "friend-1"
    is_friend: bool = True
    callback_url: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    group: str = ""
    """The group room in which it is said; the private chat without one."""

    def within(self, group: str) -> "Friend":
        """The same person in a group."""
        return replace(self, group=group)

    def says(self, words: str, extra: dict[str, Any] | None = None, name: str = "01") -> Shown:
        return self.sends(self.message(words, extra, name))

    def presses(self, shown: Shown, label: str) -> Shown:
        return self.says(label, shown.buttons[label])

    def message(self, words: str, extra: dict[str, Any] | None, name: str) -> dict[str, Any]:
        message = copy.deepcopy(payload(name))
        request = message["userRequest"]
        request["utterance"] = words
        request["user"]["id"] = self.id
        if not self.is_friend:
            request["user"]["properties"].pop("isFriend", None)
        if self.group:
            properties = {"botGroupKey": self.group}
            request["chat"] = {"id": self.group, "type": "botGroupKey", "properties": properties}
        request.pop("callbackUrl", None)
        if self.callback_url:
            request["callbackUrl"] = self.callback_url
        message["action"]["clientExtra"] = extra or {}
        return message

    def sends(self, message: dict[str, Any]) -> Shown:
        with requests.post(self.url, json=message, headers=dict(self.headers), timeout=20) as reply:
            assert reply.status_code == 200, reply.text
            assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
            body = reply.json()
        check(body)
        if self.group:
            assert not re.search("quickReplies|carousel", json.dumps(body)), "nothing to press"
        return Shown(body, reply.elapsed.total_seconds())
