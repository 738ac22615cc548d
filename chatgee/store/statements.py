"""Every statement of the hot path, built once. The same words are SQLite's and PostgreSQL's."""

from sqlalchemy import (
    Integer,
    String,
    Table,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import (
    Insert,
    insert,
)  # its ON CONFLICT is SQLite's, word for word
from sqlalchemy.sql.expression import Executable

from chatgee.questions import State
from chatgee.store.schema import by_day, by_hour, friends, notes, questions, usage

_q, _f, _u, _n = questions.c, friends.c, usage.c, notes.c
_mine = _q.user_id == bindparam("user_id")
_this = _q.id == bindparam("id")
_open = _q.delivered_at.is_(None)

QUESTION = select(
    _q.id,
    _q.user_id,
    _q.position,
    _q.text,
    _q.image_url,
    _q.asked_at,
    _q.state,
    _q.shown,
    _q.failure,
    _q.delivery,
)
"""The columns of `chatgee.questions.Question`, in its order."""


def _new_friend(questions: int) -> Insert:
    return insert(friends).values(
        id=bindparam("user_id"),
        questions=questions,
        memory_from=0,
        first_seen_at=bindparam("now"),
        last_seen_at=bindparam("now"),
    )


_held = QUESTION.where(
    _mine,
    _open,
    _q.delivery.is_(None),
    _q.state != State.ASKED.value,
    _q.id != bindparam("id"),
    _q.position < bindparam("before"),
)
_last_before = (
    select(_q.position)
    .where(_mine, _q.asked_at < bindparam("since"))
    .order_by(_q.position.desc())
    .limit(1)
)
_first_left = select(func.min(_q.position) - 1).where(_mine)
_under = _n.name.startswith(bindparam("prefix", type_=String), autoescape=False)
_new_note = insert(notes).values(
    name=bindparam("name"), value=bindparam("value"), version=1, changed_at=bindparam("now")
)


def _tally(table: Table, start: str) -> Executable:
    """Count on in a row, or begin it."""
    return (
        insert(table)
        .values([bindparam(start), bindparam("name"), bindparam("count")])
        .on_conflict_do_update(
            index_elements=[start, "name"],
            set_={"count": table.c.count + bindparam("count")},
        )
    )


STATEMENTS: dict[str, Executable] = {
    # The friend has one row more; returns its position.
    "count_question": _new_friend(1)
    .on_conflict_do_update(
        index_elements=["id"],
        set_={"questions": _f.questions + 1, "last_seen_at": bindparam("now")},
    )
    .returning(_f.questions),
    # Until the end of the transaction nobody else asks for this friend: limits are exact.
    "last_seen": select(_f.questions, _f.last_seen_at)
    .where(_f.id == bindparam("user_id"))
    .with_for_update(),
    # The same for a friend whom nobody knows yet.
    "meet": _new_friend(0)
    .on_conflict_do_update(index_elements=["id"], set_={"questions": _f.questions})
    .returning(_f.questions, _f.last_seen_at),
    "never_met": friends.delete().where(_f.id == bindparam("user_id"), _f.questions == 0),
    "insert_question": insert(questions).values(
        id=bindparam("id"),
        user_id=bindparam("user_id"),
        position=bindparam("position"),
        text=bindparam("text"),
        image_url=bindparam("image_url"),
        asked_at=bindparam("now"),
        state=State.ASKED.value,
    ),
    "has_earlier": select(literal(1))
    .where(_mine, _open, _q.delivery.is_(None), _q.position < bindparam("position"))
    .limit(1),
    "questions_of": select(func.coalesce(func.max(_f.questions), 0)).where(
        _f.id == bindparam("user_id")
    ),
    # By positions, of which every asking takes one: a failed question that is asked again keeps
    # its row. Where all rows from before are gone, the first that is left tells.
    "count_since": select(
        _f.questions
        - func.coalesce(
            _last_before.scalar_subquery(),
            case(
                (_f.first_seen_at >= bindparam("since"), 0),
                else_=func.coalesce(_first_left.scalar_subquery(), _f.questions),
            ),
        )
    ).where(_f.id == bindparam("user_id")),
    # Of everyone together.
    "used_on": select(_u.answers, _u.prompt_tokens, _u.completion_tokens).where(
        _u.day == bindparam("day"), _u.user_id == ""
    ),
    "count_waiting": select(func.count()).where(
        _q.answered_at.is_(None), _q.state == State.ASKED.value
    ),
    # The worker's side.
    "next": QUESTION.where(_mine, _open, _q.state == State.ASKED.value)
    .order_by(_q.position)
    .limit(1),
    "memory": select(_q.text, _q.answer)
    .where(
        _mine,
        _q.state == State.ANSWERED.value,
        _q.position < bindparam("position"),
        _q.position > select(_f.memory_from).where(_f.id == bindparam("user_id")).scalar_subquery(),
    )
    .order_by(_q.position.desc())
    .limit(bindparam("limit", type_=Integer)),
    "fill": update(questions)
    .where(_this, _q.state == State.ASKED.value)
    .values(
        state=bindparam("to_state"),
        answer=bindparam("answer"),
        shown=bindparam("shown"),
        failure=bindparam("failure"),
        answered_at=bindparam("now"),
    ),
    "add_usage": insert(usage)
    .values(
        day=bindparam("day"),
        user_id=bindparam("user_id"),
        answers=bindparam("answers"),
        prompt_tokens=bindparam("prompt_tokens"),
        completion_tokens=bindparam("completion_tokens"),
    )
    .on_conflict_do_update(
        index_elements=["day", "user_id"],
        set_={
            "answers": _u.answers + bindparam("answers"),
            "prompt_tokens": _u.prompt_tokens + bindparam("prompt_tokens"),
            "completion_tokens": _u.completion_tokens + bindparam("completion_tokens"),
        },
    ),
    # The friend's side.
    "question": QUESTION.where(_this, _mine),
    # As it stands until the end of the transaction, whatever other programs do.
    "question_alone": QUESTION.where(_this, _mine).with_for_update(),
    "is_known": select(_q.id).where(_this, _q.state != State.ASKED.value),
    "held": _held.order_by(_q.position).limit(bindparam("limit", type_=Integer)),
    "newest_answer": select(_q.id)
    .where(_mine, _open, _q.delivery.is_(None))
    .order_by((_q.state == State.ASKED.value), _q.position.desc())
    .limit(1),
    "last": QUESTION.where(_mine).order_by(_q.position.desc()).limit(1),
    "claim": update(questions)
    .where(_this, _q.delivery.is_(None), _q.state != State.ASKED.value)
    .values(delivery=bindparam("how"), claimed_at=bindparam("now")),
    "confirm": update(questions)
    .where(_this, _open, _q.delivery.is_not(None))
    .values(delivered_at=bindparam("now"))
    .returning(_q.asked_at, _q.state, _q.delivery),
    "let_go": update(questions).where(_this, _open).values(delivery=None),
    "ask_again": update(questions)
    .where(_this, _mine, _q.state == State.FAILED.value)
    .values(
        state=State.ASKED.value,
        position=bindparam("position"),
        asked_at=bindparam("now"),
        answered_at=None,
        failure=None,
        delivery=None,
        delivered_at=None,
    ),
    "forget": update(friends).where(_f.id == bindparam("user_id")).values(memory_from=_f.questions),
    "promise": update(questions)
    .where(_this, _q.state == State.ASKED.value)
    .values(callback_url=bindparam("url"), promised_at=bindparam("now")),
    "promised": select(_q.callback_url).where(_this, _q.callback_url.is_not(None)),
    "use_callback": update(questions)
    .where(_this, _q.callback_url.is_not(None))
    .values(callback_url=None),
    "tally_hour": _tally(by_hour, "hour"),
    "tally_day": _tally(by_day, "day"),
    # What several programs remember together.
    "note": select(notes).where(_n.name == bindparam("name")),
    "notes": select(notes).where(_under).order_by(_n.changed_at, _n.name),
    "new_note": _new_note.on_conflict_do_nothing(index_elements=["name"]),
    "write_note": _new_note.on_conflict_do_update(
        index_elements=["name"],
        set_={
            "value": bindparam("value"),
            "version": _n.version + 1,
            "changed_at": bindparam("now"),
        },
    ),
    "change_note": update(notes)
    .where(_n.name == bindparam("name"), _n.version == bindparam("version"))
    .values(value=bindparam("value"), version=_n.version + 1, changed_at=bindparam("now")),
    "trim_notes": notes.delete()
    .where(
        _under,
        or_(
            _n.changed_at < bindparam("before"),
            _n.name.not_in(
                select(_n.name)
                .where(_under)
                .order_by(_n.changed_at.desc(), _n.name)
                .limit(bindparam("most", type_=Integer))
            ),
        ),
    )
    .returning(_n.name),
    "drop_note": notes.delete().where(_n.name == bindparam("name")),
    # Starting again, and cleaning up.
    "let_all_go": update(questions)
    .where(_open, _q.delivery.is_not(None), func.coalesce(_q.claimed_at, 0) < bindparam("before"))
    .values(delivery=None),
    "unanswered": select(_q.user_id)
    .where(
        _q.answered_at.is_(None),
        _q.state == State.ASKED.value,
        _q.asked_at < bindparam("before"),
    )
    .order_by(_q.asked_at, _q.position),
    "promises": select(_q.id, _q.user_id, _q.promised_at).where(
        _open, _q.callback_url.is_not(None)
    ),
    "drop_promises": update(questions)
    .where(_open, _q.callback_url.is_not(None), _q.promised_at < bindparam("before"))
    .values(callback_url=None),
    "purge_questions": questions.delete().where(
        _q.id.in_(
            select(_q.id)
            .where(_q.asked_at < bindparam("before"), _q.state != State.ASKED.value)
            .limit(bindparam("limit", type_=Integer))
        )
    ),
    "purge_friends": friends.delete().where(
        _f.last_seen_at < bindparam("before"),
        ~exists().where(_q.user_id == _f.id),
    ),
    "purge_usage": usage.delete().where(_u.day < bindparam("day"), _u.user_id != ""),
    "delete_questions": questions.delete().where(
        _q.id.in_(select(_q.id).where(_mine).limit(bindparam("limit", type_=Integer)))
    ),
    "delete_usage": usage.delete().where(_u.user_id == bindparam("user_id")),
    "delete_friend": friends.delete().where(_f.id == bindparam("user_id")),
}
