"""The only part that knows flask: from HTTP to the engine and back."""

from flask import Flask

from chatgee.engine import Engine
from chatgee.health import Health
from chatgee.settings import Settings
from chatgee.texts import Texts
from chatgee.web import manual, pages, skill


def create_app(
    engine: Engine, settings: Settings, texts: Texts, health: Health, model: str
) -> Flask:
    """`model` is the name of the one that answers."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = skill.MAX_BODY
    app.extensions["chatgee"] = skill.Parts(engine, settings, texts, health, model)
    app.register_blueprint(skill.bp)
    app.register_blueprint(pages.bp)
    app.register_blueprint(manual.bp)
    return app
