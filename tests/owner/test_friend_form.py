"""What an owner types about a friend."""

import pytest

from chatgee.owner.friend_form import TypedDescription
from chatgee.store.describing import Description
from chatgee.texts import Texts

TEXTS = Texts.load()


def typed(nickname: str = "", note: str = "", labels: str = "") -> TypedDescription:
    return TypedDescription(nickname, note, labels)


def test_what_is_typed_is_tidied_and_nothing_is_cut() -> None:
    apart = "\u1112\u1162\u11ba"  # ᄒ ᅢ ᆺ, as macOS writes file names
    found = typed(
        f" {apart}님 \n 반장", "\r\n한 줄\r\n둘째 ", " 3학년  2반，과학부,, 과학부\n방송부、"
    ).description
    assert found == Description("햇님 반장", "한 줄\n둘째", ("3학년 2반", "과학부", "방송부"))
    assert TypedDescription.of(found).description == found


def test_as_much_as_there_is_room_for_is_right() -> None:
    labels = ",".join("가" * 29 + str(number) for number in range(10))
    assert typed("가" * 40, "나" * 1000, labels).wrong(TEXTS) == {}


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("nickname", "가" * 43, "3글자 길어요"),
        ("note", "가" * 2001, "1,001글자 길어요"),
        ("labels", ",".join(map(str, range(12))), "2개 많아요"),
        ("labels", "짧은 것," + "가" * 35, "5글자 길어요"),
    ],
)
def test_what_is_too_long_is_told_with_by_how_much(field: str, value: str, told: str) -> None:
    wrong = typed(**{field: value}).wrong(TEXTS)
    assert list(wrong) == [field]
    assert told in wrong[field]
