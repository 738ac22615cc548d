"""What an owner's page writes into texts.toml, and what it leaves alone."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from chatgee.errors import SettingsError
from chatgee.owner import texts_editor
from chatgee.owner.texts_editor import KEYS, TextsDraft, texts_file
from chatgee.system import text_files
from chatgee.texts import Card, Texts

OURS = Texts.load()
OWNERS = """# 우리 반의 말이에요

[reply]
# 선생님이 지은 인사
greeting = "안녕!"  # 3월에 고침
empty = '말해 봐'

# 한도는 여기
[limit]
day = "오늘은 그만"

[hint]
server = "서버를 봐요"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "texts.toml"


def draft(file: Path, cards: tuple[Card, ...] | None = None, **words: str) -> TextsDraft:
    """As a page has it once these sentences were typed; `__` stands for the dot of a key."""
    source, now = texts_file.read(file, OURS)
    stored = TextsDraft.stored(now, source)
    typed = {key.replace("__", "."): one for key, one in words.items()}
    form = {**stored.sentences, **typed, "of": stored.of}
    return replace(TextsDraft.read(form, OURS), cards=cards or stored.cards)


def save(file: Path, cards: tuple[Card, ...] | None = None, **words: str) -> Texts:
    texts_file.save(file, draft(file, cards, **words), OURS)
    return Texts.load(file)


# --- writing --------------------------------------------------------------------------------


def test_only_what_differs_from_ours_is_written(file: Path) -> None:
    assert save(file, reply__empty="말해 봐")("reply.empty") == "말해 봐"
    assert tomllib.loads(file.read_text("utf-8")) == {"reply": {"empty": "말해 봐"}}


def test_the_owners_other_lines_stay_to_the_letter(file: Path) -> None:
    file.write_text(OWNERS, "utf-8")
    texts = save(file, reply__greeting="안녕하세요!\n저는 도우미예요.", reply__reset="잊었어요")
    assert texts("reply.greeting") == "안녕하세요!\n저는 도우미예요."
    lines = file.read_text("utf-8").splitlines()
    for line in OWNERS.splitlines():
        assert line in lines or line.startswith("greeting"), line
    assert '저는 도우미예요."""  # 3월에 고침' in lines
    assert lines[lines.index("# 한도는 여기") + 1] == "[limit]"


def test_our_own_words_take_the_line_out(file: Path) -> None:
    file.write_text(OWNERS, "utf-8")
    assert save(file, reply__greeting=OURS.sentences["reply.greeting"]).problems == ()
    assert file.read_text("utf-8") == re.sub("greeting = .*\n", "", OWNERS)


def test_saving_nothing_new_leaves_the_file_and_its_older_self_alone(file: Path) -> None:
    file.write_bytes(OWNERS.encode("utf-16"))
    assert not texts_file.save(file, draft(file), OURS)
    assert file.read_bytes() == OWNERS.encode("utf-16")
    assert not texts_file.can_undo(file)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_a_file_of_notepads_is_changed_too(file: Path, encoding: str) -> None:
    file.write_bytes(OWNERS.replace("\n", "\r\n").encode(encoding))
    texts = save(file, limit__day="내일 봐요")
    assert (texts("limit.day"), texts("reply.greeting"), texts.problems) == (
        "내일 봐요",
        "안녕!",
        (),
    )
    assert "# 선생님이 지은 인사\r\n" in file.read_bytes().decode()


@pytest.mark.parametrize(
    "source",
    [
        'reply.empty = "말해 봐"\n',
        '[ reply ]  # 대답\nempty = "말해 봐"',
        'reply = { empty = "말해 봐" }\n',
        'x = """\n[reply]\n"""\n[reply]\nempty = "말해 봐"\n',
        '[[card]]\ntitle = "제목"\ndescription = "설명"\n[reply]\nempty = "말해 봐"\n',
        '[limit]\nday = "그만"\n[reply]\nempty = "말해 봐"\n[failure]\nbug = "이런"\n',
    ],
)
def test_however_the_owner_writes_it_it_is_changed(file: Path, source: str) -> None:
    file.write_text(source, "utf-8")
    texts = save(file, reply__reset="잊었어요", reply__empty="네?", failure__photo="사진은 못 봐요")
    wanted = {"reply.reset": "잊었어요", "reply.empty": "네?", "failure.photo": "사진은 못 봐요"}
    assert {key: texts(key) for key in wanted} == wanted
    before = OURS.under(source, file.name).sentences
    assert texts.sentences == {**before, **wanted}


