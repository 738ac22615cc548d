"""What several programs remember together: short texts by name, which all of them see.

A name is a path, such as `settings` or `letters/…`; a change is told to every other program.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from chatgee.store.database_session import Session

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


def note(db: Session, name: str) -> Note | None:
    row = db.one("note", name=name)
    return Note(*row) if row else None


def notes(db: Session, prefix: str) -> list[Note]:
    """Those whose names begin so, the oldest change first."""
    return [Note(*row) for row in db.all("notes", prefix=prefix)]


def write_note(db: Session, name: str, value: str) -> None:
    """Write it down, whatever it was."""
    db.change("write_note", name=name, value=value, now=db.now())
    db.news.noted.append(name)


def change_note(db: Session, name: str, change: Callable[[str | None], tuple[str | None, R]]) -> R:
    """Make another text of it, with nobody in between; what `change` returns beside.

    It is given None for a note that is not there, and returns None to leave it as it is. It
    may be called more than once.
    """
    while True:
        row = db.one("note", name=name)
        note = Note(*row) if row else None
        value, result = change(note.value if note else None)
        if value is None or _write(db, name, value, note.version if note else 0):
            return result


def _write(db: Session, name: str, value: str, version: int) -> bool:
    """Whether it still has this version; 0 is that of a note that is not there."""
    now = db.now()
    if version:
        written = db.change("change_note", name=name, value=value, version=version, now=now)
    else:
        written = db.change("new_note", name=name, value=value, now=now)
    if written:
        db.news.noted.append(name)
    return bool(written)


def write_notes(db: Session, drafts: Sequence[NoteDraft]) -> None:
    """All of them, or none: `Outdated` where somebody else has changed one meanwhile."""
    for one in drafts:
        if one.value is None:
            db.change("drop_note", name=one.name)
            db.news.noted.append(one.name)
        elif not _write(db, one.name, one.value, one.version):
            raise Outdated(one.name)


def trim_notes(db: Session, prefix: str, most: int, seconds: float) -> None:
    """Leave the newest `most` of those whose names begin so, and of them the ones not older."""
    before = db.now() - seconds
    rows = db.all("trim_notes", prefix=prefix, most=most, before=before)
    db.news.noted += [row[0] for row in rows]
