"""localhost.run: a public address over ssh, without an account; it changes after some hours."""

import json
import os.path
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any

from chatgee.errors import TunnelError
from chatgee.settings import Settings, inherited
from chatgee.tunnel.child import Child
from chatgee.tunnel.link import Link
from chatgee.tunnel.place import folder_of, host_of

OPEN_SECONDS = 14.0
KNOWN_HOSTS = "known_hosts"
OPTIONS = {
    "BatchMode": "yes",  # ask nothing: nobody sits there
    "StrictHostKeyChecking": "accept-new",
    "UserKnownHostsFile": KNOWN_HOSTS,
    "ExitOnForwardFailure": "yes",
    "ConnectTimeout": "10",
    "ServerAliveInterval": "15",
    "ServerAliveCountMax": "2",
}
SERVER = "nokey@localhost.run"

ADDRESS = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.lhr\.life", re.ASCII)
"""The names that are given out. The greeting is full of other addresses."""

PLAIN = re.compile(r"\S+ tunneled with tls termination, https://(\S+)")

WORDS = {
    r"host key verification failed|identification has changed": "tunnel.ssh_host_key",
    r"permission denied|remote port forwarding failed|too many": "tunnel.ssh_refused",
    r"could not resolve|timed out|refused|unreachable|no route|closed by|reset": (
        "tunnel.ssh_network"
    ),
}
"""How ssh says why it ends, the more telling first."""


def ssh() -> str | None:
    """The ssh of this system. Windows has one that is not always found by its name."""
    there = os.path.expandvars(r"%SystemRoot%\System32\OpenSSH")
    return shutil.which("ssh") or shutil.which("ssh", path=there)


class LocalhostRun:
    """One run of ssh."""

    name = "localhost.run"

    def __init__(self, settings: Settings, port: int, wake: Callable[[], None]) -> None:
        self._settings, self._wake = settings, wake
        self._forward = f"80:{host_of(settings)}:{port}"
        self._lock = Lock()
        self._closed = False
        self._child: Child | None = None
        self._address: str | None = None
        self._complaint: str | None = None

    def open(self) -> Link:
        child = self._start()
        if not child.wait_for(lambda: self._address, OPEN_SECONDS):
            raise self._why_not()
        return Link(self.name, self._address)

    def look(self) -> Link:
        if not (self._child and self._child.running):
            raise TunnelError("tunnel.lost")
        return Link(self.name, self._address)

    def close(self) -> None:
        with self._lock:
            self._closed = True
        if self._child:
            self._child.end()

    def _start(self) -> Child:
        program = ssh()
        if program is None:
            raise TunnelError("tunnel.no_ssh", permanent=True)
        options = [part for name, value in OPTIONS.items() for part in ("-o", f"{name}={value}")]
        # -F none: the owner's own settings for ssh may hold anything.
        command = [program, "-T", "-F", "none", *options, "-R", self._forward, SERVER]
        command += ["--", "--output", "json"]
        folder = folder_of(self._settings)
        with self._lock:
            if self._closed:
                raise TunnelError("tunnel.lost")
            try:
                self._child = Child(command, folder, inherited(), self._hear, self._wake)
            except OSError as error:
                raise TunnelError("tunnel.no_ssh", permanent=True) from error
        return self._child

    def _hear(self, line: str) -> None:
        if address := address_in(line):
            self._address = f"https://{address}"  # a later one replaces it
            self._wake()
        for words, key in WORDS.items():
            if re.search(words, line, re.IGNORECASE):
                self._complaint = self._complaint or key

    def _why_not(self) -> TunnelError:
        if self._complaint == "tunnel.ssh_host_key":
            file = folder_of(self._settings) / KNOWN_HOSTS
            return TunnelError(self._complaint, permanent=True, file=file)
        return TunnelError(self._complaint or "tunnel.ssh_address")


def address_in(line: str) -> str | None:
    """The name that we were given, if the line tells one, in any of the three forms seen."""
    found = match[1] if (match := PLAIN.fullmatch(line)) else _in_json(line)
    return found if ADDRESS.fullmatch(found) else None


def _in_json(line: str) -> str:
    with suppress(ValueError, RecursionError):
        event: Any = json.loads(line)
        match event:
            case {"event": "tcpip-forward", "address": str(address)}:
                return address
            case {"type": "v1.tcpip_forward.register.accepted", "id": str(id)}:
                return id.removeprefix("localhost/")
    return ""
