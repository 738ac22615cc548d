"""The talks: the newest as they come, what is looked for, a friend's, files of them, deleting."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatgee.errors import Failure, StoreError
from chatgee.owner import csv_export, nicknames, time_words
from chatgee.owner.friend_form import TypedDescription
from chatgee.store.describing import MOST_NICKNAME, MOST_NOTE, Description
from chatgee.store.korean_days import day_name
from chatgee.store.reading import friends
from chatgee.store.reading import talks as archive
from chatgee.store.reading.friends import Friend
from chatgee.store.reading.talks import NEWEST, PAGE, Talk, TalkKind, TalkPlace, Wanted
from chatgee.system import text_files
from chatgee.web import owner, request_values
from chatgee.web.pages import failed_questions, talks_filter
from chatgee.web.parts import now, parts

LOOK_SECONDS = 3
"""Between two looks for new questions."""
AFTER = 10
"""Questions that a thread shows after the one by which it was opened."""
OPEN_MOST = 100
"""Questions that a page may ask about in one look."""
DELETED_AT_ONCE = 200
WRITE_SECONDS = 30

bp = Blueprint("talks", __name__, url_prefix="/talks")
owner.guard(bp)


@bp.get("")
def show() -> ResponseReturnValue:
    """Works without scripts too: then `before` says where the list goes on."""
    return render_template(
        "talks.html",
        **_listed(),
        live="before" not in request.args and not talks_filter.narrowed(),
        look_seconds=LOOK_SECONDS,
        kinds=TalkKind,
        labels=talks_filter.labels(),
        deleted=request.args.get("done") == "deleted",
        told=failed_questions.told(),
        reason=_same_reason(),
        anew=request.args.get("done") == "anew",
    )


@bp.get("/more")
def more() -> ResponseReturnValue:
    """What comes below; the page asks for it when it is wanted, or while it searches."""
    return render_template("talks_rows.html", **_listed())


@bp.get("/live")
def live() -> ResponseReturnValue:
    """What is new above, and what has become of the questions that were open."""
    after = talks_filter.place("after", TalkPlace(0.0))
    ids = request_values.text(request.args.get("open", "")).split()[:OPEN_MOST]
    found = archive.news(
        parts().archive, after, ids, wanted=Wanted(simulated=talks_filter.simulated())
    )
    return render_template(
        "talks_rows.html", found=found, words=(), asked={}, narrowed={}, before=0, news=True
    )


def _listed() -> dict[str, Any]:
    """For the list: what was found after what the request has seen."""
    wanted, before = (
        talks_filter.wanted(),
        request_values.number(request.args.get("found", ""), PAGE - 1) or 0,
    )
    found = archive.find(
        parts().archive, wanted, talks_filter.place("before", talks_filter.until()), PAGE - before
    )
    asked = talks_filter.asked_for()
    return {
        "found": found,
        "words": wanted.words,
        "asked": asked,
        "narrowed": talks_filter.narrowed(),
        "before": before,
    }


def _same_reason() -> tuple[Failure, int] | None:
    """Of the questions that are looked for, how many are trouble."""
    reason = talks_filter.reason()
    if reason is None:
        return None
    found = (one.count for one in failed_questions.counts() if one.failure == reason)
    return reason, next(found, 0)


# --- one friend -----------------------------------------------------------------------------


@bp.get("/friend")
def friend() -> ResponseReturnValue:
    """Ids come from outside and may hold anything: so they are no part of the path."""
    return _thread(_friend(request.args.get("id", "")))


@bp.post("/friend")
def describe() -> ResponseReturnValue:
    """Nothing that was typed is lost, whatever was in the way."""
    one, texts = _friend(request.form.get("id", "")), parts().texts
    typed = TypedDescription(*map(_typed, ("nickname", "note", "labels")))
    if wrong := typed.wrong(texts):
        return _thread(one, typed, wrong=wrong)
    unchanged = request.form.get("was", _mark(one)) == _mark(one)
    after = typed.description
    try:
        described = unchanged and _describe(one, after)
    except (StoreError, TimeoutError):
        return _thread(one, typed, problem=texts("talks.not_described")), 503
    if not described:
        now = _friend(one.user_id)
        return _thread(
            now, typed, problem=texts("talks.describe_conflict", note=now.description.note)
        )
    return redirect(url_for(".friend", id=one.user_id, done="described"), 303)


def _typed(name: str) -> str:
    return request_values.text(request.form.get(name, ""))


def _describe(one: Friend, after: Description) -> bool:
    described = parts().engine.store.describe(one.user_id, one.description, after)
    return described.result(WRITE_SECONDS)


def _mark(one: Friend) -> str:
    """What is written of a friend, by which a page knows whether another has changed it."""
    return text_files.mark(repr(one.description))


def _thread(one: Friend, typed: TypedDescription | None = None, **more: Any) -> str:
    at, upto = _position("at"), _position("upto")
    if at is not None:
        upto = at + AFTER
    found = archive.thread(parts().archive, one.user_id, upto, PAGE)
    last = archive.last_position(parts().archive, one.user_id)
    shown = found.talks[::-1]
    newer = upto is not None and bool(shown) and shown[-1].position < last
    return render_template(
        "friend.html",
        friend=one,
        typed=typed or TypedDescription.of(one.description),
        was=_mark(one),
        labels=friends.labels(parts().archive),
        most={"nickname": MOST_NICKNAME, "note": MOST_NOTE},
        saved=request.args.get("done") == "described",
        days=_by_day(shown),
        forgotten=_last_forgotten(one, shown, newer),
        older=shown[0].position - 1 if found.full else None,
        newer=shown[-1].position + PAGE if newer else None,
        **{"wrong": {}} | more,
    )


def _position(name: str) -> int | None:
    """None where it is no number, or one that no database could hold."""
    return request_values.number(request.args.get(name, ""), 2**31 - 1 - AFTER)


def _friend(user_id: str) -> Friend:
    """One who has just been deleted is asked for again by the browser's back button."""
    one = friends.find(parts().archive, request_values.text(user_id))
    return one or abort(Response(render_template("trouble.html", key="talks.gone"), 404))


