"""The doctor: what is wrong is found, and its owner is told what to do about it."""

import dataclasses
import io
import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from rich.console import Console

from chatgee import settings
from chatgee.doctor import packages, report, round_trip, services, steps, this_machine
from chatgee.doctor.case import Case, Check
from chatgee.kakao import messages
from chatgee.model.prices import Prices
from chatgee.owner.status import OwnerStatus
from chatgee.questions import Answer, Usage
from chatgee.system import http, installed_packages, own_mark, single_instance
from chatgee.texts import Texts
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeKakao, FakeOpenAI, FarEnd
from tests.support.kakao_side import payload
from tests.support.process import Program, program

SKILL_KEY = {"SKILL_KEY": "secret-of-the-skill"}
OURS = ("dns", "refused", "tls", "timeout", "broken", "key", "missing", "moved", "status", "page")
KINDS = (*OURS, "foreign", "proxy")


class Tunnel(FarEnd):
    """A public address of this machine, which leads to a program on it."""

    def __init__(self) -> None:
        self.target = "http://127.0.0.1:1"
        self.delay = 0.0
        self.says: tuple[int, dict[str, str], bytes] | None = None
        """Its own answer, where it passes nothing on."""
        super().__init__()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(
        self, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        self.remember((path, headers, json.loads(body)))
        if self.says:
            return self.says
        threading.Event().wait(self.delay)
        sent = headers | {"X-Forwarded-For": "192.0.2.1"}
        with requests.post(self.target + path, data=body, headers=sent, timeout=PATIENCE) as reply:
            kept = ("Content-Type", own_mark.HEADER)
            told = {name: reply.headers[name] for name in kept if name in reply.headers}
            return reply.status_code, told, reply.content


@pytest.fixture
def tunnel() -> Iterator[Tunnel]:
    end = Tunnel()
    yield end
    end.close()


@pytest.fixture
def quiet(environ: dict[str, str], fake_kakao: FakeKakao, tmp_path: Path) -> dict[str, str]:
    """An environment that never looks further than this machine."""
    folder = tmp_path / "data"
    folder.mkdir()
    return environ | {"CALLBACK_HOSTS": fake_kakao.host, "DATA_DIR": str(folder), "TUNNEL": "none"}


def case_of(environ: dict[str, str]) -> Case:
    file = Path(environ["DATA_DIR"]) / "config.env"
    ours, wrong = settings.load_usable(environ, file)
    return Case(ours, wrong, Texts.load(ours.texts_path), file)


def found(name: str, environ: dict[str, str]) -> list[Check]:
    return list(steps.look(name, case_of(environ)))


def one(name: str, environ: dict[str, str]) -> Check:
    (check,) = found(name, environ)
    return check


def free_port() -> str:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return str(server.getsockname()[1])


def asked(environ: dict[str, str], *words: str, **options: bool) -> tuple[int, str]:
    """The exit code and the output of `python run.py doctor`."""
    with program(environ, "doctor", *words, **options) as run:
        code = run.process.wait(PATIENCE * 4)
        run.logged(r"\(end\)")
    assert "Traceback" not in run.output
    return code, run.output.removesuffix("(end)").rstrip()


@contextmanager
def running(environ: dict[str, str], tunnel: Tunnel) -> Iterator[Program]:
    """A ChatGee that can be reached through the tunnel."""
    with program(environ | {"PUBLIC_URL": tunnel.url}) as run:
        assert run.url == f"{tunnel.url}/prompt"
        card = single_instance.find(Path(environ["DATA_DIR"]))
        assert card
        tunnel.target = card.local
        yield run


# --- as a whole -----------------------------------------------------------------------------


def test_all_is_well_while_chatgee_runs(quiet: dict[str, str], tunnel: Tunnel) -> None:
    environ = quiet | SKILL_KEY
    with running(environ, tunnel):
        code, output = asked(environ, "--json")
    told = json.loads(output)
    assert [check for check in told["checks"] if check["state"] != "good"] == []
    assert (code, told["ok"]) == (0, True)
    assert [check["name"] for check in told["checks"]] == list(steps.STEPS)
    data = {check["name"]: check["data"] for check in told["checks"]}
    assert data["model"]["prompt_tokens"] == 20
    assert 0 < data["tunnel"]["median"] <= data["tunnel"]["worst"] < 3
    assert data["tunnel"]["address"] == tunnel.url


def test_its_first_call_has_no_key_and_is_no_trouble_to_the_owner(
    quiet: dict[str, str], tunnel: Tunnel
) -> None:
    environ = quiet | SKILL_KEY
    with running(environ, tunnel) as run:
        assert one("tunnel", environ).state == "good"
        assert [line for line in run.lines if "X-ChatGee-Key" in line] == []
    keys = [headers.get("X-ChatGee-Key") for _, headers, _ in tunnel.requests]
    assert keys == [None, *[SKILL_KEY["SKILL_KEY"]] * (round_trip.TRIPS - 1)]


def test_its_calls_look_like_kakaos_but_are_told_apart(
    quiet: dict[str, str], tunnel: Tunnel
) -> None:
    with running(quiet, tunnel):
        checks = found("tunnel", quiet)
    assert [check.state for check in checks] == ["good", "warn"], "anybody can ask without a key"
    path, headers, message = tunnel.requests[0]
    assert (path, headers["User-Agent"]) == ("/prompt", "AHC/2.1")
    assert keys(message) == keys(payload("02"))
    assert messages.SkillRequest.parse(message).is_tester
    folder = Path(quiet["DATA_DIR"])
    remembered = OwnerStatus(folder / "board.json", "").remembered
    assert (remembered.tested_at, remembered.called_at) == (None, None)
    with closing(sqlite3.connect(folder / "chatgee.db")) as database:
        for table in ("friends", "questions"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def keys(value: Any) -> Any:
    inner = isinstance(value, dict)
    return {name: keys(part) for name, part in value.items() if name != "ignoreMe"} if inner else 0


def test_each_line_has_its_remedy_and_a_warning_is_no_failure(quiet: dict[str, str]) -> None:
    practising = {name: text for name, text in quiet.items() if not name.startswith("OPENAI")}
    code, output = asked(practising, by_run_py=True)
    lines = output.splitlines()
    assert code == 0
    assert len(lines) == len(steps.STEPS) + 1
    assert lines[0].startswith("✔ 파이썬  3.")
    assert any(line.startswith("! 모델") and "→" in line for line in lines)
    assert "살펴보면 좋은 곳이 2개" in lines[-1]


def test_on_a_terminal_the_remedy_stands_below(quiet: dict[str, str]) -> None:
    page = io.StringIO()
    console = Console(file=page, force_terminal=True, width=60, color_system=None)
    report.on_screen(case_of(quiet | {"CALLBACK": "off"}), console)
    assert "\n    → TUNNEL을 auto로" in page.getvalue()
    assert "모델: 보고 있어요" in page.getvalue()


def test_a_bad_setting_is_a_line_and_not_the_end(quiet: dict[str, str]) -> None:
    code, output = asked(quiet | {"REPLY_SECONDS": "soon", "PORT": "x"}, "--json")
    told = json.loads(output)
    texts = [check["text"] for check in told["checks"] if check["state"] == "bad"]
    assert (code, told["ok"]) == (1, False)
    assert [text.split(":")[0] for text in texts] == ["REPLY_SECONDS='soon'", "PORT='x'"]
    assert "model" in {check["name"] for check in told["checks"] if check["state"] == "good"}


def test_a_key_that_is_soon_guessed_is_a_line(quiet: dict[str, str]) -> None:
    (check,) = this_machine.config(case_of(quiet | {"SKILL_KEY": "short-1"}))
    assert (check.state, "12글자" in check.text) == ("warn", True)
    assert "short-1" not in check.text + (check.remedy or "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "socks5://kim:pass-of-kim@127.0.0.1:1"),
        ("HTTPS_PROXY", "http://kim:pass-of-kim/@127.0.0.1:1"),
        ("SSL_CERT_FILE", "/nowhere.pem"),
    ],
)
def test_a_variable_that_closes_the_way_out_is_named_wherever_it_matters(
    quiet: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert one("config", quiet).state == "good"  # everything is on this machine
    away = quiet | {"OPENAI_BASE_URL": "https://model.example.test/v1"}
    config, model = one("config", away), one("model", away)
    assert (config.state, model.state) == ("bad", "bad")
    assert config.text.startswith(name)
    assert (model.remedy or "").startswith(name)
    assert "pass-of-kim" not in f"{config} {model}"


def test_a_proxy_that_keeps_kakao_away_is_told(
    quiet: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    check = one("callback", quiet | {"CALLBACK_HOSTS": "kakao.example.test"})
    assert (check.state, check.data["kind"]) == ("bad", "proxy")
    assert "HTTPS_PROXY" in (check.remedy or "")


def test_a_word_that_it_does_not_know_is_told(quiet: dict[str, str]) -> None:
    code, output = asked(quiet, "--jsn")
    assert code == 2
    assert "'--jsn'" in output


@pytest.mark.parametrize("words", [(), ("--json",)], ids=["lines", "json"])
def test_no_secret_is_told(
    quiet: dict[str, str], fake_openai: FakeOpenAI, words: tuple[str, ...]
) -> None:
    secrets = {"OPENAI_API_KEY": "sk-of-openai", "NGROK_AUTHTOKEN": "2token-of-ngrok"}
    fake_openai.fails(401, {"message": "Incorrect API key provided: sk-of-openai"})
    addresses = {
        "PUBLIC_URL": "http://boss:pass-word@127.0.0.1:1",
        "NGROK_DOMAIN": "http://boss:pass-word@name.ngrok-free.dev",
        "DATABASE_URL": "postgres://boss:pass-word@127.0.0.1/db",
    }
    code, output = asked(quiet | secrets | SKILL_KEY | addresses, *words)
    assert code == 1
    hidden = [*secrets.values(), *SKILL_KEY.values(), "pass-word"]
    assert [secret for secret in hidden if secret in output] == []
    assert "//*****@127.0.0.1" in output


def test_a_check_that_breaks_is_a_line_as_well(quiet: dict[str, str]) -> None:
    check = one("callback", quiet | {"CALLBACK_HOSTS": "["})
    assert check.state == "bad"
    assert "ValueError" in check.text


def test_every_line_has_its_sentences() -> None:
    sentences = Texts.load().sentences
    names = {f"doctor.name.{name}" for name in steps.STEPS}
    trips = {f"doctor.trip.{kind}{end}" for kind in KINDS for end in ("", "_remedy")}
    assert (names | trips) - sentences.keys() == set()


# --- this machine ---------------------------------------------------------------------------


def test_an_old_python_is_told(quiet: dict[str, str]) -> None:
    (check,) = this_machine.python(case_of(quiet), (3, 10, 12))
    assert (check.state, check.data["version"]) == ("bad", "3.10.12")
    assert "3.11" in (check.remedy or "")


def test_packages_that_are_missing_or_of_another_version_are_told(
    quiet: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("# what it needs\nflask>=3,<99\nno-such-package>=1\npytest<1  # old\n")
    (check,) = packages.packages(case_of(quiet), installed_packages.lines([file]))
    assert check.state == "bad"
    assert check.text.startswith("no-such-package: 없어요, pytest ")
    assert "flask" not in check.text


def test_a_package_that_lost_a_file_is_told(
    quiet: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "lib" / "hurt-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: hurt\nVersion: 1.0\n")
    (about / "RECORD").write_text("hurt/eaten.py,,\nhurt-1.0.dist-info/METADATA,,\n")
    monkeypatch.syspath_prepend(tmp_path / "lib")
    file = tmp_path / "requirements.txt"
    file.write_text("hurt>=1,<2\n")
    (check,) = packages.packages(case_of(quiet), installed_packages.lines([file]))
    assert check.state == "bad"
    assert "hurt: 파일이 빠졌어요(eaten.py)" in check.text


def test_a_package_that_does_not_say_what_it_is_any_more_is_told(
    quiet: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib" / "hurt-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "lib")
    assert not installed_packages.installed("hurt>=1,<2")
    file = tmp_path / "requirements.txt"
    file.write_text("hurt>=1,<2\n")
    (check,) = packages.packages(case_of(quiet), installed_packages.lines([file]))
    assert (check.state, check.text) == ("bad", "hurt: 없어요")


def test_a_package_so_broken_that_nothing_starts_is_told(
    quiet: dict[str, str], tmp_path: Path
) -> None:
    broken = tmp_path / "first" / "sqlalchemy"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('DLL load failed: sqlalchemy')")
    environ = quiet | {"PYTHONPATH": str(broken.parent)}
    code, output = asked(environ, "--json")
    (check,) = json.loads(output)["checks"]
    assert (code, check["name"], check["state"]) == (1, "packages", "bad")
    assert "DLL load failed" in check["text"]
    assert "→" in asked(environ)[1]


def test_every_mistake_of_the_owner_is_a_line(quiet: dict[str, str]) -> None:
    folder = Path(quiet["DATA_DIR"])
    (folder / "config.env").write_text("OPENAI_MODLE=gpt\nSYSTEM_PROMPT_FILE=nowhere.txt\n")
    (folder / "texts.toml").write_text('[reply]\nhello = "안녕"\n', "utf-8")
    checks = found("config", quiet | {"HOST": "0.0.0.0"})
    assert [check.state for check in checks] == ["warn"] * 4
    assert all(check.remedy for check in checks)
    for check, said in zip(
        checks, ("OPENAI_MODEL인가요", "nowhere.txt", "reply.hello", "HOST=0.0.0.0"), strict=True
    ):
        assert said in check.text


def test_a_file_that_cannot_be_read_is_told_once(quiet: dict[str, str]) -> None:
    (Path(quiet["DATA_DIR"]) / "config.env").mkdir()
    check = one("config", quiet)
    assert (check.state, "config.env" in check.text) == ("bad", True)


def test_a_folder_that_cannot_be_written_is_told(quiet: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    check = one("disk", quiet | {"DATA_DIR": str(tmp_path / "a file" / "data")})
    assert (check.state, check.text.startswith("DATA_DIR=")) == ("bad", True)


@pytest.mark.parametrize(
    ("free", "state"), [(199_000_000, "bad"), (999_000_000, "warn"), (10**9, "good")]
)
def test_a_full_disk_is_told(quiet: dict[str, str], free: int, state: str) -> None:
    assert this_machine.space(case_of(quiet), free).state == state


def test_a_database_is_read_while_another_program_writes(quiet: dict[str, str]) -> None:
    with Bot(quiet).open() as bot:
        bot.friend().says("질문")
        with closing(sqlite3.connect(Path(quiet["DATA_DIR"]) / "chatgee.db")) as writer:
            writer.execute("BEGIN IMMEDIATE")
            assert one("database", quiet).state == "good"


def test_a_database_that_is_not_there_yet_is_none_the_worse(quiet: dict[str, str]) -> None:
    assert one("database", quiet).state == "good"
    assert list(Path(quiet["DATA_DIR"]).iterdir()) == []


@pytest.mark.parametrize("where", [0, 3 * 4096], ids=["its head", "a page of it"])
def test_a_damaged_database_is_told(quiet: dict[str, str], where: int) -> None:
    with Bot(quiet).open():
        pass
    file = Path(quiet["DATA_DIR"]) / "chatgee.db"
    whole = file.read_bytes()
    file.write_bytes(whole[:where] + b"\xff" * 4096 + whole[where + 4096 :])
    check = one("database", quiet)
    assert (check.state, "열 수 없어요" in check.text) == ("bad", True)


def test_a_database_of_a_newer_chatgee_is_told(quiet: dict[str, str]) -> None:
    with Bot(quiet).open():
        pass
    with closing(sqlite3.connect(Path(quiet["DATA_DIR"]) / "chatgee.db")) as database:
        database.execute("UPDATE about SET value = '99' WHERE name = 'version'")
        database.commit()
    assert "더 새로운 ChatGee" in one("database", quiet).text


# --- the model ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (401, {"message": "no"}, "OPENAI_API_KEY가 거절"),
        (429, {"message": "no", "code": "insufficient_quota"}, "남은 금액이 없"),
        (404, {"message": "no"}, "모델을 찾을 수 없어요"),
    ],
)
def test_why_the_model_gives_no_answer_is_told(
    quiet: dict[str, str], fake_openai: FakeOpenAI, status: int, error: Any, said: str
) -> None:
    fake_openai.fails(status, error)
    check = one("model", quiet)
    assert (check.state, said in (check.remedy or "")) == ("bad", True)
    assert f"자세한 까닭: {check.data['said']}" in check.text
    assert str(check.data["said"]).startswith(f"{status} no")


def test_an_empty_answer_is_none(quiet: dict[str, str], fake_openai: FakeOpenAI) -> None:
    fake_openai.says = lambda question: " "
    assert one("model", quiet).data["failure"] == "empty"


def test_a_model_that_never_answers_is_not_waited_for(
    quiet: dict[str, str], fake_openai: FakeOpenAI
) -> None:
    fake_openai.hold()
    check = one("model", quiet | {"OPENAI_TIMEOUT_SECONDS": "1"})
    assert check.data["failure"] == "timeout"


def test_what_the_answer_cost_is_told_where_the_price_is_known(quiet: dict[str, str]) -> None:
    answer = Answer("네", Usage(1_000_000, 100_000))
    local = case_of(quiet)
    assert "원" not in services.answered(local, answer, 1).text
    official = Case(
        dataclasses.replace(local.settings, openai_base_url=None), [], local.texts, local.file
    )
    check = services.answered(official, answer, 1)
    assert check.data["dollars"] == pytest.approx(0.15)
    assert "210.00원" in check.text
    assert services.answered(official, answer, 21).state == "warn"


def test_the_owners_price_counts_wherever_the_model_is(quiet: dict[str, str]) -> None:
    case = case_of(quiet)
    Prices({case.settings.openai_model: (1.0, 0.0)}, 1000.0).write(case.settings.data_dir)
    check = services.answered(case, Answer("네", Usage(1_000_000, 100_000)), 1)
    assert check.data["dollars"] == pytest.approx(1.0)
    assert "1000.00원" in check.text


# --- the way from outside -------------------------------------------------------------------


@pytest.fixture
def outside(quiet: dict[str, str], tunnel: Tunnel) -> dict[str, str]:
    """ChatGee does not run, and the tunnel leads to its port."""
    port = free_port()
    tunnel.target = f"http://127.0.0.1:{port}"
    return quiet | SKILL_KEY | {"PORT": port, "PUBLIC_URL": tunnel.url, "REPLY_SECONDS": "4.0"}


def test_a_stand_in_takes_the_place_of_a_chatgee_that_does_not_run(
    outside: dict[str, str], tunnel: Tunnel
) -> None:
    assert one("tunnel", outside).state == "good"
    assert len(tunnel.requests) == round_trip.TRIPS


def test_the_stand_in_answers_nobody_else(outside: dict[str, str]) -> None:
    with round_trip.stand_in(case_of(outside)) as server:
        message = payload() | {"headers": {}}
        with requests.post(f"{server.local}/prompt", json=message, timeout=PATIENCE) as reply:
            assert reply.status_code == 503


def test_a_long_way_needs_a_shorter_wait(outside: dict[str, str], tunnel: Tunnel) -> None:
    tunnel.delay = 0.25
    check = one("tunnel", outside | {"REPLY_SECONDS": "4.7"})
    assert check.state == "warn"
    assert check.data["worst"] >= 0.25
    assert 3.5 < check.data["proposed"] <= 4.4
    assert f"REPLY_SECONDS를 4.7에서 {check.data['proposed']}로" in (check.remedy or "")


@pytest.mark.parametrize(
    ("reply_seconds", "worst", "proposed"),
    [
        ("4.0", 0.7, None),
        ("4.0", 0.72, 3.9),
        ("4.5", 3.7, 1.0),
        ("4.5", 3.9, 1.0),
        ("0.9", 4.0, 0.9),
    ],
)
def test_the_proposed_wait(
    quiet: dict[str, str], reply_seconds: str, worst: float, proposed: float | None
) -> None:
    case = case_of(quiet | {"REPLY_SECONDS": reply_seconds})
    check = round_trip.judge(case, "https://bot.example.com", [0.1, 0.2, worst])
    assert check.data.get("proposed") == proposed
    assert (check.state == "good") is (worst == 0.7)


OTHERS: list[tuple[str, int, dict[str, str], bytes]] = [
    ("missing", 404, {}, b"no tunnel here"),
    ("moved", 308, {"Location": "https://elsewhere.example.com/prompt"}, b""),
    ("status", 502, {}, b"bad gateway"),
    ("status", 401, {"WWW-Authenticate": "Basic"}, b"who are you?"),
    ("page", 200, {"Content-Type": "text/html"}, b"<h1>You are about to visit</h1>"),
    ("foreign", 200, {"Content-Type": "application/json"}, b'{"version": "2.0"}'),
    ("foreign", 200, {own_mark.HEADER: own_mark.of("an old nonce")}, b'{"version": "2.0"}'),
]


@pytest.mark.parametrize(("kind", "status", "headers", "body"), OTHERS)
def test_whoever_else_answers_is_not_taken_for_chatgee(
    outside: dict[str, str],
    tunnel: Tunnel,
    kind: str,
    status: int,
    headers: dict[str, str],
    body: bytes,
) -> None:
    tunnel.says = status, headers, body
    check = one("tunnel", outside)
    assert (check.state, check.data["kind"]) == ("bad", kind)
    assert tunnel.url in check.text
    assert check.remedy
    assert tunnel.requests
    assert SKILL_KEY["SKILL_KEY"] not in str(tunnel.requests)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://no-such-host.invalid", "dns"),
        ("http://127.0.0.1:1", "refused"),
        ("https://127.0.0.1:{port}", "tls"),
        ("https://" + "x" * 70 + ".example.com", "dns"),
    ],
)
def test_why_the_public_address_cannot_be_reached_is_told(
    outside: dict[str, str], tunnel: Tunnel, url: str, kind: str
) -> None:
    check = one("tunnel", outside | {"PUBLIC_URL": url.format(port=tunnel.port)})
    assert (check.state, check.data["kind"]) == ("bad", kind)


def test_a_running_chatgee_with_another_key_is_told(quiet: dict[str, str], tunnel: Tunnel) -> None:
    with running(quiet | SKILL_KEY, tunnel):
        check = one("tunnel", quiet | {"SKILL_KEY": "a-newer-key"})
    assert (check.state, check.data["kind"]) == ("bad", "key")


def test_without_a_tunnel_it_is_for_this_machine_alone(quiet: dict[str, str]) -> None:
    check = one("tunnel", quiet)
    assert (check.state, "이 컴퓨터에서만" in check.text) == ("warn", True)


def test_a_tunnel_that_cannot_be_had_is_told(quiet: dict[str, str]) -> None:
    environ = quiet | {"TUNNEL": "ngrok"}
    assert "NGROK_AUTHTOKEN이 없어요" in one("tunnel", environ).text
    with program(environ) as run:
        assert run.url
        check = one("tunnel", environ)
    assert (check.state, "지금은 바깥 주소가 없어요" in check.text) == ("bad", True)


def test_a_port_that_another_program_has_is_told(outside: dict[str, str]) -> None:
    with closing(socket.create_server(("127.0.0.1", int(outside["PORT"])))):
        check = one("tunnel", outside)
    assert (check.state, "다른 프로그램이" in check.text) == ("bad", True)


# --- others ---------------------------------------------------------------------------------


def test_a_callback_host_that_cannot_be_reached_is_told(quiet: dict[str, str]) -> None:
    hosts = f"{quiet['CALLBACK_HOSTS']},127.0.0.1:1"
    good, bad = found("callback", quiet | {"CALLBACK_HOSTS": hosts})
    assert (good.state, bad.state, bad.data["kind"]) == ("good", "bad", "refused")


def test_who_calls_back_always_is_told_of_the_limit_that_somebody_has_seen(
    quiet: dict[str, str],
) -> None:
    assert "100,000번" in one("callback", quiet | {"CALLBACK": "always"}).text


def test_where_no_callback_is_used_none_is_tried(quiet: dict[str, str]) -> None:
    check = one("callback", quiet | {"CALLBACK": "off", "CALLBACK_HOSTS": "127.0.0.1:1"})
    assert check.state == "good"


@contextmanager
def clock(ahead: float) -> Iterator[str]:
    """The host of a server whose clock is so many seconds ahead."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(204)
            self.end_headers()

        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate(http.time.time() + ahead, usegmt=True)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("ahead", "state", "said"),
    [
        (0, "good", "맞아요"),
        (20, "good", "맞아요"),
        (90, "warn", "느려요"),
        (-90, "warn", "빨라요"),
    ],
)
def test_a_clock_that_is_wrong_is_told(
    quiet: dict[str, str], ahead: float, state: str, said: str
) -> None:
    with clock(ahead) as host:
        case = case_of(quiet | {"CALLBACK_HOSTS": host})
        assert [check.state for check in services.callback(case)] == ["good"]
    (check,) = services.clock(case)
    assert (check.state, said in check.text) == (state, True)


def test_where_nobody_tells_the_time_it_says_so(quiet: dict[str, str]) -> None:
    check = one("clock", quiet)
    assert (check.state, "견줄 시계가 없어서" in check.text) == ("warn", True)


def test_whoever_does_not_answer_is_not_waited_for() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(http.Lost) as lost:
            http.send("HEAD", url, 0.2)
    assert lost.value.kind == "timeout"
