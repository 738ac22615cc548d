"""`/local_test`: KakaoTalk simulated in the browser, with which the owner tries everything.

The browser says what a simulated friend does; the request is made here and really posted to
`/prompt`, so that neither the key nor Kakao's format is the browser's business.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from chatgee.conversation.commands import MENU
from chatgee.errors import StoreError
from chatgee.kakao import limits, messages
from chatgee.kakao.limits import Problem
from chatgee.model.practice_model import PracticeModel
from chatgee.questions import SIMULATED
from chatgee.simulator import call, callbacks, payloads
from chatgee.simulator.payloads import WAYS, WITH_CALLBACK, Message
from chatgee.simulator.problem_words import told
from chatgee.system.addresses import is_loopback
from chatgee.web import owner, request_values
from chatgee.web.parts import parts

MOST_CHARS = 2 * messages.UTTERANCE_CHARS
"""So that what is too long for a friend can be tried as well."""
MOST_LEVELS = 10
"""Of what a button carries."""
TRIGGERS = {
    "text": "TEXT_INPUT",
    "quick": "QUICKREPLY_BUTTON_MESSAGE",
    "card": "CARD_BUTTON_MESSAGE",
    "photo": "IMAGE_UPLOAD",
}

bp = Blueprint("chat", __name__)
owner.guard(bp)
owner.LARGE["chat.send"] = 2 * 1024 * 1024
"""One message with its photo, which grows by a third on the way."""

arrivals = Blueprint("arrivals", __name__)
"""Where this program posts its callbacks: no page, so no login; its token is the key."""
arrivals.after_request(owner.private)


@dataclass(frozen=True)
class SimulatedMessage:
    """What a simulated friend does, as the page tells it."""

    friend: str
    way: str
    how: str
    words: str
    extra: Mapping[str, Any]
    callback: bool
    photo: bytes

    @classmethod
    def parse(cls, told: object) -> "SimulatedMessage":
        """`ValueError` for what no page of ours sends."""
        match told:
            case {
                "friend": str(friend),
                "way": str(way),
                "how": str(how),
                "words": str(words),
                "extra": dict(extra),
                "callback": bool(callback),
                "photo": str(photo),
            }:
                picture = base64.b64decode(photo, validate=True)
            case _:
                raise ValueError("a field is missing")
        if not payloads.may_be(friend) or way not in WAYS or how not in TRIGGERS:
            raise ValueError("there is no such friend or way")
        if len(words) > MOST_CHARS or not request_values.is_flat(extra, MOST_LEVELS):
            raise ValueError("too many words, or too deep")
        json.dumps(
            [words, extra], ensure_ascii=False
        ).encode()  # which halves of characters are not
        return cls(friend, way, how, words, extra, callback and way in WITH_CALLBACK, picture)


def page() -> str:
    """For `/local_test`, which is everybody's: whoever calls this has looked who asks."""
    return render_template(
        "chat.html",
        menu=MENU,
        ways=WAYS,
        with_callback=WITH_CALLBACK,
        prefix=SIMULATED,
        practising=parts().status.model == PracticeModel.name,
        reply_seconds=parts().settings.reply_seconds,
        kakao_seconds=call.KAKAO_SECONDS,
    )


@bp.post("/local_test/send")
def send() -> ResponseReturnValue:
    try:
        doing = SimulatedMessage.parse(request_values.tree(request.get_data(cache=False)))
        words = parts().photos.keep(doing.photo) if doing.how == "photo" else doing.words
    except ValueError:
        abort(400)
    token = parts().callback_receiver.open() if doing.callback else None
    message = Message(
        doing.friend,
        words,
        doing.extra,
        TRIGGERS[doing.how],
        parts().callback_receiver.url(token) if token else None,
    )
    payload = WAYS[doing.way](message)
    done = call.call(parts().status.local, payload, parts().settings.skill_key)
    promised = not done.why and done.response.get("useCallback") is True
    return _in_order(
        request=done.request,
        status=done.status,
        text=done.text,
        why=_why(done.why, done.status),
        token=token if promised else None,
        **_shown(done.response, done.seconds, done.problems, bool(done.why)),
    )


@bp.get("/local_test/arrived/<token>")
def arrived(token: str) -> ResponseReturnValue:
    """The callback, once it is there; the page asks every second."""
    received = parts().callback_receiver.look(token)
    if received is None:
        abort(404)
    if not received.used:
        return _in_order(came=False, open=received.is_open)
    why = _why("limits" if received.problems else "", 200)
    shown = _shown(received.body, received.seconds, received.problems, bool(why))
    return _in_order(came=True, open=False, why=why, **shown)


@arrivals.post("/local_test/callback/<token>")
def callback(token: str) -> ResponseReturnValue:
    if not _made_by_us():
        abort(404)
    request.max_content_length = callbacks.MOST_BYTES
    reply = parts().callback_receiver.take(token, request.get_data(cache=False))
    if reply is None:
        abort(404)
    return jsonify(reply)


@bp.errorhandler(StoreError)
@arrivals.errorhandler(StoreError)
def away(_: StoreError) -> ResponseReturnValue:
    """The page gives back what was typed, and looks again for what may have arrived."""
    return jsonify(error="the database is away"), 503


def _made_by_us() -> bool:
    """Callbacks come from this machine, and by no tunnel."""
    ours = urlsplit(parts().status.local).hostname
    here = is_loopback(request.remote_addr) or request.remote_addr == ours
    return here and not any(name in request.headers for name in owner.FORWARDED)


def _shown(
    body: Any, seconds: float, problems: tuple[Problem, ...], nothing: bool
) -> dict[str, Any]:
    """What KakaoTalk makes of an answer. Kakao gives `data.text` to the waiting bubble."""
    template = None if nothing or body is None else body.get("template")
    waiting = None if nothing or template else body.get("data", {}).get("text")
    return {
        "response": body,
        "seconds": seconds,
        "problems": [told(one, parts().texts) for one in problems],
        "template": template,
        "waiting": waiting,
        "sizes": [limits.size(one) for one in template["outputs"]] if template else [],
    }


def _in_order(**values: Any) -> Response:
    """JSON whose fields stay as they came, for somebody to read."""
    return Response(json.dumps(values, ensure_ascii=False), mimetype="application/json")


def _why(kind: str, status: int) -> str:
    """Why KakaoTalk shows nothing; empty where it does."""
    if not kind:
        return ""
    return parts().texts(f"chat.why_{kind}", status=status, seconds=f"{call.KAKAO_SECONDS:g}")
