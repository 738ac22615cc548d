"""Friends, questions and memory, on the disk.

Every method hands its work to the database's one thread and returns a Future, done once it is on
the disk; it fails with `StoreError`, and then nothing was changed. The work itself is a plain
function of the same name, which is handed the session of a transaction.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Concatenate, ParamSpec, TypeVar

from chatgee.store import answers, asking, delivering, describing, failures, notes, upkeep
from chatgee.store.database import Database
from chatgee.store.database_session import Session
from chatgee.store.databases.opening import Tell, silently
from chatgee.store.results import Asked, Claimed, Due, Limits, Outcome, SpentToday
from chatgee.store.transaction_news import NewsTeller

__all__ = ["Asked", "Claimed", "Due", "Limits", "Outcome", "SpentToday", "Store"]

P = ParamSpec("P")
T = TypeVar("T")


def transaction(
    work: Callable[Concatenate[Session, P], T], lasting: bool = False
) -> Callable[Concatenate["Store", P], "Future[T]"]:
    """A method that runs it inside the database's thread, in a transaction.

    `lasting` is what has happened: it is written down however long that takes.
    """

    def submit(self: "Store", /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        return self.database.submit(lambda session: work(session, *args, **kwargs), lasting)

    submit.__doc__ = work.__doc__
    return submit


class Store:
    """Safe from any thread."""

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
        self.database = Database(url, teller, tell, now)

    def now(self) -> float:
        """Unix time, as all programs with this database agree on it."""
        return self.database.now()

    def close(self) -> None:
        self.database.close()

    ask = transaction(asking.ask)
    ask_again = transaction(asking.ask_again)
    ask_rest = transaction(asking.ask_rest)
    forget = transaction(asking.forget)
    forget_everyone = transaction(asking.forget_everyone)
    spent = transaction(asking.spent)

    next = transaction(answers.next)
    fill = transaction(answers.fill, lasting=True)
    spend = transaction(answers.spend)

    find = transaction(delivering.find)
    known_of = transaction(delivering.known_of)
    claim = transaction(delivering.claim)
    confirm = transaction(delivering.confirm, lasting=True)
    let_go = transaction(delivering.let_go, lasting=True)
    newest_answer = transaction(delivering.newest_answer)
    newest_cut = transaction(delivering.newest_cut)
    unseen = transaction(delivering.unseen)
    last_failed = transaction(delivering.last_failed)
    leave_unread = transaction(delivering.leave_unread, lasting=True)
    unread = transaction(delivering.unread)
    promise = transaction(delivering.promise)
    break_promise = transaction(delivering.break_promise, lasting=True)
    use_callback = transaction(delivering.use_callback)

    ask_in_place = transaction(failures.ask_in_place)
    handle = transaction(failures.handle)

    look = transaction(upkeep.look)
    recover = transaction(upkeep.recover)
    release = transaction(upkeep.release)
    waiting = transaction(upkeep.waiting)
    line_up = transaction(upkeep.line_up)
    purge = transaction(upkeep.purge)
    delete_friend = transaction(upkeep.delete_friend)
    describe = transaction(describing.describe)

    note = transaction(notes.note)
    write_note = transaction(notes.write_note)
    change_note = transaction(notes.change_note)
    write_notes = transaction(notes.write_notes)
    trim_notes = transaction(notes.trim_notes)
    notes = transaction(notes.notes)
