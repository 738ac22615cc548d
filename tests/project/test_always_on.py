"""ChatGee in a container and as a service: as near to a real build as it gets without Docker.

What the Dockerfile copies is copied, and run with the image's environment and its own command.
"""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from chatgee import settings
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.process import ROOT, program
from tests.support.tunnel_side import until

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVICE: dict[str, Any] = COMPOSE["services"]["chatgee"]
UNIT = ROOT / "deploy" / "chatgee.service"
NOT_OURS = {"HOME", "PYTHONUNBUFFERED", "PYTHONUTF8", "TZ"}

linux = pytest.mark.skipif(sys.platform != "linux", reason="the image is Linux")


def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile: the name and the rest, with continued lines in one."""
    lines = [line for line in DOCKERFILE.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", "")
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line]


def told(name: str) -> list[str]:
    return [rest for word, rest in instructions() if word == name]


def image_environ() -> dict[str, str]:
    return dict(pair.split("=") for rest in told("ENV") for pair in rest.split())


IMAGE = image_environ()


def sent(path: PurePosixPath) -> bool:
    """Whether .dockerignore lets a path into the build: the last line that matches it counts."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        names = [one.name if "**/" in line else str(one) for one in (path, *path.parents[:-1])]
        if not line.startswith("#") and any(fnmatch.fnmatch(name, pattern) for name in names):
            sent = line.startswith("!")
    return sent


def copied() -> Iterator[tuple[Path, PurePosixPath]]:
    """Each file that the image gets, and its place under /app."""
    for rest in told("COPY"):
        *sources, target = rest.split()
        for source in (ROOT / name for name in sources):
            files = source.rglob("*") if source.is_dir() else [source]
            base = source if source.is_dir() else source.parent
            for file in (one for one in files if one.is_file()):
                if sent(PurePosixPath(file.relative_to(ROOT).as_posix())):
                    yield file, target / PurePosixPath(file.relative_to(base).as_posix())


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The image's /app, which nobody may write to (root may: see what each test asserts)."""
    folder = tmp_path / "app"
    for file, place in copied():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / place)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return folder


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The image's environment, with any port that is free and another place for /data."""
    (tmp_path / "data").mkdir()
    image = {name: value.replace("/data", str(tmp_path / "data")) for name, value in IMAGE.items()}
    return image | {"PORT": "0"}


def health(environ: dict[str, str], url: str) -> subprocess.CompletedProcess[str]:
    """The image's own health check, run as Docker would."""
    (rest,) = told("HEALTHCHECK")
    argv = json.loads(rest.split("CMD", 1)[1])
    assert argv[0] == "python"
    proxy = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    port = {"PORT": str(urlsplit(url).port)}
    return subprocess.run(
        [sys.executable, *argv[1:]],
        env=environ | proxy | port,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )


def written(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


# --- the image ------------------------------------------------------------------------------


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = shutil.which("hadolint", path=sysconfig.get_path("scripts"))
    assert hadolint, "it comes with tests/requirements.txt"
    said = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (said.returncode, said.stdout) == (0, "")


@linux
def test_what_is_copied_runs_and_is_healthy(app: Path, environ: dict[str, str]) -> None:
    before = written(app)
    assert {app / "docs" / "settings.md", app / "config.example.env"} <= before, "read on demand"
    assert json.loads(told("CMD")[0]) == ["python", "run.py"]
    with program(environ, folder=app) as run:
        checked = health(environ, run.url)
        assert (checked.returncode, json.loads(checked.stdout)["status"]) == (0, "ok")
        assert "연습" in run.friend().says("안녕?").text
        assert run.stop() == 0
    assert health(environ, run.url).returncode == 1
    assert written(app) == before, "nothing may be written beside /data"
    assert (Path(environ["DATA_DIR"]) / "chatgee.db").exists()


@linux
def test_a_wrong_key_makes_it_unhealthy_and_tells_why(
    app: Path, environ: dict[str, str], fake_openai: FakeOpenAI
) -> None:
    fake_openai.fails(401, {"message": "Incorrect API key provided: sk-x"})
    model = {"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": fake_openai.url}
    with program(environ | model, folder=app) as run:
        run.friend().says("안녕?")
        until(lambda: health(environ, run.url).returncode)  # its first question may take long
        checked = health(environ, run.url)
    assert checked.returncode == 1
    assert "OPENAI_API_KEY가 거절됐어요" in json.dumps(
        json.loads(checked.stdout), ensure_ascii=False
    )


@pytest.mark.parametrize(
    "secret", ["config.env", "data/chatgee.db", ".git/config", ".venv/pyvenv.cfg", "notes.txt"]
)
def test_what_is_the_owners_never_gets_into_the_image(secret: str) -> None:
    assert not sent(PurePosixPath(secret))
    assert sent(PurePosixPath("chatgee/web/skill.py")), "or this would prove nothing"


def test_its_settings_exist_and_can_be_used(tmp_path: Path) -> None:
    ours = {name: value for name, value in IMAGE.items() if name not in NOT_OURS}
    assert set(ours) <= set(settings.OPTIONS)
    assert settings.load(ours, tmp_path / "no config.env").data_dir == Path("/data")


def test_it_runs_as_somebody_else_than_root() -> None:
    assert [re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) is not None for user in told("USER")] == [True]
    assert told("VOLUME") == ['["/data"]']


