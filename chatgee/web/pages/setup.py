"""The set-up page. A change comes as a form, and goes back as the page with what became of it."""

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from chatgee.errors import ChatGeeError
from chatgee.model.system_prompt import MOST_CHARS
from chatgee.owner.setup import Setup, SetupReport
from chatgee.owner.setup.draft import SetupDraft
from chatgee.settings import OPTIONS
from chatgee.web import owner
from chatgee.web.pages.after_saving import lead_to
from chatgee.web.parts import parts

EXAMPLES = ("default", "teacher", "shop", "club", "english")
"""Characters to start from; their words are in the texts."""

bp = Blueprint("setup", __name__, url_prefix="/setup")
owner.guard(bp)


@bp.get("")
def show() -> ResponseReturnValue:
    return _page(_setup().begin(parts().settings, parts().texts))


@bp.get("/servers")
def servers() -> ResponseReturnValue:
    """The model servers of this machine, for the page to show once they have been asked."""
    return render_template("servers.html", found=_setup().find_servers())


@bp.post("/model")
def check_model() -> ResponseReturnValue:
    return _page(_setup().check_model(_draft(), parts().settings), checked="model")


@bp.post("/link")
def check_link() -> ResponseReturnValue:
    return _page(_setup().check_link(_draft(), parts().settings, _port()), checked="link")


@bp.post("")
def save() -> ResponseReturnValue:
    unchecked = "unchecked" in request.form
    ours, change = parts().settings, parts().change
    report = _setup().save(_draft(), ours, parts().texts, _port(), unchecked, change)
    if report.written:
        parts().reload()
    if report.saved:
        return lead_to("/?done=saved")
    return _page(report, may_go_unchecked=report.could_not_check)


@bp.post("/skip")
def skip() -> ResponseReturnValue:
    report = _setup().skip(_draft(), parts().settings, parts().change)
    return lead_to("/?done=skipped") if report.saved else _page(report)


def _setup() -> Setup:
    return parts().setup


def _draft() -> SetupDraft:
    return SetupDraft.read(request.form)


def _port() -> int:
    return urlsplit(parts().status.local).port or 80


def _page(report: SetupReport, **more: Any) -> str:
    ours, setup = parts().settings, _setup()
    default = str(OPTIONS["OPENAI_MODEL"].default)
    wanted = (report.draft.model, ours.openai_model, default, *report.models)
    return render_template(
        "setup.html",
        draft=report.draft,
        problems={place: _told(place, error) for place, error in report.problems.items()},
        written=report.written,
        models=report.models,
        model_of=_model_of(report),
        chosen=next((name for name in wanted if name in report.models), ""),
        address=report.address,
        ours=ours,
        new=setup.is_new(ours),
        fixed=setup.fixed,
        examples=EXAMPLES,
        most_chars=MOST_CHARS,
        elsewhere=parts().character.file if parts().character.lies_outside else None,
        **more,
    )


def _model_of(report: SetupReport) -> str:
    """The address to which the page's model belongs, whichever it will be sent back with."""
    known = None if report.models else report.draft.model_of
    return report.server if known is None else known


def _told(place: str, error: ChatGeeError) -> str:
    """The sentence of an error, in which the field has the name that it has on the page."""
    label = parts().texts.sentences.get(f"setup.label_{place}", place)
    return parts().texts(error.key, **{"name": label} | error.values)
