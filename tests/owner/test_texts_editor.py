"""Which sentences an owner's page takes, and which friends would not see as they are."""

from dataclasses import replace

import pytest

from chatgee.kakao.bubbles import length
from chatgee.owner import texts_editor
from chatgee.owner.texts_editor import KEYS, TextsDraft
from chatgee.texts import Card, Texts

OURS = Texts.load()


def draft(cards: tuple[Card, ...] = OURS.cards, **words: str) -> TextsDraft:
    """Ours once these were typed; `__` stands for the dot of a key."""
    typed = {key.replace("__", "."): one for key, one in words.items()}
    form = {**TextsDraft.stored(OURS, "").sentences, **typed}
    return replace(TextsDraft.read(form, OURS), cards=cards)


def problems(**words: str) -> dict[str, str]:
    """The key of what is wrong, by field."""
    found = texts_editor.problems(draft(**words), OURS)
    return {place: error.key for place, error in found.items()}


# --- what cannot be shown -------------------------------------------------------------------


def test_ours_are_all_right() -> None:
    assert problems() == {}


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (" \n ", "empty"),
        ("\u3164", "empty"),
        ("{who}는 그만", "placeholder"),
        ("{limit:>999999999}", "placeholder"),
        ("{limit.real}", "placeholder"),
        ("{}", "placeholder"),
        ("{limit", "braces"),
        ("}", "braces"),
        ("가" * 1001, "long"),
        ("🙂" * 501, "long"),
        ("{limit}" + "가" * 996, "long"),
    ],
)
def test_a_sentence_that_friends_would_not_see_as_it_is_is_refused(words: str, wrong: str) -> None:
    assert problems(limit__day=words) == {"limit.day": f"sentences.{wrong}"}


@pytest.mark.parametrize("words", ["{limit}개 {fetch}", "그만", "가" * 1000, "{{괄호}}"])
def test_a_sentence_may_use_or_leave_out_what_is_filled_in(words: str) -> None:
    assert problems(limit__day=words) == {}


@pytest.mark.parametrize(
    ("label", "wrong"),
    [
        ("{reset}", "label_braces"),
        ("🙂🙂", "label_letters"),
        ("", "empty"),
        ("가" * 15, "long"),
        ("🙂" * 7 + "가", "long"),
    ],
)
def test_a_button_that_would_not_work_is_refused(label: str, wrong: str) -> None:
    assert problems(button__unseen=label) == {"button.unseen": f"sentences.{wrong}"}


def test_two_buttons_that_cannot_be_told_apart_are_refused() -> None:
    clash = "sentences.clash"
    assert problems(button__fetch="이어 보기!") == {"button.fetch": clash, "button.more": clash}


def test_a_mark_keeps_its_place_above_the_answer() -> None:
    assert problems(reply__held="{question}" + "가" * 39) == {"reply.held": "sentences.long"}


CARDS: list[tuple[Card, dict[str, str]]] = [
    (Card("", ""), {"card-0-title": "card_needs", "card-0-description": "card_needs"}),
    (Card("제목", "{limit}"), {"card-0-description": "placeholder"}),
    (Card("제목", "{fetch"), {"card-0-description": "braces"}),
    (Card("제목", "설명", ("네", "{who}")), {"card-0-button-1": "placeholder"}),
    (Card("가" * 51, "설명"), {"card-0-title": "long"}),
    (Card("제목", "가" * 127 + "{fetch}"), {"card-0-description": "long"}),
    (Card("제목", "설명", ("가" * 15,)), {"card-0-button-0": "long"}),
    (Card("제목", "설명", tuple("가나다라")), {"card-0-title": "card_buttons"}),
    (Card("{제목}", "{fetch}", ("{reset}", "가나다")), {}),
]


@pytest.mark.parametrize(("card", "wrong"), CARDS, ids=str)
def test_a_card_that_kakao_would_not_show_is_refused(card: Card, wrong: dict[str, str]) -> None:
    found = texts_editor.problems(draft((card,)), OURS)
    assert {at: one.key.removeprefix("sentences.") for at, one in found.items()} == wrong


def test_more_cards_than_kakao_shows_are_refused() -> None:
    found = texts_editor.problems(draft((Card("제목", "설명"),) * 11), OURS)
    assert list(found) == ["cards"]


def test_what_cannot_be_shown_is_looked_at_as_it_was() -> None:
    typed = draft(
        (Card("", "설명"), Card("제목", "설명"), Card("제목", "설명", ("{who}",))),
        reply__empty="{",
        reply__reset="가" * 1001,
    )
    texts = texts_editor.usable(typed, OURS, texts_editor.problems(typed, OURS))
    assert texts("reply.empty") == OURS("reply.empty")
    assert length(texts("reply.reset")) == 1001
    assert texts.cards == (Card("제목", "설명"),)


# --- the form -------------------------------------------------------------------------------


def test_every_sentence_that_a_friend_sees_can_be_changed() -> None:
    groups = ("button.", "reply.", "group.", "limit.", "failure.", "practice.")
    assert sorted(KEYS) == sorted(key for key in OURS.sentences if key.startswith(groups))


def test_a_form_is_read_as_it_was_typed() -> None:
    form = {"reply.empty": " 네?\r\n말해 봐\r\n", "of": "abc"}
    form |= {"card-0-title": "하나", "card-0-description": "설명", "card-0-button-0": "네"}
    form |= {"card-0-button-1": " ", "card-1-title": "", "card-1-description": ""}
    read = TextsDraft.read(form, OURS)
    assert read.sentences == {
        **TextsDraft.stored(OURS, "").sentences,
        "reply.empty": "네?\n말해 봐",
    }
    assert read.cards == (Card("하나", "설명", ("네",)), Card("", ""))
    assert read.of == "abc"
