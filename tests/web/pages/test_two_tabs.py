"""The owner's files saved by two tabs at once: both hold, or one is told of the other."""

import re
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import requests

from chatgee.model.prices import Prices
from chatgee.settings import read_file
from chatgee.system.text_files import mark
from chatgee.web import owner
from tests.support.bot import TEXTS, Bot
from tests.support.far_ends import PATIENCE

ROUNDS = 12

Form = dict[str, str | list[str]]
Both = Callable[[str, Form, Form], list[requests.Response]]


@pytest.fixture
def both(bot: Bot) -> Both:
    """Send two forms at once; what the tabs get."""

    def sent(path: str, *forms: Form) -> list[requests.Response]:
        at_once = Barrier(len(forms))

        def send(form: Form) -> requests.Response:
            at_once.wait(PATIENCE)
            form = form | {owner.TOKEN_FIELD: owner.TOKEN}
            return requests.post(bot.url + path, data=form, timeout=PATIENCE, allow_redirects=False)

        with ThreadPoolExecutor(len(forms)) as tabs:
            return list(tabs.map(send, forms))

    return sent


def told(replies: list[requests.Response], conflict: str = "\0") -> list[str]:
    """What became of each: saved, the conflict, or what else was wrong."""

    def of(reply: requests.Response) -> str:
        if reply.status_code == 303:
            return "saved"
        return "conflict" if conflict in reply.text else re.sub(r"<[^>]+>|\s+", " ", reply.text)

    return sorted(map(of, replies))


def test_two_settings_that_are_saved_at_once_both_hold(both: Both, tmp_path: Path) -> None:
    for number in range(1, ROUNDS):
        names = ("KEEP_DAYS", "MEMORY_TURNS")
        forms: list[Form] = [{name: str(number), f"was-{name}": "before"} for name in names]
        assert told(both("/settings", *forms)) == ["saved"] * 2
        assert read_file(tmp_path / "config.env") == dict.fromkeys(names, str(number))


def test_two_prices_that_are_saved_at_once_both_hold(both: Both, tmp_path: Path) -> None:
    """Each tab has all prices in its form, as they were when it was opened."""
    for number in range(1, ROUNDS):
        before, after = f"{number - 1}", f"{number}"
        rows: Form = {"model": ["a", "b"], "was_input": [before] * 2, "was_output": [before] * 2}
        rows |= {"won": "1400", "was_won": "1400"}
        one: Form = rows | {"input": [after, before], "output": [after, before]}
        other: Form = rows | {"input": [before, after], "output": [before, after]}
        replies = both("/stats", one, other)
        assert [reply.status_code for reply in replies] == [200, 200]
        assert [re.findall('role="alert">([^<]*)', reply.text) for reply in replies] == [[], []]
        assert Prices.read(tmp_path).own == {name: (number, number) for name in "ab"}


def test_of_two_who_change_the_sentences_at_once_one_is_told_of_the_other(
    both: Both, tmp_path: Path
) -> None:
    file, conflict = tmp_path / "texts.toml", TEXTS("sentences.elsewhere", file="texts.toml")
    for number in range(ROUNDS):
        of = mark(file.read_text("utf-8") if file.exists() else "")
        words = {key: f"{key} {number}" for key in ("reply.empty", "reply.no_more")}
        forms: list[Form] = [{"of": of, key: one} for key, one in words.items()]
        assert told(both("/settings/texts", *forms), conflict) == ["conflict", "saved"]
        saved = tomllib.loads(file.read_text("utf-8"))["reply"]
        assert [words[f"reply.{key}"] for key in saved if saved[key].endswith(f" {number}")]


def test_of_two_who_change_the_character_at_once_one_is_told_of_the_other(
    both: Both, tmp_path: Path
) -> None:
    file, conflict, now = (
        tmp_path / "system_prompt.txt",
        TEXTS("character.conflict"),
        TEXTS("system_prompt"),
    )
    for number in range(ROUNDS):
        forms: list[Form] = [{"base": mark(now), "prompt": f"성격 {number} {tab}"} for tab in "ab"]
        assert told(both("/settings/character", *forms), conflict) == ["conflict", "saved"]
        now = file.read_text("utf-8").strip()
        assert now in [form["prompt"] for form in forms]
