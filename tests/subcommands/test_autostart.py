"""`python run.py autostart`: what each system is given, and whether that would start ChatGee."""

import json
import os
import plistlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from chatgee.errors import ChatGeeError
from chatgee.subcommands.autostart import windows
from chatgee.subcommands.autostart.files import DesktopEntry, LaunchAgent, UserUnit
from tests.project.test_always_on import verified
from tests.support.far_ends import PATIENCE
from tests.support.process import program, project
from tests.support.windows import windows_path

AWKWARD = Path("OneDrive - 회사") / "바탕 화면" / "챗지 (1) & 100%d 테스트"
STUB = """
import json, os
print(json.dumps([os.getcwd(), os.environ["OPEN_BROWSER"]]))
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems have other places")


def needs(tool: str, package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(tool), reason=f"apt install {package}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A ChatGee that only tells how it was started."""
    folder = tmp_path / AWKWARD
    folder.mkdir(parents=True)
    (folder / "run.py").write_text(STUB, "utf-8")
    return folder


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name is short: Windows' lines are, and those of the tests' own are not."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / ".config").mkdir(parents=True)
    return home


@pytest.fixture
def desktop(home: Path) -> dict[str, str]:
    """The environment of a user whose Linux has no systemd."""
    return {"HOME": str(home), "DATA_DIR": str(home / "data")}


@pytest.fixture
def systemd(home: Path, desktop: dict[str, str]) -> dict[str, str]:
    """The environment of a user who has one; systemctl only moves files then."""
    private = home / "runtime" / "systemd" / "private"
    private.parent.mkdir(parents=True)
    private.touch()
    return desktop | {"XDG_RUNTIME_DIR": str(home / "runtime"), "SYSTEMD_OFFLINE": "1"}


def said(environ: dict[str, str], *words: str, code: int = 0, **options: bool) -> str:
    with program(environ, "autostart", *words, **options) as run:
        assert run.process.wait(PATIENCE) == code, run.output
        run.logged(r"\(end\)")
    return run.output


def files(home: Path) -> dict[str, bytes]:
    found = (path for path in (home / ".config").rglob("*") if path.is_file())
    return {str(path.relative_to(home / ".config")): path.read_bytes() for path in found}


ENTRY = "autostart/chatgee.desktop"
UNIT = "systemd/user/chatgee.service"
ENABLED = "systemd/user/default.target.wants/chatgee.service"


# --- on, off, and which ---------------------------------------------------------------------


@linux
def test_a_desktop_starts_it_until_it_is_switched_off(home: Path, desktop: dict[str, str]) -> None:
    (home / ".config" / "autostart").mkdir()
    (home / ".config" / "autostart" / "other.desktop").touch()
    before = files(home)
    assert "켜지지 않아요" in said(desktop)
    assert f"ChatGee도 켜져요: {project()}" in said(desktop, "on", by_run_py=True)
    after = files(home)
    assert set(after) - set(before) == {ENTRY}
    assert f"ChatGee도 켜져요: {project()}" in said(desktop)
    assert "다음에 로그인할 때부터" in said(desktop, "on")
    assert files(home) == after, "twice is once"
    assert "켜지지 않아요" in said(desktop, "off")
    assert "켜지지 않아요" in said(desktop, "off")
    assert files(home) == before


@linux
@needs("systemctl", "systemd")
def test_systemd_starts_it_until_it_is_switched_off(home: Path, systemd: dict[str, str]) -> None:
    assert "enable-linger" in said(systemd, "on")
    assert set(files(home)) == {UNIT, ENABLED}
    is_enabled = ["systemctl", "--user", "is-enabled", "chatgee.service"]
    environ = os.environ | systemd
    told = subprocess.run(is_enabled, env=environ, capture_output=True, text=True)
    assert told.stdout == "enabled\n"
    said(systemd, "off")
    assert files(home) == {}


@linux
@needs("systemctl", "systemd")
def test_it_is_never_started_twice(
    home: Path, desktop: dict[str, str], systemd: dict[str, str]
) -> None:
    said(desktop, "on")
    said(systemd, "on")
    assert set(files(home)) == {UNIT, ENABLED}


OF_2_3 = """[Desktop Entry]
Type=Application
Name=ChatGee
Path=/home/kim/ChatGee
Exec=env OPEN_BROWSER=off "/usr/bin/python3" run.py
X-Made-By=chatgee.autostart
"""


@linux
def test_what_an_older_version_has_switched_on_can_be_switched_off(
    home: Path, desktop: dict[str, str]
) -> None:
    (home / ".config" / "autostart").mkdir()
    (home / ".config" / ENTRY).write_text(OF_2_3, "utf-8")
    assert "ChatGee도 켜져요: /home/kim/ChatGee" in said(desktop)
    said(desktop, "off")
    assert files(home) == {}


@linux
@needs("systemctl", "systemd")
def test_a_unit_that_is_not_ours_is_left_alone(home: Path, systemd: dict[str, str]) -> None:
    theirs = home / ".config" / UNIT
    theirs.parent.mkdir(parents=True)
    theirs.write_text("[Service]\nExecStart=/bin/true\n")
    assert f"{theirs}: ChatGee가 만들지 않은 파일" in said(systemd, "on", code=1)
    assert "켜지지 않아요" in said(systemd, "off")
    assert files(home) == {UNIT: b"[Service]\nExecStart=/bin/true\n"}


@linux
def test_a_system_that_refuses_is_quoted(home: Path, systemd: dict[str, str]) -> None:
    tools = home / "tools"
    tools.mkdir()
    (tools / "systemctl").write_text("#!/bin/sh\necho Failed to connect to bus >&2\nexit 1\n")
    (tools / "systemctl").chmod(0o755)
    path = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    told = said(systemd | path, "on", code=1)
    assert "받아 주지 않았어요(Failed to connect to bus)" in told
    assert "켜지지 않아요" in said(systemd)


@linux
def test_a_folder_that_cannot_be_written_is_told(home: Path, desktop: dict[str, str]) -> None:
    (home / ".config" / "autostart").touch()
    assert "받아 주지 않았어요" in said(desktop, "on", code=1)


@linux
def test_another_word_is_answered_with_those_that_exist(desktop: dict[str, str]) -> None:
    assert "autostart onn: on이나 off를" in said(desktop, "onn", code=1)


@linux
def test_another_folder_is_named_until_it_is_put_right(
    home: Path, desktop: dict[str, str], folder: Path
) -> None:
    DesktopEntry(home / ".config" / ENTRY).put(folder)
    told = said(desktop)
    assert f"ChatGee도 켜져요: {folder}" in told
    assert "이 폴더가 아니에요" in told
    assert str(folder) not in said(desktop, "on")


# --- what a system would do with it ---------------------------------------------------------


def by_launchd(file: Path) -> tuple[list[str], str, dict[str, str]]:
    agent = plistlib.loads(file.read_bytes())
    return agent["ProgramArguments"], agent["WorkingDirectory"], agent["EnvironmentVariables"]


def by_systemd(file: Path) -> tuple[list[str], str, dict[str, str]]:
    lines = file.read_text("utf-8").replace("%%", "%").splitlines()
    given = dict(line.split("=", 1) for line in lines if "=" in line)
    return (
        shlex.split(given["ExecStart"]),
        given["WorkingDirectory"],
        dict([given["Environment"].split("=")]),
    )


def by_a_desktop(file: Path) -> tuple[list[str], str, dict[str, str]]:
    lines = file.read_text("utf-8").replace("\\\\", "\\").splitlines()
    given = dict(line.split("=", 1) for line in lines if "=" in line)
    return shlex.split(given["Exec"].replace("%%", "%")), given["Path"], {}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has the registry")
@pytest.mark.parametrize(
    ("place", "read"),
    [(LaunchAgent, by_launchd), (UserUnit, by_systemd), (DesktopEntry, by_a_desktop)],
)
def test_what_is_written_starts_it_in_its_folder_without_a_browser(
    tmp_path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: type[LaunchAgent],
    read: Callable[[Path], tuple[list[str], str, dict[str, str]]],
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    wants = tmp_path / "place" / "default.target.wants"
    enable = f"#!/bin/sh\nmkdir -p {wants}\nln -sf ../file {wants}/file\n"
    (tmp_path / "systemctl").write_text(enable)  # the real one knows its own folders alone
    (tmp_path / "systemctl").chmod(0o755)
    put = place(tmp_path / "place" / "file")
    put.put(folder)
    assert put.folder() == str(folder)
    argv, where, environ = read(put.file)
    told = subprocess.run(argv, cwd=where, env=environ, capture_output=True, text=True)
    assert json.loads(told.stdout) == [str(folder), "off"], told.stderr
    put.remove()
    assert not put.file.exists()


@linux
@needs("systemd-analyze", "systemd")
def test_systemd_has_nothing_to_say(
    home: Path, systemd: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in systemd.items():
        monkeypatch.setenv(name, value)
    unit = UserUnit(home / ".config" / UNIT)
    unit.put(folder)
    assert verified(unit.file, "--user") == (0, "")


# --- Windows --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "folder", ["C:\\", r"C:\챗지", rf"C:\Users\kim\{AWKWARD}", r"\\nas\공유\ChatGee"]
)
def test_the_folder_of_a_line_can_be_read_again(folder: str) -> None:
    assert windows.folder_in(windows.line(folder)) == folder


@pytest.mark.parametrize("value", [None, "", r"C:\Other\other.exe", b"\3"])
def test_another_line_has_no_folder(value: object) -> None:
    assert windows.folder_in(value) is None


def test_a_folder_is_as_long_as_windows_allows_and_no_longer() -> None:
    with pytest.raises(ChatGeeError) as refused:
        windows.line("C:\\" + "가" * 300)
    most = int(str(refused.value.values["most"]))
    assert refused.value.key == "autostart.too_long"
    assert len(windows.line("C" * most)) == windows.LONGEST_LINE


@linux
@needs("wine", "wine wine64")
@pytest.mark.parametrize("packaged", [False, True], ids=["project", "package"])
def test_a_log_in_to_windows_starts_it_without_a_browser(
    tmp_path: Path, short: Path, packaged: bool
) -> None:
    folder = short / AWKWARD
    folder.mkdir(parents=True)
    bat = "@echo off\r\necho [%OPEN_BROWSER%]%*>started\r\nexit\r\n"
    program = windows.PROGRAM
    stub = folder / "ChatGee.bat"
    if packaged:
        stub = short / "a & b" / "python.bat"  # a name that a line has room for
        stub.parent.mkdir()
        program = f'"{windows_path(stub)}" -m chatgee'
    stub.write_text(bat, "ascii")
    value = windows.line(windows_path(folder), program)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    lines = ["Windows Registry Editor Version 5.00", ""]
    lines += [rf"[HKEY_CURRENT_USER\{windows.RUN}]", f'"ChatGee"="{escaped}"', ""]
    (tmp_path / "run.reg").write_text("\r\n".join(lines), "utf-16")
    prefix = {"WINEPREFIX": str(tmp_path / "wine"), "WINEDEBUG": "-all", "LC_ALL": "C.UTF-8"}
    environ = os.environ | prefix | {"HOME": str(tmp_path)}
    environ.pop("DISPLAY", None)

    def wine(*argv: str) -> None:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        subprocess.run(argv, env=environ, stderr=subprocess.DEVNULL, timeout=120, **quiet)

    wine("wine", "regedit", "/S", f"Z:{tmp_path}/run.reg".replace("/", "\\"))
    wine("wineserver", "-k", "-w")
    wine("wineboot")  # a log-in: it runs what the registry lists
    wine("wineserver", "-w")
    assert (folder / "started").read_text("ascii").strip() == (
        "[off]-m chatgee" if packaged else "[off]"
    )
