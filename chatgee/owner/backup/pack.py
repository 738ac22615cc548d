"""Everything that the owner would miss, in one ZIP file: conversations, sentences, character.

config.env is not in it: a backup may lie anywhere, and the keys must not. Neither is board.json,
which tells of this machine's address.
"""

import hashlib
import json
import shutil
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from chatgee import version
from chatgee.errors import ChatGeeError
from chatgee.owner.backup.names import CHARACTERS, is_character, known_as
from chatgee.owner.backup.zip_directory import MOST_FILES
from chatgee.settings import PROMPT, Settings
from chatgee.store import schema
from chatgee.store.files.copy import copy
from chatgee.store.reading.archive import file_of
from chatgee.system.text_files import lies_in

MANIFEST, DATABASE = "manifest.json", "chatgee.db"
TEXT_BYTES = 4_000_000
"""Of one text: what is larger is nobody's, and is neither packed nor unpacked."""
SCRATCH = ".backup-"
CHUNK_BYTES = 1 << 20
QUICK = 1
"""Of the levels of compression: three times as fast as the usual one, and a tenth larger."""

_one_at_a_time = threading.Lock()


def places(ours: Settings) -> dict[str, Path]:
    """Where everything lies that a backup holds, by its name there.

    A prompt outside of DATA_DIR is its owner's alone: it is neither packed nor written. The
    database is where DATABASE_URL, or a link, says.
    """
    found = {
        DATABASE: file_of(ours.sqlalchemy_url).resolve(),
        **ours.owners_files,
        CHARACTERS: ours.data_dir / CHARACTERS,
    }
    if not lies_in(ours.data_dir, ours.system_prompt_path):
        del found[PROMPT]
    return found


def make(ours: Settings, out: IO[bytes]) -> None:
    """Write a backup; `ChatGeeError` where it cannot be made."""
    with _one_at_a_time:
        clean(ours)
        _room_for(ours)
        try:
            with TemporaryDirectory(prefix=SCRATCH, dir=ours.data_dir) as folder:
                database = Path(folder) / DATABASE
                copy(ours.sqlalchemy_url, database)
                _pack(out, [(DATABASE, database), *_texts(ours)])
        except OSError as error:
            raise ChatGeeError("backup.not_made", why=error.strerror or str(error)) from error


def clean(ours: Settings) -> None:
    """Take away what a power cut has left of an earlier one."""
    for left in ours.data_dir.glob(f"{SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)


def _room_for(ours: Settings) -> None:
    """The copy and the ZIP file stand side by side for a while."""
    with suppress(OSError):
        needed = 2 * file_of(ours.sqlalchemy_url).stat().st_size
        if shutil.disk_usage(ours.data_dir).free < needed:
            raise ChatGeeError("backup.disk_full")


def _texts(ours: Settings) -> list[tuple[str, Path]]:
    """All that a restoring would take: nothing else, however it came to be there."""
    kept = texts_in(places(ours), ours.data_dir)
    return list(islice(kept, MOST_FILES - 2))  # beside the manifest and the database


def texts_in(found: Mapping[str, Path], folder: Path) -> Iterator[tuple[str, Path]]:
    """The texts at these places, by their names in a backup; none to which a link leads outside."""
    seen: set[str] = set()
    for name, path in _every(found):
        if known_as(name) not in seen and _is_text(folder, path):
            seen.add(known_as(name))
            yield name, path


def _every(found: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    for name, path in found.items():
        if name == CHARACTERS:
            files = ((f"{CHARACTERS}/{one.name}", one) for one in sorted(path.glob("*")))
            yield from (one for one in files if is_character(one[0]))
        elif name != DATABASE:
            yield name, path


def _is_text(folder: Path, path: Path) -> bool:
    try:
        return lies_in(folder, path) and path.is_file() and path.stat().st_size <= TEXT_BYTES
    except OSError:
        return False


def _pack(out: IO[bytes], files: list[tuple[str, Path]]) -> None:
    about = {"version": version.VERSION, "made_at": time.time(), "schema": schema.VERSION}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=QUICK) as packed:
        sums = {name: _add(packed, name, path) for name, path in files if path.is_file()}
        packed.writestr(MANIFEST, json.dumps(about | {"files": sums}, indent=2))


def _add(packed: zipfile.ZipFile, name: str, path: Path) -> str:
    """Its SHA-256. In large pieces, for which zlib lets other threads go on."""
    digest = hashlib.sha256()
    with path.open("rb") as file, packed.open(name, "w", force_zip64=True) as into:
        while piece := file.read(CHUNK_BYTES):
            digest.update(piece)
            into.write(piece)
    return digest.hexdigest()
