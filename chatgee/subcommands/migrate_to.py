"""`python run.py migrate-to URL`: all that was talked goes to a PostgreSQL, and is compared there.

The file that it came from stays as it is. Cut short, it goes on where it was.
"""

import os
import time
from dataclasses import replace

from chatgee.errors import AlreadyRunningError, ChatGeeError
from chatgee.owner.backup import restore
from chatgee.settings import Settings, parse
from chatgee.settings.value_parsers import Secret
from chatgee.store.databases.opening import is_shared
from chatgee.store.moving import move as moving
from chatgee.store.moving.move import Compared, Move, MoveState
from chatgee.store.reading.archive import file_of
from chatgee.system import logs, single_instance
from chatgee.texts import Texts

SHOWN_DIGITS = 12
TOLD_SECONDS = 2.0
"""How long nothing may be told while rows go over."""


def command(ours: Settings, texts: Texts, words: list[str]) -> None:
    """To the URL, or to the one that is DATABASE_URL already; `ChatGeeError` where it cannot."""
    os.umask(0o077)  # conversations are the owner's alone
    target = _target(ours, words)
    secrets = (*ours.secrets, *target.parts)
    if is_shared(ours.sqlalchemy_url):
        ours = replace(ours, database_url=None)  # from where it was before that was set
    if not ours.data_dir.is_dir():
        raise ChatGeeError("move.no_source", file=file_of(ours.sqlalchemy_url))
    try:
        with single_instance.only(ours.data_dir):
            logs.configure(ours.log_level, secrets, ours.data_dir)
            restore.finish(ours)  # a backup that the next start would have put in place
            print(texts("move.looking", file=file_of(ours.sqlalchemy_url)), flush=True)
            with moving.between(ours.sqlalchemy_url, target.reveal()) as move:
                _Moving(move, texts).run()
    except AlreadyRunningError as error:
        key = "move.running" if error.local else "move.in_use"
        raise ChatGeeError(key, url=error.local) from error


def _target(ours: Settings, words: list[str]) -> Secret:
    if len(words) == 1:
        typed: Secret = parse("DATABASE_URL", words[0])
        return typed
    if words or not (ours.database_url and is_shared(ours.sqlalchemy_url)):
        raise ChatGeeError("move.usage")
    return ours.database_url


class _Moving:
    """A move, and what the owner is told of it."""

    def __init__(self, move: Move, texts: Texts) -> None:
        self._move, self._texts = move, texts
        self._told_at = time.monotonic()

    def run(self) -> None:
        self._say("move.begin", url=self._move.url)
        state = self._move.begin()
        if state is MoveState.DONE:
            self._say("move.done_before", file=self._move.file)
            return
        if state is not MoveState.NEW:
            self._say(f"move.is_{state}")
        for table in moving.TABLES:
            self._copy(table)
        self._say("move.comparing")
        compared = [self._compare(table) for table in moving.TABLES]
        if mended := sum(one.mended for one in compared):
            self._say("move.mended", count=mended)
        self._move.finish()
        self._say("move.done", file=self._move.file, url=self._move.url)

    def _copy(self, table: str) -> None:
        total = self._move.count(table)
        for count in self._move.copy(table):
            if count == total or self._is_time():
                self._say("move.copied", table=self._name(table), count=count, total=total)

    def _compare(self, table: str) -> Compared:
        count, every = 0, 2 * self._move.count(table)

        def read() -> None:
            nonlocal count
            count += 1
            if count % moving.SOME == 0 and self._is_time():
                self._say("move.compared", table=self._name(table), part=count / max(count, every))

        compared = self._move.compare(table, read)
        checksum = compared.checksum[:SHOWN_DIGITS]
        self._say("move.same", table=self._name(table), count=compared.rows, checksum=checksum)
        return compared

    def _is_time(self) -> bool:
        """Whether nothing was told for a while; from here on something was."""
        now = time.monotonic()
        if now < self._told_at + TOLD_SECONDS:
            return False
        self._told_at = now
        return True

    def _name(self, table: str) -> str:
        return self._texts(f"move.table_{table}")

    def _say(self, key: str, **values: object) -> None:
        print(self._texts(key, **values), flush=True)
