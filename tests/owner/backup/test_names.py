"""Names that some system cannot hold are refused by name, and are in no backup of ours."""

import unicodedata
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from chatgee.errors import ChatGeeError
from chatgee.owner.backup import names, pack, restore, unpack
from chatgee.settings import Settings
from chatgee.texts import Texts
from tests.support.backups import filled, rebuilt, state

IMPOSSIBLE = (
    *("CON", "con", "nul.txt", "COM1.json", "com¹.txt", "LPT9", "aux.x.y", "PRN ", "conin$"),
    *("CON .txt", "evil.", "evil ", "a:b", "a<b", "a>b", 'a"b', "a|b", "a?b", "a*b", "a\\b"),
    *("a\nb", "a\0b", "a\x1fb", "가" * 86, "x" * 256, "\ud800"),
)


def refused_by_name(packed: bytes, ours: Settings) -> str:
    with pytest.raises(ChatGeeError) as caught:
        restore.look_into(BytesIO(packed), ours)
    assert caught.value.key == "backup.bad_name"
    assert not (ours.data_dir / restore.FOLDER).exists()
    told = Texts.load(ours.texts_path).of(caught.value)
    assert told.encode()
    return str(caught.value.values["name"])


@pytest.mark.parametrize("name", IMPOSSIBLE, ids=ascii)
def test_a_name_that_windows_cannot_hold_is_refused_by_name(
    good: bytes, ours: Settings, name: str
) -> None:
    bad = f"characters/{name}"
    packed = rebuilt(good, lambda _, told: told["files"].update({bad: "0" * 64}))
    told = refused_by_name(packed, ours)
    assert told == bad[:80].encode("utf-8", "replace").decode()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rose.json", "rose.JSON"),
        ("É.json", "é.json"),
        (unicodedata.normalize("NFC", "꽃집"), unicodedata.normalize("NFD", "꽃집")),
    ],
)
def test_two_names_that_are_one_elsewhere_are_refused_by_name(
    good: bytes, ours: Settings, one: str, other: str
) -> None:
    both = {f"characters/{name}": b"{}" for name in (one, other)}
    packed = rebuilt(good, lambda files, _: files.update(both))
    assert refused_by_name(packed, ours) == f"characters/{other}"


@pytest.mark.parametrize(
    "name",
    ["console.txt", "COM10.json", "nulle.json", "a.con", "가" * 80, "2026-11-23 10.00 (1).json"],
)
def test_names_that_only_look_like_such_are_taken(good: bytes, ours: Settings, name: str) -> None:
    packed = rebuilt(good, lambda files, _: files.update({f"characters/{name}": b"{}"}))
    restore.look_into(BytesIO(packed), ours)
    files = ours.data_dir / restore.FOLDER / restore.FILES
    assert (files / "characters" / name).exists()


def test_what_is_packed_can_be_unpacked(tmp_path: Path, ours: Settings) -> None:
    """Whatever lies in the folder of characters on a system that can hold it."""
    mine = filled(tmp_path / "mine", "질문")
    folder = mine.data_dir / "characters"
    folder.mkdir()
    joined = [unicodedata.normalize(form, "꽃집.json") for form in ("NFC", "NFD")]
    for name in ("con.txt", "a:b", "evil.", "Rose.json", "rose.json", "ok.json", *joined):
        (folder / name).write_text("{}", "utf-8")
    (folder / "large.json").write_bytes(b" " * (pack.TEXT_BYTES + 1))
    (folder / "folder.json").mkdir()
    out = BytesIO()
    pack.make(mine, out)
    with zipfile.ZipFile(out) as archive:
        held = {name for name in archive.namelist() if name.startswith("characters/")}
    assert held == {"characters/ok.json", "characters/Rose.json", f"characters/{joined[1]}"}
    restore.look_into(out, ours)


def test_of_more_files_than_a_backup_may_hold_the_first_are_packed(
    tmp_path: Path, ours: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = filled(tmp_path / "mine", "질문")
    (mine.data_dir / "characters").mkdir()
    for number in range(unpack.MOST_FILES + 5):
        (mine.data_dir / "characters" / f"{number:04}.json").write_text("{}", "utf-8")
    out = BytesIO()
    pack.make(mine, out)
    assert len(zipfile.ZipFile(out).namelist()) == unpack.MOST_FILES
    restore.look_into(out, ours)
    assert state(ours)[0]


def test_a_name_is_bad_for_some_system_or_may_be_taken() -> None:
    assert names.impossible(["characters/.hidden", "characters/a/b", "../con", "con"]) is None
    assert names.is_character("characters/꽃집.json")
    assert not names.is_character("characters/nul.json")
