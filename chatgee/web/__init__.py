"""The only part that knows flask: from HTTP to the engine and back."""

from flask import Flask
from werkzeug.exceptions import HTTPException

from chatgee.web import chat, home, manual, owner, pages, setup, skill, troubles
from chatgee.web.parts import Parts

__all__ = ["Parts", "create_app"]

BLUEPRINTS = (
    skill.bp,
    pages.bp,
    home.bp,
    chat.bp,
    chat.arrivals,
    setup.bp,
    manual.bp,
)


def create_app(parts: Parts) -> Flask:
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = skill.MAX_BODY
    app.extensions["chatgee"] = parts
    app.context_processor(lambda: {"t": parts.texts, "token": owner.TOKEN})
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, troubles.answer)
    return app
