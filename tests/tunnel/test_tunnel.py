"""A public address that is there, comes back, and leaves nothing behind."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from chatgee import tunnel
from chatgee.errors import TunnelError
from chatgee.settings import Settings
from chatgee.texts import Texts
from chatgee.tunnel import Link
from chatgee.tunnel.ngrok import FAILED_LOOKS, Ngrok
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.process import START_SECONDS, program
from tests.support.tunnel_side import TOKEN, FakeAgent, Heard, is_running, ours, until

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the fake agent needs POSIX signals"),
    pytest.mark.usefixtures("unhurried"),
]

CODES = {
    4018: "tunnel.no_token",
    105: "tunnel.token_malformed",
    106: "tunnel.token_malformed",
    107: "tunnel.token_revoked",
    300: "tunnel.token_revoked",
    108: "tunnel.too_many_agents",
    349: "tunnel.too_fast",
    102: "tunnel.unpaid",
    103: "tunnel.suspended",
    123: "tunnel.email_unverified",
    116: "tunnel.ip_refused",
    121: "tunnel.agent_too_old",
    727: "tunnel.used_up",
    9009: "tunnel.proxy",
    9999: "tunnel.refused",
}
ENDPOINT_CODES = {
    334: "tunnel.already_online",
    319: "tunnel.domain_unknown",
    320: "tunnel.domain_not_yours",
    314: "tunnel.domain_paid",
    326: "tunnel.domain_malformed",
    351: "tunnel.too_fast",
}


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAgent]:
    """And afterwards none of its processes is left."""
    folder = tmp_path / "홍 길동 (1) 100%"  # an owner's home
    folder.mkdir()
    fake = FakeAgent(folder)
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(fake.path))
    yield fake
    assert [pid for pid in fake.pids if is_running(pid)] == []


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def token(tmp_path: Path) -> Settings:
    return ours(tmp_path, NGROK_AUTHTOKEN=TOKEN)


# --- an address -----------------------------------------------------------------------------


def test_a_question_comes_through_the_public_address(
    agent: FakeAgent, token: Settings, bot: Bot, heard: Heard
) -> None:
    with tunnel.opened(token, bot.address[1], heard) as link:
        assert link == Link("ngrok", f"https://run-{agent.pids[0]}.ngrok-free.dev")
        assert agent.friend().says("안녕?").bubbles[-1] == "답: 안녕?"
    assert heard.links == []


def test_a_domain_of_ones_own_is_kept(agent: FakeAgent, tmp_path: Path, heard: Heard) -> None:
    mine = ours(tmp_path, NGROK_AUTHTOKEN=TOKEN, NGROK_DOMAIN="mine.ngrok-free.dev")
    with tunnel.opened(mine, 1, heard) as link:
        assert link.address == "https://mine.ngrok-free.dev"
        agent.dies()
        assert heard.wait_for(lambda link: link.address).address == link.address


def test_an_address_that_we_have_needs_no_tunnel(tmp_path: Path, heard: Heard) -> None:
    mine = ours(tmp_path, PUBLIC_URL="https://bot.example.com/", TUNNEL="ngrok")
    with tunnel.opened(mine, 1, heard) as link:
        assert link == Link("public_url", "https://bot.example.com")


@pytest.mark.parametrize("wanted", ["none", "auto"])
def test_without_a_way_out_there_is_only_this_computer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heard: Heard, wanted: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no ssh either
    with tunnel.opened(ours(tmp_path, TUNNEL=wanted), 1, heard) as link:
        assert link == Link("none")


def test_a_trial_tells_the_address_or_why_there_is_none(
    agent: FakeAgent, token: Settings, tmp_path: Path
) -> None:
    assert tunnel.trial(token, 1).startswith("https://run-")
    agent.told(session_code=107)
    for wanted, key in (
        (token, "tunnel.token_revoked"),
        (ours(tmp_path, TUNNEL="none"), "tunnel.off"),
    ):
        with pytest.raises(TunnelError) as caught:
            tunnel.trial(wanted, 1)
        assert caught.value.key == key


# --- what ngrok refuses ---------------------------------------------------------------------


def refused(wanted: Settings) -> TunnelError:
    with tunnel.opened(wanted, 1, Heard()) as link:
        assert (link.kind, link.address) == ("ngrok", None)
        assert link.trouble
        return link.trouble


@pytest.mark.parametrize(("code", "key"), CODES.items())
def test_a_session_that_is_refused_has_its_sentence(
    agent: FakeAgent, token: Settings, code: int, key: str
) -> None:
    agent.told(session_code=code)
    trouble = refused(token)
    assert trouble.key == key
    assert Texts.load()(key, **trouble.values)
    assert TOKEN not in f"{trouble!r} {trouble} {trouble.__cause__!r}"


@pytest.mark.parametrize(("code", "key"), ENDPOINT_CODES.items())
def test_an_address_that_is_refused_has_its_sentence(
    agent: FakeAgent, token: Settings, code: int, key: str
) -> None:
    agent.told(endpoint_code=code)
    trouble = refused(token)
    assert trouble.key == key
    assert Texts.load()(key, **trouble.values)


def test_without_a_token_no_agent_is_started(agent: FakeAgent, tmp_path: Path) -> None:
    assert refused(ours(tmp_path, TUNNEL="ngrok")).key == "tunnel.no_token"
    assert agent.runs == []


def test_a_refusal_that_only_the_owner_can_mend_is_not_repeated(
    agent: FakeAgent, token: Settings, heard: Heard
) -> None:
    agent.told(session_code=107)
    with tunnel.opened(token, 1, heard) as link:
        assert link.trouble
        assert link.trouble.permanent
        time.sleep(1.5)  # three times the first pause: what does not happen cannot be waited for
    assert len(agent.pids) == 1
    assert heard.links == []


def test_a_refusal_that_passes_is_tried_again(
    agent: FakeAgent, token: Settings, heard: Heard
) -> None:
    agent.told(endpoint_code=334)
    with tunnel.opened(token, 1, heard) as link:
        assert link.trouble
        assert not link.trouble.permanent
        agent.told()
        assert heard.wait_for(lambda link: link.address).trouble is None
    assert len(heard.links) == 1, "what was told once is not told again"


# --- the token ------------------------------------------------------------------------------


def test_the_token_is_seen_by_the_agent_alone(
    agent: FakeAgent, token: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    agent.told(session_code=105)
    refused(token)
    (run,) = agent.runs
    assert run["token"] == TOKEN
    assert TOKEN not in " ".join(run["arguments"]), "everyone can list processes"
    assert TOKEN not in caplog.text
    assert run["mode"] == 0o600
    assert list((token.data_dir / "tunnel").iterdir()) == [], "it was read and is gone"


def test_a_token_on_trial_beats_the_one_in_the_environment(
    agent: FakeAgent, token: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NGROK_AUTHTOKEN", "an-older-one")
    tunnel.trial(token, 1)
    assert agent.runs[0]["token"] == TOKEN


# --- what goes wrong ------------------------------------------------------------------------


def test_an_agent_that_dies_is_replaced_and_the_new_address_told(
    agent: FakeAgent, token: Settings, bot: Bot, heard: Heard
) -> None:
    with tunnel.opened(token, bot.address[1], heard) as link:
        agent.dies()
        lost = heard.wait_for(lambda link: link.trouble)
        assert (lost.address, str(lost.trouble)) == (None, "tunnel.lost")
        back = heard.wait_for(lambda link: link.address)
        assert (back.address != link.address, back.trouble) == (True, None)
        assert agent.friend().says("안녕?").bubbles[-1] == "답: 안녕?"


def test_while_the_network_is_away_the_address_stays_and_the_trouble_is_told(
    agent: FakeAgent, token: Settings, heard: Heard
) -> None:
    with tunnel.opened(token, 1, heard) as link:
        agent.signal(signal.SIGUSR1)
        away = heard.wait_for(lambda link: link.trouble)
        assert (away.address, str(away.trouble)) == (link.address, "tunnel.away")
        agent.signal(signal.SIGUSR2)
        assert heard.wait_for(lambda link: not link.trouble) == link
    assert len(agent.pids) == 1


def test_an_agent_that_ends_at_once_is_told(agent: FakeAgent, token: Settings) -> None:
    agent.told(ends=True)
    assert refused(token).key == "tunnel.agent_failed"


def test_an_agent_that_cannot_be_run_is_told(agent: FakeAgent, token: Settings) -> None:
    agent.path.chmod(0o600)
    trouble = refused(token)
    assert trouble.key == "tunnel.agent_blocked"
    assert str(agent.path) in Texts.load()(trouble.key, **trouble.values)


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_silent_agent_hinders_neither_the_start_nor_the_end(
    agent: FakeAgent, token: Settings, heard: Heard, stubborn: bool
) -> None:
    agent.told(silent=True, stubborn=stubborn)
    with tunnel.opened(token, 1, heard, first_wait=0.1) as link:
        assert str(link.trouble) == "tunnel.opening"
        until(lambda: agent.runs)
        ending = time.monotonic()
    assert time.monotonic() - ending < 2.5
    assert heard.links == []


def test_an_agent_that_hangs_is_given_up_and_ended(agent: FakeAgent, token: Settings) -> None:
    opening = Ngrok(token, 1, lambda: None)
    link = opening.open()
    agent.signal(signal.SIGSTOP)
    for _ in range(FAILED_LOOKS - 1):
        assert opening.look() == link, "it may only be busy"
    with pytest.raises(TunnelError, match=r"tunnel\.lost"):
        opening.look()
    opening.close()


def test_what_was_closed_is_not_opened_any_more(agent: FakeAgent, token: Settings) -> None:
    """As when it is closed while the agent is being fetched."""
    opening = Ngrok(token, 1, lambda: None)
    opening.close()
    with pytest.raises(TunnelError):
        opening.open()
    assert agent.runs == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, agent: FakeAgent) -> None:
    (tmp_path / "data").touch()
    assert refused(ours(tmp_path, NGROK_AUTHTOKEN=TOKEN)).key == "tunnel.folder"


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "http://", "socks5://h:1", "http://h:x"])
def test_an_agent_that_cannot_be_fetched_is_told_and_leaves_no_half_of_it(
    proxy: str,
    tmp_path: Path,
    token: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    missing = tmp_path / "home" / "ngrok"
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(missing))
    monkeypatch.setenv("https_proxy", proxy)  # nothing gets out of this computer
    assert refused(token).key == "tunnel.no_agent"
    assert list(missing.parent.iterdir()) == []
    assert "Downloading" not in capfd.readouterr().out


def test_a_listener_that_fails_does_not_end_the_tunnel(
    agent: FakeAgent, token: Settings, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(link: Link) -> None:
        heard(link)
        raise RuntimeError("the owner's page is broken")

    with tunnel.opened(token, 1, fails):
        agent.dies()
        assert heard.wait_for(lambda link: link.address)
    assert "could not be told" in caplog.text


@pytest.fixture(scope="session")
def old_agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real agent, years old, from npm."""
    if not shutil.which("npm"):
        pytest.skip("install npm (Node.js): the real agent of ngrok comes from there")
    folder = tmp_path_factory.mktemp("npm")
    with suppress(subprocess.TimeoutExpired):
        package = "@expo/ngrok-bin-linux-x64"
        subprocess.run(
            ["npm", "pack", package], cwd=folder, capture_output=True, check=False, timeout=60
        )
    archives = list(folder.glob("*.tgz"))
    if not archives or not sys.platform.startswith("linux"):
        pytest.skip("needs Linux and a connection to npm: the real agent comes from there")
    subprocess.run(["tar", "-xzf", archives[0], "-C", folder], check=True)
    return folder / "package" / "ngrok"


