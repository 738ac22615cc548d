"""What the owner's pages call friends and moments, and the files that leave them."""

import csv
import io
import json
from typing import Any

import pytest

from chatgee import sheets, wording
from chatgee.errors import Failure
from chatgee.questions import Delivery, State
from chatgee.store.talks import Talk
from chatgee.texts import Texts

TEXTS = Texts.load()
NOON = 1_795_402_800.0  # 2026-11-23 12:00 in Korea
DAY = 86_400


def talk(**changes: Any) -> Talk:
    values: dict[str, Any] = {
        **{"id": "q", "user_id": "friend", "position": 1, "text": "질문", "image_url": None},
        **{"asked_at": NOON, "state": State.ANSWERED, "answer": "**답**", "shown": "답"},
        **{"failure": None, "answered_at": NOON + 2.5, "delivery": Delivery.REPLY},
        "delivered_at": NOON + 2.6,
    }
    return Talk(**(values | changes))


# --- names ----------------------------------------------------------------------------------


def test_a_friend_is_called_the_same_with_every_look() -> None:
    faces = {wording.face(f"friend-{number}", TEXTS) for number in range(2000)}
    assert len(faces) > 1990
    assert {one.tone for one in faces} == set(range(8))
    assert wording.face("friend-1", TEXTS) in faces


def test_the_owners_own_friends_are_marked() -> None:
    assert wording.face("desk-1", TEXTS).pretend
    assert not wording.face("friend", TEXTS).pretend


# --- moments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOON, "오늘 12:00:00"),
        (NOON - DAY / 2, "오늘 00:00:00"),
        (NOON - DAY / 2 - 1, "11월 22일 23:59:59"),
        (NOON - 365 * DAY, "2025년 11월 23일 12:00:00"),
    ],
)
def test_a_moment_is_told_in_korean_time(at: float, words: str) -> None:
    assert wording.moment(at, TEXTS, NOON) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((-1, "0.0초"), (0.84, "0.8초"), (9.96, "10초"), (34, "34초"), (119.4, "119초")),
        *((120, "2분"), (7200, "2시간"), (3 * DAY, "3일")),
    ],
)
def test_a_span_is_as_exact_as_is_of_use(seconds: float, words: str) -> None:
    assert wording.span(seconds, TEXTS) == words


def test_a_day_ends_at_midnight_in_korea() -> None:
    assert wording.end_of("2026-11-23") == NOON + DAY / 2
    assert {wording.end_of(one) for one in ("", "2026-13-01", "9999-12-31", "x")} == {None}


# --- what was found -------------------------------------------------------------------------


def test_what_is_typed_becomes_words_as_kakaotalk_writes_them() -> None:
    apart = "\u1112\u1162\u11ba"  # ᄒ ᅢ ᆺ, as macOS writes file names
    assert wording.words_of(f"  {apart}빛  DNA\0") == ("햇빛", "DNA")
    assert len(wording.words_of("말 " * 500)) == wording.MOST_WORDS


def test_an_excerpt_holds_the_first_word_that_was_found() -> None:
    text = "가" * 500 + "바늘" + "나" * 500
    cut = wording.excerpt(text, ("바늘",))
    assert "바늘" in cut
    assert (cut[0], cut[-1]) == ("…", "…")
    assert len(cut) <= wording.EXCERPT_CHARS + 2
    assert wording.excerpt(text, ("없는말",)) == wording.excerpt(text, ())
    assert wording.excerpt("짧은 글", ("글",)) == "짧은 글"


def test_the_words_are_marked_and_nothing_is_lost() -> None:
    text = "A.b와 a.B, axb (햇빛)"
    pieces = wording.marked(text, ("a.b", "햇", "햇빛", "("))
    assert [piece for piece, hit in pieces if hit] == ["A.b", "a.B", "(", "햇빛"]
    assert "".join(piece for piece, _ in pieces) == text
    assert wording.marked(text, ()) == [(text, False)]


# --- files ----------------------------------------------------------------------------------


def table(*talks: Talk) -> list[list[str]]:
    whole = "".join(sheets.csv_lines(talks, TEXTS))
    assert whole.startswith(sheets.BOM)
    return list(csv.reader(io.StringIO(whole.removeprefix(sheets.BOM), newline="")))


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
    assert not [cell for cell in row if cell.startswith(sheets.FORMULA)]


def test_each_line_of_json_is_a_talk() -> None:
    line, other = sheets.json_lines([talk(text="줄\n바꿈"), talk(answered_at=None)], TEXTS)
    assert line.endswith("}\n")
    record = json.loads(line)
    assert (record["text"], record["answer"], record["shown"]) == ("줄\n바꿈", "**답**", "답")
    assert record["asked_at"] == "2026-11-23T12:00:00.000+09:00"
    assert "callback_url" not in record
    assert json.loads(other)["answered_at"] is None


def test_lines_leave_in_pieces_and_none_is_lost() -> None:
    assert list(sheets.pieces(iter("abcde"), 2)) == ["ab", "cd", "e"]
