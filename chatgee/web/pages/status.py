"""How ChatGee is: what the doctor finds, the end of the log, what it is and what it holds."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from chatgee.owner import log_tail, time_words
from chatgee.owner.about import about
from chatgee.owner.backup import restore
from chatgee.store.databases.opening import is_shared
from chatgee.store.databases.server_check import dump_command
from chatgee.store.korean_days import day_name
from chatgee.web import owner
from chatgee.web.parts import now, parts
from chatgee.web.server import bodies

bp = Blueprint("status", __name__, url_prefix="/status")
owner.guard(bp)

DONE = {"restored", "dropped"}
MARKS = {"good": "✔", "warn": "!", "bad": "✖"}


@bp.get("")
def show() -> ResponseReturnValue:
    return page()


@bp.get("/doctor")
def doctor() -> ResponseReturnValue:
    return render_template("doctor.html", **_doctor_run())


@bp.post("/doctor")
def begin() -> ResponseReturnValue:
    parts().doctor_run.begin()
    if "HX-Request" in request.headers:
        return doctor()
    return redirect("/status", 303)


@bp.get("/log")
def log() -> ResponseReturnValue:
    return render_template("log.html", **_log())


@bp.get("/log.txt")
def log_file() -> ResponseReturnValue:
    """For somebody who helps; large, so it goes out as it is read."""
    ours = parts().settings
    name = f"chatgee-log-{day_name(now())}.txt"
    lines = log_tail.whole(ours.data_dir, ours.secrets)
    as_file = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(lines, headers=as_file, content_type="text/plain; charset=utf-8")


def page(trouble: str | None = None) -> str:
    """The whole of it; `trouble` is why something about a backup could not be done."""
    ours, texts, done = parts().settings, parts().texts, request.args.get("done", "")
    shared = is_shared(ours.sqlalchemy_url)
    return render_template(
        "status.html",
        about=about(ours, texts, parts().status, parts().archive, now()),
        trouble=trouble,
        done=done if done in DONE and not restore.confirmed(ours) else None,
        most_bytes=bodies.LARGEST_BACKUP,
        dump=dump_command(ours.sqlalchemy_url) if shared else None,
        found=restore.waiting(ours),
        under_way=restore.confirmed(ours),
        before=restore.before(ours),
        folder=ours.data_dir,
        in_korea=time_words.is_in_korea(),
        moment=lambda unix: time_words.in_full(unix, texts),
        **_doctor_run(),
        **_log(),
    )


def _doctor_run() -> dict[str, Any]:
    ours, texts, report = parts().settings, parts().texts, parts().doctor_run.report()
    ended = time_words.in_full(report.ended_at, texts) if report.ended_at else None
    failing = parts().status.health.trouble or parts().status.health.last
    told = {"marks": MARKS, "practice": ours.practice, "failing": failing}
    return {"report": report, "ended": ended, **told}


def _log() -> dict[str, Any]:
    ours = parts().settings
    level, words = request.args.get("level", "all"), request.args.get("words", "")
    level = level if level in log_tail.LEVELS else "all"
    entries = log_tail.tail(ours.data_dir, ours.secrets, level, words)
    asked = {"level": level, "words": words, "levels": log_tail.LEVELS}
    return {"entries": entries, "machine": parts().machine, **asked}
