"""The places that are files: of macOS, of systemd, of the Linux desktops."""

import plistlib
import re
import subprocess
import sys
from pathlib import Path

from chatgee.errors import ChatGeeError
from chatgee.settings import ROOT
from chatgee.system.installation import INSTALLED, worded

NAME = "chatgee.autostart"
"""Stands in each file of ours: one without it is somebody else's."""


PROGRAM = "-m chatgee" if INSTALLED else "run.py"
"""What Python is given to start ChatGee."""


def _python() -> str:
    """The Python to start it with: not that of .venv, which run.py may have to mend."""
    made_by_run_py = Path(sys.prefix) == ROOT / ".venv"
    return str(getattr(sys, "_base_executable", None) if made_by_run_py else sys.executable)


class _File:
    """A place that is a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def put(self, folder: Path) -> None:
        if self.file.exists() and not self._read():
            raise ChatGeeError("autostart.foreign", file=self.file)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(self._text(str(folder), _python()), "utf-8")

    def remove(self) -> None:
        if self._read():
            self.file.unlink()

    def folder(self) -> str | None:
        text = self._read()
        return self._folder(text) if text else None

    def _read(self) -> str:
        """The file, if it is ours."""
        try:
            text = self.file.read_text("utf-8", "replace")
        except FileNotFoundError:
            return ""
        return text if NAME in text else ""

    def _text(self, folder: str, python: str) -> str:
        raise NotImplementedError

    def _folder(self, text: str) -> str:
        raise NotImplementedError


class LaunchAgent(_File):
    """macOS reads it at the next log-in; to load it now would start a second ChatGee."""

    def _text(self, folder: str, python: str) -> str:
        log = str(Path.home() / "Library" / "Logs" / "ChatGee.log")
        agent = {
            "Label": NAME,
            "ProgramArguments": [python, *PROGRAM.split()],
            "WorkingDirectory": folder,
            "EnvironmentVariables": {"OPEN_BROWSER": "off"},
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ProcessType": "Interactive",  # others are slowed down, and Kakao waits five seconds
            "StandardOutPath": log,
            "StandardErrorPath": log,
        }
        return plistlib.dumps(agent).decode()

    def _folder(self, text: str) -> str:
        return str(plistlib.loads(text.encode())["WorkingDirectory"])


class UserUnit(_File):
    """A service of the user's own systemd: it writes the log, and starts it again after a crash."""

    def put(self, folder: Path) -> None:
        super().put(folder)
        self._systemctl("enable")

    def remove(self) -> None:
        if self._read():
            self._systemctl("disable")
        super().remove()

    def folder(self) -> str | None:
        enabled = self.file.parent / "default.target.wants" / self.file.name
        return super().folder() if enabled.is_symlink() else None

    def _systemctl(self, word: str) -> None:
        argv = ["systemctl", "--user", word, self.file.name]
        told = subprocess.run(argv, capture_output=True, text=True, timeout=30)
        if told.returncode:
            raise ChatGeeError("autostart.failed", why=told.stderr.strip())

    def _text(self, folder: str, python: str) -> str:
        quoted = re.sub(r'(["\\])', r"\\\1", python).replace("%", "%%")
        return f"""# {NAME}: made by "{worded("python run.py")} autostart on"
[Unit]
Description=ChatGee

[Service]
Type=exec
WorkingDirectory={folder.replace("%", "%%")}
ExecStart="{quoted}" {PROGRAM}
Environment=OPEN_BROWSER=off
Restart=on-failure
RestartSec=10
KillMode=mixed
TimeoutStopSec=10

[Install]
WantedBy=default.target
"""

    def _folder(self, text: str) -> str:
        found = re.search(r"^WorkingDirectory=(.+)$", text, re.M)
        return found[1].replace("%%", "%") if found else ""


class DesktopEntry(_File):
    """What a Linux desktop starts when its user logs in, where there is no systemd."""

    def _text(self, folder: str, python: str) -> str:
        quoted = re.sub(r'(["`$\\])', r"\\\1", python).replace("%", "%%")
        return f"""[Desktop Entry]
Type=Application
Name=ChatGee
Path={_escaped(folder)}
Exec=env OPEN_BROWSER=off "{_escaped(quoted)}" {PROGRAM}
X-Made-By={NAME}
"""

    def _folder(self, text: str) -> str:
        found = re.search(r"^Path=(.+)$", text, re.M)
        return found[1].replace(r"\\", "\\") if found else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\")
