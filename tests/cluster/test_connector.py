"""What a worker asks of a server that is away waits, and takes up no more room the longer it is."""

import asyncio
from typing import TYPE_CHECKING

import pytest

pytest.importorskip(
    "procrastinate", reason="no procrastinate: pip install -r requirements-cluster.txt"
)
from chatgee.cluster.connector import MOST_WAITING, PatientConnector
from tests.support.far_ends import PATIENCE

if TYPE_CHECKING:
    from tests.support.postgres import OwnServer

MORE = MOST_WAITING + 200


async def asked(server: "OwnServer", url: str) -> list[int]:
    """What many find who ask while nobody answers, and how many waited when the line was full."""
    connector = PatientConnector(url)
    await connector.open_async()
    server.stop()
    asking = [
        asyncio.create_task(connector.execute_query_one_async("SELECT 7")) for _ in range(MORE)
    ]
    pool = connector.pool
    async with asyncio.timeout(PATIENCE):
        while pool.get_stats()["requests_waiting"] < MOST_WAITING:
            await asyncio.sleep(0.05)
    for _ in range(50):
        await asyncio.sleep(0.1)
        assert pool.get_stats()["requests_waiting"] <= MOST_WAITING
    await asyncio.to_thread(server.start)
    async with asyncio.timeout(6 * PATIENCE):
        rows = await asyncio.gather(*asking)
    await connector.close_async()
    return [next(iter(row.values())) for row in rows]


def test_who_waits_for_a_server_that_is_away_is_kept_once_and_answered(
    own_postgres: "OwnServer",
) -> None:
    assert asyncio.run(asked(own_postgres, own_postgres.create())) == [7] * MORE
