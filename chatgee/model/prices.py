"""What questions cost: dollars for a million tokens, as the maker's price list or the owner says.

The owner's prices stand in DATA_DIR/prices.toml and hold from the next look on.
"""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatgee.errors import SettingsError
from chatgee.questions import Usage
from chatgee.system import text_files

FILE = "prices.toml"
HEAD = (
    "# What models cost: dollars for a million tokens. The page of statistics writes this file.\n"
)

LISTED = {  # model: what is sent to it, what it writes
    "gpt-6-luna": (0.10, 0.50),
}
WON_PER_DOLLAR = 1_400.0
"""About: no rate is fetched, and the owner only wants to know the order of magnitude."""

MOST = 1_000_000.0
"""Of a price or a rate: what is above is a slip of the finger."""


def amount(text: str) -> float | None:
    """The number that somebody typed, as 1400, 1,400 or $0.1; None where it is no price."""
    try:
        # A comma before three digits alone: 0,25 would be a hundred times what was meant.
        number = float(re.sub(r",(?=\d{3}(?!\d))", "", text).strip().removeprefix("$"))
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number <= MOST else None


@dataclass(frozen=True)
class Prices:
    """The owner's prices on top of those that are known."""

    own: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    won_per_dollar: float = WON_PER_DOLLAR
    readable: bool = True
    """False where the owner's file is not one of prices: then it counts for nothing."""

    @classmethod
    def read(cls, folder: Path) -> "Prices":
        try:
            text_files.must_lie_in(folder, folder / FILE)
            told = tomllib.loads(text_files.read(folder / FILE))
            own = {str(name): _pair(price) for name, price in told.get("models", {}).items()}
            return cls(own, _number(told.get("won_per_dollar", WON_PER_DOLLAR)))
        except FileNotFoundError:
            return cls()
        except (OSError, SettingsError, ValueError, KeyError, TypeError, AttributeError):
            return cls(readable=False)

    def write(self, folder: Path) -> None:
        """`OSError` where that is impossible."""
        lines = [HEAD, f"won_per_dollar = {self.won_per_dollar!r}\n"]
        for name, (sent, written) in sorted(self.own.items()):
            lines.append(f"\n[models.{_quoted(name)}]\ninput = {sent!r}\noutput = {written!r}\n")
        text_files.write(folder / FILE, "".join(lines))

    def of(self, model: str) -> tuple[float, float] | None:
        """The owner's price, else the listed one; None where neither is known."""
        return self.owners(model) or _listed(model)

    def owners(self, model: str) -> tuple[float, float] | None:
        return self.own.get(model) or self.own.get(_undated(model))

    def dollars(self, model: str, usage: Usage) -> float | None:
        """None for a model whose price is not known."""
        return cost(self.of(model), usage)

    def won(self, usage: Mapping[str, Usage]) -> float | None:
        """Of several models together, as far as their prices are known; None where none is."""
        each = (self.dollars(model, one) for model, one in usage.items())
        known = [one for one in each if one is not None]
        return sum(known) * self.won_per_dollar if known else None


def cost(price: tuple[float, float] | None, usage: Usage) -> float | None:
    """Dollars; None where there is no price."""
    if price is None:
        return None
    return (usage.prompt_tokens * price[0] + usage.completion_tokens * price[1]) / 1_000_000


def _listed(model: str) -> tuple[float, float] | None:
    return LISTED.get(_undated(model))


def _undated(model: str) -> str:
    """The name of which a model is a dated release."""
    return re.sub(r"-\d{4}-\d\d-\d\d$", "", model)


def _pair(price: Mapping[str, Any]) -> tuple[float, float]:
    return _number(price["input"]), _number(price["output"])


def _number(value: Any) -> float:
    found = amount(str(value))
    if found is None or isinstance(value, bool):
        raise ValueError(value)
    return found


def _quoted(name: str) -> str:
    """As a key of TOML, whose escapes are these of JSON."""
    return '"' + re.sub(r'[\x00-\x1f"\\\x7f]', lambda one: f"\\u{ord(one[0]):04x}", name) + '"'


@dataclass(frozen=True)
class TypedPrice:
    """The prices as they stand in a form, right or wrong."""

    rows: tuple[tuple[str, str, str], ...]
    """Model, what is sent, what is written; both empty where the owner has no price of it."""
    won: str
    was: tuple[tuple[str, str, str], ...] = ()
    """The rows as they stood there at first: only what was changed in that page is written."""
    was_won: str = ""

    @classmethod
    def showing(cls, prices: Prices, models: Iterable[str]) -> "TypedPrice":
        def row(model: str) -> tuple[str, str, str]:
            price = prices.of(model)
            return (model, _typed(price[0]), _typed(price[1])) if price else (model, "", "")

        rows, won = tuple(map(row, models)), _typed(prices.won_per_dollar)
        return cls(rows, won, rows, won)

    @property
    def wrong(self) -> dict[str, str]:
        """Text keys by the model, or by nothing for the rate."""
        found = {
            model: "stats.wrong_price"
            for model, *pair in self.rows
            if any(pair) and None in map(amount, pair)
        }
        return found if amount(self.won) else found | {"": "stats.wrong_rate"}

    def on(self, before: Prices) -> Prices:
        """What holds from now on, if nothing is wrong; models that the form has not stay."""
        own = dict(before.own)
        for row in set(self.rows) - set(self.was):
            model, price = row[0], (amount(row[1]), amount(row[2]))
            own.pop(model, None)
            if price[0] is not None and price[1] is not None and price != _listed(model):
                own[model] = price[0], price[1]
        typed = amount(self.won) or WON_PER_DOLLAR
        return Prices(own, before.won_per_dollar if self.won == self.was_won else typed)


def _typed(number: float) -> str:
    return f"{number:.10g}"
