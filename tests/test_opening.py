"""A program that is started before its database."""

import time

import pytest

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")

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
