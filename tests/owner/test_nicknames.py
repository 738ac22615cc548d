"""What the owner's pages call friends, and how they show what was found."""

from chatgee.owner import nicknames
from chatgee.texts import Texts

TEXTS = Texts.load()

# --- names ----------------------------------------------------------------------------------


def test_a_friend_is_called_the_same_with_every_look() -> None:
    faces = {nicknames.face(f"friend-{number}", TEXTS) for number in range(2000)}
    assert len(faces) > 1990
    assert {one.tone for one in faces} == set(range(8))
    assert nicknames.face("friend-1", TEXTS) in faces


def test_the_owners_own_friends_are_marked() -> None:
    assert nicknames.face("desk-1", TEXTS).simulated
    assert not nicknames.face("friend", TEXTS).simulated


# --- what was found -------------------------------------------------------------------------


def test_what_is_typed_becomes_words_as_kakaotalk_writes_them() -> None:
    apart = "\u1112\u1162\u11ba"  # ᄒ ᅢ ᆺ, as macOS writes file names
    assert nicknames.words_of(f"  {apart}빛  DNA\0") == ("햇빛", "DNA")
    assert len(nicknames.words_of("말 " * 500)) == nicknames.MOST_WORDS


def test_an_excerpt_holds_the_first_word_that_was_found() -> None:
    text = "가" * 500 + "바늘" + "나" * 500
    cut = nicknames.excerpt(text, ("바늘",))
    assert "바늘" in cut
    assert (cut[0], cut[-1]) == ("…", "…")
    assert len(cut) <= nicknames.EXCERPT_CHARS + 2
    assert nicknames.excerpt(text, ("없는말",)) == nicknames.excerpt(text, ())
    assert nicknames.excerpt("짧은 글", ("글",)) == "짧은 글"


def test_the_words_are_marked_and_nothing_is_lost() -> None:
    text = "A.b와 a.B, axb (햇빛)"
    pieces = nicknames.marked(text, ("a.b", "햇", "햇빛", "("))
    assert [piece for piece, hit in pieces if hit] == ["A.b", "a.B", "(", "햇빛"]
    assert "".join(piece for piece, _ in pieces) == text
    assert nicknames.marked(text, ()) == [(text, False)]
