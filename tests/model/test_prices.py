"""Prices: what is listed, what the owner says, and what was typed."""

from pathlib import Path

import pytest

from chatgee.model.prices import FILE, LISTED, Prices, TypedPrice, amount
from chatgee.questions import Usage

MILLION = Usage(1_000_000, 100_000)


def test_a_dated_release_costs_what_its_model_costs() -> None:
    assert Prices().dollars("gpt-6-luna-2026-08-01", MILLION) == pytest.approx(0.15)
    assert Prices().dollars("gpt-6-luna-large", MILLION) is None
    assert Prices({"my": (1.0, 10.0)}).dollars("my-2026-08-01", MILLION) == pytest.approx(2.0)


def test_the_owners_price_is_stronger_than_ours() -> None:
    assert Prices({"gpt-6-luna": (0.0, 0.0)}).dollars("gpt-6-luna", MILLION) == 0.0


def test_what_is_unknown_is_not_nothing() -> None:
    prices = Prices({"free": (0.0, 0.0)}, 1000.0)
    assert prices.won({"other": MILLION}) is None
    assert prices.won({"free": MILLION}) == 0.0
    assert prices.won({"other": MILLION, "gpt-6-luna": MILLION}) == pytest.approx(150)


@pytest.mark.parametrize("name", ["gpt-6", "llama3:8b", 'a "b" \\ c', "한글 모델", "\x1f", "?"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    prices = Prices({name: (0.25, 2.0), "free": (0.0, 0.0)}, 1391.5)
    prices.write(tmp_path)
    assert Prices.read(tmp_path) == prices


def test_without_a_file_the_listed_prices_hold(tmp_path: Path) -> None:
    assert Prices.read(tmp_path) == Prices()


@pytest.mark.parametrize(
    "text",
    [
        "won_per_dollar = 'x'",
        "models = 5",
        "[models.a]\ninput = 1",
        "[models.a]\ninput = -1\noutput = 1",
        "[models.a]\ninput = nan\noutput = 1",
        "[models.a]\ninput = true\noutput = 1",
        "models.a = 'x'",
        "[[",
    ],
)
def test_a_file_that_is_none_of_prices_counts_for_nothing_and_says_so(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / FILE).write_text(text, "utf-8")
    assert Prices.read(tmp_path) == Prices(readable=False)


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), (" 1,400 ", 1400), ("$0.25", 0.25), ("1e3", 1000)]
)
def test_a_number_may_be_typed_as_people_do(text: str, number: float) -> None:
    assert amount(text) == number


NONE = ["", "-1", "nan", "inf", "1e9", "약 5", "0x10", "1.2.3", "0,25", "1,5"]


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_price_is_none(text: str) -> None:
    assert amount(text) is None


# --- the form -------------------------------------------------------------------------------


def test_the_form_shows_what_holds_and_changes_nothing_by_itself() -> None:
    prices = Prices({"mine": (0.25, 2.0)}, 1391.5)
    typed = TypedPrice.showing(prices, ["gpt-6-luna", "mine", "other"])
    assert typed.rows == (("gpt-6-luna", "0.1", "0.5"), ("mine", "0.25", "2"), ("other", "", ""))
    assert (typed.won, typed.wrong) == ("1391.5", {})
    assert typed.on(prices) == prices


def test_a_typed_price_holds_and_an_emptied_one_no_longer() -> None:
    before = Prices({"mine": (0.25, 2.0), "elsewhere": (1.0, 1.0)})
    typed = TypedPrice((("mine", "", ""), ("other", "0", "0")), "1,300")
    assert typed.on(before) == Prices({"elsewhere": (1.0, 1.0), "other": (0.0, 0.0)}, 1300.0)


def test_the_listed_price_is_not_made_the_owners() -> None:
    (name, (sent, written)) = next(iter(LISTED.items()))
    assert TypedPrice(((name, f"{sent}", f"{written}"),), "1400").on(Prices()) == Prices()


@pytest.mark.parametrize("pair", [("1", ""), ("", "1"), ("x", "1"), ("1", "-1")])
def test_half_a_price_and_no_number_are_wrong(pair: tuple[str, str]) -> None:
    assert TypedPrice((("a", *pair), ("b", "1", "1")), "1400").wrong == {"a": "stats.wrong_price"}


@pytest.mark.parametrize("won", ["", "0", "-5", "천사백"])
def test_a_dollar_is_worth_something(won: str) -> None:
    assert TypedPrice((), won).wrong == {"": "stats.wrong_rate"}
