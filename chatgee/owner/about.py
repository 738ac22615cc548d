"""What somebody who helps asks first: which ChatGee this is, where, and how much is in it."""

import platform
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from chatgee import version
from chatgee.conversation.callback_quota import QUOTA
from chatgee.errors import StoreError
from chatgee.owner import time_words
from chatgee.owner.status import OwnerStatus
from chatgee.settings import Settings
from chatgee.store.reading.archive import Archive, file_of
from chatgee.store.reading.database_size import facts
from chatgee.store.reading.usage_figures import callbacks_of_month
from chatgee.system import logs
from chatgee.system.readable_bytes import readable
from chatgee.texts import Texts

NAMES = (
    *("version", "uptime", "model", "questions", "friends", "newest", "callbacks", "database"),
    *("free", "folder", "python", "system"),
)
"""Each has its name in the texts, under `status.about_`."""


def about(
    ours: Settings, texts: Texts, status: OwnerStatus, archive: Archive, now: float
) -> dict[str, str]:
    """Each name of NAMES with its words; no secret is in them. `now` is the store's."""
    told = dict(_told(ours, texts, status, archive, now))
    return {name: logs.hidden(told[name], ours.secrets) for name in NAMES if name in told}


def _told(
    ours: Settings, texts: Texts, status: OwnerStatus, archive: Archive, now: float
) -> Iterator[tuple[str, str]]:
    yield "version", version.VERSION
    yield "uptime", time_words.uptime(time.time() - status.began_at, texts)
    yield "model", texts("status.practice") if ours.practice else status.model
    yield "free", _free(ours.data_dir)
    yield "folder", str(ours.data_dir)
    yield "python", platform.python_version()
    yield "system", f"{platform.system()} {platform.release()} ({platform.machine()})"
    try:
        known, callbacks = facts(archive), callbacks_of_month(archive, now)
    except StoreError as error:
        yield "database", texts("status.unreadable", why=error.values.get("why", ""))
        return
    yield "questions", f"{known.questions:,}"
    yield "friends", f"{known.friends:,}"
    if known.newest_at:
        yield "newest", time_words.in_full(known.newest_at, texts)
    if callbacks:
        yield "callbacks", texts("status.callbacks", count=f"{callbacks:,}", quota=f"{QUOTA:,}")
    size = _size(file_of(ours.sqlalchemy_url)) if known.bytes is None else known.bytes
    yield "database", f"{readable(size)} ({known.software})"


def _free(folder: Path) -> str:
    try:
        return readable(shutil.disk_usage(folder).free)
    except OSError as error:
        return error.strerror or type(error).__name__


def _size(file: Path) -> int:
    """With what lies beside it and is not merged yet."""
    return sum(path.stat().st_size for path in file.parent.glob(f"{file.name}*"))
