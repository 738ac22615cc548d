"""Pages for whoever finds this server: that it is alive, and nothing else."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from chatgee.model.practice_model import PracticeModel
from chatgee.web import owner
from chatgee.web.pages import home, simulator
from chatgee.web.parts import parts

bp = Blueprint("pages", __name__)
bp.after_request(owner.private)


@bp.get("/")
def front() -> ResponseReturnValue:
    return home.page() if owner.is_owner() else alive()


@bp.get("/local_test")
def local_test() -> ResponseReturnValue:
    return simulator.page() if owner.is_owner() else alive()


def alive() -> ResponseReturnValue:
    """Nothing that a stranger should not see: it is open to the world through the tunnel."""
    return render_template("alive.html", note=_state())


def _state() -> str:
    if parts().status.health.trouble:
        return "page.failing"
    return "page.practising" if parts().status.model == PracticeModel.name else "page.working"


@bp.get("/prompt")
def not_for_people() -> ResponseReturnValue:
    return render_template("alive.html", note="page.not_skill"), 405
