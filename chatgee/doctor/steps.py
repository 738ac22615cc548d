"""The checks in their order. Each is bounded in time, all of them together to about a minute."""

import logging
from collections.abc import Callable, Iterator

from chatgee.doctor import packages, round_trip, services, this_machine
from chatgee.doctor.case import Case, Check

STEPS: dict[str, Callable[[Case], Iterator[Check]]] = {
    "python": this_machine.python,
    "packages": packages.packages,
    "config": this_machine.config,
    "disk": this_machine.disk,
    "database": this_machine.database,
    "model": services.model,
    "tunnel": round_trip.public,
    "callback": services.callback,
    "clock": services.clock,
}
"""What comes first explains what comes later."""

log = logging.getLogger(__name__)


def checks(case: Case) -> Iterator[Check]:
    """Every line, as soon as it is known."""
    for name in STEPS:
        yield from look(name, case)


def look(name: str, case: Case) -> Iterator[Check]:
    """The lines of one step; where it breaks itself, a line that says so."""
    try:
        yield from STEPS[name](case)
    except Exception as error:
        log.debug("doctor: %s", name, exc_info=True)
        what = type(error).__name__
        yield case.check(name, "bad", "doctor.broken", "doctor.broken_remedy", error=what)
