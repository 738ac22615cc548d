"""Which rows are of simulated friends: the owner's lists and figures leave them out."""

from typing import Any

from sqlalchemy import ColumnElement, and_, not_

from chatgee.questions import SIMULATED

_BEHIND = SIMULATED[:-1] + chr(ord(SIMULATED[-1]) + 1)


def simulated(user_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """As a range, which an index finds; LIKE would look at every row."""
    return and_(user_id >= SIMULATED, user_id < _BEHIND)


def real(user_id: ColumnElement[Any]) -> ColumnElement[bool]:
    return not_(simulated(user_id))
