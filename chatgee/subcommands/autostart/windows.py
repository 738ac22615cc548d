"""The place of Windows: a list in the registry, which the Task Manager shows.

A Python from the Microsoft Store may write there too (since 3.11; a shortcut in the start-up folder
would end up in a copy of that folder that nobody reads).
"""

import re
import sys

from chatgee.errors import ChatGeeError
from chatgee.system.installation import INSTALLED

RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
LONGEST_LINE = 260
"""https://learn.microsoft.com/windows/win32/setupapi/run-and-runonce-registry-keys"""


PROGRAM = f'"{sys.executable}" -m chatgee' if INSTALLED else r"cmd.exe /d /c .\ChatGee.bat"
"""What is started in the folder."""


def line(folder: str, program: str = PROGRAM) -> str:
    """What Windows runs at a log-in: ChatGee.bat, or a package, in a small window of its own.

    Only `pushd` meets the folder's name, between quotes: what comes later (`start` hands a batch
    file to yet another cmd) would stumble over an `&` in it. `pushd` also goes to a folder of the
    network.
    """
    start = f'start "ChatGee" /min {program}'
    whole = f'cmd.exe /d /s /c "pushd "{folder}" && set "OPEN_BROWSER=off" && {start}"'
    if len(whole) > LONGEST_LINE:
        most = len(folder) - (len(whole) - LONGEST_LINE)
        raise ChatGeeError("autostart.too_long", folder=folder, most=most)
    return whole


def folder_in(line: object) -> str | None:
    found = re.search(r'pushd "([^"]+)"', str(line))
    return found[1] if found else None


if sys.platform == "win32":
    import winreg
    from pathlib import Path

    class RunKey:
        """The list, and the switch that the Task Manager keeps for each of its lines."""

        name = "ChatGee"

        def put(self, folder: Path) -> None:
            value = line(str(folder))
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, RUN) as key:
                winreg.SetValueEx(key, self.name, 0, winreg.REG_SZ, value)
            self._delete(APPROVED)  # the owner may have switched it off in the Task Manager

        def remove(self) -> None:
            self._delete(RUN)
            self._delete(APPROVED)

        def folder(self) -> str | None:
            switch = self._read(APPROVED)
            switched_off = isinstance(switch, bytes) and switch[:1] == b"\3"
            return None if switched_off else folder_in(self._read(RUN))

        def _read(self, path: str) -> object:
            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
                    return winreg.QueryValueEx(key, self.name)[0]
            except FileNotFoundError:
                return None

        def _delete(self, path: str) -> None:
            try:
                access = winreg.KEY_SET_VALUE
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path, 0, access) as key:
                    winreg.DeleteValue(key, self.name)
            except FileNotFoundError:
                pass
