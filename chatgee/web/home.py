"""The owner's first page: the address for Kakao, and whether everything works."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from chatgee.web import owner
from chatgee.web.parts import parts
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
        glance=_glance(),
        done=done if done in DONE else None,
        key_header=KEY_HEADER,
    )


@bp.get("/board")
def board() -> ResponseReturnValue:
    """The part of the page that changes by itself; the page asks for it every few seconds."""
    return render_template("board.html", glance=_glance())


@bp.post("/key")
def key() -> ResponseReturnValue:
    """SKILL_KEY, alone of all secrets: its owner has to paste it into Kakao's page."""
    ours = parts().settings.skill_key
    return render_template("key.html", key=ours.reveal() if ours else None)


def _glance() -> object:
    return parts().board.glance(parts().texts)
