"""ngrok: its agent runs beside us and is told over its own API what to forward.

pyngrok fetches the agent and knows where it lives. The agent itself is started and listened to
by us, since four things go wrong otherwise: pyngrok reads its output in the system's encoding
(a Korean path ends it on a Korean Windows), waits for a silent agent without end and holds a
lock that `kill` needs, leaves it running after SIGTERM, and does not see it die. It would also
show the token to everyone who lists processes, as `--authtoken`.
"""

import json
import os
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from chatgee.clock import Deadline
from chatgee.errors import TunnelError
from chatgee.settings import Settings, inherited
from chatgee.system.http import Lost
from chatgee.tunnel import ngrok_agent
from chatgee.tunnel.child import Child
from chatgee.tunnel.link import Link
from chatgee.tunnel.place import folder_of, upstream

OPEN_SECONDS = 12.0
RECONNECT_SECONDS = 90.0
"""How long an agent may reconnect by itself: after a night's sleep some never get back."""

FAILED_LOOKS = 3
FIELD = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')
CODE = re.compile(r"ERR_NGROK_(\d+)")

PERMANENT = {
    **dict.fromkeys((4018,), "tunnel.no_token"),
    **dict.fromkeys((105, 106), "tunnel.token_malformed"),
    **dict.fromkeys((107, 300), "tunnel.token_revoked"),
    **dict.fromkeys((102, 247, 337), "tunnel.unpaid"),
    **dict.fromkeys((103, 338), "tunnel.suspended"),
    **dict.fromkeys((123, 382), "tunnel.email_unverified"),
    **dict.fromkeys((115, 116, 9040), "tunnel.ip_refused"),
    **dict.fromkeys((120, 121), "tunnel.agent_too_old"),
    **dict.fromkeys((9009,), "tunnel.proxy"),
    **dict.fromkeys((725, 727, 4027), "tunnel.used_up"),
    **dict.fromkeys((316, 320), "tunnel.domain_not_yours"),
    **dict.fromkeys((319, 354), "tunnel.domain_unknown"),
    **dict.fromkeys((313, 314), "tunnel.domain_paid"),
    **dict.fromkeys((*range(326, 332), 347, 355, 396, 397), "tunnel.domain_malformed"),
}
PASSING = {
    **dict.fromkeys((108, 324, 348, 350), "tunnel.too_many_agents"),
    **dict.fromkeys((334,), "tunnel.already_online"),
    **dict.fromkeys((349, 351), "tunnel.too_fast"),
}
"""What ngrok refuses, by number: https://ngrok.com/docs/errors/reference"""


