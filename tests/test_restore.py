"""Bringing a backup back: nothing is touched before the owner says so, and never half of it."""

import hashlib
import json
import math
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from chatgee import backup, restore, unpack
from chatgee.errors import ChatGeeError
from chatgee.settings import Settings
from chatgee.store import Store, schema
from chatgee.version import VERSION
from tests.test_backup import asked, filled, settings_of

OLD, NEW = "옛 질문", "새 질문"


@pytest.fixture
def good(tmp_path: Path) -> bytes:
    """A backup with the old question, an own sentence and an own character."""
    folder = tmp_path / "first"
    ours = filled(folder, OLD)
    (folder / "texts.toml").write_text('[reply]\nempty = "옛말"\n', "utf-8")
    (folder / "characters").mkdir()
    (folder / "characters" / "꽃집.json").write_text("{}", "utf-8")
    out = BytesIO()
    backup.make(ours, out)
    return out.getvalue()


@pytest.fixture
def ours(tmp_path: Path) -> Settings:
    """A folder with a new question, a character of its own, and a -wal file that holds it."""
    folder = tmp_path / "data"
    ours = filled(folder)
    (folder / "system_prompt.txt").write_text("새 성격", "utf-8")
    crashed(ours)
    return ours


def crashed(ours: Settings) -> None:
    """As after kill -9: the newest question is in the -wal file alone."""
    store = Store(ours.sqlalchemy_url)
    store.ask("new", "friend", NEW).result()
    file = ours.data_dir / backup.DATABASE
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
    return asked(folder / backup.DATABASE), texts, prompt, character


BEFORE, AFTER = ([NEW], False, True, False), ([OLD], True, False, True)


def stage(packed: bytes, ours: Settings) -> restore.Found:
    found = restore.look_into(BytesIO(packed), ours)
    restore.confirm(found.id, ours)
    return found


# --- a good one -----------------------------------------------------------------------------


def test_it_is_told_what_is_in_it_and_nothing_is_touched(good: bytes, ours: Settings) -> None:
    found = restore.look_into(BytesIO(good), ours)
    assert (found.questions, found.friends, found.version) == (1, 1, VERSION)
    assert found.names == ("characters", "chatgee.db", "texts.toml")
    assert restore.waiting(ours) == found
    assert not restore.confirmed(ours)
    assert not restore.finish(ours)
    assert state(ours) == BEFORE
    assert restore.waiting(ours) is None


def test_what_was_confirmed_is_put_in_place_and_the_old_is_kept(
    good: bytes, ours: Settings
) -> None:
    stage(good, ours)
    assert restore.finish(ours)
    assert state(ours) == AFTER
    (kept,) = restore.before(ours)
    assert asked(kept / backup.DATABASE) == [NEW]  # with its own -wal file beside it
    assert (kept / "system_prompt.txt").read_text("utf-8") == "새 성격"
    assert not (ours.data_dir / restore.FOLDER).exists()
    assert not restore.finish(ours)
    assert state(ours) == AFTER


def test_the_way_back_leads_to_what_was_there_before(good: bytes, ours: Settings) -> None:
    stage(good, ours)
    restore.finish(ours)
    found = restore.look_back(restore.before(ours)[0].name, ours)
    assert (found.questions, found.version) == (1, "")
    restore.confirm(found.id, ours)
    restore.before(ours)[0].rename(ours.data_dir / "before-restore-2026-01-01-000000")
    restore.finish(ours)
    assert state(ours) == BEFORE


@pytest.mark.parametrize("name", ["", ".", "..", "before-restore-", "../first", "restoring"])
def test_no_other_folder_leads_back(ours: Settings, name: str) -> None:
    with pytest.raises(ChatGeeError, match=r"backup\.gone"):
        restore.look_back(name, ours)


def test_only_what_was_shown_can_be_confirmed(good: bytes, ours: Settings) -> None:
    first = restore.look_into(BytesIO(good), ours)
    second = restore.look_into(BytesIO(good), ours)
    for id in (first.id, ""):
        with pytest.raises(ChatGeeError, match=r"backup\.gone"):
            restore.confirm(id, ours)
    restore.confirm(second.id, ours)
    with pytest.raises(ChatGeeError, match=r"backup\.already"):
        restore.look_into(BytesIO(good), ours)


def test_the_last_three_are_kept(good: bytes, ours: Settings) -> None:
    for day in range(1, 5):
        (ours.data_dir / f"{restore.BEFORE}2026-01-0{day}-000000").mkdir()
    stage(good, ours)
    restore.finish(ours)
    assert [one.name[-9:-7] for one in restore.before(ours)][1:] == ["04", "03"]
    assert len(restore.before(ours)) == restore.KEPT


