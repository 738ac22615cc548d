"""Folders with questions in them, and backups of them."""

import sqlite3
from contextlib import closing
from io import BytesIO
from pathlib import Path

from chatgee import settings
from chatgee.backup import pack, restore
from chatgee.settings import Settings
from chatgee.store import Store

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


def stage(packed: bytes, ours: Settings) -> restore.Found:
    found = restore.look_into(BytesIO(packed), ours)
    restore.confirm(found.id, ours)
    return found
