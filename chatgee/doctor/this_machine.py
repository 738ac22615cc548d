"""What can be seen on this machine: Python, settings, disk, database."""

import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chatgee.doctor.case import Case, Check, State
from chatgee.errors import ChatGeeError, SettingsError
from chatgee.settings import config_check
from chatgee.store.databases.opening import is_shared
from chatgee.store.databases.server_check import look
from chatgee.store.files import checkup
from chatgee.store.reading.archive import file_of
from chatgee.system import logs, single_instance
from chatgee.system.addresses import is_loopback
from chatgee.system.http import within
from chatgee.system.readable_bytes import readable
from chatgee.web.server.port import listen

OLDEST_PYTHON = (3, 11)
FULL, NEARLY_FULL = 200_000_000, 1_000_000_000
"""Bytes that are left on the disk."""
READING_SECONDS = 4.0
"""For the database's pages: a large one is read as far as that goes."""
FAR_MILLISECONDS = 50
WRONG_CLOCK_SECONDS = 30
DISK_SECONDS = 8.0
"""After so long a disk (a network drive, say) is as good as none."""


def python(case: Case, version: tuple[int, ...] = sys.version_info[:3]) -> Iterator[Check]:
    bits = 64 if sys.maxsize > 2**32 else 32
    about: dict[str, Any] = {
        "version": ".".join(map(str, version)),
        "bits": bits,
        "system": platform.system(),
    }
    if version < OLDEST_PYTHON:
        yield case.check("python", "bad", "doctor.python", "doctor.python_old_remedy", **about)
    elif bits == 32:
        yield case.check("python", "warn", "doctor.python", "doctor.python_32_remedy", **about)
    else:
        yield case.check("python", "good", "doctor.python", **about)


def config(case: Case) -> Iterator[Check]:
    """A line for everything that is wrong in config.env, the environment or the texts."""
    found = [*_config(case)]
    yield from found or [case.check("config", "good", "doctor.config")]


def _config(case: Case) -> Iterator[Check]:
    remedy = case.texts("doctor.config_remedy")
    for error in case.wrong:
        yield case.failed("config", error, "doctor.config_remedy")
    for error in config_check.no_way_out(case.settings):
        yield case.failed("config", error, "doctor.config_remedy")
    for key, values in (*_mistakes(case.file), *config_check.weak(case.settings)):
        yield case.told("config", "warn", case.texts(key, **values), remedy)
    prompt = case.settings.system_prompt_file
    if prompt and not prompt.is_file():
        words = case.texts("settings.no_prompt", file=prompt)
        yield case.told("config", "warn", words, case.texts("doctor.prompt_remedy"))
    for problem in case.texts.problems:
        yield case.told("config", "warn", problem, case.texts("doctor.texts_remedy"))
    try:
        if single_instance.find(case.settings.data_dir) is None:
            listen(case.settings.host, case.settings.port).close()
    except SettingsError as error:  # another program has the port
        yield case.failed("config", error, "doctor.config_remedy")
    host = case.settings.host
    if not (is_loopback(host) or case.settings.skill_key):
        yield case.check("config", "warn", "doctor.open_host", "doctor.key_remedy", host=host)


def _mistakes(file: Path) -> list[config_check.Mistake]:
    try:
        return list(config_check.mistakes(file))
    except SettingsError:  # a file that cannot be read, which is told already
        return []


def disk(case: Case) -> Iterator[Check]:
    folder = case.settings.data_dir
    try:
        within(DISK_SECONDS, lambda: _write_to(folder))
        free = shutil.disk_usage(folder).free
    except OSError as error:
        why = error.strerror or type(error).__name__
        yield case.check(
            "disk", "bad", "doctor.disk_unwritable", "doctor.disk_remedy", folder=folder, why=why
        )
    else:
        yield space(case, free)


def space(case: Case, free: int) -> Check:
    folder = case.settings.data_dir
    log = sum(path.stat().st_size for path in folder.glob(f"{logs.FILE}*"))
    about: dict[str, Any] = {"free": readable(free), "log": readable(log)}
    about |= {"free_bytes": free, "log_bytes": log}
    if free >= NEARLY_FULL:
        return case.check("disk", "good", "doctor.disk", **about)
    state: State = "bad" if free < FULL else "warn"
    return case.check("disk", state, "doctor.disk", "doctor.disk_full_remedy", **about)


def _write_to(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    trial = folder / ".doctor"
    trial.write_bytes(b"trial")
    trial.unlink()


def database(case: Case) -> Iterator[Check]:
    url = case.settings.sqlalchemy_url
    if is_shared(url):
        yield from server(case)
        return
    file = file_of(url)
    if not file.exists():
        yield case.check("database", "good", "doctor.database_new")
        return
    # Whoever reads it to the end keeps a running ChatGee from tidying it up meanwhile.
    seconds = 0.0 if single_instance.find(case.settings.data_dir) else READING_SECONDS
    try:
        within(DISK_SECONDS, lambda: checkup.look(url, seconds))
    except ChatGeeError as error:
        key = error.key.replace("start.", "doctor.")  # the same, with the remedy apart
        yield case.check("database", "bad", key, f"{key}_remedy", **error.values)
    except TimeoutError:
        yield case.check("database", "bad", "doctor.database_slow", "doctor.disk_remedy")
    else:
        size = sum(path.stat().st_size for path in file.parent.glob(f"{file.name}*"))
        yield case.check("database", "good", "doctor.database", size=readable(size), bytes=size)


def server(case: Case) -> Iterator[Check]:
    """A database that other machines use too."""
    try:
        found = within(DISK_SECONDS, lambda: look(case.settings.sqlalchemy_url))
    except ChatGeeError as error:
        yield case.failed("database", error, "doctor.tunnel_remedy")
        return
    except TimeoutError:
        remedy = "doctor.server_slow_remedy"
        yield case.check("database", "bad", "doctor.server_slow", remedy)
        return
    milliseconds = round(found.seconds * 1000)
    about: dict[str, Any] = {"software": found.software, "milliseconds": milliseconds}
    about |= {"workers": found.workers, "waiting": found.waiting}
    if found.new:
        yield case.check("database", "good", "doctor.server_new", **about)
    elif milliseconds > FAR_MILLISECONDS:
        remedy = "doctor.server_slow_remedy"
        yield case.check("database", "warn", "doctor.server", remedy, **about)
    elif not found.workers:
        remedy = "doctor.server_idle_remedy"
        yield case.check("database", "warn", "doctor.server", remedy, **about)
    else:
        yield case.check("database", "good", "doctor.server", **about)
    if abs(found.ahead) > WRONG_CLOCK_SECONDS:
        remedy, seconds = "doctor.server_clock_remedy", round(abs(found.ahead))
        yield case.check("database", "warn", "doctor.server_clock", remedy, seconds=seconds)
