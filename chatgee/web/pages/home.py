"""The owner's first page: the address for Kakao, and whether everything works."""

from functools import lru_cache
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from chatgee.errors import Failure, StoreError
from chatgee.owner.time_words import ago
from chatgee.web import owner
from chatgee.web.pages import failed_questions
from chatgee.web.parts import now, parts
from chatgee.web.skill import KEY_HEADER

bp = Blueprint("home", __name__)
owner.guard(bp)

DONE = {"saved", "skipped"}
"""What the owner may just have done on another page."""


def page() -> str:
    """For `/`, which is everybody's: whoever calls this has looked who asks."""
    done = request.args.get("done", "")
    return render_template(
        "home.html",
        done=done if done in DONE else None,
        key_header=KEY_HEADER,
        told=failed_questions.told(),
        **_board(),
    )


@bp.get("/board")
def board() -> ResponseReturnValue:
    """The part of the page that changes by itself; the page asks for it every few seconds."""
    return render_template("home_status.html", **_board())


@bp.post("/key")
def key() -> ResponseReturnValue:
    """SKILL_KEY, alone of all secrets: its owner has to paste it into Kakao's page."""
    ours = parts().settings.skill_key
    return render_template("key.html", key=ours.reveal() if ours else None)


def _board() -> dict[str, Any]:
    texts, model = parts().texts, parts().status.model
    known = parts().status.health.trouble
    glance = parts().status.glance(texts)
    try:
        lately = failed_questions.counts()
    except StoreError:
        lately = None
    return {
        "glance": glance,
        "qr": _qr(glance.skill_url) if glance.public else None,
        "troubles": [
            (one, texts(f"hint.{one.failure}", model=model), ago(one.last_at, texts, now()))
            for one in lately or ()
        ],
        "unread": lately is None and known != Failure.STORAGE,  # else it is told above
    }


@lru_cache(maxsize=4)
def _qr(address: str) -> str:
    """A picture of the address, as a `data:` address."""
    import segno  # takes a moment, which no start should pay

    return segno.make_qr(address).svg_data_uri(scale=4, border=2, light="#fff")
