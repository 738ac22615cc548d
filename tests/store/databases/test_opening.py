"""A program that is started before its database."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")

from chatgee.store import database
from chatgee.store.databases import opening
from tests.support import postgres
from tests.support.far_ends import PATIENCE
from tests.support.process import START_SECONDS, program

NOBODY = "postgresql://chatgee:hidden@127.0.0.1:1/chatgee"
"""Where nothing listens."""
ENDED_SECONDS = 5.0


@pytest.mark.parametrize("words", [(), ("worker",)], ids=["web", "worker"])
def test_who_waits_for_the_database_can_be_told_to_end(
    environ: dict[str, str], words: tuple[str, ...]
) -> None:
    with program(environ | {"DATABASE_URL": NOBODY}, *words) as waiting:
        waiting.logged("아직 닿지 않아서", START_SECONDS)
        began = time.monotonic()
        assert waiting.stop() == 0
        assert time.monotonic() - began < ENDED_SECONDS
    assert "127.0.0.1" in waiting.output
    assert "hidden" not in waiting.output


STARTING = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
ENCRYPTED = {80877103, 80877104}
"""https://www.postgresql.org/docs/current/protocol-message-formats.html"""


def starts_up(port: int, until: float) -> None:
    """As a server that reads its log still, up to a moment of the monotonic clock."""
    with socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(0.1)
        while time.monotonic() < until:
            with suppress(TimeoutError), server.accept()[0] as caller:
                while (said := caller.recv(1000)) and int.from_bytes(said[4:8]) in ENCRYPTED:
                    caller.sendall(b"N")
                if said:
                    caller.sendall(b"E" + (len(STARTING) + 4).to_bytes(4) + STARTING)


def test_a_server_that_reads_its_log_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "REFUSAL_SECONDS", 0.1)
    with postgres.durable() as server, ThreadPoolExecutor() as threads:
        url = server.create()
        server.stop()
        starting = threads.submit(database.Database, url)
        starts_up(server.port, time.monotonic() + 2)
        assert not starting.done()
        server.start()
        starting.result(PATIENCE).close()


def refuse_one(port: int) -> None:
    """As something in its place that is there, and hangs up."""
    with socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(PATIENCE)
        server.accept()[0].close()  # who asks for a connection
        server.accept()[0].close()  # the look whether anybody is there


def test_a_server_that_was_long_away_is_waited_for_though_it_refuses_at_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All machines start together after a power cut; that of the database is the last."""
    monkeypatch.setattr(opening, "REFUSAL_SECONDS", 1.5)
    with postgres.durable() as server, ThreadPoolExecutor() as threads:
        url = server.create()
        server.stop()
        began = time.monotonic()
        starting = threads.submit(database.Database, url)
        time.sleep(max(0.0, began + opening.REFUSAL_SECONDS + 0.5 - time.monotonic()))
        refuse_one(server.port)
        server.start()
        starting.result(PATIENCE).close()
