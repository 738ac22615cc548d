"""What the rows of the hot path's statements say."""

from collections.abc import Sequence

from chatgee.errors import Failure
from chatgee.questions import Delivery, Question, State
from chatgee.store.database_session import Row


def value_of(row: Row | None) -> int:
    return int(row[0]) if row else 0


def question_of(row: Row | None) -> Question | None:
    return as_question(row) if row else None


def as_question(row: Row) -> Question:
    id_, user_id, room_id, place, text, image_url, asked_at, state, shown, *rest = row
    failure, delivery, broken_off, continues = rest
    return Question(
        id_,
        user_id,
        room_id,
        place,
        text,
        tuple(image_url.split("\n")) if image_url else (),
        asked_at,
        State(state),
        shown,
        Failure(failure) if failure else None,
        Delivery(delivery) if delivery else None,
        bool(broken_off),
        continues,
    )


def joined(image_urls: Sequence[str]) -> str | None:
    """As a row has them: a line each, since no address holds a line break; NULL for none."""
    return "\n".join(image_urls) or None
