"""A call to /prompt as Kakao makes it, and what KakaoTalk would show of the answer."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chatgee.kakao.limits import Problem, problems
from chatgee.settings import Secret
from chatgee.system import own_mark
from chatgee.system.http import HttpReply, Lost, send

KAKAO_SECONDS = 5.0
"""After which Kakao hangs up and shows its user nothing; see REPLY_SECONDS"""
KAKAOS_AGENT = "AHC/2.1"
"""So that what stands in between takes the call for Kakao's, and not for a browser's."""
KEY_HEADER = "X-ChatGee-Key"


@dataclass(frozen=True)
class Exchange:
    """One message and what came of it."""

    request: Mapping[str, Any]
    seconds: float
    status: int = 0
    """0 where no answer came."""
    response: Any = None
    """The JSON of the answer, or None."""
    text: str = ""
    """The answer as it came, where it is no JSON."""
    why: str = ""
    """Why KakaoTalk shows nothing; the end of a key of the texts. Empty where it shows all."""
    problems: tuple[Problem, ...] = ()


def headers(key: Secret | None, nonce: str) -> dict[str, str]:
    """As Kakao sends them; the nonce says to the program that it is not Kakao's own call."""
    ours = {KEY_HEADER: key.reveal()} if key else {}
    return {
        "Content-Type": "application/json",
        "User-Agent": KAKAOS_AGENT,
        "x-request-id": f"chp-{secrets.token_hex(16)}",
        own_mark.HEADER: nonce,
        **ours,
    }


def call(
    server: str, payload: Mapping[str, Any], key: Secret | None, seconds: float = KAKAO_SECONDS
) -> Exchange:
    """Post it and wait for as long as Kakao does. Never raises for what the far end does."""
    body = json.dumps(payload, ensure_ascii=False).encode()
    try:
        reply = send("POST", f"{server}/prompt", seconds, body, headers(key, secrets.token_hex(16)))
    except Lost as lost:
        late = lost.kind == "timeout"
        return Exchange(payload, seconds if late else 0.0, why="late" if late else "gone")
    return _judged(payload, reply)


def _judged(payload: Mapping[str, Any], reply: HttpReply) -> Exchange:
    try:
        response = json.loads(reply.body)
    except (ValueError, RecursionError):
        text = reply.body.decode("utf-8", "replace")
        why = "not_json" if reply.status == 200 else "status"
        return Exchange(payload, reply.seconds, reply.status, None, text, why)
    if reply.status != 200:
        return Exchange(payload, reply.seconds, reply.status, response, why="status")
    found = problems(response)
    why = "limits" if found else ""
    return Exchange(payload, reply.seconds, reply.status, response, "", why, found)
