"""What the views work with."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from chatgee.admission import Admission
from chatgee.board import Board
from chatgee.character import Character
from chatgee.character.trial import Trial
from chatgee.engine import Engine
from chatgee.keeping import Keep
from chatgee.pretend.photos import Photos
from chatgee.pretend.postbox import Postbox
from chatgee.settings import Settings
from chatgee.setup import Setup
from chatgee.store.archive import Archive
from chatgee.texts import Texts
from chatgee.visit import Visit


@dataclass(frozen=True)
class Parts:
    """One ChatGee, until its settings change: then the views are given another."""

    engine: Engine
    settings: Settings
    texts: Texts
    board: Board
    keep: Keep
    """For whatever writes the owner's files."""
    reload: Callable[[], None]
    """Makes the program read its settings anew, soon after it is called."""
    setup: Setup
    archive: Archive
    """What is stored, to look at."""
    admission: Admission | None
    """None without ADMIN_PASSWORD: then nobody comes in from elsewhere."""
    character: Character
    trial: Trial
    """Asks the model for the owner."""
    visit: Visit
    """The doctor's, who looks when the owner asks."""
    photos: Photos
    postbox: Postbox
    """Where the callbacks of pretend friends come in."""


def parts() -> Parts:
    found: Parts = current_app.extensions["chatgee"]
    return found
