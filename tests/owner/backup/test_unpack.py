"""A ZIP file that is no whole backup of ours is refused, and changes nothing."""

import math
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from chatgee.owner.backup import pack, restore, unpack
from chatgee.settings import Settings
from chatgee.store import schema
from tests.support.backups import (
    AFTER,
    Change,
    database,
    rebuilt,
    refused,
    stage,
    state,
)


def half(files: dict[str, bytes], told: dict[str, Any]) -> None:
    files[pack.DATABASE] = files[pack.DATABASE][:9000]
    told["files"][pack.DATABASE] = ""


TRIGGER = "CREATE TRIGGER t AFTER INSERT ON friends BEGIN DELETE FROM questions; END"
QUESTION = """INSERT INTO friends VALUES ('f', 1, 0, 1.0, 1.0, 0, NULL, NULL, NULL);
    INSERT INTO questions (id, user_id, position, text, asked_at, state, failure)
    VALUES ('q', 'f', 1, 'x', 1.0, '{state}', {failure})"""
BAD: dict[str, Change] = {
    "a checksum": lambda files, told: told["files"].update({"texts.toml": "0" * 64}),
    "no database": lambda files, told: told["files"].pop(pack.DATABASE),
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


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_backup_is_refused_and_changes_nothing(
    good: bytes, ours: Settings, kind: str
) -> None:
    assert refused(rebuilt(good, BAD[kind]), ours) == "backup.damaged"


def test_what_a_question_may_hold_is_not_refused(good: bytes, ours: Settings) -> None:
    for now, failure in (("failed", "'timeout'"), ("asked", "NULL")):
        fine = rebuilt(good, database(QUESTION.format(state=now, failure=failure)))
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
    *("characters/", "board.json", "characters/a,b"),
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
