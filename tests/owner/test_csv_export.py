"""The talks as files: a table, and lines of JSON."""

import csv
import io
import json
import re
from typing import Any

import pytest

from chatgee.errors import Failure
from chatgee.owner import csv_export
from chatgee.questions import Delivery, State
from chatgee.store.reading.talks import Talk
from chatgee.texts import Texts

TEXTS = Texts.load()
NOON = 1_795_402_800.0  # 2026-11-23 12:00 in Korea


def talk(**changes: Any) -> Talk:
    values: dict[str, Any] = {
        **{"id": "q", "user_id": "friend", "position": 1, "room_id": None, "place": 1},
        **{"text": "질문", "image_url": None},
        **{"asked_at": NOON, "state": State.ANSWERED, "answer": "**답**", "shown": "답"},
        **{"failure": None, "answered_at": NOON + 2.5, "delivery": Delivery.REPLY},
        "delivered_at": NOON + 2.6,
    }
    return Talk(**(values | changes))


def table(*talks: Talk) -> list[list[str]]:
    whole = "".join(csv_export.csv_lines(talks, TEXTS))
    assert whole.startswith(csv_export.BOM)
    return list(csv.reader(io.StringIO(whole.removeprefix(csv_export.BOM), newline="")))


def test_a_table_has_a_row_for_each_talk() -> None:
    heads, row = table(talk(text='줄\n바꿈, "따옴표"'))
    cells = dict(zip(heads, row, strict=True))
    assert cells["질문"] == '줄\n바꿈, "따옴표"'
    assert (cells["답"], cells["어떻게 됐나요"]) == ("답", "바로 답함")
    assert cells["물어본 때"] == "2026-11-23 12:00:00"
    assert (cells["답을 만든 시간(초)"], cells["답하지 못한 까닭"]) == ("2.5", "")


def test_a_table_tells_why_there_is_no_answer() -> None:
    failed = talk(state=State.FAILED, failure=Failure.TIMEOUT, shown=None, answer=None)
    assert TEXTS("failure.timeout") in table(failed)[1]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_is_a_formula(sign: str) -> None:
    bad = f"{sign}HYPERLINK(1)"
    _, row = table(talk(text=bad, shown=bad, user_id=bad))
    assert row.count(f"'{bad}") == 3
    assert not [cell for cell in row if cell.startswith(csv_export.FORMULA)]


HIDDEN = [" ", "\u3000", "\x01", "\ufeff", "\u200b", '"']
BEFORE = ["", *HIDDEN, *(f"a;{one}" for one in ("", *HIDDEN)), "a\t", "a\n", "a\r\n ", '";']
BEGINS = re.compile(r"[\s\x01\ufeff\u200b]*[=+\-@＝＋－＠]")


@pytest.mark.parametrize("sign", "=+-@＝＋－＠")
@pytest.mark.parametrize("before", BEFORE, ids=ascii)
def test_no_cell_is_a_formula_wherever_a_spreadsheet_cuts(sign: str, before: str) -> None:
    """Excel cuts at `;` where a comma is what stands before the cents, and some cut at tabs.

    Behind a quoted cell that is not followed by its own separator a quote is a letter to it.
    """
    bad = f"{before}{sign}1+1;x"
    whole = "".join(csv_export.csv_lines([talk(text=bad, shown=bad, user_id=bad)], TEXTS))
    for separator in ",;\t":
        lines = io.StringIO(whole.removeprefix(csv_export.BOM), newline="")
        cells = [cell for row in csv.reader(lines, delimiter=separator) for cell in row]
        assert not [one for one in cells if BEGINS.match(one)], separator


def test_what_is_no_formula_stays_as_it_was_written() -> None:
    for text in ("2 - 1 = 1", "a, -b", "a@b.example", "그래;아니", "https://x.example/?a=b;c=d"):
        assert text in table(talk(text=text))[1]


def test_every_cell_is_quoted() -> None:
    heads, row = "".join(csv_export.csv_lines([talk(text="가;나")], TEXTS)).splitlines()
    assert heads.startswith(f'{csv_export.BOM}"')
    assert row.count('"') == 2 * len(csv_export.COLUMNS)


def test_each_line_of_json_is_a_talk() -> None:
    line, other = csv_export.json_lines([talk(text="줄\n바꿈"), talk(answered_at=None)], TEXTS)
    assert line.endswith("}\n")
    record = json.loads(line)
    assert (record["text"], record["answer"], record["shown"]) == ("줄\n바꿈", "**답**", "답")
    assert record["asked_at"] == "2026-11-23T12:00:00.000+09:00"
    assert "callback_url" not in record
    assert json.loads(other)["answered_at"] is None


def test_lines_leave_in_pieces_and_none_is_lost() -> None:
    assert list(csv_export.pieces(iter("abcde"), 2)) == ["ab", "cd", "e"]
