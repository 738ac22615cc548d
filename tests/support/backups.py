"""Folders with questions in them, and backups of them."""

import hashlib
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from chatgee import settings
from chatgee.errors import ChatGeeError
from chatgee.owner.backup import pack, restore
from chatgee.settings import Settings
from chatgee.store import Store

Change = Callable[[dict[str, bytes], dict[str, Any]], object]
"""Of the files of a backup, and of what its manifest says."""
OLD, NEW = "옛 질문", "새 질문"


def settings_of(folder: Path, **more: str) -> Settings:
    return settings.load({"DATA_DIR": str(folder), **more}, file=folder / "config.env")


def filled(folder: Path, *questions: str) -> Settings:
    """A folder with these questions in it, by a friend each."""
    folder.mkdir(parents=True, exist_ok=True)
    ours = settings_of(folder)
    store = Store(ours.sqlalchemy_url)
    for number, text in enumerate(questions):
        store.ask(f"q{number}", f"friend-{number}", text).result()
    store.close()
    return ours


def asked(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        return [row[0] for row in database.execute("SELECT text FROM questions ORDER BY id")]


def backup_of_old(folder: Path) -> bytes:
    """A backup with the old question, an own sentence and an own character."""
    ours = filled(folder, OLD)
    (folder / "texts.toml").write_text('[reply]\nempty = "옛말"\n', "utf-8")
    (folder / "characters").mkdir()
    (folder / "characters" / "꽃집.json").write_text("{}", "utf-8")
    out = BytesIO()
    pack.make(ours, out)
    return out.getvalue()


def folder_of_new(folder: Path) -> Settings:
    """A folder with a new question, a character of its own, and a -wal file that holds it."""
    ours = filled(folder)
    (folder / "system_prompt.txt").write_text("새 성격", "utf-8")
    crashed(ours)
    return ours


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return backup_of_old(tmp_path_factory.mktemp("good"))


@pytest.fixture(scope="session")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of_new(tmp_path_factory.mktemp("new")).data_dir


@pytest.fixture
def ours(new: Path, tmp_path: Path) -> Settings:
    """Of a folder as `folder_of_new` makes it."""
    return settings_of(shutil.copytree(new, tmp_path / "data"))


def crashed(ours: Settings) -> None:
    """As after kill -9: the newest question is in the -wal file alone."""
    store = Store(ours.sqlalchemy_url)
    store.ask("new", "friend", NEW).result()
    file = ours.data_dir / pack.DATABASE
    wal = file.with_name(f"{file.name}-wal")
    kept = {path: path.read_bytes() for path in (file, wal)}
    store.close()
    for path, raw in kept.items():
        path.write_bytes(raw)


def state(ours: Settings) -> tuple[list[str], bool, bool, bool]:
    """Questions, own sentences, own prompt, own characters."""
    folder = ours.data_dir
    names = ("texts.toml", "system_prompt.txt", "characters/꽃집.json")
    texts, prompt, character = ((folder / name).exists() for name in names)
    return asked(folder / pack.DATABASE), texts, prompt, character


BEFORE, AFTER = ([NEW], False, True, False), ([OLD], True, False, True)


def stage(packed: bytes, ours: Settings) -> restore.FoundBackup:
    found = restore.look_into(BytesIO(packed), ours)
    restore.confirm(found.id, ours)
    return found


def rebuilt(good: bytes, change: Change) -> bytes:
    """The backup with other files or another manifest; checksums are right unless changed."""
    with zipfile.ZipFile(BytesIO(good)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(files.pop(pack.MANIFEST))
    before = dict(files)
    change(files, told)
    for name, raw in files.items():
        if before.get(name) != raw:
            told["files"].setdefault(name, "")
            told["files"][name] = told["files"][name] or hashlib.sha256(raw).hexdigest()
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in {**files, pack.MANIFEST: json.dumps(told).encode()}.items():
            archive.writestr(name, raw)
    return out.getvalue()


def database(change: str) -> Change:
    """Another database, made by SQL."""

    def work(files: dict[str, bytes], told: dict[str, Any]) -> None:
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(files[pack.DATABASE])
            db.executescript(change)
            files[pack.DATABASE] = db.serialize()
        told["files"][pack.DATABASE] = ""

    return work


def refused(packed: bytes, ours: Settings) -> str:
    """The key of what is told; nothing may be left of it."""
    with pytest.raises(ChatGeeError) as caught:
        restore.look_into(BytesIO(packed), ours)
    assert not (ours.data_dir / restore.FOLDER).exists()
    assert state(ours) == BEFORE
    return caught.value.key
