"""run.py, as its owner meets it: real starts, in copies of the project, without any network."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PureWindowsPath
from threading import Thread

import pytest

import run
from chatgee import launch
from chatgee.subcommands import commands
from chatgee.system import installed_packages
from tests.support.installs import (
    AWKWARD,
    INSTALLS,
    MAKES,
    RUN,
    Outcome,
    Project,
    clean_environ,
    wheel,
)

NO_NETWORK = "인터넷 연결을 확인하고"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    wheel(home / "wheels", "chatgee-demo", "1.2", {"chatgee_demo.py": ""})
    wheel(home / "wheels", "chatgee-more", "1.0", {"chatgee_more.py": ""})
    speaking = "import json, sys\nprint(json.dumps(sys.argv[1:]))\n"
    wheel(home / "wheels", "pytest", "99.0", {"pytest/__main__.py": speaking})
    return home


@pytest.fixture(scope="module")
def fresh(home: Path) -> tuple[Project, Outcome]:
    """The first start on a new machine, in the sort of folder that people really have."""
    project = Project(home / AWKWARD, home)
    return project, project.run()


@pytest.fixture
def made(fresh: tuple[Project, Outcome], tmp_path: Path) -> Project:
    """A project whose environment is there already (copied: making one takes seconds)."""
    shutil.copytree(fresh[0].home, tmp_path / "home", symlinks=True)
    copy = object.__new__(Project)
    copy.folder, copy.home = tmp_path / "home" / AWKWARD, tmp_path / "home"
    if run.WINDOWS:  # its folder is named after the project's
        pytest.skip("an environment in LOCALAPPDATA cannot be copied along")
    return copy


@pytest.fixture
def new(home: Path, tmp_path: Path) -> Project:
    return Project(tmp_path / "chatgee", home)


# Starting


def test_a_fresh_machine_makes_the_environment_and_runs(fresh: tuple[Project, Outcome]) -> None:
    project, first = fresh
    assert (first.code, first.err) == (0, "")
    assert MAKES in first.out
    assert INSTALLS in first.out
    assert "찾는 중: chatgee-demo" in first.out or "설치 중: chatgee-demo" in first.out
    assert Path(first.launched["python"]).is_relative_to(project.env)
    assert (first.launched["utf8"], first.launched["PYTHONUTF8"]) == (1, "1")
    assert first.launched["words"] == ["run"]


def test_a_folder_with_spaces_korean_and_signs_works(fresh: tuple[Project, Outcome]) -> None:
    assert Path(fresh[1].launched["folder"]).parts[-3:] == AWKWARD.parts


def test_a_second_start_reuses_the_environment_and_runs_no_pip(made: Project) -> None:
    for pip in made.env.glob("lib/python*/site-packages/pip/__init__.py"):
        pip.write_text("raise SystemExit('it was run')")
    second = made.run()
    assert (second.code, second.err, len(second.out.splitlines())) == (0, "", 1)
    assert Path(second.launched["python"]).is_relative_to(made.env)


def test_an_interpreter_that_has_everything_is_used_as_it_is(new: Project) -> None:
    new.require("# only what runs this test\npytest[any]>=8,<100  # yes\n\n")
    outcome = new.run()
    assert outcome.launched["python"] == sys.executable
    assert not new.env.exists()
    assert not new.log.exists()


@pytest.mark.skipif(run.WINDOWS, reason="Windows has no exec")
def test_the_server_takes_the_place_of_run_py(made: Project) -> None:
    outcome = made.run()
    assert outcome.launched["pid"] == outcome.pid


def test_words_and_the_exit_code_pass_through(made: Project) -> None:
    outcome = made.run("key", "fail", "두 낱말")
    assert outcome.launched["words"] == ["key", "fail", "두 낱말"]
    assert outcome.code == 7


def test_test_installs_its_own_needs_and_runs_pytest_with_the_words(made: Project) -> None:
    (made.folder / "tests" / "requirements.txt").write_text("pytest==99.0\n")
    outcome = made.run("test", "-k", "두 낱말")
    assert json.loads(outcome.out.splitlines()[-1]) == ["-k", "두 낱말"]
    alone = made.run("test")
    assert json.loads(alone.out.splitlines()[-1]) == [*commands.COMMANDS["test"].usual]
    assert len(made.run().out.splitlines()) == 1  # and nothing is installed again to run


def test_an_unknown_word_is_answered_with_those_that_exist(new: Project) -> None:
    outcome = new.run("tset", PYTHONIOENCODING="cp949")
    assert outcome.code == 2
    assert all(word in outcome.err for word in ("tset", *commands.COMMANDS))


def test_each_word_is_known_where_it_is_sent() -> None:
    sent = [one.module for one in commands.COMMANDS.values() if one.module[0] == "chatgee.launch"]
    assert [module[1] for module in sent] == [*launch.COMMANDS]


def test_run_py_alone_asks_to_unpack_the_zip(tmp_path: Path) -> None:
    shutil.copy(RUN, tmp_path)
    argv = [sys.executable, "run.py"]
    said = subprocess.run(argv, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert (said.returncode, said.stdout) == (1, "")
    assert "압축을 먼저 모두 풀고" in said.stderr


def test_a_python_that_is_too_old_is_told_so(new: Project) -> None:
    old = "import sys, runpy; sys.version_info = (3, 10, 4); sys.argv = ['run.py']"
    argv = [sys.executable, "-c", f"{old}; runpy.run_path('run.py', run_name='__main__')"]
    said = subprocess.run(argv, cwd=new.folder, capture_output=True, encoding="utf-8")
    assert said.returncode == 1
    assert "파이썬 3.11 이상이 필요해요" in said.stderr


def test_python_3_8_can_read_run_py() -> None:
    ast.parse(RUN.read_text("utf-8"), feature_version=(3, 8))


# Mending


def test_a_half_made_environment_is_made_anew(made: Project) -> None:
    (made.env / run.STAMP).unlink()
    (made.env / "leftover").touch()
    outcome = made.run()
    assert MAKES in outcome.out
    assert outcome.launched["words"] == ["run"]
    assert not (made.env / "leftover").exists()
    assert [path.name for path in made.folder.glob(".venv*")] == [".venv"]


def test_an_environment_whose_python_is_gone_is_made_anew(made: Project) -> None:
    (made.env / "bin" / "python").unlink()
    (made.env / "bin" / "python").symlink_to(made.home / "uninstalled" / "python")
    outcome = made.run()
    assert MAKES in outcome.out
    assert outcome.launched["words"] == ["run"]


def test_an_environment_that_lost_a_package_is_made_anew(made: Project) -> None:
    for file in made.env.glob("lib/python*/site-packages/chatgee_demo.py"):
        file.unlink()  # as an antivirus program does; what pip wrote about it is there still
    outcome = made.run()
    assert MAKES in outcome.out
    assert outcome.launched["words"] == ["run"]


def test_an_environment_whose_python_was_replaced_is_made_anew(made: Project) -> None:
    settings = made.env / "pyvenv.cfg"
    version = ".".join(map(str, sys.version_info[:3]))
    old = settings.read_text("utf-8").replace(f"version = {version}", "version = 3.4.1")
    settings.write_text(old, "utf-8")
    outcome = made.run()
    assert MAKES in outcome.out
    assert outcome.launched["words"] == ["run"]


def test_an_environment_moves_with_its_project_and_works_from_within(made: Project) -> None:
    moved = made.folder.rename(made.home / "옮긴 곳")
    argv = [str(moved / ".venv" / "bin" / "python"), str(moved / "run.py"), "run"]
    said = subprocess.run(argv, env=clean_environ(made.home), capture_output=True, text=True)
    assert (said.stderr, len(said.stdout.splitlines())) == ("", 1)
    assert json.loads(said.stdout)["python"] == argv[0]


def test_new_requirements_are_installed_into_the_environment_that_is_there(made: Project) -> None:
    (made.env / "ours").touch()
    made.require("chatgee-demo>=1.0,<2\nchatgee-more>=1.0\n")
    outcome = made.run()
    assert INSTALLS in outcome.out
    assert outcome.launched["words"] == ["run"]
    assert (made.env / "ours").exists()


@pytest.mark.skipif(run.WINDOWS, reason="tried with the environment beside the project")
def test_a_foreign_folder_named_venv_is_left_alone(new: Project) -> None:
    precious = new.folder / ".venv" / "thesis" / "chapter.hwp"
    precious.parent.mkdir(parents=True)
    precious.touch()
    outcome = new.run()
    assert outcome.code == 1
    assert "그대로 두었어요" in outcome.err
    assert precious.exists()


def test_of_two_starts_at_once_one_makes_and_both_run(new: Project) -> None:
    outcomes = [Outcome(process) for process in [new.begin(), new.begin()]]
    assert [outcome.launched["words"] for outcome in outcomes] == [["run"], ["run"]]
    assert sum(outcome.out.count(MAKES) for outcome in outcomes) == 1
    assert sum(outcome.out.count(INSTALLS) for outcome in outcomes) == 1


# Failing


def test_no_network_ends_in_a_sentence_a_log_and_an_environment_unharmed(made: Project) -> None:
    made.require("chatgee-demo>=1.0,<2\nchatgee-new>=1.0\n")
    nowhere = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0"}
    outcome = made.run(**nowhere)
    assert outcome.code == 1
    assert NO_NETWORK in outcome.err
    assert str(made.log) in outcome.err
    assert "chatgee-new" in made.log.read_text("utf-8")
    assert "Traceback" not in outcome.out + outcome.err
    made.require("chatgee-demo>=1.0,<2\n")
    assert len(made.run().out.splitlines()) == 1  # the owner went back to the old version


def test_a_proxy_that_wants_a_password_is_named(made: Project) -> None:
    made.require("chatgee-new>=1.0\n")
    with proxy() as address:
        index = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": "https://index.test/", "PIP_RETRIES": "1"}
        outcome = made.run(**index, HTTPS_PROXY=address)
    assert outcome.code == 1
    assert "HTTPS_PROXY" in outcome.err


@contextmanager
def proxy() -> Iterator[str]:
    class Refuses(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_response(407, "Proxy Authentication Required")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refuses) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left", "1GB"),
        ("SSLError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate')", "PIP_CERT"),
        ("/home/kim/.venv/bin/python: No module named ensurepip", "python3-venv"),
        ("/usr/bin/python3: No module named venv", "sudo apt install python3-venv"),
        ("[WinError 5] 액세스가 거부되었습니다: 'C:\\\\python.exe'", "백신"),
        ("[Errno 13] Permission denied: '/srv/chatgee/data'", "백신"),
        ("[WinError 2] 지정된 파일을 찾을 수 없습니다", "예외"),
        ("[WinError 225] 파일에 바이러스가 있어서", "예외"),
        ("[WinError 4551] 애플리케이션 제어 정책에서 이 파일을 차단했습니다", "전산 담당자"),
        ("OSError: [Errno 2] ... HINT: ... Windows Long Path support enabled", "짧은 곳"),
        ("socket.timeout: The read operation timed out", NO_NETWORK),
        ("No matching distribution found for aiohttp (from versions: 3.9)", "3.13"),
        ("something nobody has seen\nat all", "at all"),
    ],
)
def test_each_failure_has_its_own_remedy(said: str, remedy: str) -> None:
    assert remedy in run.why(said)


# Deciding


@pytest.mark.parametrize(
    ("line", "met"),
    [
        ("pytest", True),
        ("PyTest[dev]>=1.10,<1000", True),
        ("pytest>=1000", False),
        ("pytest<2", False),
        ("chatgee-demo-nowhere", False),
        ("pytest>=1;python_version>'3'", False),  # not a line of ours: pip decides
        ("-rother.txt", False),
    ],
)
def test_a_requirement_is_met_or_left_to_pip(line: str, met: bool) -> None:
    assert installed_packages.installed(line) is met


def test_releases_compare_as_numbers() -> None:
    numbers = installed_packages.numbers
    assert numbers("3.10") > numbers("3.9.9")
    assert numbers("3.1") == numbers("3.1.0")
    assert numbers("2.0rc1") == [2, 0, 0, 0]


@pytest.mark.parametrize(
    ("project", "environ", "inside"),
    [
        ("C:/Users/kim/OneDrive/챗지", {}, True),
        ("C:/Users/kim/OneDrive - 회사/바탕 화면/챗지", {}, True),
        ("D:/구름/챗지", {"OneDriveCommercial": "d:\\구름"}, True),
        ("C:/Users/kim/Documents/챗지", {"OneDrive": "C:\\Users\\kim\\OneDrive"}, False),
    ],
)
def test_onedrive_is_recognised(project: str, environ: dict[str, str], inside: bool) -> None:
    assert run.in_onedrive(PureWindowsPath(project), environ) is inside
