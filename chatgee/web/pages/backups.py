"""A backup to take away, and one to bring back."""

from tempfile import TemporaryFile

from flask import Blueprint, Response, redirect, render_template, request, send_file
from flask.typing import ResponseReturnValue

from chatgee.errors import ChatGeeError
from chatgee.owner.backup import pack, restore
from chatgee.store.databases.opening import is_shared
from chatgee.store.korean_days import day_name
from chatgee.web import owner
from chatgee.web.pages import status
from chatgee.web.parts import now, parts
from chatgee.web.server import bodies

bp = Blueprint("backups", __name__, url_prefix="/status")
owner.guard(bp)
owner.LARGE["backups.upload"] = bodies.LARGEST_BACKUP


@bp.before_request
def refuse() -> None:
    """Backups are of a file on this machine."""
    if is_shared(parts().settings.sqlalchemy_url):
        raise ChatGeeError("backup.shared")


@bp.errorhandler(ChatGeeError)
def told(error: ChatGeeError) -> ResponseReturnValue:
    return status.page(parts().texts.of(error))


@bp.post("/backup")
def download() -> ResponseReturnValue:
    """The file has no name, so that nothing is left of it, however the program ends."""
    ours = parts().settings
    try:
        packed = TemporaryFile(dir=ours.data_dir)
    except OSError as error:
        raise ChatGeeError("backup.not_made", why=error.strerror or str(error)) from error
    try:
        pack.make(ours, packed)
    except BaseException:
        packed.close()
        raise
    size = packed.tell()
    packed.seek(0)
    reply = send_file(packed, "application/zip", True, f"chatgee-{day_name(now())}.zip")
    reply.content_length = size
    return reply


@bp.post("/restore")
def upload() -> ResponseReturnValue:
    packed = request.files.get("backup")
    if packed is None or not packed.filename:
        raise ChatGeeError("backup.nothing_chosen")
    restore.look_into(packed.stream, parts().settings)
    return redirect("/status#backup", 303)


@bp.post("/restore/back")
def back() -> ResponseReturnValue:
    restore.look_back(request.form.get("folder", ""), parts().settings)
    return redirect("/status#backup", 303)


@bp.post("/restore/confirm")
def confirm() -> ResponseReturnValue:
    restore.confirm(request.form.get("id", ""), parts().settings)
    parts().reload()
    return redirect("/status?done=restored", 303)


@bp.post("/restore/drop")
def drop() -> ResponseReturnValue:
    if not restore.confirmed(parts().settings):
        restore.drop(parts().settings)
    return redirect("/status?done=dropped", 303)


@bp.get("/restore")
def under_way() -> ResponseReturnValue:
    """The page asks until the program has been opened anew, and shows itself again then."""
    if restore.confirmed(parts().settings):
        return render_template("restoring.html")
    return Response(headers={"HX-Redirect": "/status?done=restored"})
