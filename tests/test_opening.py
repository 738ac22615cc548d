"""A program that is started before its database."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")

from chatgee.store import database, opening
from tests import postgres
from tests.far_ends import PATIENCE
from tests.process import START_SECONDS, program

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


def refuse_one(port: int) -> None:
    """As a server that reads its log still: it is there, and hangs up."""
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
