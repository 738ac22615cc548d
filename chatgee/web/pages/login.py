"""The log-in with ADMIN_PASSWORD, for an owner who is not before the machine itself."""

import logging
import math
import re
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatgee.errors import StoreError
from chatgee.owner.login_tries import LoginTries, source_of, source_of_known, told_address
from chatgee.web import owner, session
from chatgee.web.known_browsers import browser, remember
from chatgee.web.parts import parts

MOST_BYTES = 16 * 1024
"""Of what a stranger may send here."""

log = logging.getLogger(__name__)
bp = Blueprint("login", __name__)
bp.after_request(owner.private)


@bp.before_request
def only_with_a_password() -> None:
    if parts().login_tries is None:
        abort(404)
    request.max_content_length = MOST_BYTES


@bp.get("/login")
def show() -> ResponseReturnValue:
    """The form. It is also where a right password leads, to see whether the cookie came back."""
    if owner.is_owner():
        return redirect(_next(), 303)
    return _page(insecure="tried" in request.args, left="left" in request.args)


@bp.post("/login")
def enter() -> ResponseReturnValue:
    if owner.is_owner():
        return redirect(_next(), 303)
    if not owner.is_from_ours():  # of http:// in most cases, where no browser takes our cookie
        return _page(insecure=True), 403
    if not (typed := request.form.get("password", "")):
        return _page("login.missing")
    try:
        return _try(typed)
    except StoreError:  # where tries cannot be counted, none is taken
        return _page("login.away"), 503


def _try(typed: str) -> ResponseReturnValue:
    known = browser(_login_tries())
    source = source_of_known(known) if known else source_of(request.remote_addr)
    refusal = _login_tries().refuses(typed, source)
    if refusal is None:
        session.begin()
        return remember(redirect(url_for(".show", tried=1, next=_next()), 303), _login_tries())
    if refusal.heard:
        _complain()
    if not refusal.seconds:
        return _page("login.wrong"), 403
    key, minutes = "wait" if refusal.heard else "closed", math.ceil(refusal.seconds / 60)
    page = _page(f"login.{key}", minutes=minutes)
    return page, 429, {"Retry-After": str(math.ceil(refusal.seconds))}


@bp.post("/logout")
def leave() -> ResponseReturnValue:
    refused = owner.only_owner()
    if refused is None:
        session.end()
    return refused or redirect(url_for(".show", left=1), 303)


def local_path(text: str) -> str:
    """Where to go after the log-in: a page of ours, and the home page in place of any other.

    Browsers read a backslash as a slash and leave tabs out, so that more leads away than `//`.
    """
    return text if re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f]*", text) else "/"


def _next() -> str:
    return local_path(request.values.get("next", ""))


def _login_tries() -> LoginTries:
    login_tries = parts().login_tries
    assert login_tries is not None  # see `only_with_a_password`
    return login_tries


def _complain() -> None:
    """With the address that called and, where that passes others on, the one that it told of."""
    if not _login_tries().may_complain():
        return
    caller = source_of(request.remote_addr) or "?"
    told = told_address(request.headers.get("X-Forwarded-For", ""))
    key = "login.tried_through" if told else "login.tried"
    log.warning("%s", parts().texts(key, source=caller, told=told))


def _page(problem: str = "", insecure: bool = False, left: bool = False, **values: Any) -> str:
    return render_template(
        "login.html",
        problem=parts().texts(problem, **values) if problem else "",
        insecure=insecure,
        left=left,
        next=_next(),
    )
