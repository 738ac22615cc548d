"""The worker's side of a question: what is to be answered next, and what became of it."""

from collections.abc import Sequence

from chatgee.questions import Question, State, Turn, Usage
from chatgee.store.database_session import Row, Session
from chatgee.store.results import Due, Outcome
from chatgee.store.rows import question_of
from chatgee.store.tallies import used


def next(db: Session, room_id: str, turns: int) -> Due | None:
    """The room's oldest question without an answer, with the last `turns` before it.

    Where it asks for the rest of an answer it is told as that was: what came after it, and that
    the friend has started anew since, does not matter.
    """
    question = question_of(db.one("next", room_id=room_id))
    if question is None:
        return None
    cut: Sequence[Row] = ()
    if question.continues:
        cut = db.all("continued", id=question.continues, room_id=room_id)
    place = cut[0][0] if cut else question.place
    rows = db.all("memory", room_id=room_id, place=place, limit=turns)
    memory = tuple(Turn(*row) for row in reversed(rows))
    return Due(question, memory, tuple(Turn(*told) for _, *told in cut))


def fill(db: Session, question: Question, outcome: Outcome) -> None:
    """Write down what became of a question, and what it cost."""
    now = db.now()
    state = State.FAILED if outcome.failure else State.ANSWERED
    changed = db.change(
        "fill",
        id=question.id,
        to_state=state.value,
        answer=outcome.answer,
        shown=outcome.shown,
        failure=outcome.failure and outcome.failure.value,
        said=outcome.said,
        broken_off=int(outcome.broken_off) or None,
        now=now,
    )
    if changed:
        db.news.answered.append(question.id)
    if changed and outcome.failure:
        db.tallies_of(question.user_id).failed(question.asked_at, outcome.failure)
    elif changed:
        db.tallies_of(question.user_id).answered(question.asked_at, outcome.seconds)
    if outcome.usage:
        db.tallies.spent(question.asked_at, outcome.model, outcome.usage)
        db.tallies.used(now, outcome.usage)
        if changed:  # of a friend who was deleted meanwhile, nothing comes back
            db.change("add_usage", **used(now, question.user_id, outcome.usage))


def spend(db: Session, model: str, usage: Usage) -> None:
    """Count tokens that were used for no friend."""
    now = db.now()
    db.tallies.spent(now, model, usage)
    db.tallies.used(now, usage)
