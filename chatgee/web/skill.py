"""`POST /prompt`, which Kakao's skill calls.

Kakao shows its user nothing at all for any status but 200, so what a friend should hear of is an
ordinary reply with words. What is no skill request at all is a 400.
"""

import logging
import math
import time
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from chatgee.clock import Deadline
from chatgee.errors import PayloadError
from chatgee.kakao import messages
from chatgee.kakao.messages import SkillRequest
from chatgee.simulator.call import KEY_HEADER as KEY_HEADER
from chatgee.system import own_mark
from chatgee.texts import Texts
from chatgee.web import owner, request_values
from chatgee.web.parts import parts
from chatgee.web.server.bodies import LARGEST_BODY
from chatgee.web.server.connection import ARRIVED, HUNG_UP

JSON = "application/json; charset=utf-8"

WRONG_KEYS = 30
"""In a minute, of all callers together: so many wrong ones are answered one by one."""
MOST_LOOKED_AT = 64 * 1024
"""Of a body that is turned away; a question of Kakao's has a few thousand bytes."""

SPREAD_SECONDS = 0.001
"""Each chat that is held lets the next one go this much earlier, down to half of the time.

Without it a thousand chats that came in one instant are let go in one instant, and the processor
that has to write their replies makes the last ones late. A class of thirty loses 0.03 s.
"""

MOST_HELD = 1500
"""Beyond so many, each with a thread of its own, nobody is held any more."""
PASSING_SECONDS = 0.3
"""Time to write a question down and to give its button."""

log = logging.getLogger(__name__)
bp = Blueprint("skill", __name__)


def _deadline() -> Deadline:
    """Counted from the moment in which the request was read off the socket."""
    longest, held = parts().settings.reply_seconds, len(parts().engine.waiters)
    hold = max(longest / 2, longest - SPREAD_SECONDS * held)
    if held >= MOST_HELD:
        hold = min(hold, PASSING_SECONDS)
    return Deadline.after(hold, start=request.environ.get(ARRIVED, time.monotonic()))


@bp.post("/prompt", strict_slashes=False)
def prompt() -> ResponseReturnValue:
    deadline = _deadline()
    if not owner.is_from_ours():
        return jsonify(error="no web page may call the skill"), 403
    if parts().settings.skill_key and not owner.has_skill_key():
        return _wrong_key()
    skill = SkillRequest.parse(_json(request.get_data(cache=False)))
    if not owner.is_here() and own_mark.HEADER not in request.headers:
        parts().status.called(skill.is_tester)
    return _deliver(parts().engine.answer(skill, deadline))


@bp.post("/")
def wrong_address() -> ResponseReturnValue:
    if _is_kakaos():
        _complain("page.no_prompt")
    return jsonify(error="the skill's address ends in /prompt"), 404


def _wrong_key() -> ResponseReturnValue:
    """401; beyond WRONG_KEYS in a minute, whoever sent them, nothing more is read."""
    seconds = parts().wrong_keys.take()
    if _says_it_is_kakaos() if seconds else _is_kakaos():
        _complain("page.wrong_key")
    if not seconds:
        return jsonify(error=f"the header {KEY_HEADER} is missing or wrong"), 401
    wait = {"Retry-After": str(math.ceil(seconds))}
    return jsonify(error=f"too many calls without the right {KEY_HEADER}"), 429, wait


def _is_kakaos() -> bool:
    """Whether it looks like a call of Kakao's: of what strangers send, the owner need not know."""
    if _says_it_is_kakaos():
        return True
    if (request.content_length or 0) > MOST_LOOKED_AT:
        return False
    try:
        return messages.has_shape(_json(request.get_data(cache=False)))
    except PayloadError:
        return False


def _says_it_is_kakaos() -> bool:
    told = request.headers
    return messages.says_it_is_kakaos(told.get("User-Agent", ""), told.get("X-Request-Id", ""))


def _complain(key: str) -> None:
    if own_mark.HEADER in request.headers:  # the doctor begins without the key
        return
    if parts().status.refused(key):
        log.warning("%s", parts().texts(key))


def _json(body: bytes) -> object:
    try:
        return request_values.tree(body)
    except ValueError as error:
        raise PayloadError("the body is not JSON") from error


def _deliver(reply: messages.Reply | messages.Promise) -> Response:
    """The reply, with a note to the engine once it is out, or that nobody was there to take it."""
    engine = parts().engine
    response = Response(messages.encode(reply), content_type=JSON)
    if request.environ.get(HUNG_UP, bool)():
        engine.not_sent(reply)
    else:
        response.call_on_close(lambda: engine.sent(reply))
    return response


@bp.after_request
def proved(response: Response) -> Response:
    """For the doctor, who has to know whose reply it is, whatever it says."""
    if nonce := request.headers.get(own_mark.HEADER):
        response.headers[own_mark.HEADER] = own_mark.of(nonce, parts().secret)
    return response


def meanwhile(texts: Texts) -> WSGIApplication:
    """Answers while the program cannot: a bubble to Kakao, 503 to everybody else."""
    bubble = messages.encode(messages.Reply((texts("reply.not_stored"),)))

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asks = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].strip("/") == "prompt"
        status = "200 OK" if asks else "503 Service Unavailable"
        body = bubble if asks else b'{"error": "ChatGee is not ready"}'
        headers = [("Content-Type", JSON), ("Content-Length", str(len(body)))]
        start_response(status, [*headers, *owner.CLOSED.items()])
        return [body]

    return answer


@bp.errorhandler(PayloadError)
def no_skill_request(error: PayloadError) -> ResponseReturnValue:
    return jsonify(error=f"not a Kakao skill request: {error.why}"), 400


@bp.errorhandler(RequestEntityTooLarge)
def too_large(_: RequestEntityTooLarge) -> ResponseReturnValue:
    return jsonify(error=f"the body is larger than {LARGEST_BODY} bytes"), 413


@bp.errorhandler(Exception)
def bug(error: Exception) -> ResponseReturnValue:
    """Ours, and the friend should hear of it: never a 5xx."""
    if isinstance(error, HTTPException):
        return error
    if request.endpoint != "skill.prompt":
        raise error
    log.exception("%s %s", request.method, request.path)
    return _deliver(parts().engine.replies.sentence("failure.bug"))
