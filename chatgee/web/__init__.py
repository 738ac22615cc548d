"""The only part that knows flask: from HTTP to the engine and back."""

from collections.abc import Callable

from flask import Flask

from chatgee.board import Board
from chatgee.engine import Engine
from chatgee.settings import Settings
from chatgee.texts import Texts
from chatgee.web import manual, pages, skill


def create_app(
    engine: Engine, settings: Settings, texts: Texts, board: Board, reload: Callable[[], None]
) -> Flask:
    """`reload` makes the program read its settings anew, soon after it is called."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = skill.MAX_BODY
    app.extensions["chatgee"] = skill.Parts(engine, settings, texts, board, reload)
    app.register_blueprint(skill.bp)
    app.register_blueprint(pages.bp)
    app.register_blueprint(manual.bp)
    return app
