"""The bot's character: what is used, and that nothing of what was used is ever lost."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chatgee.errors import ChatGeeError
from chatgee.model.system_prompt import MOST_CHARS, MOST_KEPT, NAME, Character
from chatgee.settings import Settings
from chatgee.system.text_files import mark
from chatgee.texts import Texts

BUILT_IN = "기본 성격"


@pytest.fixture
def character(tmp_path: Path) -> Character:
    return Character(tmp_path / "system_prompt.txt", tmp_path / "characters", BUILT_IN)


def texts(character: Character) -> list[str]:
    return [one.text for one in character.versions()]


def refused(character: Character, *given: str) -> str:
    with pytest.raises(ChatGeeError) as told:
        character.save(*given)
    return told.value.key


# --- what is used ---------------------------------------------------------------------------


def test_without_a_file_the_built_in_one_is_used(character: Character) -> None:
    assert character.read() == BUILT_IN
    assert texts(character) == [BUILT_IN]
    assert not character.folder.exists()  # to look changes nothing


@pytest.mark.parametrize("text", ["", " \n", "\ufeff"])
def test_an_empty_file_is_the_built_in_one(character: Character, text: str) -> None:
    character.file.write_text(text, "utf-8")
    assert character.read() == BUILT_IN


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_the_file_is_read_however_notepad_saved_it(character: Character, encoding: str) -> None:
    character.file.write_bytes("우리 반\r\n도우미\r\n".encode(encoding))
    assert character.read() == "우리 반\n도우미"
    character.save("우리 반\n도우미")  # as a page sends it, which is no change
    character.save("우리 반\n새 도우미")
    assert texts(character) == ["우리 반\n새 도우미", "우리 반\n도우미"]


def test_what_is_saved_is_for_the_owner_alone(character: Character) -> None:
    character.save("가게 안내")
    files = [character.file, *character.folder.iterdir()]
    assert character.file.read_text("utf-8") == "가게 안내\n"
    if os.name == "posix":
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_it_stands_where_the_settings_say(tmp_path: Path) -> None:
    ours = Settings(data_dir=tmp_path, system_prompt_file=tmp_path / "elsewhere" / "p.txt")
    character = Character.of(ours, Texts.load())
    character.save("가게 안내")
    assert (tmp_path / "elsewhere" / "p.txt").read_text("utf-8") == "가게 안내\n"
    assert list((tmp_path / "characters").iterdir())


def test_a_text_that_is_too_long_is_refused(character: Character) -> None:
    assert refused(character, "가" * (MOST_CHARS + 1)) == "setup.prompt_long"
    character.save("가" * MOST_CHARS)
    assert character.read() == "가" * MOST_CHARS


def test_by_how_much_it_is_too_long_is_told(character: Character) -> None:
    with pytest.raises(ChatGeeError) as found:
        character.save("가" * (MOST_CHARS + 1600))
    assert "1,600글자 길어요" in Texts.load().of(found.value)


def test_a_longer_file_is_used_and_can_be_saved_as_it_stands_or_shortened(
    character: Character,
) -> None:
    character.file.write_text("가" * (MOST_CHARS + 9), "utf-8")
    character.save("가" * (MOST_CHARS + 9))
    assert len(character.read()) == MOST_CHARS + 9
    assert refused(character, "가" * (MOST_CHARS + 8)) == "setup.prompt_long"
    character.save("가" * MOST_CHARS)
    assert len(character.read()) == MOST_CHARS


# --- versions -------------------------------------------------------------------------------


def test_every_save_keeps_the_one_before_and_the_first_keeps_the_original(
    character: Character,
) -> None:
    for text in ("하나", "둘", "셋"):
        character.save(text)
    assert texts(character) == ["셋", "둘", "하나", BUILT_IN]
    assert [one.since.year for one in character.versions()][-1] == 1970


def test_a_file_from_before_is_kept_with_its_own_date(character: Character) -> None:
    character.file.write_text("옛 성격\n", "utf-8")
    os.utime(character.file, (1_700_000_000, 1_700_000_000))
    character.save("새 성격")
    old = character.versions()[-1]
    assert (old.text, old.since.timestamp()) == ("옛 성격", 1_700_000_000)


def test_a_change_by_hand_is_a_version_too(character: Character) -> None:
    character.save("하나")
    character.file.write_text("손으로 고친 것\n", "utf-8")
    assert texts(character) == ["손으로 고친 것", "하나", BUILT_IN]
    character.save("둘")
    assert texts(character) == ["둘", "손으로 고친 것", "하나", BUILT_IN]


def test_the_same_again_makes_no_version(character: Character) -> None:
    character.save("하나")
    character.save("하나\r\n ")
    assert texts(character) == ["하나", BUILT_IN]
    assert len(list(character.folder.iterdir())) == 2


def test_undoing_brings_an_older_one_to_the_top_and_loses_none(character: Character) -> None:
    for text in ("하나", "둘", "셋"):
        character.save(text)
    older = character.find(character.versions()[2].name)
    assert older
    character.save(older.text)
    assert texts(character) == ["하나", "셋", "둘", BUILT_IN]


def test_back_to_the_built_in_one_is_a_version_like_any(character: Character) -> None:
    character.save("하나")
    character.save("")
    assert (character.read(), texts(character)) == (BUILT_IN, [BUILT_IN, "하나"])


def test_so_many_are_kept_and_the_oldest_go(character: Character) -> None:
    for number in range(MOST_KEPT + 3):
        character.save(f"{number}번")
    assert len(list(character.folder.iterdir())) == MOST_KEPT
    assert texts(character)[:: MOST_KEPT - 1] == [f"{MOST_KEPT + 2}번", "3번"]


def test_a_clock_that_was_set_back_changes_no_order(character: Character) -> None:
    character.save("하나")
    (newest, *_) = sorted(character.folder.iterdir(), reverse=True)
    later = datetime.now(UTC) + timedelta(days=400)
    newest.rename(newest.with_name(f"{later.strftime(NAME)}.txt"))
    character.save("둘")
    character.save("셋")
    assert texts(character) == ["셋", "둘", "하나", BUILT_IN]


def test_files_of_the_owners_beside_them_are_left_alone(character: Character) -> None:
    character.save("하나")
    notes = character.folder / "메모.txt"
    notes.write_text("내 메모", "utf-8")
    (character.folder / "20261123-010203-000001.txt").write_bytes(b"\xff\x00\xff\xc7")
    for number in range(MOST_KEPT):
        character.save(f"{number}번")
    assert notes.read_text("utf-8") == "내 메모"
    assert "내 메모" not in texts(character)


@pytest.mark.parametrize("name", ["", "..", "../system_prompt", "메모", "*", "20261123-010203-1"])
def test_nothing_but_a_version_is_found(character: Character, name: str) -> None:
    character.save("하나")
    character.folder.joinpath("메모.txt").write_text("내 메모", "utf-8")
    assert character.find(name) is None


# --- nothing is lost ------------------------------------------------------------------------


def test_what_was_changed_since_it_was_read_is_not_written_over(character: Character) -> None:
    read = mark(character.read())
    character.save("다른 창에서", read)
    assert refused(character, "이 창에서", read) == "character.conflict"
    assert texts(character) == ["다른 창에서", BUILT_IN]
    character.save("이 창에서", mark("다른 창에서"))
    assert texts(character) == ["이 창에서", "다른 창에서", BUILT_IN]


def test_the_same_change_in_two_windows_is_no_conflict(character: Character) -> None:
    read = mark(character.read())
    for _ in range(2):
        character.save("같은 글", read)
    assert texts(character) == ["같은 글", BUILT_IN]


def test_a_file_in_no_known_encoding_is_kept_as_well_as_it_can_be_read(
    character: Character,
) -> None:
    character.file.write_bytes(b"Our shop \xff\xff opens at ten")
    assert character.read() == BUILT_IN
    character.save("새 성격", mark(BUILT_IN))
    assert texts(character) == ["새 성격", "Our shop \ufffd\ufffd opens at ten"]


def test_a_place_that_cannot_be_read_is_not_written_over(character: Character) -> None:
    character.file.mkdir()
    assert refused(character, "새 성격") == "settings.unreadable"
    assert character.read() == BUILT_IN


def test_where_no_version_can_be_kept_nothing_is_changed(character: Character) -> None:
    character.file.write_text("옛 성격\n", "utf-8")
    character.folder.write_text("a file in its way", "utf-8")
    assert refused(character, "새 성격") == "setup.unwritable"
    assert character.file.read_text("utf-8") == "옛 성격\n"
