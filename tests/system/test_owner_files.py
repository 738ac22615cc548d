"""The owner's files are changed one after the other, by whichever thread or program."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chatgee.errors import SettingsError
from chatgee.system import owner_files, text_files
from chatgee.system.owner_files import alone, here
from tests.support.far_ends import PATIENCE

ROUNDS = 20
COUNTING = """
import sys
from pathlib import Path
from tests.system.test_owner_files import count
count(Path(sys.argv[1]))
"""


def count(folder: Path) -> None:
    """Read a number, and write the next, again and again."""
    file, change = folder / "number", here(folder)
    for _ in range(ROUNDS):
        change(lambda: text_files.save(file, f"{int(text_files.read(file)) + 1}", folder))


def test_what_two_threads_and_another_program_change_at_once_is_all_there(tmp_path: Path) -> None:
    (tmp_path / "number").write_text("0", "utf-8")
    with (
        subprocess.Popen([sys.executable, "-c", COUNTING, str(tmp_path)]) as beside,
        ThreadPoolExecutor(2) as threads,
    ):
        for counted in [threads.submit(count, tmp_path) for _ in range(2)]:
            counted.result(PATIENCE)
    assert beside.returncode == 0
    assert int((tmp_path / "number").read_text("utf-8")) == 3 * ROUNDS


def test_who_comes_while_somebody_does_not_end_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner_files, "PATIENCE_SECONDS", 0.05)
    with alone(tmp_path), pytest.raises(SettingsError, match=r"settings\.busy"):
        here(tmp_path)(lambda: None)
    here(tmp_path)(lambda: None)


def test_work_that_fails_is_in_nobodys_way(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        here(tmp_path)(lambda: 1 / 0)
    here(tmp_path)(lambda: None)


def test_a_folder_in_which_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / owner_files.LOCK).mkdir()
    with pytest.raises(SettingsError, match=r"setup\.unwritable"), alone(tmp_path):
        pass
