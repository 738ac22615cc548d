"""Promises of chatgee.kakao.bubbles: where text is cut, and that nothing gets lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatgee.kakao.bubbles import clip, cut, is_blank, length

SPACES_AND_BLANKS = " \n\t\u3000\u200b\u3164\u2800"
GRAPHEMES = [
    "e\u0301",  # a letter and its accent
    "\u1112\u1161\u11ab",  # 한, in three letters
    "👍🏽",
    "👩‍👩‍👧‍👦",
    "❤️",
    "🇰🇷",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "1️⃣",
]
texts = st.text(
    st.one_of(
        st.sampled_from("가나다 .\n?!。…\"'(1a\u0301\u200d👍🇰ᄒ\u11ab" + SPACES_AND_BLANKS),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=300,
)


def visible(text: str) -> str:
    return "".join(c for c in text if not is_blank(c))


def test_a_short_text_is_one_bubble():
    assert cut("안녕하세요", 1000) == ("안녕하세요",)


def test_an_emoji_counts_as_java_counts_it():
    assert length("가a👍") == 4
    assert cut("👍👍👍", 4) == ("👍👍", "👍")


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u3164\n\u2800", "\u3164" * 5000])
def test_a_blank_text_gives_no_bubble(text):
    assert cut(text, 1000) == ()


def test_a_blank_stretch_gives_no_bubble():
    assert cut("앞" + "\u3164" * 3000 + "뒤", 1000)[-1].endswith("뒤")
    assert not any(map(is_blank, cut("앞" + "\u3164" * 3000 + "뒤", 1000)))


def test_a_blank_line_is_the_best_place_to_cut():
    assert cut("첫 문단. 끝\n\n둘째 줄\n셋째 줄", 13) == ("첫 문단. 끝", "둘째 줄\n셋째 줄")


def test_a_line_break_is_better_than_a_sentence():
    assert cut("하나둘 셋넷\n넷입니다. 다섯", 13) == ("하나둘 셋넷", "넷입니다. 다섯")


@pytest.mark.parametrize("end", ["다.", "요.", "?", "!", "…", "다.”", "。"])
def test_a_sentence_is_better_than_a_space(end):
    first = "이것은 문장이" + end
    assert cut(first + " 그리고 또 다른 문장", 14) == (first, "그리고 또 다른 문장")


def test_a_number_with_its_point_ends_no_sentence():
    assert cut("준비물을 보세요. 3. 물과 소금", 15) == ("준비물을 보세요.", "3. 물과 소금")


def test_a_space_is_better_than_the_middle_of_a_word():
    assert cut("하나 둘셋 넷다섯여섯", 8) == ("하나 둘셋", "넷다섯여섯")


def test_an_early_pause_is_passed_over():
    assert cut("네.\n\n가나다라마바사아자차카타파하", 10)[0] == "네.\n\n가나다라마바"


def test_a_long_word_is_cut_where_the_bubble_is_full():
    assert [len(piece) for piece in cut("가" * 2500, 1000)] == [1000, 1000, 500]


def test_a_bubble_keeps_the_indentation_of_its_first_line():
    assert cut("for x in y:\n    print(x)", 13) == ("for x in y:", "    print(x)")
    assert cut("\n\n    처음부터", 100) == ("    처음부터",)


@pytest.mark.parametrize("grapheme", GRAPHEMES)
@pytest.mark.parametrize("before", range(14))
def test_what_is_seen_as_one_character_is_not_divided(grapheme, before):
    pieces = cut("가" * before + grapheme * 6, 20)
    assert "".join(pieces) == "가" * before + grapheme * 6
    assert all(piece.lstrip("가").replace(grapheme, "") == "" for piece in pieces)


def test_only_a_character_longer_than_a_bubble_is_divided():
    pieces = cut("가" + "a" + "\u0301" * 30, 10)
    assert pieces[0] == "가"
    assert "".join(pieces) == "가a" + "\u0301" * 30


def test_a_bubble_too_small_for_an_emoji_is_refused():
    with pytest.raises(ValueError, match="emoji"):
        cut("가", 1)


@settings(deadline=None)
@given(texts, st.integers(2, 40))
def test_bubbles_fit_are_never_blank_and_lose_nothing(text, limit):
    pieces = cut(text, limit)
    assert all(length(piece) <= limit and not is_blank(piece) for piece in pieces)
    assert visible("".join(pieces)) == visible(text)


@settings(deadline=None)
@given(st.text(st.sampled_from("가나 .\n👍a"), max_size=300), st.integers(2, 40))
def test_only_white_space_is_left_out_at_a_cut(text, limit):
    assert "".join("".join(cut(text, limit)).split()) == "".join(text.split())


@settings(deadline=None)
@given(st.lists(st.sampled_from([*GRAPHEMES, "가", "가 "])), st.integers(20, 60))
def test_bubbles_of_emoji_are_made_of_whole_emoji(graphemes, limit):
    waiting = [grapheme.strip() for grapheme in graphemes]
    for piece in cut("".join(graphemes), limit):
        while piece:
            grapheme = waiting.pop(0)
            assert piece.startswith(grapheme)
            piece = piece.removeprefix(grapheme).lstrip()


def test_a_clipped_text_says_that_it_goes_on():
    assert clip("오늘 날씨가 어떤가요?", 8) == "오늘 날씨가…"
    assert clip("오늘 날씨", 8) == "오늘 날씨"


def test_a_clipped_text_is_one_line():
    assert clip("  첫 줄 \n\n   둘째\r\n셋째", 100) == "첫 줄 둘째 셋째"


def test_a_clipped_text_ends_in_whole_characters():
    assert clip("가👩‍👩‍👧‍👦나", 11) == "가…"
    assert clip("가👍🏽나다", 6) == "가👍🏽…"


@settings(deadline=None)
@given(texts, st.integers(0, 40))
def test_a_clipped_text_fits(text, limit):
    assert length(clip(text, limit)) <= limit
    assert "\n" not in clip(text, limit)


@pytest.mark.parametrize(
    "text",
    [
        " " * 100_000 + "x",
        "a" + "\u0301" * 100_000,
        "🇰" * 100_000,
        "\u3164" * 100_000,
        "ᄒ" * 100_000,
    ],
    ids=["spaces", "accents", "flags", "blanks", "jamo"],
)
def test_a_hostile_text_is_cut_all_the_same(text):
    assert visible("".join(cut(text, 1000))) == visible(text)
