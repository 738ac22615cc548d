"""Pages for a person with a browser: that the server is alive, and where it is."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from chatgee.practice import PracticeModel
from chatgee.web.skill import parts

bp = Blueprint("pages", __name__, template_folder="templates")


@bp.get("/")
@bp.get("/local_test")
def alive() -> ResponseReturnValue:
    """Nothing that a stranger should not see: it is open to the world through the tunnel."""
    return render_template("alive.html", t=parts().texts, note=_state())


def _state() -> str:
    if parts().board.health.trouble:
        return "page.failing"
    return "page.practising" if parts().board.model == PracticeModel.name else "page.working"


@bp.get("/prompt")
def not_for_people() -> ResponseReturnValue:
    return render_template("alive.html", t=parts().texts, note="page.not_skill"), 405
