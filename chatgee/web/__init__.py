"""From HTTP to the engine and back: Kakao's address, the owner's pages, the server under both.

The only room that imports flask and waitress. What a page does is in `chatgee.owner`.
"""

from typing import Any, NoReturn

from flask import Flask, Request
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import MapAdapter, RequestRedirect

from chatgee.errors import StoreError
from chatgee.web import health, owner, request_values, session, skill
from chatgee.web.pages import (
    backups,
    character,
    hints,
    home,
    login,
    manual,
    options,
    public,
    setup,
    simulator,
    statistics,
    status,
    talks,
    texts,
    troubles,
)
from chatgee.web.parts import Parts, parts
from chatgee.web.server import bodies

__all__ = ["Parts", "create_app"]

BLUEPRINTS = (
    skill.bp,
    health.bp,
    public.bp,
    login.bp,
    home.bp,
    simulator.bp,
    simulator.arrivals,
    setup.bp,
    character.bp,
    texts.bp,
    statistics.bp,
    options.bp,
    manual.bp,
    talks.bp,
    status.bp,
    backups.bp,
)


class App(Flask):
    """Flask, where what somebody sends does not choose another way through the addresses."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Who would rather speak websocket is answered in HTTP: werkzeug knows no page for them."""
        adapter = super().create_url_adapter(request)
        if adapter:
            adapter.websocket = False
        return adapter

    def raise_routing_exception(self, request: Request) -> NoReturn:
        """404 where werkzeug would lead to a better path, on whatever Host was sent."""
        if isinstance(request.routing_exception, RequestRedirect):
            raise NotFound
        super().raise_routing_exception(request)


def create_app(ours: Parts) -> Flask:
    app = App(__name__)
    app.config["MAX_CONTENT_LENGTH"] = bodies.LARGEST_BODY
    app.extensions["chatgee"] = ours
    if ours.login_tries:
        session.configure(app, ours.login_tries)
    app.add_template_filter(hints.named)
    app.context_processor(_for_every_page)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.before_request(request_values.refuse_nul)
    app.after_request(owner.closed)
    app.register_error_handler(HTTPException, troubles.answer)
    app.register_error_handler(StoreError, troubles.unreadable)
    return app


def _for_every_page() -> dict[str, Any]:
    return {
        "t": parts().texts,
        "token": owner.token(),
        "logged_in": owner.is_logged_in(),
        "has_password": parts().login_tries is not None,
    }
