"""Bringing a backup back: nothing is touched before the owner says so, and never half of it."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from chatgee.errors import ChatGeeError
from chatgee.owner.backup import pack, restore
from chatgee.settings import OWNERS_FILES, Settings
from chatgee.store import Store
from chatgee.version import VERSION
from tests.support.backups import (
    AFTER,
    BEFORE,
    NEW,
    OLD,
    asked,
    settings_of,
    stage,
    state,
)

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
    assert asked(kept / pack.DATABASE) == [NEW]  # with its own -wal file beside it
    assert (kept / "system_prompt.txt").read_text("utf-8") == "새 성격"
    assert not (ours.data_dir / restore.FOLDER).exists()
    assert not restore.finish(ours)
    assert state(ours) == AFTER


def test_every_file_that_a_page_writes_comes_back(ours: Settings) -> None:
    files = ours.owners_files
    for name, file in files.items():
        file.write_text(name, "utf-8")
    packed = BytesIO()
    pack.make(ours, packed)
    for file in files.values():
        file.unlink()
    assert set(stage(packed.getvalue(), ours).names) == {pack.DATABASE, *OWNERS_FILES}
    restore.finish(ours)
    assert [file.read_text("utf-8") for file in files.values()] == list(OWNERS_FILES)


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
    assert not (data / pack.DATABASE).exists()


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
    assert asked(kept / pack.DATABASE) == [NEW]


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
