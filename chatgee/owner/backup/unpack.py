"""Reading a ZIP file that may be anything: damaged, somebody else's, or made to do harm.

Nothing is believed that it says of itself: names are looked up in the list of ours, sizes are
counted, and every file must have the checksum that the manifest gives.
"""

import hashlib
import json
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from chatgee.errors import ChatGeeError
from chatgee.owner.backup import names, zip_directory
from chatgee.owner.backup.pack import CHUNK_BYTES, DATABASE, MANIFEST, TEXT_BYTES
from chatgee.owner.backup.zip_directory import MOST_FILES
from chatgee.settings import OWNERS_FILES
from chatgee.store import schema

MANIFEST_BYTES = 1_000_000
"""Twice as much as that of so many files with the longest names."""
MOST_BYTES = 16_000_000_000
"""Of everything together: the conversations of some thirty million questions."""
LAST_MOMENT = 2**33
"""In Unix time, of what any calendar can show."""
SPARE_BYTES = 200_000_000
"""That must be left on the disk."""
BROKEN = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, ValueError, TypeError, LookupError, AttributeError),
    OverflowError,
)
"""What zipfile and json say to bytes that are none."""


@dataclass(frozen=True)
class Made:
    """What a manifest says."""

    at: float
    version: str
    schema: int
    files: Mapping[str, str]
    """Their checksums by their names: only those that are ours."""


def unpack(packed: IO[bytes], folder: Path) -> Made:
    """Lay everything out in a new folder; `ChatGeeError` for what is no whole backup of ours."""
    folder.mkdir(parents=True)
    try:
        entries_told = zip_directory.count(packed)
        with zipfile.ZipFile(packed) as archive:
            if not len(archive.infolist()) == len(archive.NameToInfo) == entries_told:
                raise ChatGeeError("backup.damaged")
            made = _manifest(archive)
            entries = {name: _entry(archive, name) for name in made.files}
            _fits(entries.values(), folder)
            for name, entry in entries.items():
                if _write(archive, entry, folder / name) != made.files[name]:
                    raise ChatGeeError("backup.damaged")
    except BROKEN as error:
        raise ChatGeeError("backup.damaged") from error
    return made


def _manifest(archive: zipfile.ZipFile) -> Made:
    if MANIFEST not in archive.NameToInfo:
        raise ChatGeeError("backup.foreign")
    with archive.open(_entry(archive, MANIFEST)) as file:
        told: Any = json.loads(file.read(MANIFEST_BYTES))  # read() alone would unpack it all
    if int(told["schema"]) > schema.VERSION:
        raise ChatGeeError("backup.newer")
    if bad := names.impossible(map(str, told["files"])):
        raise ChatGeeError("backup.bad_name", name=_written(bad))
    ours = {str(name): str(sum) for name, sum in told["files"].items() if _is_ours(str(name))}
    if DATABASE not in ours or len(ours) > MOST_FILES:
        raise ChatGeeError("backup.damaged")
    made_at, version = float(told["made_at"]), str(told["version"])[:20]
    if not 0 <= made_at < LAST_MOMENT:
        raise ChatGeeError("backup.damaged")
    return Made(made_at, _written(version), int(told["schema"]), ours)


def _written(text: str) -> str:
    """As far as it can be written, and is worth a look."""
    return text[:80].encode("utf-8", "replace").decode()


def _is_ours(name: str) -> bool:
    return name == DATABASE or name in OWNERS_FILES or names.is_character(name)


def _entry(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    entry = archive.getinfo(name)
    known = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    most = {DATABASE: MOST_BYTES, MANIFEST: MANIFEST_BYTES}.get(name, TEXT_BYTES)
    if not known or entry.file_size > most:
        raise ChatGeeError("backup.damaged")
    return entry


def _fits(entries: Iterable[zipfile.ZipInfo], folder: Path) -> None:
    """By what it says of itself: zipfile hands out no byte more than that."""
    size = sum(entry.file_size for entry in entries)
    if size > MOST_BYTES:
        raise ChatGeeError("backup.damaged")
    if size + SPARE_BYTES > shutil.disk_usage(folder).free:
        raise ChatGeeError("backup.disk_full")


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> str:
    """The SHA-256 of what was written."""
    target.parent.mkdir(exist_ok=True)
    digest = hashlib.sha256()
    with archive.open(entry) as source, target.open("xb") as out:
        while piece := source.read(CHUNK_BYTES):
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()
