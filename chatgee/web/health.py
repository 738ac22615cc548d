"""`GET /health`: whether questions can be answered, for whoever asks."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from chatgee.clock import Deadline
from chatgee.errors import Failure
from chatgee.web import owner
from chatgee.web.parts import parts

LOOK_SECONDS = 2.0
"""A load balancer does not wait for long."""

bp = Blueprint("health", __name__)


@bp.get("/health/live")
def live() -> ResponseReturnValue:
    """For a load balancer: 200 while this process can write questions down.

    A wrong key, say, is no reason to send friends elsewhere: it is wrong there too.
    """
    engine = parts().engine
    there = engine.store.database.is_there  # as far as the last work told, which may be long ago
    if there and engine.can_store(Deadline.after(LOOK_SECONDS)):
        return jsonify(status="ok")
    return jsonify(status="failing", reason=Failure.STORAGE), 503


@bp.get("/health")
def health() -> ResponseReturnValue:
    """200 when questions can be answered; 503 after a failure that does not pass by itself.

    Which model it is, and what to do, is the owner's alone to know.
    """
    model, known = parts().status.model, parts().status.health
    trouble = "no_worker" if known.nobody_works else known.trouble
    told = {"status": "failing", "reason": trouble} if trouble else {"status": "ok"}
    if owner.is_owner():
        told["model"] = model
        if trouble:
            hint = "start" if known.needs_a_start else trouble
            told["hint"] = parts().texts(f"hint.{hint}", model=model)
    return owner.private(jsonify(told)), 503 if trouble else 200
