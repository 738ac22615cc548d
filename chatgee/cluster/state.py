"""Where a web keeps what it has to know again at the next request: in memory, or with all others.

Behind a load balancer the next request may come to another web, and the photo of a simulated friend
is shown to the model by a worker elsewhere: there it is kept in the database that all share, see
`chatgee.cluster.shared_state`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from chatgee.conversation.callback import Taker
from chatgee.owner.doctor_run import DoctorRun
from chatgee.owner.login_tries import Tries
from chatgee.simulator.callbacks import CallbackReceiver
from chatgee.simulator.photos import PhotosHere, PhotoStorage
from chatgee.system import own_mark
from chatgee.system.changeable_value import Changeable, ValueHere


@dataclass(frozen=True)
class SharedValues:
    """As it stands, those of a program that is alone."""

    clock: Callable[[], float] = time.monotonic
    """Of the tries."""
    tries: Changeable[Tries] = field(default_factory=lambda: ValueHere(()))
    """To log in."""
    photos: PhotoStorage = field(default_factory=PhotosHere)
    callback_receiver: Callable[[str], CallbackReceiver] = CallbackReceiver
    """Made for the address of this program on this machine."""
    machine: str = ""
    """This one's name; empty where there is no other."""
    doctor_run: Callable[[DoctorRun], DoctorRun] = lambda doctor_run: doctor_run
    """The doctor's, so that whoever else should know of it does."""
    secret: str = own_mark.SECRET
    """Of `chatgee.system.own_mark`."""
    by_hand: Callable[[str], Taker | None] = lambda url: None
    """See `chatgee.conversation.callback.Callbacks`."""
