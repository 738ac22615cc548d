"""compose.cluster.yaml and the worker's unit, as near to a real start as it gets without Docker."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from sqlalchemy.engine import make_url

from chatgee import settings
from chatgee.store.databases.opening import is_shared
from chatgee.texts import Texts
from tests.project.test_always_on import COMPOSE as ALONE
from tests.project.test_always_on import IMAGE, NOT_OURS, UNIT, told, verified
from tests.support.far_ends import PATIENCE
from tests.support.process import ROOT, program

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")

if TYPE_CHECKING:
    from tests.support.postgres import OwnServer

FILE = ROOT / "compose.cluster.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WEBS = {name: of for name, of in SERVICES.items() if name.startswith("web")}
WORKERS = {name: of for name, of in SERVICES.items() if name.startswith("worker")}
OURS = WEBS | WORKERS
NGINX_CONF = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
READY = Texts.load()("start.working")
PASSWORD = "a@b:c/d %2F #'\"\\ 열"
"""Of which hardly a sign could stand in a URL."""


def test_compose_can_read_it() -> None:
    argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    said = subprocess.run([*argv, FILE], capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr


def test_there_are_two_of_each_and_everything_is_watched_and_starts_again() -> None:
    assert (len(WEBS), len(WORKERS)) == (2, 2)
    assert set(SERVICES) - set(OURS) == {"postgres", "nginx"}
    for of in SERVICES.values():
        assert of["healthcheck"]["test"][0] == "CMD"
        assert of["restart"] == "unless-stopped"
        assert "stop_grace_period" in of


def test_what_it_names_exists() -> None:
    for of in SERVICES.values():
        assert set(of.get("depends_on", ())) <= set(SERVICES)
        assert set(of["networks"]) <= set(COMPOSE["networks"])
        for volume in of.get("volumes", ()):
            source = volume.split(":")[0]
            assert (ROOT / source).is_file() if source[0] == "." else source in COMPOSE["volumes"]
    assert all(of["command"][1:] == ["run.py", "worker"] for of in WORKERS.values())
    assert {of["image"] for of in OURS.values()} == {"chatgee-cluster"}


def test_ours_are_set_up_alike_and_as_the_one_that_is_alone() -> None:
    (environ,) = {str(of["environment"]): of["environment"] for of in OURS.values()}.values()
    assert ALONE["services"]["chatgee"]["environment"].items() <= environ.items()
    assert set(environ) - NOT_OURS - {"PGPASSWORD"} <= set(settings.OPTIONS)
    assert is_shared(environ["DATABASE_URL"])
    assert environ["TUNNEL"] == "none"
    for of in OURS.values():
        assert of["env_file"] == "config.env"
        assert (of["read_only"], of["cap_drop"]) == (True, ["ALL"])
    kept = [of["volumes"] for of in WEBS.values()]
    assert kept[0] != kept[1], "a folder is one program's"
    assert ALONE["services"]["chatgee"]["volumes"] == kept[0], "where migrate-to finds what was"


def test_the_database_is_the_one_of_the_url_and_nobody_outside_reaches_it() -> None:
    postgres, environ = SERVICES["postgres"], WEBS["web1"]["environment"]
    url = make_url(environ["DATABASE_URL"])
    assert (url.host, url.password) == ("postgres", None)
    assert postgres["environment"]["POSTGRES_USER"] == url.username
    assert postgres["environment"]["POSTGRES_DB"] == url.database
    assert postgres["environment"]["POSTGRES_PASSWORD"] == environ["PGPASSWORD"]
    assert "ports" not in postgres
    assert not set(postgres["networks"]) & set(SERVICES["nginx"]["networks"])
    assert postgres["volumes"] == ["postgres:/var/lib/postgresql/data"]


def test_nginx_alone_is_reached_and_finds_every_web() -> None:
    port = IMAGE["PORT"]
    assert [name for name, of in SERVICES.items() if "ports" in of] == ["nginx"]
    assert SERVICES["nginx"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f"listen {port};" in NGINX_CONF
    addresses = {of["networks"]["front"]["ipv4_address"] for of in WEBS.values()}
    assert set(re.findall(r"server ([\d.]+):(\d+)", NGINX_CONF)) == {
        (address, port) for address in addresses
    }


def test_a_password_may_hold_any_sign(own_postgres: "OwnServer", tmp_path: Path) -> None:
    url = make_url(own_postgres.create())._replace(username="somebody", password=None)
    with own_postgres.connect() as connection:
        literal = PASSWORD.replace("'", "''")
        connection.execute(f"CREATE ROLE somebody SUPERUSER LOGIN PASSWORD '{literal}'")
    own = {"DATABASE_URL": str(url), "PGPASSWORD": PASSWORD}
    environ = own | {"DATA_DIR": str(tmp_path)}
    with (
        program(environ | {"PORT": "0"}, by_run_py=True) as web,
        program(environ, "worker", by_run_py=True) as worker,
    ):
        worker.logged(READY, PATIENCE * 3)
        assert "연습" in web.friend().says("안녕?").text
        assert checked(environ) == 0, "the worker's health check"
        assert worker.stop() == 0
        assert checked(environ) == 1
        assert PASSWORD not in web.output + worker.output


def checked(environ: dict[str, str]) -> int:
    """The exit code of a worker's own health check."""
    _, python, *words = WORKERS["worker1"]["healthcheck"]["test"]
    assert python == "python"
    return subprocess.run([sys.executable, *words], env=environ, timeout=PATIENCE).returncode


def test_a_web_is_well_while_it_can_store_questions(tmp_path: Path) -> None:
    _, python, *words = WEBS["web1"]["healthcheck"]["test"]
    assert python == "python"
    with program({"PORT": "0", "DATA_DIR": str(tmp_path)}) as web:
        port = {"PORT": web.url.split(":")[2].split("/")[0]}
        assert subprocess.run([sys.executable, *words], env=port).returncode == 0
    assert (
        subprocess.run([sys.executable, *words], env=port, stderr=subprocess.DEVNULL).returncode
        == 1
    )


def test_the_image_has_what_a_worker_needs() -> None:
    assert any("--requirement requirements-cluster.txt" in rest for rest in told("RUN"))


@pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("systemd-analyze"), reason="apt install systemd"
)
def test_systemd_has_nothing_to_say_of_a_worker(tmp_path: Path) -> None:
    """Its unit is chatgee.service with a few lines more, which systemd reads with it."""
    unit = tmp_path / "chatgee-worker.service"
    more = tmp_path / f"{unit.name}.d" / "worker.conf"
    more.parent.mkdir()
    for ours, theirs in ((UNIT, unit), (UNIT.with_name(more.name), more)):
        text = ours.read_text("utf-8").replace("/usr/bin/python3", sys.executable)
        theirs.write_text(text, "utf-8")
    assert verified(unit) == (0, "")
    assert more.read_text("utf-8").endswith(
        f"ExecStart=\nExecStart={sys.executable} run.py worker\n"
    )
    more.write_text("[Service]\nExecStart=\n", "utf-8")
    assert verified(unit)[0] != 0, "or it was not read"
