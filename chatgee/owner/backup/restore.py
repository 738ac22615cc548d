"""Putting a backup in place of what is there: looked through, confirmed, then put in place.

    DATA_DIR/restoring/files/…     what is in the backup, whole and checked
    DATA_DIR/restoring/about.json  what the owner is told of it
    DATA_DIR/restoring/confirmed   written last: from here on it will be put in place
    DATA_DIR/before-restore-…/     what was there before

`finish` does that while nothing is open. It can be cut off anywhere and is then done to the end
at the next start, before anything else is read.
"""

import json
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from chatgee.errors import ChatGeeError
from chatgee.owner.backup import pack, unpack
from chatgee.settings import Settings
from chatgee.store.databases.opening import is_shared
from chatgee.store.files.copy import address, copy, take_in
from chatgee.store.reading.archive import Archive
from chatgee.store.reading.database_size import facts
from chatgee.system import text_files
from chatgee.system.owner_files import alone

FOLDER, FILES, ABOUT, CONFIRMED = "restoring", "files", "about.json", "confirmed"
BEFORE, KEPT = "before-restore-", 3
TOLD = {"start.newer_database": "backup.newer", "backup.disk_full": "backup.disk_full"}
"""What an owner reads of a database that cannot be used; else that the backup is damaged."""
BUSY_SECONDS = 3.0
"""On Windows a virus scanner may hold a file for a moment."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoundBackup:
    """What is in a backup that waits for the owner's word."""

    id: str
    made_at: float
    version: str
    questions: int
    friends: int
    names: tuple[str, ...]
    """Of its files, folders by their own names."""


# --- before the owner says yes --------------------------------------------------------------


def look_into(packed: IO[bytes], ours: Settings) -> FoundBackup:
    """Unpack it beside what is there, which stays untouched; `ChatGeeError` for a bad one."""
    with _new_folder(ours) as folder:
        made = unpack.unpack(packed, folder / FILES)
        if _take_in(folder) != made.schema:
            raise ChatGeeError("backup.damaged")
        return _ready(folder, ours, made.at, made.version)


def look_back(name: str, ours: Settings) -> FoundBackup:
    """As `look_into`, with what was there before an earlier restoring."""
    kept = next((path for path in before(ours) if path.name == name), None)
    if kept is None or not _is_kept(kept / pack.DATABASE, kept):
        raise ChatGeeError("backup.gone")
    with _new_folder(ours) as folder:
        files = folder / FILES
        files.mkdir(parents=True)
        copy(address(kept / pack.DATABASE), files / pack.DATABASE)
        there = {part: kept / part for part in pack.places(ours)}
        for part, path in pack.texts_in(there, kept):
            (files / part).parent.mkdir(exist_ok=True)
            shutil.copyfile(path, files / part)
        _take_in(folder)
        return _ready(folder, ours, kept.stat().st_mtime, "")


def _is_kept(file: Path, kept: Path) -> bool:
    return file.is_file() and text_files.lies_in(kept, file)


@contextmanager
def _new_folder(ours: Settings) -> Iterator[Path]:
    """Where a backup is looked into; nothing is left of a bad one."""
    if confirmed(ours):
        raise ChatGeeError("backup.already")
    drop(ours)
    try:
        yield ours.data_dir / FOLDER
    except OSError as error:
        drop(ours)
        raise ChatGeeError("backup.disk_full") from error
    except ChatGeeError:
        drop(ours)
        raise


def _take_in(folder: Path) -> int:
    """The version of the database in it, which does nothing by itself from here on."""
    try:
        return take_in(folder / FILES / pack.DATABASE)
    except ChatGeeError as error:
        raise ChatGeeError(TOLD.get(error.key, "backup.damaged")) from error


def _ready(folder: Path, ours: Settings, made_at: float, version: str) -> FoundBackup:
    archive = Archive(address(folder / FILES / pack.DATABASE))
    try:
        known = facts(archive)
    finally:
        archive.close()
    names = sorted(name for name in pack.places(ours) if (folder / FILES / name).exists())
    found = FoundBackup(
        secrets.token_hex(8), made_at, version, known.questions, known.friends, tuple(names)
    )
    text_files.write(folder / ABOUT, json.dumps(asdict(found)))
    return found


def waiting(ours: Settings) -> FoundBackup | None:
    """What was looked into and is neither confirmed nor dropped."""
    if confirmed(ours):
        return None
    try:
        told = json.loads((ours.data_dir / FOLDER / ABOUT).read_text("utf-8"))
        return FoundBackup(**told | {"names": tuple(told["names"])})
    except (OSError, ValueError, TypeError, LookupError):
        return None


