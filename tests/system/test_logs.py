"""That no secret stands in the log, and that none is told by what is starred."""

import logging
from pathlib import Path

import pytest

from chatgee.owner import log_tail
from chatgee.settings.value_parsers import database_url
from chatgee.system import logs


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
