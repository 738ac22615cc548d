"""What a piece of work sees of the database, inside its transaction."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy.engine.interfaces import DBAPICursor

from chatgee.questions import SIMULATED
from chatgee.store.tallies import Tallies
from chatgee.store.transaction_news import News

Row = Sequence[Any]


class Session:
    """What a piece of work sees of the database, inside its transaction."""

    def __init__(
        self, cursor: DBAPICursor, statements: Mapping[str, str], now: Callable[[], float]
    ) -> None:
        self._cursor, self.now = cursor, now
        self._statements = statements
        self.tallies = Tallies()
        """Counted by all work of the transaction, and written down at its end."""
        self.news = News()

    def begin(self) -> None:
        """Nothing is left of work that was rolled back."""
        self.tallies.clear()
        self.news = News()

    def settle(self) -> None:
        """Write down what was counted: a row once, however much work has counted in it.

        Last of all: others wait for these rows until the commit.
        """
        hours, days = self.tallies.take()
        for row in self.tallies.take_used():
            self._execute("add_usage", row)
        for row in hours:
            self._execute("tally_hour", row)
        for row in days:
            self._execute("tally_day", row)

    def tallies_of(self, user_id: str) -> Tallies:
        """Where a friend's questions count; a simulated friend's count nowhere, save for tokens."""
        return Tallies() if user_id.startswith(SIMULATED) else self.tallies

    def one(self, name: str, /, **values: Any) -> Row | None:
        """The first row of a statement of `statements.STATEMENTS`, or None."""
        self._execute(name, values)
        return cast("Row | None", self._cursor.fetchone())

    def all(self, name: str, /, **values: Any) -> Sequence[Row]:
        self._execute(name, values)
        return self._cursor.fetchall()

    def change(self, name: str, /, **values: Any) -> int:
        """How many rows the statement changed."""
        self._execute(name, values)
        return self._cursor.rowcount

    def _execute(self, name: str, values: dict[str, Any]) -> None:
        self._cursor.execute(self._statements[name], values)
