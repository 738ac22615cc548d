"""A copy of the project that makes its environment, with a shelf of wheels in place of PyPI."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import run
from chatgee.subcommands import commands
from chatgee.system import install_troubles, installation, installed_packages

RUN = Path(run.__file__)
READ_BY_RUN_PY = (
    *(commands.__file__, commands.WORDS, installed_packages.__file__),
    *(installation.__file__, install_troubles.__file__, install_troubles.WORDS),
)
AWKWARD = Path("OneDrive - 회사") / "바탕 화면" / "챗지 (1) & 테스트"
STUB = """
import json, os, sys
print(json.dumps({
    "python": sys.executable, "words": sys.argv[1:], "folder": os.getcwd(), "pid": os.getpid(),
    "utf8": sys.flags.utf8_mode, "PYTHONUTF8": os.environ["PYTHONUTF8"],
}))
sys.exit(7 if "fail" in sys.argv else 0)
"""
MAKES, INSTALLS = run.MAKING.split(":")[0], run.INSTALLING


class Project:
    """A copy of the project with a stub for the server, and a shelf of wheels for pip."""

    def __init__(self, folder: Path, home: Path, needs: str = "chatgee-demo>=1.0,<2\n"):
        self.folder, self.home = folder, home
        (folder / "chatgee").mkdir(parents=True)
        (folder / "chatgee" / "launch.py").write_text(STUB, "utf-8")
        (folder / "tests").mkdir()
        shutil.copy(RUN, folder)
        copy_what_run_py_reads(folder)
        (folder / "requirements-cluster.txt").touch()
        self.require(needs)

    def require(self, needs: str) -> None:
        (self.folder / "requirements.txt").write_text(needs, "utf-8")

    def begin(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        argv = [sys.executable, str(self.folder / "run.py"), *words]
        return subprocess.Popen(
            argv,
            env=clean_environ(self.home) | environ,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def run(self, *words: str, **environ: str) -> Outcome:
        return Outcome(self.begin(*words, **environ))

    @property
    def env(self) -> Path:
        local = [*(self.home / "local" / "ChatGee").glob("venv-*")]
        return local[0] if run.WINDOWS and local else self.folder / ".venv"

    @property
    def log(self) -> Path:
        return self.folder / "data" / "install.log"


def copy_what_run_py_reads(folder: Path) -> None:
    """What it needs of `chatgee/` before it starts anything."""
    for file in READ_BY_RUN_PY:
        place = folder / Path(file).relative_to(RUN.parent)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)


class Outcome:
    def __init__(self, process: subprocess.Popen[str]):
        self.out, self.err = process.communicate(timeout=120)
        self.code, self.pid = process.returncode, process.pid

    @property
    def launched(self) -> dict[str, Any]:
        """What the stub server was given."""
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found


def clean_environ(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith(("PIP_", "PYTHON"))}
    kept = {k: v for k, v in kept.items() if not k.upper().endswith("_PROXY")}
    shelf = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(home / "wheels")}
    return kept | shelf | {"PIP_CONFIG_FILE": os.devnull, "LOCALAPPDATA": str(home / "local")}


def wheel(shelf: Path, name: str, version: str, files: Mapping[str, str]) -> None:
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    shelf.mkdir(exist_ok=True)
    with zipfile.ZipFile(shelf / f"{module}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
