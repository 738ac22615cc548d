"""A ZIP file is bounded before zipfile makes anything of it, and is believed in nothing."""

import struct
import tracemalloc
import zipfile
import zlib
from io import BytesIO

import pytest

from chatgee.errors import ChatGeeError
from chatgee.owner.backup import pack, restore, unpack, zip_directory
from chatgee.settings import Settings
from tests.support.backups import rebuilt, refused

END = b"PK\5\6"


def many(count: int) -> bytes:
    """An archive of so many empty files, as zipfile would write it."""
    name = b"characters/%08d"
    one = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 33, 0, 0, 0, 19, 0)
    members = b"".join(one + name % number for number in range(count))
    head = "<4s6H3I5H2I"
    entries = b"".join(
        struct.pack(head, b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, 19, 0, 0, 0, 0, 0, 49 * number)
        + name % number
        for number in range(count)
    )
    place = len(members) + len(entries)
    large = struct.pack(
        "<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(entries), len(members)
    )
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, place, 1)
    end = struct.pack("<4s4H2IH", END, 0, 0, 0xFFFF, 0xFFFF, len(entries), len(members), 0)
    return members + entries + large + locator + end


def test_an_archive_of_a_great_many_files_never_reaches_zipfile(
    ours: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = many(200_000)
    with zipfile.ZipFile(BytesIO(many(70_000))) as archive:  # whoever reads it finds them all
        assert len(archive.infolist()) == 70_000
    monkeypatch.setattr(zipfile, "ZipFile", None)
    tracemalloc.start()
    try:
        with pytest.raises(ChatGeeError, match=r"backup\.damaged"):
            restore.look_into(BytesIO(packed), ours)
        assert tracemalloc.get_traced_memory()[1] < len(packed) + 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("count", [1, 1000])
def test_a_directory_that_tells_of_fewer_files_than_it_holds_never_reaches_zipfile(
    ours: Settings, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """zipfile reads as far as its size goes, whatever it says of its count."""
    packed = bytearray(many(70_000))
    place = packed.rindex(b"PK\6\6")
    packed[place + 24 : place + 40] = struct.pack("<2Q", count, count)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(ChatGeeError, match=r"backup\.damaged"):
        restore.look_into(BytesIO(packed), ours)


def changed(good: bytes, at: int, form: str, value: int) -> bytes:
    """The end record with another number in it."""
    packed, place = bytearray(good), good.rindex(END)
    struct.pack_into(form, packed, place + at, value)
    return bytes(packed)


ENDS = {
    "a second disk": (4, "<H", 1),
    "a directory on another disk": (6, "<H", 1),
    "fewer files on this disk": (8, "<H", 1),
    "a count that is not so": (10, "<H", 999),
    "a longer directory": (12, "<I", 999_999),
    "a directory elsewhere": (16, "<I", 0),
    "a directory beyond the end": (16, "<I", 0xFFFFFFFF),
    "a comment that is not there": (20, "<H", 9),
}


@pytest.mark.parametrize("kind", ENDS)
def test_an_end_that_lies_is_refused(good: bytes, ours: Settings, kind: str) -> None:
    assert refused(changed(good, *ENDS[kind]), ours) == "backup.damaged"


def test_an_end_whose_counts_agree_and_lie_is_refused(good: bytes, ours: Settings) -> None:
    for count in (1, 9):
        lying = changed(changed(good, 8, "<H", count), 10, "<H", count)
        assert refused(lying, ours) == "backup.damaged"


def test_an_archive_behind_something_else_is_refused(good: bytes, ours: Settings) -> None:
    assert refused(b"#!/bin/sh\n" + good, ours) == "backup.damaged"


def test_two_files_of_one_name_are_refused(good: bytes, ours: Settings) -> None:
    twice = BytesIO(good)
    with zipfile.ZipFile(twice, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("texts.toml", "")
    assert refused(twice.getvalue(), ours) == "backup.damaged"


def test_a_backup_above_two_gigabytes_has_another_end_and_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    large = BytesIO()
    with zipfile.ZipFile(large, "w") as archive:
        archive.writestr("one", "1" * 20)
        archive.writestr("two", "2" * 20)
    assert b"PK\6\6" in large.getvalue()
    assert zip_directory.count(large) == 2


def flagged(good: bytes, bits: int) -> bytes:
    """Every entry says something else of how it is packed: here and there, or only here."""
    packed = bytearray(good)
    for sign, at in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        place = -1
        while (place := packed.find(sign, place + 1)) >= 0:
            packed[place + at] |= bits
    return bytes(packed)


@pytest.mark.parametrize("bits", [1, 0x20, 0x40], ids=["a password", "patches", "strong password"])
def test_what_zipfile_cannot_read_is_refused(good: bytes, ours: Settings, bits: int) -> None:
    assert refused(flagged(good, bits), ours) == "backup.damaged"


def test_a_file_that_says_another_name_of_itself_is_refused(good: bytes, ours: Settings) -> None:
    place = good.index(b"texts.toml")
    other = good[:place] + b"other.toml" + good[place + 10 :]
    assert refused(other, ours) == "backup.damaged"


@pytest.mark.parametrize("kind", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_manifest_is_packed_as_ours_is(good: bytes, ours: Settings, kind: int) -> None:
    """An LZMA says itself how much memory it wants."""
    other = BytesIO()
    with zipfile.ZipFile(BytesIO(good)) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name), kind if name == pack.MANIFEST else None)
    assert refused(other.getvalue(), ours) == "backup.damaged"


def test_a_manifest_that_lies_about_its_size_takes_no_memory(good: bytes, ours: Settings) -> None:
    """It says that it is short, and its bytes unpack to a hundred million."""
    pressed = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = pressed.compress(b" " * 100_000_000) + pressed.flush()
    name = pack.MANIFEST.encode()
    one = struct.pack("<5H3I2H", 20, 0, 8, 0, 33, 0, len(bomb), 40, len(name), 0)
    entry = struct.pack("<H", 20) + one + bytes(14)
    entries = b"PK\1\2" + entry + name
    packed = b"PK\3\4" + one + name + bomb
    end = struct.pack("<4s4H2IH", END, 0, 0, 1, 1, len(entries), len(packed), 0)
    tracemalloc.start()
    try:
        assert refused(packed + entries + end, ours) == "backup.damaged"
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


MANIFESTS = {
    "a large one": b'{"x": "%s"}' % (b"x" * unpack.MANIFEST_BYTES),
    "no JSON": b"{",
    "a list": b"[]",
    "lists in lists": b"[" * 100_000,
    "tables in tables": b'{"files":' * 50_000,
    "a number without an end": b'{"schema": %s}' % (b"9" * 100_000),
    "bytes that are no text": b"\xff\xfe\xfd",
    "no number": b'{"schema": NaN, "files": {}, "made_at": 1, "version": ""}',
    "names in a list": b'{"schema": 3, "files": [["x"]], "made_at": 1, "version": ""}',
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_manifest_that_is_none_is_refused(good: bytes, ours: Settings, kind: str) -> None:
    other = BytesIO()
    with zipfile.ZipFile(BytesIO(good)) as old, zipfile.ZipFile(other, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, MANIFESTS[kind] if name == pack.MANIFEST else old.read(name))
    assert refused(other.getvalue(), ours) == "backup.damaged"


def test_a_manifest_agrees_with_its_database(good: bytes, ours: Settings) -> None:
    assert refused(rebuilt(good, lambda _, told: told.update(schema=2)), ours) == "backup.damaged"
