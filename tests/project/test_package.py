"""A package like any other: built without a network, installed, and started from anywhere."""

import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
import requests
from packaging.requirements import Requirement

from chatgee.system import installation, installed_packages
from chatgee.texts import Texts
from tests.subcommands.test_autostart import by_a_desktop
from tests.support.far_ends import PATIENCE
from tests.support.process import ROOT, program

SECONDS = 200.0
"""For what pip and setuptools do."""
BUILD = "from setuptools import build_meta as b; b.build_sdist({0!r}); b.build_wheel({0!r})"
NOT_PACKED = {"draw.py", "pictures.toml", "install-python.html", "site.css"}
"""Of docs/: what makes the manual, and what only the launchers and the site need."""
CONFIG = "SKILL_KEY=hello-1234-hello\nCALLBACK=off\nDATA_DIR=talks\n"

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems have other folders")


def build(project: Path, folder: Path) -> Path:
    """The wheel of a project, with its sdist beside it."""
    argv = [sys.executable, "-c", BUILD.format(str(folder))]
    said = subprocess.run(argv, cwd=project, capture_output=True, text=True, timeout=SECONDS)
    assert said.returncode == 0, said.stderr
    assert "Warning" not in said.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def about(wheel: Path) -> Message:
    (text,) = (text for name, text in contents(wheel).items() if name.endswith("/METADATA"))
    return Parser().parsestr(text.decode())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not installed_packages.installed("setuptools>=77"):
        pytest.skip("no setuptools 77: pip install -r tests/requirements.txt")
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT / "chatgee", folder / "project" / "chatgee")
    shutil.copytree(ROOT / "docs", folder / "project" / "docs")
    for file in (*ROOT.glob("*.py"), *ROOT.glob("*.t*xt"), *ROOT.glob("*.toml")):
        shutil.copy(file, folder / "project")
    for name in ("README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "project")
    return build(folder / "project", folder / "built")


@pytest.fixture(scope="module")
def scripts(wheel: Path) -> Path:
    """Of an environment with nothing in it but the package and what it asks for."""
    env = wheel.parent.parent / "env"
    scripts = env / "bin"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", env], check=True)
    pip = [sys.executable, "-m", "pip", "--python", scripts / "python", "install", "--no-compile"]
    said = subprocess.run([*pip, wheel], capture_output=True, text=True, timeout=SECONDS)
    if "No matching distribution" in said.stderr:
        pytest.skip(f"pip could not fetch what the package needs: {said.stderr[-300:]}")
    assert said.returncode == 0, said.stderr
    return scripts


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The owner's home, while they are in another folder."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "home"


@pytest.fixture
def folder(home: Path) -> Path:
    """The owner's own, with a config.env."""
    folder = home / ".local" / "share" / "ChatGee"
    folder.mkdir(parents=True)
    (folder / "config.env").write_text(CONFIG)
    return folder


def said(scripts: Path, home: Path, *words: str, code: int = 0) -> str:
    with program({"HOME": str(home)}, *words, command=[str(scripts / "chatgee")]) as run:
        assert run.process.wait(PATIENCE) == code, run.output
        run.logged(r"\(end\)")
    return run.output


# --- what is in it --------------------------------------------------------------------------


def test_a_wheel_holds_every_file_of_the_program_and_the_whole_manual(wheel: Path) -> None:
    files = (*(ROOT / "chatgee").rglob("*"), *(ROOT / "docs").rglob("*"))
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in files
        if path.is_file() and "__pycache__" not in path.parts and path.name not in NOT_PACKED
    }
    packed = {name for name in contents(wheel) if ".dist-info/" not in name}
    assert packed == {f"chatgee/{one}" if one.startswith("docs/") else one for one in ours}


def test_it_asks_for_what_the_requirements_ask_for(wheel: Path) -> None:
    def wanted(file: str) -> set[Requirement]:
        return {Requirement(line) for line in installed_packages.lines([ROOT / file])}

    found = {Requirement(line) for line in about(wheel).get_all("Requires-Dist", [])}
    always = {one for one in found if one.marker is None}
    assert always == wanted("requirements.txt")
    extra = {one for one in found if one.marker and one.marker.evaluate({"extra": "cluster"})}
    for one in extra:
        one.marker = None
    assert {str(one) for one in extra} == {str(one) for one in wanted("requirements-cluster.txt")}