class Ngrok:
    """One run of the agent."""

    name = "ngrok"

    def __init__(self, settings: Settings, port: int, wake: Callable[[], None]) -> None:
        self._settings, self._wake = settings, wake
        self._upstream = upstream(settings, port)
        self._file = Path()
        self._lock = Lock()
        self._closed = False
        self._agent: Child | None = None
        self._address = ""
        self._failed_looks = 0
        # What the agent has said so far:
        self._api: str | None = None
        self._online = False
        self._away_since: float | None = None
        self._refusal: TunnelError | None = None

    def open(self) -> Link:
        token = self._settings.ngrok_authtoken
        if token is None:
            raise TunnelError("tunnel.no_token", permanent=True)
        self._file = ngrok_agent.installed(self._settings)
        deadline = Deadline.after(OPEN_SECONDS)
        # A name of its own: a trial may be open beside the tunnel, with another token.
        config = folder_of(self._settings) / f"ngrok-{secrets.token_hex(4)}.yml"
        try:
            self._wait_until_online(self._start(config, token.reveal()), deadline)
        finally:
            config.unlink(missing_ok=True)  # it was read; a token need not lie about
        self._address = self._forward(deadline)
        return Link(self.name, self._address)

    def look(self) -> Link:
        """As promised; an agent that hangs is given up after FAILED_LOOKS."""
        if self._refusal or not (self._agent and self._agent.running):
            raise self._refusal or TunnelError("tunnel.lost")
        if (since := self._away_since) is not None:
            if time.monotonic() - since > RECONNECT_SECONDS:
                raise TunnelError("tunnel.network")
            # Once it is back, the agent serves the address that it had.
            return Link(self.name, self._address, TunnelError("tunnel.away"))
        self._failed_looks = 0 if self._is_listed() else self._failed_looks + 1
        if self._failed_looks == FAILED_LOOKS:
            raise TunnelError("tunnel.lost")
        return Link(self.name, self._address)

    def close(self) -> None:
        with self._lock:
            self._closed = True
        if self._agent:
            self._agent.end()

    def _start(self, config: Path, token: str) -> Child:
        command = [str(self._file), "start", "--none", "--log", "stdout", "--config", config.name]
        _write(config, f'version: "3"\nagent:\n  authtoken: {json.dumps(token)}\n')
        # Both, since older agents know only the file, and newer ones look here first.
        environ = inherited(NGROK_AUTHTOKEN=token)
        with self._lock:
            if self._closed:
                raise TunnelError("tunnel.lost")
            try:
                self._agent = Child(command, config.parent, environ, self._hear, self._wake)
            except OSError as error:
                raise self._blocked(error) from error
        return self._agent

    def _wait_until_online(self, agent: Child, deadline: Deadline) -> None:
        agent.wait_for(lambda: self._refusal or (self._api and self._online), deadline.remaining)
        if self._refusal:
            raise self._refusal
        if not (self._api and self._online):
            raise self._why_not(agent)

    def _hear(self, line: str) -> None:
        said = {name: quoted or bare for name, quoted, bare in FIELD.findall(line)}
        message, level = said.get("msg", ""), said.get("lvl", "")
        if "starting web service" in message and "addr" in said:
            self._api = f"http://{said['addr']}"
        elif "client session established" in message:
            self._online, self._away_since = True, None
        elif level in {"eror", "crit", "error", "critical"} or line.startswith("ERROR"):
            self._hear_error(line, message)
        else:
            return
        self._wake()

    def _hear_error(self, line: str, message: str) -> None:
        code = CODE.search(line)
        # Later there are codes of single requests too, such as one that we answered too late.
        if code and (not self._online or int(code[1]) in PERMANENT | PASSING):
            self._refusal = self._refused(int(code[1]))
        elif "session" in message and self._away_since is None:
            self._online, self._away_since = False, time.monotonic()

    def _why_not(self, agent: Child) -> TunnelError:
        if not agent.running:
            return TunnelError("tunnel.agent_failed", file=self._file)
        return TunnelError("tunnel.agent_silent" if self._away_since is None else "tunnel.network")

    def _forward(self, deadline: Deadline) -> str:
        """Ask the agent for an address; it."""
        wanted: dict[str, object] = {"name": "chatgee", "upstream": {"url": self._upstream}}
        if domain := self._settings.ngrok_domain:
            wanted["url"] = domain if "://" in domain else f"https://{domain}"
        assert self._api
        try:
            made = ngrok_agent.ask(f"{self._api}/api/endpoints", deadline.remaining + 1, wanted)
        except ngrok_agent.NgrokRefusal as refusal:
            code = CODE.search(refusal.body)
            if not code and refusal.status == 404:
                raise self._refused(121) from refusal
            raise self._refused(int(code[1]) if code else refusal.status) from refusal
        except (Lost, ValueError) as error:
            raise TunnelError("tunnel.agent_silent") from error
        address = ngrok_agent.address_of(made)
        if not address:
            raise TunnelError("tunnel.agent_silent")
        return address

    def _is_listed(self) -> bool:
        """Whether the agent still forwards our address."""
        try:
            found = ngrok_agent.ask(f"{self._api}/api/endpoints", 2.0)
        except (ngrok_agent.NgrokRefusal, Lost, ValueError):
            return False
        rows = found.get("endpoints") or found.get("tunnels") or []
        return isinstance(rows, list) and self._address in map(ngrok_agent.address_of, rows)

    def _refused(self, code: int) -> TunnelError:
        """Its own words are never passed on: they repeat the token."""
        values: dict[str, object] = {"file": self._file} if code in {120, 121} else {}
        if code in PERMANENT:
            return TunnelError(PERMANENT[code], permanent=True, **values)
        if code in PASSING:
            return TunnelError(PASSING[code])
        return TunnelError("tunnel.refused", code=f"ERR_NGROK_{code}")

    def _blocked(self, error: OSError) -> TunnelError:
        return TunnelError(
            "tunnel.agent_blocked", True, file=self._file, why=error.strerror or error
        )


def _write(file: Path, text: str) -> None:
    """For our eyes only from its first moment."""
    with suppress(FileNotFoundError):
        file.unlink()
    try:
        with open(
            os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8"
        ) as opened:
            opened.write(text)
    except OSError as error:
        raise TunnelError(
            "tunnel.folder", folder=file.parent, why=error.strerror or error
        ) from error
