"""Fill ChatGee's store with friends who have talked before.

`python bench/fill.py DATA_DIR --friends 100000 --turns 5` writes answered and delivered questions
to DATA_DIR/chatgee.db, as if friends 0, 1, 2 … of the generator had asked them. The tables are
ChatGee's own; the rows go through the raw driver, a million messages in well under two minutes.
"""

import argparse
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generator import friend_id
from turns import ANSWERED, TURNS, asked

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
DAY = 24 * 3600.0


def fill(data_dir: Path, *, friends: int, turns: int = TURNS) -> None:
    """Add so many friends with so many answered questions each."""
    from sqlalchemy import create_engine

    from chatgee.store import schema
    from chatgee.store.databases import migrations

    data_dir.mkdir(parents=True, exist_ok=True)
    file = data_dir / "chatgee.db"
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        migrations.bring_up(connection)
    now = time.time()
    with sqlite3.connect(file) as driver:
        driver.execute("PRAGMA journal_mode=WAL")
        driver.execute("PRAGMA synchronous=OFF")
        insert(driver, schema.friends.name, friend_rows(friends, turns, now))
        insert(driver, schema.questions.name, question_rows(friends, turns, now))
        insert(driver, schema.usage.name, usage_rows(friends * turns, now))
        driver.commit()
    driver.close()
    with engine.begin() as connection:
        migrations.count_stored(connection)
    engine.dispose()


def insert(driver: sqlite3.Connection, table: str, rows: Iterator[dict[str, Any]]) -> None:
    """Insert rows that all have the first one's columns."""
    first = next(rows, None)
    if first is None:
        return
    places = ", ".join(f":{column}" for column in first)
    sql = f"INSERT INTO {table} ({', '.join(first)}) VALUES ({places})"
    driver.execute(sql, first)
    driver.executemany(sql, rows)


def friend_rows(friends: int, turns: int, now: float) -> Iterator[dict[str, Any]]:
    for number in range(friends):
        yield {
            "id": friend_id(number),
            "questions": turns,
            "memory_from": 0,
            "first_seen_at": now - 30 * DAY,
            "last_seen_at": now - DAY,
        }


def question_rows(friends: int, turns: int, now: float) -> Iterator[dict[str, Any]]:
    """In the order in which they were asked: everybody's first, everybody's second, …"""
    from chatgee.questions import Delivery, State, new_id

    for turn in range(turns):
        text = asked(turn)
        for number in range(friends):
            at = now - 30 * DAY + 29 * DAY * (turn * friends + number) / (turns * friends)
            yield {
                "id": new_id(),
                "user_id": friend_id(number),
                "position": turn + 1,
                "text": text,
                "asked_at": at,
                "state": State.ANSWERED.value,
                "answer": ANSWERED,
                "shown": ANSWERED,
                "answered_at": at + 2,
                "delivery": Delivery.REPLY.value,
                "delivered_at": at + 2,
            }


def usage_rows(answers: int, now: float) -> Iterator[dict[str, Any]]:
    """One day's total; the columns are read by daily limits only."""
    if answers:
        yield {
            "day": time.strftime("%Y-%m-%d", time.gmtime(now - DAY)),
            "user_id": "",
            "answers": answers,
            "prompt_tokens": answers * 400,
            "completion_tokens": answers * 180,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--friends", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    began = time.monotonic()
    fill(options.data_dir, friends=options.friends, turns=options.turns)
    messages = options.friends * options.turns * 2
    print(f"{messages:,} messages in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
