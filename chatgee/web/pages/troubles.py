"""What a browser is shown in place of a page: the owner why, a stranger nothing but the status."""

from http import HTTPStatus

from flask import Response, render_template
from werkzeug.exceptions import HTTPException, SecurityError, ServiceUnavailable

from chatgee.errors import StoreError
from chatgee.web import owner

SENTENCES = {
    403: "frame.trouble_stale",
    404: "frame.trouble_missing",
    405: "frame.trouble_missing",
    413: "frame.long",
    500: "frame.trouble_bug",
    503: "frame.trouble_store",
}


def unreadable(_: StoreError) -> Response:
    """The database cannot be read just now."""
    return answer(ServiceUnavailable())


def answer(error: HTTPException) -> Response:
    """For everything but Kakao's address, which speaks JSON; flask has logged what is a bug."""
    status = error.code or 500
    mine = not isinstance(error, SecurityError) and owner.is_owner()
    if mine:
        key = SENTENCES.get(status, "frame.trouble_other")
        page = Response(render_template("trouble.html", key=key), status)
    else:
        page = Response(f"{status} {HTTPStatus(status).phrase}\n", status, mimetype="text/plain")
    page.headers.extend((k, v) for k, v in error.get_headers() if k != "Content-Type")
    if status == 403:
        page.headers.extend(owner.renewed())
    return owner.private(page)
