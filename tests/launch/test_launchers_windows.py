"""ChatGee.bat as a double-click starts it, on a Korean Windows: Wine, and Windows' own Python."""

import html
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.clicking import BAT, Clicked, stub_project
from tests.support.installs import AWKWARD, INSTALLS, MAKES, wheel
from tests.support.process import project
from tests.support.windows import SECONDS, Windows, korean_windows, windows_path

DOWNLOADS = "https://www.python.org/downloads/"
PAUSED = "계속하려면 아무 키나"  # cmd's own "press any key", in the system's language


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return stub_project(tmp_path / AWKWARD)


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    with korean_windows(tmp_path_factory.mktemp("windows")) as windows:
        wheel(windows.folder / "shelf", "chatgee-demo", "1.2", {"chatgee_demo.py": ""})
        windows.environ["PIP_FIND_LINKS"] = f"Z:{windows.folder}/shelf"
        yield windows


WINE_FOUND_NO_CMD = "'cmd /c "
"""Said of an unknown command: it happened once, on a busy machine, within cmd, which knows cmd."""


def click(windows: Windows, folder: Path, *words: str, path: tuple[Path, ...] = ()) -> Clicked:
    said = windows.run(folder / BAT.name, *words, path=path, cwd=Path("/"))
    if WINE_FOUND_NO_CMD in said.stdout:
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
    ours, pythons = sorted(until_opened(windows, 2))  # `start` promises no order
    assert pythons == DOWNLOADS
    assert ours.startswith("file:///")
    assert ours.endswith("/docs/install-python.html")


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
