"""Links that lead out of DATA_DIR: nothing is read through them, and nothing is written."""

import os
import shutil
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from chatgee.errors import ChatGeeError
from chatgee.owner.backup import pack, restore
from chatgee.settings import Settings
from chatgee.store import Store
from tests.support.backups import NEW, OLD, asked, folder_of_new, settings_of, stage

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")

SECRET = "sk-somebody-elses"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of somebody's, with a secret under every name that a backup has."""
    folder = tmp_path / "outside"
    (folder / "characters").mkdir(parents=True)
    for name in ("texts.toml", "system_prompt.txt", "prices.toml", "characters/one.json"):
        (folder / name).write_text(SECRET, "utf-8")
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


LINKS: dict[str, Callable[[Path, Path], None]] = {
    "a text": lambda here, out: (here / "texts.toml").symlink_to(out / "texts.toml"),
    "a folder": lambda here, out: (here / "characters").symlink_to(out / "characters"),
    "a file in the folder": lambda here, out: (
        (here / "characters").mkdir(),
        (here / "characters" / "one.json").symlink_to(out / "texts.toml"),
    )[0],
    "a circle": lambda here, out: (here / "texts.toml").symlink_to(here / "texts.toml"),
    "nowhere": lambda here, out: (here / "texts.toml").symlink_to(here / "nothing"),
}


@pytest.mark.parametrize("kind", LINKS)
def test_nothing_is_packed_through_a_link(ours: Settings, outside: Path, kind: str) -> None:
    LINKS[kind](ours.data_dir, outside)
    out = BytesIO()
    pack.make(ours, out)
    with zipfile.ZipFile(out) as archive:
        names = {pack.MANIFEST, pack.DATABASE, "system_prompt.txt"}
        assert set(archive.namelist()) == names
        assert not [name for name in names if SECRET.encode() in archive.read(name)]


def test_a_link_within_the_folder_is_followed(ours: Settings) -> None:
    """As an owner may have laid out her files."""
    (ours.data_dir / "mine").mkdir()
    (ours.data_dir / "mine" / "words.toml").write_text("", "utf-8")
    (ours.data_dir / "texts.toml").symlink_to(ours.data_dir / "mine" / "words.toml")
    out = BytesIO()
    pack.make(ours, out)
    assert "texts.toml" in zipfile.ZipFile(out).namelist()


@pytest.mark.parametrize("kind", LINKS)
def test_a_restoring_changes_nothing_behind_a_link(
    good: bytes, ours: Settings, outside: Path, kind: str
) -> None:
    LINKS[kind](ours.data_dir, outside)
    before = everything(outside)
    stage(good, ours)
    restore.finish(ours)
    assert everything(outside) == before
    assert asked(ours.data_dir / pack.DATABASE) == [OLD]
    assert "옛말" in (ours.data_dir / "texts.toml").read_text("utf-8")
    assert not (ours.data_dir / "texts.toml").is_symlink()


@pytest.mark.parametrize("kind", LINKS)
def test_nothing_comes_back_through_a_link(
    good: bytes, ours: Settings, outside: Path, kind: str
) -> None:
    """`copytree` would have brought it, to be shown, packed and sent on from then on."""
    stage(good, ours)
    restore.finish(ours)
    (kept,) = restore.before(ours)
    LINKS[kind](kept, outside)
    (kept / "config.env").write_text(SECRET, "utf-8")
    restore.look_back(kept.name, ours)
    staged = ours.data_dir / restore.FOLDER / restore.FILES
    assert everything(staged).keys() == {pack.DATABASE, "system_prompt.txt"}
    assert not [raw for raw in everything(staged).values() if SECRET.encode() in raw]


def test_a_database_that_is_a_link_does_not_lead_back(good: bytes, ours: Settings) -> None:
    stage(good, ours)
    restore.finish(ours)
    (kept,) = restore.before(ours)
    other = ours.data_dir.parent / "other.db"
    shutil.move(kept / pack.DATABASE, other)
    (kept / pack.DATABASE).symlink_to(other)
    with pytest.raises(ChatGeeError, match=r"backup\.gone"):
        restore.look_back(kept.name, ours)


