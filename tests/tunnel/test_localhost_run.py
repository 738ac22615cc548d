"""localhost.run: the real ssh, before a service of ours and before a real sshd."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatgee import tunnel
from chatgee.settings import Settings
from chatgee.texts import Texts
from chatgee.tunnel import Link
from chatgee.tunnel.localhost_run import address_in
from tests.support.bot import Bot
from tests.support.kakao_side import Friend
from tests.support.process import ROOT, program
from tests.support.ssh_service import FORMS, SshService
from tests.support.tunnel_side import Heard, SshPath, is_running, ours, until

pytestmark = [
    pytest.mark.skipif(not shutil.which("ssh"), reason="install ssh (openssh-client)"),
    pytest.mark.skipif(sys.platform == "win32", reason="the way to the service is a shell script"),
    pytest.mark.usefixtures("unhurried"),
]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[SshService]:
    end = SshService(tmp_path)
    yield end
    end.close()


@pytest.fixture
def path(tmp_path: Path, service: SshService, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshPath]:
    """And afterwards no ssh is left."""
    folder = tmp_path / "bin"
    folder.mkdir()
    led = SshPath(folder, service)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    yield led
    assert [pid for pid in led.pids if is_running(pid)] == []


@pytest.fixture
def wanted(tmp_path: Path) -> Settings:
    return ours(tmp_path / "바탕 화면 100%", TUNNEL="localhost.run")


@pytest.fixture
def heard() -> Heard:
    return Heard()


def friend(service: SshService) -> Friend:
    assert service.forward
    return Friend(f"http://127.0.0.1:{service.forward.port}/prompt")


# --- an address -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_a_question_comes_through_whichever_way_the_address_is_told(
    path: SshPath, service: SshService, wanted: Settings, bot: Bot, heard: Heard, form: str
) -> None:
    service.says = FORMS[form]
    with tunnel.opened(wanted, bot.address[1], heard) as link:
        assert link == Link("localhost.run", "https://a123456789.lhr.life")
        assert friend(service).says("안녕?").bubbles[-1] == "답: 안녕?"
        assert service.commands == ["--output json"]
    assert heard.links == []
    assert (wanted.data_dir / "tunnel" / "known_hosts").is_file(), "not in the owner's own"


@pytest.mark.parametrize(
    "line",
    [
        "Welcome to localhost.run! https://admin.localhost.run/",
        "https://a123.lhr.life",
        "evil.com tunneled with tls termination, https://evil.com",
        "x tunneled with tls termination, https://a.lhr.life.evil.com",
        "x tunneled with tls termination, https://a.lhr.life/evil",
        "x tunneled with tls termination, https://lhr.life",
        '{"event":"tcpip-forward","address":"evillhr.life"}',
        '{"event":"tcpip-forward","address":"user@a.lhr.life"}',
        '{"event":"tcpip-forward","address":null}',
        '{"event":"error","address":"a.lhr.life"}',
        '{"type":"v1.tcpip_forward.register.rejected","id":"localhost/a.lhr.life"}',
        '{"type":"v1.tcpip_forward.register.accepted","id":["a.lhr.life"]}',
        *('"a.lhr.life"', "[]", "{", "[" * 9_999, ""),
    ],
)
def test_nothing_else_counts_as_an_address(line: str) -> None:
    assert address_in(line) is None


# --- what goes wrong ------------------------------------------------------------------------


def test_an_answer_without_an_address_of_theirs_is_refused(
    path: SshPath, service: SshService, wanted: Settings
) -> None:
    service.says = lambda name: "evil.com tunneled with tls termination, https://evil.com\r\n"
    service.ends_after_words = True
    with tunnel.opened(wanted, 1, Heard()) as link:
        assert (link.address, str(link.trouble)) == (None, "tunnel.ssh_address")


def test_when_the_service_dies_a_new_address_is_told(
    path: SshPath, service: SshService, wanted: Settings, bot: Bot, heard: Heard
) -> None:
    with tunnel.opened(wanted, bot.address[1], heard):
        service.stop()
        assert str(heard.wait_for(lambda link: link.trouble).trouble) == "tunnel.lost"
        service.start()
        back = heard.wait_for(lambda link: link.address)
        assert back == Link("localhost.run", "https://b123456789.lhr.life")
        assert friend(service).says("안녕?").bubbles[-1] == "답: 안녕?"


def test_an_address_that_changes_meanwhile_is_told(
    path: SshPath, service: SshService, wanted: Settings, heard: Heard
) -> None:
    with tunnel.opened(wanted, 1, heard):
        service.tells_another_address()
        changed = heard.wait_for(lambda link: link.address == "https://b123456789.lhr.life")
        assert changed.trouble is None
    assert len(path.pids) == 1


def test_a_service_that_forwards_nothing_is_told(
    path: SshPath, service: SshService, wanted: Settings
) -> None:
    service.refuses = True
    with tunnel.opened(wanted, 1, Heard()) as link:
        assert str(link.trouble) == "tunnel.ssh_refused"


def test_a_service_that_is_another_one_than_before_is_told(
    path: SshPath, service: SshService, wanted: Settings
) -> None:
    tunnel.trial(wanted, 1)
    service.becomes_another()
    with tunnel.opened(wanted, 1, Heard()) as link:
        assert link.trouble
        assert (link.trouble.key, link.trouble.permanent) == ("tunnel.ssh_host_key", True)
        assert "known_hosts" in Texts.load()(link.trouble.key, **link.trouble.values)


def test_no_way_to_the_service_is_told(
    path: SshPath, service: SshService, wanted: Settings
) -> None:
    service.stop()
    with tunnel.opened(wanted, 1, Heard()) as link:
        assert (link.kind, str(link.trouble)) == ("localhost.run", "tunnel.ssh_network")


def test_no_ssh_is_told(wanted: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with tunnel.opened(wanted, 1, Heard()) as link:
        assert (link.kind, str(link.trouble)) == ("localhost.run", "tunnel.no_ssh")


def test_a_service_that_says_nothing_does_not_hinder_the_end(
    path: SshPath, service: SshService, wanted: Settings
) -> None:
    service.says = lambda name: "..."
    with tunnel.opened(wanted, 1, Heard(), first_wait=0):
        until(lambda: service.commands)
        ending = time.monotonic()
    assert time.monotonic() - ending < 2.5


# --- auto -----------------------------------------------------------------------------------


def test_without_a_token_it_is_taken_by_itself(
    path: SshPath, tmp_path: Path, service: SshService
) -> None:
    with tunnel.opened(ours(tmp_path), 1, Heard()) as link:
        assert link.kind == "localhost.run"
        assert link.address


def test_where_nobody_asked_for_it_by_name_its_failure_is_no_tunnel_and_it_is_tried_on(
    path: SshPath, tmp_path: Path, service: SshService, heard: Heard
) -> None:
    service.stop()
    with tunnel.opened(ours(tmp_path), 1, heard) as link:
        assert (link.kind, link.address, str(link.trouble)) == ("none", None, "tunnel.ssh_network")
        service.start()
        assert heard.wait_for(lambda link: link.address).kind == "localhost.run"
    assert len(heard.links) == 1


def test_a_signal_ends_ssh_too(path: SshPath, service: SshService, environ: dict[str, str]) -> None:
    with program(environ | {"TUNNEL": "auto", "REPLY_SECONDS": "4"}) as run:
        assert run.url == "https://a123456789.lhr.life/prompt"
        assert friend(service).says("안녕?").bubbles[-1] == "답: 안녕?"
        assert run.stop() == 0


# --- a real sshd ----------------------------------------------------------------------------


def test_the_command_as_it_is_works_with_a_real_sshd(tmp_path: Path) -> None:
    """In a network of its own, where localhost.run is this computer."""
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if not (sshd and shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("install openssh-server, util-linux and iproute2")
    if subprocess.run(["unshare", "-n", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("run it as root: `unshare -n -m` is not permitted")
    script = [sys.executable, "-m", "tests.support.real_sshd", sshd, str(tmp_path)]
    told = subprocess.run(
        ["unshare", "-n", "-m", *script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.stdout.splitlines()[-2:] == [
        "localhost.run https://a123456789.lhr.life",
        "POST /prompt",
    ], told.stdout + told.stderr
