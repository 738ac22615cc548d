"""Text files: the owner's, in whatever encoding Notepad saved them, and how ours are written."""

import codecs
import hashlib
import os
from contextlib import suppress
from pathlib import Path

from chatgee.errors import SettingsError


def read(file: Path) -> str:
    """The text of a UTF-8, UTF-16 or CP949 (Korean Windows) file.

    Raise `OSError` as `Path.read_bytes` does, and `UnicodeDecodeError` where it is none of them.
    """
    raw = file.read_bytes()
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp949")


def lies_in(folder: Path, file: Path) -> bool:
    """Whether a file, wherever links lead, lies below a folder: only such files are a page's."""
    return Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder))


def must_lie_in(folder: Path, file: Path) -> None:
    """`SettingsError` where it does not."""
    if not lies_in(folder, file):
        raise SettingsError("settings.outside", file=file, folder=folder)


def mark(text: str) -> str:
    """By which a text is known again, such as the one that a page was opened with."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def write(file: Path, text: str) -> None:
    """All of it or nothing, and for the owner's eyes alone from its first byte."""
    new = file.with_name(file.name + ".new")
    with suppress(FileNotFoundError):
        new.unlink()
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(new, file)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def save(file: Path, text: str, folder: Path) -> None:
    """As `write`, also where a link leads within `folder`, whose own folders are made if need be.

    `SettingsError` where it lies elsewhere or cannot be written, for whoever wanted it saved.
    """
    must_lie_in(folder, file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file.resolve(), text)
    except OSError as error:
        raise unwritable(file, error) from error


def unwritable(file: Path, error: OSError) -> SettingsError:
    return SettingsError("setup.unwritable", file=file.name, why=error.strerror or error)


def unreadable(file: Path, error: OSError) -> SettingsError:
    return SettingsError("settings.unreadable", file=file, why=error.strerror or error)
