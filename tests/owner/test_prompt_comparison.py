"""Two texts compared, as an owner reads them."""

import random

import pytest

from chatgee.owner.prompt_comparison import Piece, changed, compare, gist

MARKS = {"same": "{}", "gone": "-{}-", "new": "+{}+"}


def drawn(old: str, new: str) -> str:
    lines = (
        "".join(MARKS[one.kind].format(one.text) for one in line) for line in compare(old, new)
    )
    return "\n".join(lines)


def side(old: str, new: str, kind: str) -> list[str]:
    """The lines as they were, put together again from the comparison."""
    return [
        "".join(piece.text for piece in line if piece.kind in ("same", kind)).rstrip()
        for line in compare(old, new)
        if any(piece.kind in ("same", kind) for piece in line)
    ]


COMPARED = [
    ("하나\n둘", "하나\n둘", "하나\n둘"),
    ("하나\n둘", "하나\n셋\n둘", "하나\n+셋+\n둘"),
    ("하나\n둘", "둘", "-하나-\n둘"),
    ("답은 다섯 문장", "답은 세 문장", "답은 -다섯 -+세 +문장"),
    ("짧게 답해요", "짧게 답해요 늘", "짧게 답해요 +늘+"),
    ("짧게 답해요 늘", "짧게 답해요", "짧게 답해요 -늘-"),
    ("우리 반 도우미", "Hello there", "-우리 반 도우미-\n+Hello there+"),
    ("가 나 다", "새 줄\n가 나 라", "+새 줄+\n가 나 -다-+라+"),
    ("", "하나", "--\n+하나+"),
]


@pytest.mark.parametrize(("old", "new", "told"), COMPARED)
def test_words_that_changed_are_marked_in_their_lines(old: str, new: str, told: str) -> None:
    assert drawn(old, new) == told


def test_the_gist_is_the_first_line_that_differs_from_shortly_before() -> None:
    long = "- 확실하지 않은 것은 지어내지 말고 "
    told = gist(f"하나\n{long}모른다고 해요", f"하나\n{long}여쭤 보라고 해요")
    assert told[0] == Piece("same", "…지어내지 말고 ")
    assert [piece.kind for piece in told] == ["same", "gone", "new", "same"]
    assert gist("가나다\n라마바", "Hello\n라마바") == (Piece("new", "Hello"),)
    assert gist("하나\n둘", "하나") == (Piece("gone", "둘"),)
    assert gist("하나", "하나\n\n둘") == (Piece("new", "둘"),)
    assert gist("하나", "하나") == ()


def test_characters_are_counted() -> None:
    assert changed("답은 다섯 문장", "답은 세 문장") == (3, 2)
    assert changed("같은 글", "같은 글") == (0, 0)


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_left_out_of_either(seed: int) -> None:
    dice = random.Random(seed)
    old, new = (
        "\n".join(" ".join(dice.choices("가나다라", k=dice.randint(1, 5))) for _ in range(6))
        for _ in range(2)
    )
    assert side(old, new, "gone") == old.split("\n")
    assert side(old, new, "new") == new.split("\n")


def test_long_texts_with_nothing_in_common_are_compared_at_once() -> None:
    old, new = "\n".join("가나" for _ in range(2_000)), "\n".join("다 라" for _ in range(2_000))
    lines = compare(old, new)
    assert len(lines) == 4_000
    assert lines[-1] == (Piece("new", "다 라"),)