def test_new_code_installs_nothing_again() -> None:
    order = [f"{word} {rest}" for word, rest in instructions()]
    install = next(number for number, line in enumerate(order) if "pip install" in line)
    before = [line for line in order[:install] if line.startswith("COPY")]
    assert before == ["COPY requirements.txt requirements-cluster.txt ./"]
    assert "--no-cache-dir" in order[install]


# --- compose --------------------------------------------------------------------------------


def test_compose_can_read_it() -> None:
    argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    said = subprocess.run([*argv, ROOT / "compose.yaml"], capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr


def test_compose_says_what_the_image_says_since_config_env_could_say_otherwise() -> None:
    given = SERVICE["environment"]
    assert given.items() <= IMAGE.items()
    assert set(given) == {"DATA_DIR", "HOST", "PORT", "OPEN_BROWSER", "TZ"}


def test_compose_keeps_what_is_in_data_and_starts_again() -> None:
    (volume,) = SERVICE["volumes"]
    name, place = volume.split(":")
    assert name in COMPOSE["volumes"]
    assert place == IMAGE["DATA_DIR"]
    assert SERVICE["restart"] == "unless-stopped"
    assert int(SERVICE["stop_grace_period"].removesuffix("s")) > 5


def test_compose_opens_no_port_to_the_world() -> None:
    port = IMAGE["PORT"]
    assert SERVICE["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_a_synology_can_read_it() -> None:
    """Its Compose is 2.20, it shows the log of its own driver alone, and counts no CPU time."""
    assert SERVICE["env_file"] == "config.env"
    assert not {"logging", "cpus", "deploy", "security_opt", "init"} & set(SERVICE)


# --- systemd --------------------------------------------------------------------------------


@linux
@pytest.mark.skipif(
    sys.platform == "linux" and not shutil.which("systemd-analyze"), reason="apt install systemd"
)
def test_systemd_has_nothing_to_say(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name  # with a Python that is there on every machine
    unit.write_text(UNIT.read_text("utf-8").replace("/usr/bin/python3", sys.executable), "utf-8")
    assert verified(unit) == (0, "")
    unit.write_text(unit.read_text("utf-8") + "[Service]\nKilMode=mixed\n", "utf-8")
    assert "KilMode" in verified(unit)[1], "or it was not read"


def verified(unit: Path, *options: str) -> tuple[int, str]:
    """What systemd says of a unit, and not of the others of this machine, which are not ours."""
    for needed in ("sysinit.target", "basic.target"):  # of any service, or of any user's
        (unit.parent / needed).write_text("[Unit]\n")
    said = subprocess.run(
        ["systemd-analyze", *options, "verify", unit],
        env=os.environ | {"SYSTEMD_UNIT_PATH": str(unit.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    return said.returncode, said.stdout + said.stderr


def test_the_unit_ends_what_it_starts_as_chatgee_wants_it() -> None:
    lines = UNIT.read_text("utf-8").splitlines()
    wanted = {"KillSignal=SIGTERM", "KillMode=mixed", "Restart=always", "User=chatgee"}
    assert wanted <= set(lines)
    (folder,) = [line.split("=")[1] for line in lines if line.startswith("WorkingDirectory=")]
    assert f"ReadWritePaths={folder}" in lines, "run.py makes .venv and data there"
    (given,) = [line.split("=", 1)[1] for line in lines if line.startswith("Environment=")]
    names = {pair.split("=")[0] for pair in given.split()}
    assert names <= set(settings.OPTIONS) | NOT_OURS
