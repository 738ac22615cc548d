"""What the views work with."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from chatgee.clock import PerMinute
from chatgee.conversation.engine import Engine
from chatgee.model.system_prompt import Character
from chatgee.owner.doctor_run import DoctorRun
from chatgee.owner.login_tries import LoginTries
from chatgee.owner.prompt_trial import Trial
from chatgee.owner.setup import Setup
from chatgee.owner.status import OwnerStatus
from chatgee.settings import Settings
from chatgee.simulator.callbacks import CallbackReceiver
from chatgee.simulator.photos import Photos
from chatgee.store.reading.archive import Archive
from chatgee.system.owner_files import Change
from chatgee.texts import Texts


@dataclass(frozen=True)
class Parts:
    """One ChatGee, until its settings change: then the views are given another."""

    engine: Engine
    settings: Settings
    texts: Texts
    status: OwnerStatus
    change: Change
    """For whatever writes the owner's files."""
    reload: Callable[[], None]
    """Makes the program read its settings anew, soon after it is called."""
    setup: Setup
    archive: Archive
    """What is stored, to look at."""
    login_tries: LoginTries | None
    """None without ADMIN_PASSWORD: then nobody comes in from elsewhere."""
    wrong_keys: PerMinute
    """How many wrong SKILL_KEYs are looked at."""
    character: Character
    trial: Trial
    """Asks the model for the owner."""
    doctor_run: DoctorRun
    """The doctor's, who looks when the owner asks."""
    photos: Photos
    """The photos of simulated friends."""
    callback_receiver: CallbackReceiver
    """Where their callbacks come in."""
    secret: str
    """Of `chatgee.system.own_mark`."""
    machine: str
    """This one's name; empty where there is no other."""


def parts() -> Parts:
    found: Parts = current_app.extensions["chatgee"]
    return found


def now() -> float:
    """Unix time, by the clock of all that is stored: this machine's may be minutes off."""
    return parts().engine.store.now()