def test_a_folder_that_is_a_link_does_not_lead_back(ours: Settings, outside: Path) -> None:
    (ours.data_dir / "before-restore-2026-01-01-000000").symlink_to(outside)
    assert restore.before(ours) == []


@pytest.mark.parametrize("sure", [False, True], ids=["left", "said to be confirmed"])
def test_nothing_is_unpacked_through_a_link(
    good: bytes, ours: Settings, outside: Path, sure: bool
) -> None:
    if sure:
        (outside / restore.CONFIRMED).write_text('["../../evil", ["texts.toml"]]', "utf-8")
    before = everything(outside)
    (ours.data_dir / restore.FOLDER).symlink_to(outside)
    assert not restore.confirmed(ours)
    restore.look_into(BytesIO(good), ours)
    assert everything(outside) == before
    (ours.data_dir / restore.FOLDER).rename(ours.data_dir / "mine")
    (ours.data_dir / restore.FOLDER).symlink_to(outside)
    assert not restore.finish(ours)
    assert everything(outside) == before


def test_no_link_is_put_in_place(good: bytes, ours: Settings, outside: Path) -> None:
    stage(good, ours)
    staged = ours.data_dir / restore.FOLDER / restore.FILES
    (staged / "texts.toml").unlink()
    (staged / "texts.toml").symlink_to(outside / "texts.toml")
    (staged / "characters" / "one.json").symlink_to(outside / "characters" / "one.json")
    before = everything(outside)
    restore.finish(ours)
    assert everything(outside) == before
    assert not [path for path in ours.data_dir.rglob("*") if path.is_symlink()]


def test_a_database_to_which_a_link_leads_is_exchanged_where_it_is(
    good: bytes, tmp_path: Path
) -> None:
    """An owner put it on a larger disk; its -wal file is there too."""
    data, disk = tmp_path / "data", tmp_path / "disk"
    ours = folder_of_new(data)
    disk.mkdir()
    for path in data.glob("chatgee.db*"):
        path.rename(disk / path.name)
    (data / pack.DATABASE).symlink_to(disk / pack.DATABASE)
    stage(good, ours)
    restore.finish(ours)
    assert asked(disk / pack.DATABASE) == asked(data / pack.DATABASE) == [OLD]
    (kept,) = restore.before(ours)
    assert asked(kept / pack.DATABASE) == [NEW]
    restore.look_back(kept.name, ours)


# --- a prompt that lies elsewhere -----------------------------------------------------------


def test_a_prompt_outside_is_neither_packed_nor_written(tmp_path: Path) -> None:
    first = folder_of_new(tmp_path / "first")  # with a prompt of its own
    packed = BytesIO()
    pack.make(first, packed)
    mine = tmp_path / "mine.txt"
    mine.write_text("내 성격", "utf-8")
    (tmp_path / "second").mkdir()
    ours = settings_of(tmp_path / "second", SYSTEM_PROMPT_FILE=str(mine))
    Store(ours.sqlalchemy_url).close()
    found = stage(packed.getvalue(), ours)
    restore.finish(ours)
    assert found.names == (pack.DATABASE,)
    assert mine.read_text("utf-8") == "내 성격"
    assert not (ours.data_dir / "system_prompt.txt").exists()
    assert asked(ours.data_dir / pack.DATABASE) == [NEW]


def test_a_prompt_within_the_folder_is(tmp_path: Path) -> None:
    folder_of_new(tmp_path)
    mine = tmp_path / "mine.txt"
    mine.write_text("내 성격", "utf-8")
    ours = settings_of(tmp_path, SYSTEM_PROMPT_FILE=str(mine))
    packed = BytesIO()
    pack.make(ours, packed)
    mine.write_text("다른 성격", "utf-8")
    stage(packed.getvalue(), ours)
    restore.finish(ours)
    assert mine.read_text("utf-8") == "내 성격"
