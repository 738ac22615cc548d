"""The end of the log: newest first, filtered, without a secret, whatever is in the files."""

import time
from pathlib import Path

import pytest

from chatgee.owner import log_tail
from chatgee.owner.log_tail import tail
from chatgee.system import logs

LINES = """2026-11-23 09:00:00 INFO skill url: https://a.example/prompt
2026-11-23 09:00:01 WARNING 바깥 주소가 끊겨서 다시 만들고 있어요.
2026-11-23 09:00:02 ERROR Exception on /prompt [POST]
Traceback (most recent call last):
  File "engine.py", line 88, in answer
ZeroDivisionError: division by zero
2026-11-23 09:00:03 INFO question 1: answered
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / logs.FILE).write_text(LINES, "utf-8")
    return tmp_path


def texts(found: list[log_tail.LogEntry]) -> list[str]:
    return [one.text for one in found]


def test_the_newest_comes_first_and_a_stack_trace_stays_with_its_line(folder: Path) -> None:
    found = tail(folder, ())
    assert [one.at[-2:] for one in found] == ["03", "02", "01", "00"]
    assert found[1].level == "ERROR"
    assert found[1].more[0].startswith("Traceback")
    assert found[1].more[-1] == "ZeroDivisionError: division by zero"
    assert [len(one.more) for one in found] == [0, 3, 0, 0]


@pytest.mark.parametrize(
    ("level", "seconds"),
    [("all", ["03", "02", "01", "00"]), ("warning", ["02", "01"]), ("error", ["02"])],
)
def test_a_level_shows_itself_and_what_is_worse(
    folder: Path, level: str, seconds: list[str]
) -> None:
    assert [one.at[-2:] for one in tail(folder, (), level)] == seconds


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows has one zone for all programs")
def test_moments_are_koreas_wherever_the_machine_stands(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for zone, shown in (("UTC0", "18:00:03"), ("KST-9", "09:00:03")):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert [one.at for one in tail(folder, (), words=shown)] == [f"2026-11-23 {shown}"]
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("words", ["zerodivision", " ENGINE.PY ", "on /prompt", ":00:02"])
def test_words_are_looked_for_in_everything_that_was_logged_at_once(
    folder: Path, words: str
) -> None:
    assert texts(tail(folder, (), words=words)) == ["Exception on /prompt [POST]"]


def test_a_key_that_was_set_only_later_is_hidden_in_old_lines(folder: Path) -> None:
    with (folder / logs.FILE).open("a", encoding="utf-8") as file:
        file.write("2026-11-23 09:00:04 INFO key sk-old-and-longer\n  of sk-old\n")
    newest = tail(folder, ("sk-old", "sk-old-and-longer"))[0]
    assert (newest.text, newest.more) == ("key *****", ("  of *****",))
    assert tail(folder, ("sk-old",), words="sk-old") == []
    assert "sk-old" not in "".join(log_tail.whole(folder, ("sk-old", "sk-old-and-longer")))


def test_a_young_file_is_continued_by_the_one_before(folder: Path) -> None:
    (folder / f"{logs.FILE}.1").write_text("2026-11-22 23:59:59 INFO yesterday\n", "utf-8")
    (folder / f"{logs.FILE}.2").write_text("2026-11-21 23:59:59 INFO before\n", "utf-8")
    assert texts(tail(folder, ()))[-2:] == ["yesterday", "before"]
    whole = "".join(log_tail.whole(folder, ()))
    assert whole.index("before") < whole.index("yesterday") < whole.index("skill url")


def test_damaged_bytes_and_lost_beginnings_are_shown_as_they_are(tmp_path: Path) -> None:
    lost = b"  the end of a trace\n\xff\xfe broken \x00\n2026-11-23 09:00:04 INFO \xb0\xa1\n"
    (tmp_path / logs.FILE).write_bytes(lost)
    newest, oldest = tail(tmp_path, ())
    assert newest.text == "��"
    assert (oldest.at, oldest.text) == ("", "  the end of a trace")
    assert "broken" in oldest.more[0]


def test_where_there_is_no_log_there_is_nothing_to_show(tmp_path: Path) -> None:
    assert tail(tmp_path, ()) == []
    assert list(log_tail.whole(tmp_path, ())) == []


def test_a_page_stays_light_and_quick_whatever_was_logged(tmp_path: Path) -> None:
    line = "2026-11-23 09:00:00 INFO question {}: answered\n"
    many = "".join(line.format(number) for number in range(20_000))
    for name in (logs.FILE, f"{logs.FILE}.1"):
        (tmp_path / name).write_text(many, "utf-8")
    assert len(tail(tmp_path, ())) == log_tail.MOST_ENTRIES
    started = time.monotonic()
    assert tail(tmp_path, (), "error") == []
    assert time.monotonic() - started < 2
    (tmp_path / f"{logs.FILE}.1").unlink()
    (tmp_path / logs.FILE).write_text((line.format("x" * 30_000)) * 40, "utf-8")
    found = tail(tmp_path, ())
    assert 10 < len(found) < 40
    assert sum(len(one.text) for one in found) <= log_tail.MOST_CHARS
