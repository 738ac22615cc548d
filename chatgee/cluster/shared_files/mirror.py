"""The owner's files in the database, and as every machine has them in its DATA_DIR.

All that reads these files goes on reading files. The database decides: what somebody has written
into a file of one machine by hand gives way at the next start, and is kept in `before-shared`.
"""

import logging
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from chatgee.errors import SettingsError, StoreError
from chatgee.settings import OPTIONS, OWN, Settings, config_file, read_file, together
from chatgee.store import Store
from chatgee.store.bounded_wait import soon
from chatgee.store.notes import Note, NoteDraft, Outdated
from chatgee.system import text_files
from chatgee.system.owner_files import alone

T = TypeVar("T")

SETTINGS, FILES, HEALTH = "settings", "files/", "health"
ASIDE = "before-shared"
VERSION = re.compile(r"characters/[\d-]+\.txt")

log = logging.getLogger(__name__)


def places(ours: Settings) -> dict[str, Path]:
    """By the names of their notes; versions of the character are files beside them."""
    texts = ours.texts_path
    return {
        SETTINGS: ours.shared_path or ours.data_dir,
        **{f"{FILES}{name}": place for name, place in ours.owners_files.items()},
        f"{FILES}texts.toml.bak": texts.with_name(f"{texts.name}.bak"),
    }


class Mirror:
    """Safe from any thread."""

    def __init__(self, ours: Settings, store: Store) -> None:
        self._folder, self._places, self._store = ours.data_dir, places(ours), store
        self._known: dict[str, Note] = {}
        """As the database had them when it was last looked at."""
        self._seen = self._look()
        """As this process has them. Another one may write the same files before we hear of it."""

    def join(self, config: Path) -> None:
        """Before these files are read: have what the others have.

        Whoever is the first of all brings what it has; its settings are those of config.env.
        """
        if SETTINGS not in self._found():
            with suppress(Outdated):  # then somebody else was first
                self._store.write_notes(self._first(config)).result()
        self.refresh()

    def refresh(self) -> set[str]:
        """Have the files as the database has them; the notes of those that are others now.

        `StoreError` where it is away, `SettingsError` where somebody else changes them for long.
        """
        with alone(self._folder):  # what was found before would be old by now
            return self._take_over(self._found())

    def change(self, work: Callable[[], T], refreshed: Callable[[set[str]], None]) -> T:
        """See `chatgee.system.owner_files.Change`; `refreshed` is told as `refresh` tells."""
        with alone(self._folder):
            try:
                while True:
                    refreshed(self._take_over(self._found()))
                    before = self._look()
                    result = work()
                    if self._is_kept(before):
                        return result
            except StoreError as error:
                raise SettingsError("settings.not_shared") from error

    # --- the database's side ------------------------------------------------------------------

    def _found(self) -> dict[str, Note]:
        notes = soon(self._store.notes(FILES))
        if settings := soon(self._store.note(SETTINGS)):
            notes.append(settings)
        return {note.name: note for note in notes if self._place(note.name)}

    def _first(self, config: Path) -> list[NoteDraft]:
        found = together(read_file(config), self._places[SETTINGS])
        common = {name: found[name] for name in OPTIONS if name in found and name not in OWN}
        head = config_file.HEAD if common else ""  # empty as long as nobody has set anything up
        files = self._look() | {SETTINGS: config_file.changed(head, common)}
        return [NoteDraft(name, text, 0) for name, text in files.items()]

    def _is_kept(self, before: Mapping[str, str]) -> bool:
        """Whether the others have what has changed by now; False where they were quicker."""
        drafts = list(self._drafts(before, self._look()))
        if not drafts:
            return True
        try:
            soon(self._store.write_notes(drafts))
        except (StoreError, Outdated) as error:
            self._take_back(drafts, before)
            if isinstance(error, StoreError):
                raise
            return False
        for one in drafts:
            self._known.pop(one.name, None)
            self._seen.pop(one.name, None)
            if one.value is not None:
                self._known[one.name] = Note(one.name, one.value, one.version + 1, 0.0)
                self._seen[one.name] = one.value
        return True

    def _drafts(self, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[NoteDraft]:
        for name in before.keys() | after.keys():
            text, known = after.get(name), self._known.get(name)
            if text != before.get(name):
                yield NoteDraft(name, text, known.version if known else 0)
                if name == SETTINGS:  # what was wrong may be right now
                    yield NoteDraft(HEALTH, None, 0)

    def _take_back(self, drafts: list[NoteDraft], before: Mapping[str, str]) -> None:
        for one in drafts:
            place = self._place(one.name)
            if place and one.name in before:
                text_files.save(place, before[one.name], self._folder)
            elif place:
                place.unlink(missing_ok=True)

    # --- the files ----------------------------------------------------------------------------

    def _place(self, name: str) -> Path | None:
        """None for what is no file of ours."""
        inside = name.removeprefix(FILES)
        beside = self._folder / inside if VERSION.fullmatch(inside) else None
        place = self._places.get(name, beside)
        # What lies elsewhere is this machine's own: others' pages neither read nor write it.
        return place if place and text_files.lies_in(self._folder, place) else None

    def _look(self) -> dict[str, str]:
        """What stands in the files, as far as it can be read."""
        versions = (self._folder / "characters").glob("*.txt")
        names = [*self._places, *(f"{FILES}characters/{file.name}" for file in versions)]
        found = {name: _text(place) for name in names if (place := self._place(name))}
        return {name: text for name, text in found.items() if text is not None}

    def _take_over(self, found: dict[str, Note]) -> set[str]:
        known, changed = self._known, set()
        self._known = found
        for name in known.keys() - found.keys():
            if place := self._place(name):
                self._take_away(place)
            self._seen.pop(name, None)
            changed.add(name)
        for name, note in found.items():
            before = known.get(name)
            if (before is None or before.value != note.value) and self._put(note, before):
                changed |= {name} if self._seen.get(name) != note.value else set()
                self._seen[name] = note.value
        return changed

    def _put(self, note: Note, known: Note | None) -> bool:
        """Whether the file is as the note now."""
        place = self._place(note.name)
        standing = _text(place) if place else None
        if place is None or standing == note.value:
            return place is not None
        try:
            if place.exists() and (known is None or standing != known.value):
                self._put_aside(place)
            text_files.save(place, note.value, self._folder)
        except (OSError, SettingsError) as error:
            log.warning("shared: %s stays as it is here: %s", place, error)
            return False
        return True

    def _take_away(self, place: Path) -> None:
        try:
            place.unlink(missing_ok=True)
        except OSError as error:  # the others must be put in order all the same
            log.warning("shared: %s stays as it is here: %s", place, error)

    def _put_aside(self, place: Path) -> None:
        folder = self._folder / ASIDE
        folder.mkdir(exist_ok=True)
        shutil.copyfile(place, folder / place.name)
        log.info("shared: %s is as the others have it; see %s", place.name, folder)


def _text(place: Path) -> str | None:
    """As the database can keep it; None for what is not there or is no text."""
    try:
        return text_files.read(place).replace("\0", "")
    except (OSError, UnicodeDecodeError):
        return None
