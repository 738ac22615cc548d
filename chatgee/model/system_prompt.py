"""The bot's character: the system prompt in its file, and all that stood there before.

What the owner changes holds from the next question on. Each version is a file of its own, named
by the moment since when it holds, so that nothing is lost by any change, also one made by hand.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chatgee.errors import ChatGeeError, SettingsError
from chatgee.settings import Settings
from chatgee.system import text_files
from chatgee.texts import Texts

MOST_CHARS = 8000
"""It is sent with every question."""
MOST_KEPT = 50
NAME = "%Y%m%d-%H%M%S-%f"
"""Of a version's file, in UTC; no colons, which Windows forbids."""
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when the built-in character holds."""


@dataclass(frozen=True)
class Version:
    """A character as it was, or is."""

    name: str
    """Empty for what stands in the file now, where nobody has kept it yet."""
    since: datetime
    text: str


@dataclass(frozen=True)
class Character:
    """Safe from any thread."""

    file: Path
    folder: Path
    """Of the versions, in DATA_DIR."""
    default: str
    """Used where the file is not there, empty or unreadable."""

    @classmethod
    def of(cls, settings: Settings, texts: Texts) -> "Character":
        folder = settings.data_dir / "characters"
        return cls(settings.system_prompt_path, folder, texts("system_prompt"))

    @property
    def lies_outside(self) -> bool:
        """Whether the file is none of a page's: it is used, and neither shown nor changed there."""
        return not text_files.lies_in(self.folder.parent, self.file)

    def read(self) -> str:
        """What is used for the next question."""
        try:
            return tidy(text_files.read(self.file)) or self.default
        except (OSError, UnicodeDecodeError):
            return self.default

    def save(self, text: str, base: str | None = None) -> None:
        """Use another text from now on, and keep the one before; empty is the built-in one.

        `base` is the mark of the text that its writer has read: where another stands there now,
        nothing is saved. `ChatGeeError` where it was not, or could not be.
        """
        text = tidy(text)
        if too_long := self.too_long(text):
            raise too_long
        text_files.must_lie_in(self.folder.parent, self.file)
        now = self.read()
        if (text or self.default) == now:
            return
        if base is not None and base != text_files.mark(now):
            raise ChatGeeError("character.conflict")
        self._keep(self._standing(), self._since())
        text_files.save(self.file, text + "\n", self.folder.parent)
        with suppress(SettingsError):  # it is used already, and the next save keeps it too
            self._keep(text or self.default, datetime.now(UTC))

    def too_long(self, text: str) -> ChatGeeError | None:
        """Why a text is not saved or tried; never the one that stands in the file already."""
        text = tidy(text)
        over = len(text) - MOST_CHARS
        if over <= 0 or text == self.read():
            return None
        return ChatGeeError("setup.prompt_long", most=f"{MOST_CHARS:,}", over=f"{over:,}")

    # --- versions ---------------------------------------------------------------------------

    def versions(self) -> list[Version]:
        """Newest first; the first of them is what is used now."""
        kept, now = list(self._kept()), self.read()
        if not kept or kept[0].text != now:
            kept.insert(0, Version("", self._since(), now))
        return kept

    def find(self, name: str) -> Version | None:
        return next((one for one in self._kept() if one.name == name), None)

    def _kept(self) -> Iterator[Version]:
        for file in self._files():
            with suppress(OSError, UnicodeDecodeError):
                yield Version(file.stem, _moment(file.stem) or ALWAYS, tidy(text_files.read(file)))

    def _files(self) -> list[Path]:
        """Newest first. What the owner has put beside them is left alone."""
        files = (
            file
            for file in self.folder.glob("*.txt")
            if _moment(file.stem) and text_files.lies_in(self.folder.parent, file)
        )
        return sorted(files, reverse=True)

    def _standing(self) -> str:
        """As `read`, but what cannot be read now is not to be written over either."""
        try:
            own = text_files.read(self.file)
        except FileNotFoundError:
            own = ""
        except UnicodeDecodeError:  # what can still be made of it
            own = self.file.read_bytes().decode("utf-8", "replace")
        except OSError as error:
            raise text_files.unreadable(self.file, error) from error
        return tidy(own) or self.default

    def _since(self) -> datetime:
        try:
            return datetime.fromtimestamp(self.file.stat().st_mtime, UTC)
        except OSError:
            return ALWAYS

    def _keep(self, text: str, since: datetime) -> None:
        """As the newest, and only once: the same text from before gives way."""
        kept, files = list(self._kept()), self._files()
        if kept and kept[0].text == text:
            return
        if files:
            newest = _moment(files[0].stem) or ALWAYS
            since = max(since, newest + timedelta(microseconds=1))  # a clock may be set back
        version = self.folder / f"{since.strftime(NAME)}.txt"
        text_files.save(version, text + "\n", self.folder.parent)
        same = [self.folder / f"{one.name}.txt" for one in kept if one.text == text]
        for old in (*same, *files[MOST_KEPT - 1 :]):
            with suppress(OSError):
                old.unlink()


def tidy(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _moment(name: str) -> datetime | None:
    try:
        return datetime.strptime(name, NAME).replace(tzinfo=UTC)
    except ValueError:
        return None
