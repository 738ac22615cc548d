"""A double-click on a launcher, whose ChatGee is a stub that tells how it was started."""

import json
import shutil
from pathlib import Path
from typing import Any

from tests.support.installs import copy_what_run_py_reads
from tests.support.process import ROOT

BAT, COMMAND = ROOT / "ChatGee.bat", ROOT / "ChatGee.command"
STUB = """
import json, os, sys
print(json.dumps([sys.executable, sys.argv[1:], os.getcwd(), os.environ.get("VIA")]), flush=True)
sys.exit(7 if "fail" in sys.argv else 0)
"""


class Clicked:
    """What came of a double-click."""

    def __init__(self, code: int, said: str) -> None:
        self.code, self.said = code, said

    @property
    def launched(self) -> list[Any]:
        """Python, words, folder and way of the stub that stands for ChatGee."""
        line = next((line for line in self.said.splitlines() if line.startswith("[")), None)
        assert line, self.said
        found: list[Any] = json.loads(line)
        return found


def stub_project(folder: Path, needs: str = "") -> Path:
    """The launchers and run.py as they are; what they start, and what it needs, is a stub."""
    (folder / "chatgee").mkdir(parents=True)
    (folder / "chatgee" / "launch.py").write_text(STUB, "utf-8")
    copy_what_run_py_reads(folder)
    (folder / "requirements.txt").write_text(needs, "utf-8")
    for name in ("run.py", BAT.name, COMMAND.name, "docs/install-python.html"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder
