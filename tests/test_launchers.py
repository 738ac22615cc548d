"""ChatGee.bat and ChatGee.command as a double-click starts them, each in its own kind of system."""

import html
import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from chatgee import requirements
from tests.process import ROOT, project
from tests.test_run import AWKWARD, INSTALLS, MAKES, wheel
from tests.windows import SECONDS, Windows, korean_windows, windows_path

BAT, COMMAND = ROOT / "ChatGee.bat", ROOT / "ChatGee.command"
HELP = ROOT / "docs" / "install-python.html"
DOWNLOADS = "https://www.python.org/downloads/"
PAUSED = "계속하려면 아무 키나"  # cmd's own "press any key", in the system's language
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
    shutil.copy(requirements.__file__, folder / "chatgee")
    (folder / "requirements.txt").write_text(needs, "utf-8")
    for name in ("run.py", BAT.name, COMMAND.name, "docs/install-python.html"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return stub_project(tmp_path / AWKWARD)


# --- the files ------------------------------------------------------------------------------


def test_the_bat_is_ascii_with_the_line_ends_of_windows() -> None:
    text = BAT.read_bytes()
    assert text.isascii()
    assert text.count(b"\n") == text.count(b"\r\n") == text.count(b"\r")
    assert re.search(rb'^cd /d "%~dp0"', text, re.M)
    assert b"EnableDelayedExpansion" not in text  # it would eat the ! of a folder's name
    assert not re.search(rb"\bwhere\b", text)
    assert max(map(len, text.splitlines())) < 8191  # cmd reads no more of a line


def test_git_keeps_the_line_ends_and_the_right_to_run() -> None:
    attributes = (ROOT / ".gitattributes").read_text("utf-8").splitlines()
    assert {"*.bat text eol=crlf", "*.command text eol=lf"} <= set(attributes)
    assert os.access(COMMAND, os.X_OK)
    assert b"\r" not in COMMAND.read_bytes()


def test_shellcheck_has_nothing_to_say() -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"
    argv = [str(shellcheck), str(COMMAND), str(ROOT / ".ci" / "run")]
    said = subprocess.run(argv, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_page_about_python_needs_nothing_else() -> None:
    text = HELP.read_text("utf-8")
    assert set(re.findall(r'(?:src|href)="(.*?)"', text)) == {DOWNLOADS}
    assert "Add python.exe to PATH" in text


# --- Windows, under Wine --------------------------------------------------------------------


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    with korean_windows(tmp_path_factory.mktemp("windows")) as windows:
        wheel(windows.folder / "shelf", "chatgee-demo", "1.2", {"chatgee_demo.py": ""})
        windows.environ["PIP_FIND_LINKS"] = f"Z:{windows.folder}/shelf"
        yield windows


def click(windows: Windows, folder: Path, *words: str, path: tuple[Path, ...] = ()) -> Clicked:
    said = windows.run(folder / BAT.name, *words, path=path, cwd=Path("/"))
    return Clicked(said.returncode, said.stdout)


def test_it_is_a_korean_windows(windows: Windows) -> None:
    code = "import ctypes; print(ctypes.windll.kernel32.GetACP())"
    assert windows.run("python", "-c", code, path=(windows.base,)).stdout.strip() == "949"


def test_a_new_windows_gets_its_environment_once(windows: Windows, folder: Path) -> None:
    (folder / "requirements.txt").write_text("chatgee-demo>=1.0,<2\n")
    first = click(windows, folder, "run", "두 낱말", "fail", path=(windows.base,))
    assert MAKES in first.said
    assert INSTALLS in first.said
    python, words, where, _ = first.launched
    assert re.search(r"AppData\\Local\\ChatGee\\venv-\w+\\Scripts\\python.exe$", python)  # OneDrive
    assert (words, where.split("\\")[-3:]) == (["run", "두 낱말", "fail"], [*AWKWARD.parts])
    assert first.code == 7
    assert PAUSED in first.said
    second = click(windows, folder, path=(windows.base,))
    assert (second.code, second.launched[:2]) == (0, [python, ["run"]])
    assert not any(words in second.said for words in (MAKES, INSTALLS, PAUSED))


def test_without_a_python_the_browser_shows_how_to_get_one(windows: Windows, folder: Path) -> None:
    clicked = click(windows, folder)
    assert clicked.code == 1
    assert "Python 3.11 or newer was not found" in clicked.said
    assert PAUSED in clicked.said
    opened = until_opened(windows, 2)
    assert opened[0] == DOWNLOADS
    assert opened[1].endswith("/docs/install-python.html")


def until_opened(windows: Windows, number: int) -> list[str]:
    """The pages that are open; the browser comes up a moment after it was called."""
    pages: list[str] = []
    until = time.monotonic() + SECONDS
    while len(pages) < number and time.monotonic() < until:
        pages += windows.opened()
        time.sleep(0.05)
    return pages


STORE = """
print("Python was not found; run without arguments to install from the Microsoft Store.")
sys.exit(9009)
"""
OLD = """
code = "import sys; sys.version_info = (3, 10, 4); sys.argv.pop(0); exec(sys.argv[0])"
sys.exit(subprocess.call([sys.executable, "-c", code, *sys.argv[2:]]))
"""
PY = """
assert sys.argv[1] == "-3"
sys.exit(subprocess.call([sys.executable, *sys.argv[2:]], env={**os.environ, "VIA": "py"}))
"""
ENVIRONMENT = """
sys.exit(subprocess.call([sys.executable, *sys.argv[1:]], env={**os.environ, "VIA": ".venv"}))
"""
GONE = """
print("No Python at 'C:\\\\Python311\\\\python.exe'", file=sys.stderr)
sys.exit(103)
"""


def test_the_stores_stub_and_an_old_python_are_seen_through(
    windows: Windows, folder: Path, tmp_path: Path
) -> None:
    windows.stub(tmp_path / "bin" / "python.exe", STORE)
    windows.stub(tmp_path / "bin" / "python3.exe", OLD)
    nothing = click(windows, folder, path=(tmp_path / "bin",))
    assert nothing.code == 1
    assert "was not found. Your browser" in nothing.said
    assert "Microsoft Store" not in nothing.said
    until_opened(windows, 2)
    windows.stub(tmp_path / "bin" / "py.exe", PY)
    found = click(windows, folder, path=(tmp_path / "bin",))
    assert (found.code, found.launched[3]) == (0, "py")


def test_our_environment_comes_first_unless_it_is_broken(
    windows: Windows, folder: Path, tmp_path: Path
) -> None:
    windows.stub(tmp_path / "bin" / "py.exe", PY)
    own = windows.stub(folder / ".venv" / "Scripts" / "python.exe", ENVIRONMENT)
    assert click(windows, folder, path=(tmp_path / "bin",)).launched[3] == "py"  # half made
    (folder / ".venv" / "chatgee-ready.txt").touch()
    assert click(windows, folder, path=(tmp_path / "bin",)).launched[3] == ".venv"
    windows.stub(own, GONE)
    assert click(windows, folder, path=(tmp_path / "bin",)).launched[3] == "py"


def test_a_python_that_is_a_bat_comes_back(windows: Windows, folder: Path, tmp_path: Path) -> None:
    shim = f'@echo off\r\nset "VIA=shim"\r\n"Z:{windows.base}/python.exe" %*\r\n'
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python.bat").write_text(shim.replace("/", "\\"), newline="")
    clicked = click(windows, folder, "run", "fail", path=(tmp_path / "bin",))
    assert (clicked.code, clicked.launched[3]) == (7, "shim")
    assert PAUSED in clicked.said


def test_a_python_is_found_where_the_tick_at_path_was_forgotten(
    windows: Windows, folder: Path
) -> None:
    programs = windows.home / "AppData" / "Local" / "Programs" / "Python"
    programs.mkdir(parents=True)
    (programs / "Python312").mkdir()  # left behind by an uninstaller
    (programs / "Python311").symlink_to(windows.base)
    try:
        assert "Python311" in click(windows, folder).launched[0]
    finally:
        shutil.rmtree(programs)


@pytest.mark.parametrize("name", ["챗지! !PATH!", "a^b & (c)", "챗지's; [1] @=,+~`{}#$"])
def test_no_sign_in_a_folders_name_is_a_command(
    windows: Windows, tmp_path: Path, name: str
) -> None:
    folder = stub_project(tmp_path / name)
    clicked = click(windows, folder, path=(windows.base,))
    assert (clicked.code, clicked.launched[2].split("\\")[-1]) == (0, name)


def test_alone_in_a_zips_preview_it_asks_in_korean_to_unpack(
    windows: Windows, tmp_path: Path
) -> None:
    shutil.copy(BAT, tmp_path)
    says_to_unpack(windows, click(windows, tmp_path, path=(windows.base,)))


def test_a_whole_copy_that_an_unpacker_will_throw_away_is_not_used(windows: Windows) -> None:
    folder = windows.home / "AppData" / "Local" / "Temp" / "BNZ.1234" / "ChatGee"
    stub_project(folder)
    says_to_unpack(windows, click(windows, folder, path=(windows.base,)))


def says_to_unpack(windows: Windows, clicked: Clicked) -> None:
    assert clicked.code == 1
    assert "Extract All..." in clicked.said
    assert PAUSED in clicked.said
    page = until_opened(windows, 1)[-1]
    assert page.endswith("/ChatGee-ZIP.html")
    (file,) = windows.home.rglob("ChatGee-ZIP.html")
    told = re.sub(r"<.*?>", "", html.unescape(file.read_text("ascii"))).split("\n")
    assert told[2:-1] == [
        "압축을 먼저 풀어 주세요",
        "ChatGee가 아직 ZIP 파일 안에 있어요.",
        "ZIP 파일을 오른쪽 단추로 누르고 압축 풀기를 골라 주세요.",
        "새로 생긴 폴더에서 ChatGee를 다시 두 번 눌러 주세요.",
    ]


def test_chatgee_itself_runs_on_windows_and_ends_with_ctrl_c(
    windows: Windows, tmp_path: Path
) -> None:
    base = tmp_path / "Python311"
    shutil.copytree(windows.base, base)
    windows.install_packages(base)
    folder = shutil.copytree(project(), tmp_path / AWKWARD)
    shutil.copy(BAT, folder)
    more = {"DATA_DIR": windows_path(tmp_path / "자료"), "PORT": "0"}
    with windows.console(folder / BAT.name, path=(base,), **more) as console:
        url = console.shows(r"(http://127\.0\.0\.1:\d+/prompt)")[1]
        assert console.shows("연습용 모델이 답하고 있어요")  # Korean, on a console of any code page
        assert requests.get(url.replace("/prompt", "/health"), timeout=10).json()["status"] == "ok"
        asked = {"userRequest": {"user": {"id": "friend"}, "utterance": "안녕?"}}
        assert "연습" in requests.post(url, json=asked, timeout=10).text
        started = time.monotonic()
        windows.interrupt(r"run\.py|chatgee\.launch")
        console.shows("끝내고 있어요")
        console.ends()
        assert time.monotonic() - started < 5
    assert (tmp_path / "자료" / "chatgee.db").exists()


# --- macOS and Linux ------------------------------------------------------------------------

TOO_OLD = "#!/bin/sh\nexit 0\n"  # what (3, 8) >= (3, 11) comes to
MISSING = "#!/bin/sh\necho 'pyenv: python3.12: command not found' >&2\nexit 127\n"


@pytest.fixture(params=["dash", "bash"])
def shell(request: pytest.FixtureRequest) -> str:
    found = shutil.which(request.param)
    assert found
    return found


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH of our own: what the script needs, and no Python."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("dirname", "uname"):
        (tools / name).symlink_to(str(shutil.which(name)))
    return tools


def tool(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")
    file.chmod(0o755)


def python(file: Path, via: str) -> None:
    tool(file, f'#!/bin/sh\nVIA={via} exec "{sys.executable}" "$@"\n')


def call(shell: str, folder: Path, tools: Path, *words: str) -> Clicked:
    # The script adds these to its PATH: where they hold a Python, "no Python" cannot be tried.
    usual = (Path("/usr/local/bin"), Path("/opt/homebrew/bin"))
    script = (folder / COMMAND.name).read_text("utf-8").replace(":".join(map(str, usual)), "")
    (folder / COMMAND.name).write_text(script, "utf-8")
    said = subprocess.run(
        [shell, str(folder / COMMAND.name), *words],
        env={"PATH": str(tools)},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=SECONDS,
    )
    return Clicked(said.returncode, said.stdout)


def test_a_python_that_is_new_enough_is_found_behind_others(
    shell: str, folder: Path, tools: Path
) -> None:
    tool(tools / "python3.12", MISSING)
    tool(tools / "python3", TOO_OLD)
    python(tools / "python3.11", "3.11")
    clicked = call(shell, folder, tools, "run", "두 낱말", "fail")
    _, words, where, via = clicked.launched
    assert (words, Path(where), via) == (["run", "두 낱말", "fail"], folder, "3.11")
    assert clicked.code == 7


def test_our_environment_comes_first_unless_it_is_half_made(
    shell: str, folder: Path, tools: Path
) -> None:
    python(tools / "python3", "path")
    (folder / ".venv" / "bin").mkdir(parents=True)
    python(folder / ".venv" / "bin" / "python", ".venv")
    assert call(shell, folder, tools).launched[3] == "path"
    (folder / ".venv" / "chatgee-ready.txt").touch()
    assert call(shell, folder, tools).launched[3] == ".venv"


def test_without_a_python_it_says_so(shell: str, folder: Path, tools: Path) -> None:
    tool(tools / "python3", TOO_OLD)
    clicked = call(shell, folder, tools)
    assert clicked.code == 1
    assert clicked.said.startswith("파이썬 3.11 이상이 필요해요.\n")


def test_on_a_mac_the_browser_opens_and_apples_stub_is_left_alone(
    shell: str, folder: Path, tools: Path
) -> None:
    (tools / "uname").unlink()
    tool(tools / "uname", "#!/bin/sh\necho Darwin\n")
    tool(tools / "xcode-select", "#!/bin/sh\nexit 2\n")
    tool(tools / "open", '#!/bin/sh\necho "opened $1"\n')
    clicked = call(shell, folder, tools)
    assert clicked.said.endswith(f"opened {DOWNLOADS}\n")


def test_without_run_py_it_asks_to_unpack(shell: str, folder: Path, tools: Path) -> None:
    (folder / "run.py").unlink()
    clicked = call(shell, folder, tools)
    assert (clicked.code, clicked.said) == (
        1,
        "압축을 먼저 모두 풀고, 새로 생긴 폴더에서 다시 두 번 눌러 주세요.\n",
    )


def test_on_a_terminal_a_failure_waits_for_a_key(shell: str, folder: Path, tools: Path) -> None:
    ours, theirs = pty.openpty()
    argv = [shell, str(folder / COMMAND.name)]
    (folder / "run.py").unlink()
    waiting = subprocess.Popen(
        argv, env={"PATH": str(tools)}, stdin=theirs, stdout=theirs, stderr=theirs
    )
    said = b""
    while "엔터 키를 누르면 끝나요".encode() not in said:
        assert select.select([ours], [], [], 10)[0], said
        said += os.read(ours, 1000)
    assert waiting.poll() is None
    os.write(ours, b"\n")
    assert waiting.wait(10) == 1
    os.close(ours)
    os.close(theirs)
