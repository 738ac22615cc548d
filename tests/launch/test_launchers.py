"""The launchers' files, and ChatGee.command as a double-click starts it, in each shell."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.clicking import BAT, COMMAND, Clicked, stub_project
from tests.support.installs import AWKWARD
from tests.support.process import ROOT
from tests.support.windows import SECONDS

HELP = ROOT / "docs" / "install-python.html"
DOWNLOADS = "https://www.python.org/downloads/"


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