def drop(ours: Settings) -> None:
    folder = ours.data_dir / FOLDER
    if folder.is_symlink():  # what it leads to is not ours
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def confirm(id: str, ours: Settings) -> None:
    """From here on it is put in place by `finish`; `ChatGeeError` where it is no longer there."""
    found = waiting(ours)
    if found is None or found.id != id:
        raise ChatGeeError("backup.gone")
    for path in (ours.data_dir / FOLDER).rglob("*"):
        _sync(path)
    try:
        name = BEFORE + time.strftime("%Y-%m-%d-%H%M%S")
        text_files.write(ours.data_dir / FOLDER / CONFIRMED, json.dumps([name, list(found.names)]))
    except OSError as error:
        raise ChatGeeError("backup.disk_full") from error


def confirmed(ours: Settings) -> bool:
    folder = ours.data_dir / FOLDER
    return not folder.is_symlink() and (folder / CONFIRMED).exists()


def before(ours: Settings) -> list[Path]:
    """The folders with what was there before, the newest first."""
    form = re.compile(rf"{BEFORE}\d{{4}}-\d\d-\d\d-\d{{6}}")
    found = (path for path in ours.data_dir.glob(f"{BEFORE}*") if form.fullmatch(path.name))
    found = (path for path in found if path.is_dir() and not path.is_symlink())
    return sorted(found, key=lambda path: path.name, reverse=True)


# --- while nothing is open ------------------------------------------------------------------


def finish(ours: Settings, step: Callable[[], None] = lambda: None) -> bool:
    """Put in place what was confirmed; whether there was something.

    What was confirmed for a file waits, while the conversations are in a shared database.
    Every step can be done again; `step` is called between them. `ChatGeeError` where a file
    cannot be moved: nothing may be opened before it can.
    """
    if is_shared(ours.sqlalchemy_url):
        return False
    with alone(ours.data_dir):  # of the program before us a page may still be saving
        return _finish(ours, step)


def _finish(ours: Settings, step: Callable[[], None]) -> bool:
    pack.clean(ours)
    folder = ours.data_dir / FOLDER
    if not confirmed(ours):
        drop(ours)
        return False
    try:
        name, names = json.loads((folder / CONFIRMED).read_text("utf-8"))
        kept = ours.data_dir / name
        _take_links_away(kept, folder / FILES)
        kept.mkdir(exist_ok=True)
        for part, place in _parts(ours, folder / FILES / pack.DATABASE):
            step()
            _exchange(place, kept / part, folder / FILES / part if part in names else None, step)
        step()
        for touched in {kept, *(place.parent for place in pack.places(ours).values())}:
            _sync(touched)
        (folder / CONFIRMED).unlink()
        _sync(folder)
    except OSError as error:
        why = error.strerror or str(error)
        raise ChatGeeError("backup.stuck", file=error.filename, why=why) from error
    drop(ours)
    for old in before(ours)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    log.info("restored; what was there before is in %s", kept)
    return True


def _take_links_away(kept: Path, files: Path) -> None:
    """None of them is ours: what they lead to is neither put in place nor written over."""
    for path in (kept, files, *files.rglob("*")):
        if path.is_symlink():
            path.unlink()


def _parts(ours: Settings, new: Path) -> list[tuple[str, Path]]:
    """What is exchanged, by its name in a backup; the database after what belongs to it.

    A -wal file of the old database beside the new one would destroy it. Once the new one has
    gone to its place, the files beside it are its own.
    """
    if not new.exists():
        return list(pack.places(ours).items())
    database = pack.places(ours)[pack.DATABASE]
    beside = (f"{pack.DATABASE}-wal", database.with_name(f"{database.name}-wal"))
    rebuilt = (f"{pack.DATABASE}-shm", database.with_name(f"{database.name}-shm"))
    return [beside, rebuilt, *pack.places(ours).items()]


def _exchange(place: Path, kept: Path, new: Path | None, step: Callable[[], None]) -> None:
    """Keep what is in a place, and put the new there, if there is one. May be done again."""
    if new and not new.exists():
        return  # it was done before
    if place.exists() and not kept.exists():
        _move(place, kept)
    step()
    if place.exists():  # a copy was kept, but there was no time to take it away
        _remove(place)
    if new:
        place.parent.mkdir(parents=True, exist_ok=True)
        _move(new, place)


def _move(source: Path, target: Path) -> None:
    """At once on one disk; to another the whole is copied before it has its name."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            os.rename(source, target)
            return
        except PermissionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        except OSError:
            break
    half = target.with_name(target.name + ".half")
    if half.exists():
        _remove(half)
    if source.is_dir():
        shutil.copytree(source, half)
    else:
        shutil.copy2(source, half)
    for path in (half, *half.rglob("*")):
        _sync(path)
    os.rename(half, target)
    _remove(source)


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _sync(path: Path) -> None:
    """To the disk; a folder only where the system can."""
    flags = os.O_RDONLY if os.name == "posix" else os.O_RDWR
    with suppress(OSError):
        descriptor = os.open(path, flags)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
