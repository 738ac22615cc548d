"""The store as it is opened, looked after and closed."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Concatenate, ParamSpec, TypeVar

from chatgee.store import days
from chatgee.store.database import Database
from chatgee.store.database_session import Session
from chatgee.store.databases.opening import Tell, silently
from chatgee.store.transaction_news import NewsTeller

P = ParamSpec("P")
S = TypeVar("S", bound="Upkeep")
T = TypeVar("T")


def transaction(
    work: Callable[Concatenate[S, Session, P], T],
) -> Callable[Concatenate[S, P], "Future[T]"]:
    """Make a method run inside the database's thread, in a transaction."""

    def submit(self: S, /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        return self.database.submit(lambda session: work(self, session, *args, **kwargs))

    submit.__doc__ = work.__doc__
    return submit


def lasting(
    work: Callable[Concatenate[S, Session, P], T],
) -> Callable[Concatenate[S, P], "Future[T]"]:
    """As `transaction`, for what has happened: it is written down however long that takes."""

    def submit(self: S, /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        return self.database.submit(lambda session: work(self, session, *args, **kwargs), True)

    submit.__doc__ = work.__doc__
    return submit


class Upkeep:
    """What every store has; see `chatgee.store.Store`."""

    def __init__(
        self,
        url: str,
        now: Callable[[], float] | None = None,
        teller: NewsTeller | None = None,
        tell: Tell = silently,
    ) -> None:
        """Open the database; `StoreError` where it cannot be used.

        `teller` is told what was asked, answered and promised; nobody without one. `tell` is for
        the owner, where a server is away and when it is back.
        """
        self.database = Database(url, teller, tell)
        self.now = now or self.database.now
        """Unix time, as all programs with this database agree on it."""

    def close(self) -> None:
        self.database.close()

    @transaction
    def look(self, db: Session) -> None:
        """Done where work could be done."""

    # --- starting again ---------------------------------------------------------------------

    @transaction
    def recover(self, db: Session, callback_seconds: float) -> int:
        """After a stop of any kind: how many questions are without an answer.

        They, and the promises that can still be kept, are told anew. Answers that were claimed
        and not sent are held again.
        """
        now = self.now()
        db.change("let_all_go", before=math.inf)
        db.change("drop_promises", before=now - callback_seconds)
        unanswered = db.all("unanswered", before=math.inf)
        db.news.asked += [row[0] for row in unanswered]
        db.news.promised += [(row[0], row[1], row[2]) for row in db.all("promises")]
        return len(unanswered)

    @transaction
    def release(self, db: Session, before: float) -> int:
        """Hold again what was claimed before a moment and never sent, since the program ended."""
        return db.change("let_all_go", before=before)

    @transaction
    def waiting(self, db: Session, before: float) -> list[str]:
        """Friends, once for each question that was asked before a moment and has no answer."""
        return [row[0] for row in db.all("unanswered", before=before)]

    @transaction
    def line_up(self, db: Session, user_ids: Sequence[str]) -> None:
        """Tell once more that these friends wait, once for each question."""
        db.news.asked += user_ids

    @transaction
    def purge(self, db: Session, keep_days: int, most: int) -> int:
        """Delete up to `most` questions older than `keep_days`; how many there were.

        With the last of them go the friends who have asked nothing since, and what they used.
        """
        before = self.now() - keep_days * 86400
        count = db.change("purge_questions", before=before, limit=most)
        if count < most:
            db.change("purge_friends", before=before)
            db.change("purge_usage", day=days.day_name(before))
        return count

    @transaction
    def delete_friend(self, db: Session, user_id: str, most: int) -> int:
        """Delete up to `most` of the friend's questions; how many there were.

        With the last of them goes all else that is known of the friend.
        """
        count = db.change("delete_questions", user_id=user_id, limit=most)
        if count < most:
            db.change("delete_usage", user_id=user_id)
            db.change("delete_friend", user_id=user_id)
        return count