def test_the_sdist_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    (sdist,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.glob("chatgee-*")
    assert contents(build(unpacked, tmp_path / "built")) == contents(wheel)


# --- installed ------------------------------------------------------------------------------


@linux
def test_it_runs_from_anywhere_with_everything_in_its_owners_folder(
    scripts: Path, home: Path
) -> None:
    folder = home / ".local" / "share" / "ChatGee"
    with program({"HOME": str(home), "PORT": "0"}, command=[str(scripts / "chatgee")]) as run:
        local = run.url.removesuffix("/prompt")
        assert requests.get(f"{local}/health", timeout=PATIENCE).json()["status"] == "ok"
        run.logged(re.escape(f"{folder / 'config.env'} 파일에 적거나"))
        manual = requests.get(f"{local}/manual/trouble", timeout=PATIENCE).text
        assert "<code>chatgee doctor</code>" in manual
        picture = requests.get(f"{local}/manual/pictures/home.png", timeout=PATIENCE)
        assert picture.content == (ROOT / "docs" / "pictures" / "home.png").read_bytes()
        style = requests.get(f"{local}/static/chatgee.css", timeout=PATIENCE)
        assert style.status_code == 200
        assert run.stop() == 0
    assert (folder / "data" / "chatgee.db").is_file()
    assert [path.name for path in folder.iterdir()] == ["data"]
    assert list(Path.cwd().iterdir()) == []


@linux
def test_its_words_are_those_of_run_py_but_for_the_tests(
    scripts: Path, home: Path, folder: Path
) -> None:
    assert said(scripts, home, "key") == "hello-1234-hello\n(end)"
    usage = said(scripts, home, "tset", code=2)
    assert "    chatgee doctor" in usage
    assert "run.py" not in usage
    assert "chatgee test" not in usage
    assert "chatgee autostart on" in said(scripts, home, "autostart")


@linux
def test_it_starts_with_the_computer(scripts: Path, home: Path, folder: Path) -> None:
    assert str(folder) in said(scripts, home, "autostart", "on")
    argv, where, _ = by_a_desktop(home / ".config" / "autostart" / "chatgee.desktop")
    assert argv[-2:] == ["-m", "chatgee"]
    told = subprocess.run(
        [*argv, "key"], cwd=where, env={"HOME": str(home)}, capture_output=True, text=True
    )
    assert (where, told.stdout) == (str(folder), "hello-1234-hello\n"), told.stderr


@linux
def test_the_doctor_sees_what_it_needs_and_what_was_eaten(
    scripts: Path, home: Path, folder: Path
) -> None:
    ours = json.loads(said(scripts, home, "doctor", "--json").removesuffix("(end)"))
    (found,) = (one for one in ours["checks"] if one["name"] == "packages")
    lines = installed_packages.lines([ROOT / "requirements.txt"])
    assert (found["state"], found["data"]) == ("good", {"count": len(lines) + 1})
    assert (folder / "talks").is_dir(), "relative paths count from there"
    (package,) = scripts.parent.glob("lib/python*/site-packages/platformdirs/__init__.py")
    package.rename(package.with_suffix(".eaten"))
    try:
        told = said(scripts, home, "doctor", code=1)
    finally:
        package.with_suffix(".eaten").rename(package)
    assert "platformdirs: 파일이 빠졌어요(__init__.py)" in told
    assert "pipx reinstall chatgee" in told


@linux
def test_a_folder_that_cannot_be_made_is_told(scripts: Path, home: Path) -> None:
    home.mkdir()
    (home / ".local").touch()
    assert f"DATA_DIR={home / '.local/share/ChatGee'}: 파일을 쓸 수 없어요" in said(
        scripts, home, code=1
    )


def test_what_is_said_of_run_py_is_said_of_the_command_instead() -> None:
    def worded(text: str) -> str:
        return installation.worded(text, installed=True)

    assert worded("python run.py doctor를 다시") == "chatgee doctor를 다시"
    assert worded("`python run.py test`") == "`python run.py test`"
    missing = worded(Texts.load().sentences["start.cluster_missing"])
    assert 'pip install "chatgee[cluster]" 를' in missing
    assert installation.worded("python run.py") == "python run.py"