def test_a_database_elsewhere_is_exchanged_where_it_is(good: bytes, tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    data.mkdir()
    other.mkdir()
    ours = settings_of(data, DATABASE_URL=f"sqlite:///{other / 'mine.sqlite'}")
    Store(ours.sqlalchemy_url).close()
    stage(good, ours)
    restore.finish(ours)
    assert asked(other / "mine.sqlite") == [OLD]
    assert not (data / backup.DATABASE).exists()


# --- cut off --------------------------------------------------------------------------------


class PowerCut(BaseException):
    pass


def cut_after(steps: int) -> Callable[[], None]:
    left = iter(range(steps))

    def step() -> None:
        if next(left, None) is None:
            raise PowerCut

    return step


@pytest.mark.parametrize("steps", range(16))
@pytest.mark.parametrize("one_disk", [True, False], ids=["one disk", "two disks"])
def test_wherever_it_is_cut_off_the_next_start_does_it_to_the_end(
    good: bytes, ours: Settings, steps: int, one_disk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not one_disk:
        monkeypatch.setattr(restore.os, "rename", across(restore.os.rename))
    stage(good, ours)
    try:
        restore.finish(ours, cut_after(steps))
    except PowerCut:
        assert restore.confirmed(ours)
        with pytest.raises(PowerCut):  # and once more, at the same place
            restore.finish(ours, cut_after(steps // 2))
        assert restore.finish(ours)
    assert state(ours) == AFTER
    (kept,) = restore.before(ours)
    assert asked(kept / backup.DATABASE) == [NEW]


def across(rename: Callable[[Path, Path], None]) -> Callable[[Path, Path], None]:
    """As between two disks: only what is copied already gets its name."""

    def moved(source: Path, target: Path) -> None:
        if source.suffix != ".half":
            raise OSError(18, "Invalid cross-device link")
        rename(source, target)

    return moved


def test_a_file_that_cannot_be_moved_stops_it_and_the_next_start_goes_on(
    good: bytes, ours: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(source: Path, target: Path) -> None:
        raise PermissionError(13, "in use", str(source))

    stage(good, ours)
    with monkeypatch.context() as held:
        held.setattr(restore, "BUSY_SECONDS", 0.0)
        held.setattr(restore.os, "rename", refused)
        with pytest.raises(ChatGeeError, match=r"backup\.stuck"):
            restore.finish(ours)
    assert restore.finish(ours)
    assert state(ours) == AFTER


# --- bad ones -------------------------------------------------------------------------------


def rebuilt(good: bytes, change: Callable[[dict[str, bytes], dict[str, Any]], None]) -> bytes:
    """The backup with other files or another manifest; checksums are right unless changed."""
    with zipfile.ZipFile(BytesIO(good)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(files.pop(backup.MANIFEST))
    before = dict(files)
    change(files, told)
    for name, raw in files.items():
        if before.get(name) != raw:
            told["files"].setdefault(name, "")
            told["files"][name] = told["files"][name] or hashlib.sha256(raw).hexdigest()
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in {**files, backup.MANIFEST: json.dumps(told).encode()}.items():
            archive.writestr(name, raw)
    return out.getvalue()


def database(change: str) -> Callable[[dict[str, bytes], dict[str, Any]], None]:
    """Another database, made by SQL."""

    def work(files: dict[str, bytes], told: dict[str, Any]) -> None:
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(files[backup.DATABASE])
            db.executescript(change)
            files[backup.DATABASE] = db.serialize()
        told["files"][backup.DATABASE] = ""

    return work


def half(files: dict[str, bytes], told: dict[str, Any]) -> None:
    files[backup.DATABASE] = files[backup.DATABASE][:9000]
    told["files"][backup.DATABASE] = ""


TRIGGER = "CREATE TRIGGER t AFTER INSERT ON friends BEGIN DELETE FROM questions; END"
QUESTION = """INSERT INTO questions (id, user_id, position, text, asked_at, state, failure)
    VALUES ('q', 'f', 1, 'x', 1.0, '{state}', {failure})"""
BAD: dict[str, Callable[[dict[str, bytes], dict[str, Any]], object]] = {
    "a checksum": lambda files, told: told["files"].update({"texts.toml": "0" * 64}),
    "no database": lambda files, told: told["files"].pop(backup.DATABASE),
    "a missing file": lambda files, told: files.pop("texts.toml"),
    "half a database": half,
    "no table": database("DROP TABLE questions"),
    "a trigger": database(TRIGGER),
    "a view": database("CREATE VIEW v AS SELECT 1"),
    "a large text": lambda files, told: (
        told["files"].update({"texts.toml": ""}),
        files.update({"texts.toml": b" " * (unpack.TEXT_BYTES + 1)}),
    ),
    "no checksums": lambda files, told: told.pop("files"),
    "checksums that are no table": lambda files, told: told.update(files=5),
    "a time that is none": lambda files, told: told.update(made_at="gestern"),
    **{
        f"a time {moment}": lambda files, told, moment=moment: told.update(made_at=moment)
        for moment in (math.nan, math.inf, -1.0, 1e18, 1e300)
    },
    "a schema without end": lambda files, told: told.update(schema=math.inf),
    "a version that is none": database("UPDATE about SET value = 'x' WHERE name = 'version'"),
    "a word for a moment": database("UPDATE friends SET last_seen_at = 'x'"),
    "no end of time": database("UPDATE friends SET last_seen_at = 9e999"),
    "bytes for words": database("UPDATE about SET value = x'ff' WHERE name = 'version'"),
    "a strange id": database("UPDATE friends SET id = x'ff00'"),
    "a strange state": database(QUESTION.format(state="zzz", failure="NULL")),
    "a strange failure": database(QUESTION.format(state="failed", failure="'zzz'")),
    "too many files": lambda files, told: told["files"].update(
        {f"characters/{number}": "" for number in range(unpack.MOST_FILES)}
    ),
}


def refused(packed: bytes, ours: Settings) -> str:
    """The key of what is told; nothing may be left of it."""
    with pytest.raises(ChatGeeError) as caught:
        restore.look_into(BytesIO(packed), ours)
    assert not (ours.data_dir / restore.FOLDER).exists()
    assert state(ours) == BEFORE
    return caught.value.key


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_backup_is_refused_and_changes_nothing(
    good: bytes, ours: Settings, kind: str
) -> None:
    assert refused(rebuilt(good, BAD[kind]), ours) == "backup.damaged"


def test_what_a_question_may_hold_is_not_refused(good: bytes, ours: Settings) -> None:
    for state, failure in (("failed", "'timeout'"), ("asked", "NULL")):
        fine = rebuilt(good, database(QUESTION.format(state=state, failure=failure)))
        restore.look_into(BytesIO(fine), ours)


def test_a_version_is_told_as_far_as_it_can_be_written(good: bytes, ours: Settings) -> None:
    strange = rebuilt(good, lambda files, told: told.update(version="\ud800" + "x" * 100))
    assert restore.look_into(BytesIO(strange), ours).version == "?" + "x" * 19


def test_what_is_no_backup_is_refused(good: bytes, ours: Settings) -> None:
    other = BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("holiday.txt", "x")
    assert refused(other.getvalue(), ours) == "backup.foreign"
    assert refused(b"", ours) == "backup.damaged"
    assert refused(b"PK\x05\x06" + b"\xff" * 18, ours) == "backup.damaged"


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_download_that_broke_off_is_refused(good: bytes, ours: Settings, part: float) -> None:
    assert refused(good[: int(len(good) * part)], ours) == "backup.damaged"


def test_bytes_that_were_changed_on_the_way_are_noticed(good: bytes, ours: Settings) -> None:
    for place in range(60, len(good) // 2, len(good) // 20):
        changed = good[:place] + bytes([good[place] ^ 0xFF]) + good[place + 1 :]
        assert refused(changed, ours) == "backup.damaged"


@pytest.mark.parametrize("version", [schema.VERSION + 1, 99])
def test_a_backup_of_a_newer_chatgee_is_refused(good: bytes, ours: Settings, version: int) -> None:
    newer = rebuilt(good, lambda files, told: told.update(schema=version))
    assert refused(newer, ours) == "backup.newer"
    sql = f"UPDATE about SET value = '{version}' WHERE name = 'version'"
    assert refused(rebuilt(good, database(sql)), ours) == "backup.newer"


HOSTILE = (
    *("../evil", "/tmp/evil", "characters/../../evil", "characters/..", "characters/.evil"),
    *("C:\\evil", "characters\\evil", "characters/a/b", "config.env", "chatgee.lock", "manifest"),
    *("characters/evil.", "characters/evil ", "characters/a:b", "characters/", "board.json"),
)


def test_files_that_are_not_ours_are_left_out(good: bytes, ours: Settings, tmp_path: Path) -> None:
    hostile = rebuilt(good, lambda files, told: files.update(dict.fromkeys(HOSTILE, b"evil")))
    stage(hostile, ours)
    restore.finish(ours)
    assert state(ours) == AFTER
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"evil" in _read(path)]


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.stat().st_size < 100 else b""


def test_a_bomb_is_refused_before_it_is_unpacked(
    good: bytes, ours: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "MOST_BYTES", 1000)
    assert refused(good, ours) == "backup.damaged"
    monkeypatch.undo()
    monkeypatch.setattr(unpack, "SPARE_BYTES", 10**18)
    assert refused(good, ours) == "backup.disk_full"


def test_a_file_that_lies_about_its_size_is_refused(good: bytes, ours: Settings) -> None:
    """The directory of the ZIP says ten bytes, and the file goes on for a megabyte."""
    bomb = b"0" * 1_000_000
    packed = bytearray(rebuilt(good, lambda files, told: files.update({"prices.toml": bomb})))
    size = len(bomb).to_bytes(4, "little")
    while (place := packed.find(size)) >= 0:
        packed[place : place + 4] = (10).to_bytes(4, "little")
    assert refused(bytes(packed), ours) == "backup.damaged"
