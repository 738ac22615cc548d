"""What the tests of tunnels share: the far ends, and an ear for every Link."""

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chatgee import settings
from chatgee.settings import Settings
from chatgee.tunnel import Link
from tests.support.far_ends import PATIENCE
from tests.support.kakao_side import Friend
from tests.support.ssh_service import SshService

HERE = Path(__file__).parent
TOKEN = "2abcSecretTokenOfNgrok_7xyz"
NOWHERE = Path("no such file")


def ours(folder: Path, **given: str) -> Settings:
    return settings.load({"DATA_DIR": str(folder / "data"), **given}, NOWHERE)


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Of another process, which can tell us nothing."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether it does; one that has ended and is not yet buried does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # gone just now, or a system without /proc
        return not Path("/proc/self").exists()


class Heard:
    """`changed` of a test: every Link that came."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self._news = threading.Condition()

    def __call__(self, link: Link) -> None:
        with self._news:
            self.links.append(link)
            self._news.notify_all()

    def wait_for(self, wanted: Callable[[Link], object]) -> Link:
        with self._news:
            came = self._news.wait_for(lambda: any(map(wanted, self.links)), PATIENCE * 2)
            assert came, self.links
            return next(filter(wanted, self.links))


class FakeAgent:
    """The program of `tests/support/ngrok_agent.py`, where pyngrok looks for ngrok's."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ngrok"
        script = HERE / "ngrok_agent.py"
        self.path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "{folder}" "$@"\n')
        self.path.chmod(0o755)
        self._told, self._runs = folder / "agent.json", folder / "runs.jsonl"
        self._runs.touch()
        self.told()

    def told(self, **what: Any) -> None:
        """What the next runs shall do: session_code, endpoint_code, silent, stubborn, ends."""
        told = self._told.with_suffix(".new")
        told.write_text(json.dumps(what))
        told.replace(self._told)  # an agent may read it just now

    @property
    def runs(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._runs.read_text("utf-8").splitlines()]

    @property
    def pids(self) -> list[int]:
        return list(dict.fromkeys(run["pid"] for run in self.runs))

    def signal(self, number: int) -> None:
        os.kill(self.pids[-1], number)

    def dies(self) -> None:
        self.signal(signal.SIGKILL)

    def friend(self) -> Friend:
        """Somebody who comes through the public address."""
        edge = [run for run in self.runs if "edge" in run][-1]
        name = edge["url"].removeprefix("https://")
        return Friend(f"http://127.0.0.1:{edge['edge']}/prompt", headers=(("Host", name),))


class SshPath:
    """A folder with the real ssh in it, led to a service of ours instead of localhost.run."""

    def __init__(self, folder: Path, service: SshService) -> None:
        self.folder, self._pids = folder, folder / "pids"
        self._pids.touch()
        program = folder / "ssh"
        program.write_text(
            f"""\
#!/bin/sh
echo $$ >> "{self._pids}"
for one; do
  shift
  case "$one" in
    nokey@localhost.run) set -- "$@" -p {service.port} nokey@127.0.0.1 ;;
    *) set -- "$@" "$one" ;;
  esac
done
exec "{shutil.which("ssh")}" "$@"
"""
        )
        program.chmod(0o755)

    @property
    def pids(self) -> list[int]:
        return [int(line) for line in self._pids.read_text().split()]
