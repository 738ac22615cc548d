"""The owner's manual under /manual."""

from flask import Blueprint, abort, redirect, render_template, send_from_directory, url_for
from flask.typing import ResponseReturnValue

from chatgee.owner import manual
from chatgee.web import owner
from chatgee.web.parts import parts

__all__ = ["bp"]

FIRST = manual.ORDER[0]

bp = Blueprint("manual", __name__, url_prefix="/manual", template_folder="templates")
owner.guard(bp)


@bp.get("", strict_slashes=False)
def first() -> ResponseReturnValue:
    return _shown(FIRST)


@bp.get("/<name>")
def page(name: str) -> ResponseReturnValue:
    return redirect(url_for(".first")) if name == FIRST else _shown(name)


@bp.get("/pictures/<name>")
def picture(name: str) -> ResponseReturnValue:
    if not name.endswith(manual.PICTURE_SUFFIXES):
        abort(404)
    return send_from_directory(manual.PICTURES, name)


def _shown(name: str) -> ResponseReturnValue:
    try:
        local = parts().status.local
        page = manual.page(name, _link, local)
        pages = [
            (other, _link("page", other), manual.title(other, _link, local))
            for other in manual.ORDER
        ]
    except (KeyError, OSError):
        abort(404)
    at = manual.ORDER.index(name)
    return render_template(
        "manual.html",
        name=name,
        page=page,
        pages=pages,
        before=pages[at - 1] if at else None,
        after=pages[at + 1] if at + 1 < len(pages) else None,
    )


def _link(kind: str, name: str) -> str:
    if kind == "picture":
        return url_for(".picture", name=name)
    return url_for(".first") if name == FIRST else url_for(".page", name=name)