def test_cards_are_written_and_taken_out_again(file: Path) -> None:
    cards = (Card("제목", "첫 줄\n둘째 줄", ("{reset}", "네")), Card("둘", '"따옴표"'))
    assert save(file, cards).cards == cards
    assert save(file, OURS.cards).cards == OURS.cards
    assert "card" not in tomllib.loads(file.read_text("utf-8"))


def test_a_line_that_was_wrong_is_mended_by_what_is_saved(file: Path) -> None:
    file.write_text('[reply]\nempty = "{who}야"\n', "utf-8")
    assert save(file, reply__empty="네?").problems == ()


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(greeting=WORDS, label=WORDS, title=WORDS)
@example(greeting='"""\n\\', label="🙂 네", title="''' \t\\u")
@example(greeting="한 줄\n\n두 줄\\\n  셋 {fetch} {{}}", label="x", title="#[reply]")
def test_whatever_is_saved_is_what_friends_are_told(
    file: Path, greeting: str, label: str, title: str
) -> None:
    file.write_text(OWNERS, "utf-8")
    form = {"card-0-title": title, "card-0-description": "설명"}
    typed = draft(
        file, TextsDraft.read(form, OURS).cards, reply__greeting=greeting, button__more=label
    )
    assume(not texts_editor.problems(typed, OURS))
    texts_file.save(file, typed, OURS)
    texts = Texts.load(file)
    assert texts.problems == ()
    assert {key: texts.sentences[key] for key in KEYS} == typed.sentences
    assert texts.cards == typed.cards
    assert texts.sentences["hint.server"] == "서버를 봐요"


# --- what is not written --------------------------------------------------------------------


@pytest.mark.parametrize("broken", [b"[reply\n", b'[reply]\nempty = "\n', b"\xff\xff\xff"])
def test_a_broken_file_is_not_overwritten(file: Path, broken: bytes) -> None:
    file.write_bytes(broken)
    typed = draft(Path("none.toml"), reply__empty="네?")
    with pytest.raises(SettingsError):
        texts_file.save(file, typed, OURS)
    assert file.read_bytes() == broken
    texts_file.save(file, typed, OURS, aside=True)
    assert file.with_name("texts.toml.broken").read_bytes() == broken
    assert Texts.load(file)("reply.empty") == "네?"


def test_what_was_changed_elsewhere_in_the_meantime_is_not_overwritten(file: Path) -> None:
    typed = draft(file, reply__empty="네?")
    file.write_text(OWNERS, "utf-8")
    with pytest.raises(SettingsError) as refused:
        texts_file.save(file, typed, OURS)
    assert refused.value.key == "sentences.elsewhere"
    assert file.read_text("utf-8") == OWNERS


def test_a_sentence_that_the_file_does_not_let_in_is_refused(file: Path) -> None:
    """Two names for one place: whichever we wrote, the other would count."""
    source = '"reply.empty" = "하나"\n'
    file.write_text(source, "utf-8")
    with pytest.raises(SettingsError):
        save(file, reply__empty=OURS.sentences["reply.empty"])
    assert file.read_text("utf-8") == source


def test_the_last_save_can_be_undone_and_done_again(file: Path) -> None:
    save(file, reply__empty="하나")
    save(file, reply__empty="둘")
    for expected in ("하나", "둘", "하나"):
        source, _ = texts_file.read(file, OURS)
        texts_file.undo(file, text_files.mark(source))
        assert Texts.load(file)("reply.empty") == expected


def test_a_second_click_undoes_nothing_more(file: Path) -> None:
    save(file, reply__empty="하나")
    save(file, reply__empty="둘")
    of = text_files.mark(file.read_text("utf-8"))
    texts_file.undo(file, of)
    with pytest.raises(SettingsError):
        texts_file.undo(file, of)
    assert Texts.load(file)("reply.empty") == "하나"


def test_undoing_the_first_save_brings_back_ours(file: Path) -> None:
    with pytest.raises(SettingsError):
        texts_file.undo(file, text_files.mark(""))
    save(file, reply__empty="하나")
    texts_file.undo(file, text_files.mark(file.read_text("utf-8")))
    assert Texts.load(file) == OURS
