"""Where everything is wanted, nothing may be skipped: in one process, and in several."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import ROOT

SKIPS = {
    "test": "import pytest\ndef test_it(): pytest.skip('no chromium')\n",
    "file": "import pytest\npytest.skip('no psycopg', allow_module_level=True)\n",
}
RUNS = "def test_what_runs(): pass\n"


def code(folder: Path, processes: int, **environ: str) -> int:
    """The exit code of a run of one test that can be run, and of what is in the folder."""
    (folder / "test_runs.py").write_text(RUNS)
    plugins = ("-p", "xdist", "-p", "tests.support.everything", "-p", "no:cacheprovider")
    told = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, f"-n{processes}", str(folder)],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    skipped = (folder / "test_skips.py").exists()
    assert f"1 passed{', 1 skipped' * skipped} in " in told.stdout, told.stdout + told.stderr
    return told.returncode


@pytest.mark.parametrize(("processes", "skipped"), [(0, "test"), (2, "test"), (2, "file")])
def test_what_is_skipped_is_a_failure(tmp_path: Path, processes: int, skipped: str) -> None:
    (tmp_path / "test_skips.py").write_text(SKIPS[skipped])
    assert code(tmp_path, processes, CHATGEE_TEST_EVERYTHING="1") == 1


def test_else_it_is_none(tmp_path: Path) -> None:
    assert code(tmp_path, 2, CHATGEE_TEST_EVERYTHING="1") == 0, "nothing is skipped"
    (tmp_path / "test_skips.py").write_text(SKIPS["test"])
    assert code(tmp_path, 2) == 0, "nor is everything wanted"
