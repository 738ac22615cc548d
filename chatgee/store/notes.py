"""What several programs remember together: short texts by name, which all of them see.

A name is a path, such as `settings` or `letters/…`; a change is told to every other program.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from chatgee.store.database_session import Session
from chatgee.store.upkeep import Upkeep, transaction

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Note:
    name: str
    value: str
    version: int
    """Counts its changes, from 1."""
    changed_at: float
    """Unix time."""


@dataclass(frozen=True, slots=True)
class NoteDraft:
    """A note as it is to be."""

    name: str
    value: str | None
    """None to drop it."""
    version: int
    """Of the note that it takes the place of; 0 where there is none."""


class Outdated(Exception):
    """Somebody else has changed a note meanwhile."""


class Notes(Upkeep):
    """The part of a store that keeps them."""

    @transaction
    def note(self, db: Session, name: str) -> Note | None:
        row = db.one("note", name=name)
        return Note(*row) if row else None

    @transaction
    def notes(self, db: Session, prefix: str) -> list[Note]:
        """Those whose names begin so, the oldest change first."""
        return [Note(*row) for row in db.all("notes", prefix=prefix)]

    @transaction
    def write_note(self, db: Session, name: str, value: str) -> None:
        """Write it down, whatever it was."""
        db.change("write_note", name=name, value=value, now=self.now())
        db.news.noted.append(name)

    @transaction
    def change_note(
        self, db: Session, name: str, change: Callable[[str | None], tuple[str | None, R]]
    ) -> R:
        """Make another text of it, with nobody in between; what `change` returns beside.

        It is given None for a note that is not there, and returns None to leave it as it is. It
        may be called more than once.
        """
        while True:
            row = db.one("note", name=name)
            note = Note(*row) if row else None
            value, result = change(note.value if note else None)
            if value is None or self._write(db, name, value, note.version if note else 0):
                return result

    def _write(self, db: Session, name: str, value: str, version: int) -> bool:
        """Whether it still has this version; 0 is that of a note that is not there."""
        now = self.now()
        if version:
            written = db.change("change_note", name=name, value=value, version=version, now=now)
        else:
            written = db.change("new_note", name=name, value=value, now=now)
        if written:
            db.news.noted.append(name)
        return bool(written)

    @transaction
    def write_notes(self, db: Session, drafts: Sequence[NoteDraft]) -> None:
        """All of them, or none: `Outdated` where somebody else has changed one meanwhile."""
        for one in drafts:
            if one.value is None:
                db.change("drop_note", name=one.name)
                db.news.noted.append(one.name)
            elif not self._write(db, one.name, one.value, one.version):
                raise Outdated(one.name)

    @transaction
    def trim_notes(self, db: Session, prefix: str, most: int, seconds: float) -> None:
        """Leave the newest `most` of those whose names begin so, and of them the ones not older."""
        before = self.now() - seconds
        rows = db.all("trim_notes", prefix=prefix, most=most, before=before)
        db.news.noted += [row[0] for row in rows]
