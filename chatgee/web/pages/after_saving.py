"""Where a form of ours leads once it has been sent."""

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue


def lead_to(where: str) -> ResponseReturnValue:
    if "HX-Request" in request.headers:  # htmx would follow a redirect and put it into this page
        return Response(headers={"HX-Redirect": where})
    return redirect(where, 303)
