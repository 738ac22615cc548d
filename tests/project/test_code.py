"""The code as a reader finds it: formatted, linted, typed."""

import subprocess
import sys

import pytest

from tests.support.process import ROOT

TOOLS = [
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("mypy", "--platform", "win32", "--cache-dir", ".mypy_cache/win32"),
]


@pytest.mark.parametrize("tool", TOOLS, ids=" ".join)
def test_the_tools_have_nothing_to_say(tool: tuple[str, ...]) -> None:
    told = subprocess.run(
        [sys.executable, "-m", *tool], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr
