"""That no secret stands in the log, that none is told by what is starred, and that a terminal
which nobody reads stops nobody."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from chatgee.owner import log_tail
from chatgee.settings.value_parsers import database_url
from chatgee.system import logs
from tests.support.far_ends import PATIENCE


@pytest.mark.parametrize("secret", ["a", "ab", "abc-123"])
def test_a_short_secret_is_starred_where_it_stands_alone(secret: str) -> None:
    for told in (f"key={secret}", f"key {secret}, wrong", f"'{secret}'", f"{secret}는 틀려요"):
        assert logs.hidden(told, [secret]) == told.replace(secret, "*****")
        assert logs.hidden(f"//me:{secret}@db/x", [secret]) == "//me:*****@db/x"


def test_a_short_secret_is_not_told_by_the_stars_in_other_words() -> None:
    line = "2026-11-30 09:00:00 INFO questions answered: abacus, 1 of x_a"
    assert logs.hidden(line, ["a", "ab", "0", "9"]) == line


def test_a_long_secret_is_starred_wherever_it_stands() -> None:
    assert logs.hidden("xxsecret-8xx", ["secret-8"]) == "xx*****xx"
    both = ["sk-old-1", "sk-old-1-and-longer"]
    assert logs.hidden("sk-old-1-and-longer sk-old-1", both) == "***** *****"


def test_signs_of_a_secret_are_nothing_but_signs() -> None:
    assert logs.hidden("key=.* and \\1", [".*", "\\1"]) == "key=***** and *****"


def test_the_log_its_page_and_its_file_hide_alike(tmp_path: Path) -> None:
    secrets = [*database_url("postgresql://chatgee:in@db/chatgee").parts]
    (tmp_path / logs.FILE).write_text("2026-11-30 09:00:00 INFO inside //chatgee:in@db\n", "utf-8")
    shown = "inside //chatgee:*****@db"
    record = logging.makeLogRecord({"msg": "inside //chatgee:in@db", "levelname": "INFO"})
    assert logs.Redacting(secrets).format(record).endswith(shown)
    assert log_tail.tail(tmp_path, secrets)[0].text == shown
    assert "".join(log_tail.whole(tmp_path, secrets)).endswith(f"{shown}\n")


# --- a terminal that nobody reads -----------------------------------------------------------


class Reader:
    """Stands in stderr's place, and takes nothing before it is told to."""

    def __init__(self) -> None:
        self.text = ""
        self.tried, self.reading = Event(), Event()

    def write(self, text: str) -> int:
        self.tried.set()
        assert self.reading.wait(PATIENCE)
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass

    @property
    def words(self) -> list[str]:
        return self.text.splitlines()


@pytest.fixture
def terminal() -> logs.Terminal:
    return logs.Terminal()


@contextmanager
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Not a fixture: pytest puts its own stderr in place between that and the test."""
    made = Reader()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", made)
        yield made
        made.reading.set()


def say(terminal: logs.Terminal, word: Any, **more: Any) -> None:
    terminal.handle(logging.makeLogRecord({"msg": word} | more))


def test_lines_come_at_once_and_in_their_order(
    terminal: logs.Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reader(monkeypatch) as read:
        read.reading.set()
        for number in range(500):
            say(terminal, number)
        assert terminal.written(PATIENCE)
    assert read.words == [str(number) for number in range(500)]


def test_a_line_that_repeats_is_shown_once_and_then_how_often_it_came(
    terminal: logs.Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.times = "({count} times)".format
    with reader(monkeypatch) as read:
        read.reading.set()
        for word in ("no key", "no key", "no key", "answered", "no key", "no key"):
            say(terminal, word)
        assert terminal.written(PATIENCE)
        assert terminal.written(PATIENCE)
    assert read.words == ["no key", "no key (3 times)", "answered", "no key", "no key (2 times)"]


def test_what_is_said_of_each_question_is_the_same_where_it_says_so(
    terminal: logs.Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.times = "({count} times)".format
    with reader(monkeypatch) as read:
        read.reading.set()
        for number in range(3):
            say(terminal, f"question {number}: no key", same="no key", created=100.0)
        assert terminal.written(PATIENCE)
    assert read.words == ["question 0: no key", "question 2: no key (3 times)"]


def test_a_line_that_goes_on_repeating_is_shown_again_every_minute(
    terminal: logs.Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.times = "({count} times)".format
    with reader(monkeypatch) as read:
        read.reading.set()
        for second in (0.0, 20.0, 40.0, 61.0, 80.0, 125.0):
            say(terminal, "no internet", created=second)
        assert terminal.written(PATIENCE)
    assert read.words == ["no internet", "no internet (4 times)", "no internet (6 times)"]


def test_what_a_terminal_did_not_take_is_counted_and_told_in_its_place(
    terminal: logs.Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.missed = "{count} not shown".format
    with reader(monkeypatch) as read:
        say(terminal, "first")
        assert read.tried.wait(PATIENCE)  # and this one is being written
        for number in range(logs.MOST_LINES + 7):
            say(terminal, number)
        assert not terminal.written(0)
        read.reading.set()
        assert terminal.written(PATIENCE)
        say(terminal, "afterwards")
        assert terminal.written(PATIENCE)
    shown = [str(number) for number in range(logs.MOST_LINES)]
    assert read.words == ["first", *shown, "7 not shown", "afterwards"]


def test_a_pipe_that_was_closed_is_no_error_of_anybody(
    terminal: logs.Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    pipe = open(writing, "w", buffering=1)
    monkeypatch.setattr(sys, "stderr", pipe)
    say(terminal, "word")
    assert not terminal.written(PATIENCE)
    with pytest.raises(BrokenPipeError):
        pipe.close()


def test_a_program_without_a_terminal_loses_nothing_else(
    terminal: logs.Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    say(terminal, "word")
    assert terminal.written(PATIENCE)
