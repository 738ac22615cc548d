"""The only part that knows flask: from HTTP to the engine and back."""

from collections.abc import Callable

from flask import Flask
from werkzeug.exceptions import HTTPException

from chatgee.board import Board
from chatgee.engine import Engine
from chatgee.settings import Settings
from chatgee.setup import Setup
from chatgee.texts import Texts
from chatgee.web import home, manual, owner, pages, setup, skill, troubles


def create_app(
    engine: Engine,
    settings: Settings,
    texts: Texts,
    board: Board,
    reload: Callable[[], None],
    setting_up: Setup,
) -> Flask:
    """`reload` makes the program read its settings anew, soon after it is called."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = skill.MAX_BODY
    app.extensions["chatgee"] = skill.Parts(engine, settings, texts, board, reload, setting_up)
    app.context_processor(lambda: {"t": texts, "token": owner.TOKEN})
    for blueprint in (skill.bp, pages.bp, home.bp, setup.bp, manual.bp):
        app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, troubles.answer)
    return app