def test_a_real_agent_without_network_is_told_and_ended(
    old_agent: Path, token: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started = tmp_path / "pid"
    script = tmp_path / "ngrok"
    script.write_text(f'#!/bin/sh\necho $$ > "{started}"\nexec "{old_agent}" "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(script))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # as if there were no network
    assert refused(token).key == "tunnel.network"
    assert not is_running(int(started.read_text()))


# --- the whole program ----------------------------------------------------------------------


@pytest.fixture
def environ_with_agent(environ: dict[str, str], agent: FakeAgent) -> dict[str, str]:
    return environ | {
        "TUNNEL": "auto",
        "REPLY_SECONDS": "4.5",
        "NGROK_AUTHTOKEN": TOKEN,
        "PYNGROK_NGROK_PATH": str(agent.path),
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_agent_too(
    environ_with_agent: dict[str, str], agent: FakeAgent, number: int
) -> None:
    with program(environ_with_agent) as run:
        assert run.url == f"https://run-{agent.pids[0]}.ngrok-free.dev/prompt"
        assert agent.friend().says("안녕?").bubbles[-1] == "답: 안녕?"
        started = time.monotonic()
        assert run.stop(number) == 0
        assert time.monotonic() - started < 5
    assert not is_running(agent.pids[0])
    assert TOKEN not in run.output


def test_what_is_held_at_the_end_still_goes_out_through_the_tunnel(
    environ_with_agent: dict[str, str], agent: FakeAgent, fake_openai: FakeOpenAI
) -> None:
    fake_openai.hold()
    with program(environ_with_agent) as run:
        assert run.url
        friend, shown = agent.friend(), []
        asking = Thread(target=lambda: shown.append(friend.says("질문")))
        asking.start()
        fake_openai.wait_for(1)
        os.killpg(run.process.pid, signal.SIGINT)  # as Ctrl+C reaches every program of a terminal
        run.logged("끝내고 있어요")
        fake_openai.release()
        asking.join()
        assert shown[0].bubbles[-1] == "답: 질문"
        assert run.process.wait(PATIENCE) == 0


def test_a_new_address_is_told(environ_with_agent: dict[str, str], agent: FakeAgent) -> None:
    with program(environ_with_agent) as run:
        assert run.url
        agent.dies()
        until(lambda: len(agent.pids) == 2)
        run.logged(f"skill url: https://run-{agent.pids[1]}.ngrok-free.dev/prompt")
        assert "바깥 주소가 끊겨서" in run.output
        assert run.stop() == 0


def test_while_an_agent_is_silent_the_local_address_is_told(
    environ_with_agent: dict[str, str], agent: FakeAgent
) -> None:
    agent.told(silent=True)
    with program(environ_with_agent) as run:
        assert run.url.startswith("http://127.0.0.1:")
        run.logged("바깥 주소를 만들고 있어요")
        assert run.stop() == 0


def test_a_silent_agent_does_not_hinder_a_signal(
    environ_with_agent: dict[str, str], agent: FakeAgent
) -> None:
    agent.told(silent=True)
    with program(environ_with_agent) as run:
        until(lambda: agent.runs, START_SECONDS)
        started = time.monotonic()
        assert run.stop() == 0
        assert time.monotonic() - started < 5


@pytest.mark.skipif(
    not shutil.which("setpriv"), reason="install setpriv (util-linux), which ties the agent to us"
)
def test_even_a_kill_leaves_no_agent(environ_with_agent: dict[str, str], agent: FakeAgent) -> None:
    with program(environ_with_agent) as run:
        assert run.url
        os.kill(run.process.pid, signal.SIGKILL)
        run.process.wait()
        until(lambda: not is_running(agent.pids[0]))