def _by_day(shown: Sequence[Talk]) -> list[tuple[str, list[Talk]]]:
    texts, today = parts().texts, now()
    grouped = groupby(shown, lambda talk: time_words.day(talk.asked_at, texts, today))
    return [(day, list(talks)) for day, talks in grouped]


def _last_forgotten(one: Friend, shown: Sequence[Talk], newer: bool) -> str | None:
    """The id of the question after which the memory begins, if it stands in this page."""
    before = [talk for talk in shown if not talk.room_id and talk.place <= one.memory_from]
    ends_here = len(before) < len(shown) or not newer
    return before[-1].id if before and ends_here else None


@bp.get("/delete")
def confirm() -> ResponseReturnValue:
    return render_template("delete.html", friend=_friend(request.args.get("id", "")))


@bp.post("/delete")
def delete() -> ResponseReturnValue:
    one = _friend(request.form.get("id", ""))
    try:
        _delete(one.user_id)
    except (StoreError, TimeoutError):
        return render_template("delete.html", friend=one, failed=True), 503
    return redirect(url_for(".show", done="deleted"), 303)


def _delete(user_id: str) -> None:
    """In small pieces, between which the store is there for friends."""
    count = DELETED_AT_ONCE
    while count == DELETED_AT_ONCE:
        deleting = parts().engine.store.delete_friend(user_id, DELETED_AT_ONCE)
        count = deleting.result(WRITE_SECONDS)


# --- everyone -------------------------------------------------------------------------------


@bp.get("/anew")
def ask_anew() -> ResponseReturnValue:
    return render_template("anew.html")


@bp.post("/anew")
def anew() -> ResponseReturnValue:
    """The model is told nobody's old turns any more."""
    try:
        parts().engine.store.forget_everyone().result(WRITE_SECONDS)
    except (StoreError, TimeoutError):
        return render_template("anew.html", failed=True), 503
    return redirect(url_for(".show", done="anew"), 303)


# --- questions that failed ------------------------------------------------------------------


@bp.post("/failed")
def failed() -> ResponseReturnValue:
    """The form says what is wanted of which; the address has what the page was asked for."""
    what, id_ = request.form.get("what", ""), request_values.text(request.form.get("id", ""))
    if what not in failed_questions.WAYS:
        abort(400)
    if reason := failed_questions.failure_of(request.form.get("failure", "")):
        count = failed_questions.do(what, failed_questions.ids(reason))
        return redirect(_back(did=what, count=count), 303)
    count = failed_questions.do(what, [id_])
    if "HX-Request" in request.headers and "friend" not in request.args:
        return _row(id_)
    return redirect(_back(did=what, count=count, _anchor=f"q-{id_}"), 303)


def _row(id_: str) -> str:
    """The question as it stands now, in the place of what it was."""
    found, asked = archive.news(parts().archive, NEWEST, [id_]), talks_filter.asked_for()
    told = {"words": talks_filter.wanted().words, "asked": asked, "before": 0, "news": True}
    return render_template("talks_rows.html", found=found, **told)


def _back(**done: Any) -> str:
    if friend := request_values.text(request.args.get("friend", "")):
        return url_for(".friend", id=friend, at=request.args.get("at", ""), **done)
    if "home" in request.args:
        return url_for("pages.front", **done)
    return url_for(".show", **(talks_filter.asked_for() | done))


# --- files ----------------------------------------------------------------------------------


@bp.get("/export/<any(csv, jsonl):suffix>")
def export(suffix: str) -> ResponseReturnValue:
    lines, mimetype = csv_export.FORMATS[suffix]
    file = f"chatgee-{day_name(now())}.{suffix}"
    return Response(
        csv_export.pieces(lines(_exported(), parts().texts)),
        mimetype=mimetype,
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )


def _exported() -> Iterator[Talk]:
    if "friend" in request.args:
        return archive.every_of(parts().archive, request_values.text(request.args["friend"]))
    return archive.every(parts().archive, talks_filter.wanted(), talks_filter.until())


# --- for the templates ----------------------------------------------------------------------


@bp.context_processor
def _in_words() -> dict[str, Any]:
    texts, today = parts().texts, now()
    return {
        "face": lambda one: nicknames.face(one.user_id, texts, one.nickname),
        "moment": lambda at: time_words.moment(at, texts, today),
        "day": lambda at: time_words.day(at, texts, today),
        "span": lambda seconds: time_words.span(seconds, texts),
        "clock": time_words.clock,
        "iso": time_words.iso,
        "excerpt": nicknames.excerpt,
        "marked": nicknames.marked,
        "model": parts().status.model,
    }
