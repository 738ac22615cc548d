"""A stand-in for localhost.run: real ssh, and connections that really go back through it."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import asyncssh

from tests.support.far_ends import PATIENCE

GREETING = "Welcome to localhost.run! See https://admin.localhost.run/ and https://x.com/lhr\r\n"

FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda name: f"{name} tunneled with tls termination, https://{name}",
    "event": lambda name: f'{{"event":"tcpip-forward","address":"{name}","status":"success"}}',
    "cloud event": lambda name: (
        '{"specversion":"1.0","type":"v1.tcpip_forward.register.accepted",'
        f'"id":"localhost/{name}"}}'
    ),
}


class Forward(asyncssh.SSHListener):
    """The public side of one connection: a socket whose visitors are sent to the client."""

    def __init__(self, inner: asyncio.Server) -> None:
        self._inner = inner

    @property
    def port(self) -> int:
        return int(self._inner.sockets[0].getsockname()[1])

    def get_port(self) -> int:
        return 80

    def close(self) -> None:
        self._inner.close()

    async def wait_closed(self) -> None:
        pass


class Door(asyncssh.SSHServer):
    """One client's connection; nobody is asked who they are."""

    def __init__(self, service: "SshService") -> None:
        self._service = service

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn
        self._service.connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        return username != "nokey"

    async def server_requested(self, listen_host: str, listen_port: int) -> Any:
        if self._service.refuses:
            return False

        async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                inside, outside = await self._conn.open_connection(listen_host, listen_port)
                await asyncio.gather(_pump(reader, outside), _pump(inside, writer))
            except (OSError, asyncssh.Error):
                writer.transport.abort()  # whoever visited has left, or the way is gone
            else:
                writer.close()

        self._service.forward = Forward(await asyncio.start_server(visit, "127.0.0.1", 0))
        return self._service.forward


async def _pump(source: Any, target: Any) -> None:
    while data := await source.read(65536):
        target.write(data)
    target.write_eof()


class SshService:
    """On a free port of this machine; the addresses are `names`, one for each connection."""

    def __init__(self, folder: Path) -> None:
        self.names = [f"{letter}123456789.lhr.life" for letter in "abcdefgh"]
        self.says = FORMS["plain"]
        self.refuses = False
        self.ends_after_words = False
        self.forward: Forward | None = None
        self.connections: list[asyncssh.SSHServerConnection] = []
        self.commands: list[str | None] = []
        self._processes: list[asyncssh.SSHServerProcess[str]] = []
        self._folder = folder
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.start()

    def start(self) -> None:
        """Begin, or begin again on the same port."""
        self.port = self._do(self._start())

    def stop(self) -> None:
        """Drop everyone, and take no new connections."""
        self._do(self._stop())

    def becomes_another(self) -> None:
        """With another key, as a far end that only pretends to be it."""
        self.stop()
        (self._folder / "host_key").unlink()
        self.start()

    def tells_another_address(self) -> None:
        """The address changes while the connection goes on."""
        self._loop.call_soon_threadsafe(self._tell, self._processes[-1])

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> int:
        key = self._folder / "host_key"
        if not key.exists():
            asyncssh.generate_private_key("ssh-ed25519").write_private_key(key)
        self._server = await asyncssh.create_server(
            lambda: Door(self),
            "127.0.0.1",
            self.port,
            server_host_keys=[str(key)],
            process_factory=self._serve,
            reuse_address=True,
        )
        return self._server.get_port()

    async def _stop(self) -> None:
        self._server.close()
        if self.forward:
            self.forward.close()
        for connection in self.connections:
            connection.abort()
        self.connections.clear()
        await self._server.wait_closed()
        await asyncio.sleep(0.05)  # the connections' own tasks end

    async def _serve(self, process: "asyncssh.SSHServerProcess[str]") -> None:
        self.commands.append(process.command)
        self._processes.append(process)
        process.stdout.write(GREETING)
        self._tell(process)
        if self.ends_after_words:
            process.exit(0)
        await process.stdin.read()

    def _tell(self, process: "asyncssh.SSHServerProcess[str]") -> None:
        process.stdout.write(self.says(self.names.pop(0)) + "\r\n")

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)
