"""config.env as it is written: the owner's own lines stay, and every value is read back."""

import os
import stat
import sys
from io import StringIO
from pathlib import Path

import pytest
from dotenv.parser import parse_stream
from hypothesis import given
from hypothesis import strategies as st

from chatgee import settings
from chatgee.errors import SettingsError
from chatgee.settings import config_file
from chatgee.settings.config_check import mistakes
from chatgee.settings.config_file import changed
from chatgee.settings.docs import example_env

OWNERS = """# 우리 반 챗봇
export OPENAI_API_KEY='sk-old'   # 학교 키

PORT = 7000
#OPENAI_MODEL=gpt-6-luna
MY_OWN=그대로 # 두기
"""


def read(text: str) -> dict[str, str | None]:
    return {line.key: line.value for line in parse_stream(StringIO(text)) if line.key}


# --- what is kept ---------------------------------------------------------------------------


def test_a_line_is_replaced_where_it_stands_with_its_comment() -> None:
    assert changed(OWNERS, {"OPENAI_API_KEY": "sk-new"}) == OWNERS.replace(
        "export OPENAI_API_KEY='sk-old'", "OPENAI_API_KEY=sk-new"
    )


def test_else_the_example_line_is_used_and_else_it_comes_last() -> None:
    text = changed(OWNERS, {"OPENAI_MODEL": "llama3:8b", "NGROK_DOMAIN": "a.ngrok-free.dev"})
    expected = OWNERS.replace("#OPENAI_MODEL=gpt-6-luna", "OPENAI_MODEL=llama3:8b")
    assert text == expected + "NGROK_DOMAIN=a.ngrok-free.dev\n"


def test_none_puts_the_example_back_and_leaves_no_secret_behind() -> None:
    text = changed(OWNERS + "OPENAI_API_KEY=sk-again\n", {"OPENAI_API_KEY": None})
    assert "sk-old" not in text
    assert "sk-again" not in text
    assert "#OPENAI_API_KEY=sk-...   # 학교 키" in text
    assert read(text) == {"PORT": "7000", "MY_OWN": "그대로"}


def test_none_for_what_is_not_there_changes_nothing() -> None:
    assert changed(OWNERS, {"SKILL_KEY": None, "OPENAI_MODEL": None}) == OWNERS


def test_a_last_line_without_an_end_gets_one() -> None:
    assert changed("PORT=1", {"HOST": "::1"}) == "PORT=1\nHOST=::1\n"


def test_windows_line_ends_stay() -> None:
    text = changed(OWNERS.replace("\n", "\r\n"), {"HOST": "::1", "PORT": "1"})
    assert text.count("\r\n") == text.count("\n") == 7


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_whatever_notepad_made_of_it_is_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "config.env"
    file.write_bytes(OWNERS.encode(encoding))
    config_file.write(file, {"PORT": "7001"})
    assert file.read_text("utf-8") == OWNERS.replace("PORT = 7000", "PORT=7001")


def test_an_open_quote_of_the_owners_is_told_and_the_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "config.env"
    file.write_text("MY='open\n", "utf-8")
    with pytest.raises(SettingsError, match=r"setup\.unquotable"):
        config_file.write(file, {"SKILL_KEY": "x' #y", "PORT": "1"})
    assert file.read_text("utf-8") == "MY='open\n"


# --- what is written ------------------------------------------------------------------------


@given(st.text(min_size=1), st.text(alphabet=" #'\"\\\n=$ab", min_size=1))
def test_every_value_is_read_back_exactly(one: str, other: str) -> None:
    try:
        text = changed(OWNERS, {"OPENAI_API_KEY": one, "SKILL_KEY": other})
    except SettingsError:
        return  # refused, not changed: a few cannot be written in this format
    found = read(text)
    assert (found["OPENAI_API_KEY"], found["SKILL_KEY"]) == (one, other)
    assert (found["PORT"], found["MY_OWN"]) == ("7000", "그대로")


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_what_a_secret_may_be_is_never_refused(secret: str) -> None:
    assert read(changed(OWNERS, {"OPENAI_API_KEY": secret}))["OPENAI_API_KEY"] == secret


LINE = st.text(alphabet="AB= #'\"\\x\t\r", max_size=12)


@given(st.lists(LINE, max_size=5), st.booleans())
def test_the_rest_of_any_file_stays_as_it_was(lines: list[str], removed: bool) -> None:
    before = "\n".join(lines)
    try:
        after = changed(before, {"PORT": None if removed else "7001"})
    except SettingsError:
        return
    kept = {name: value for name, value in read(after).items() if name != "PORT"}
    assert kept == {name: value for name, value in read(before).items() if name != "PORT"}


# --- the file -------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_made_from_the_example(tmp_path: Path) -> None:
    file = tmp_path / "config.env"
    config_file.write(file, {})
    assert file.read_text("utf-8") == example_env()
    config_file.write(file, {name: row.metadata["shown"] for name, row in settings.OPTIONS.items()})
    assert file.read_text("utf-8").count("\n") == example_env().count("\n")
    assert [key for key, _ in mistakes(file) if key != "settings.example"] == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX file modes")
def test_it_is_the_owners_alone_and_a_link_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "elsewhere.env", tmp_path / "config.env"
    real.write_text("PORT=1\n")
    real.chmod(0o644)
    link.symlink_to(real)
    config_file.write(link, {"SKILL_KEY": "s"})
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["config.env", "elsewhere.env"]


def test_where_nothing_can_be_written_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.env.new").mkdir()
    with pytest.raises(SettingsError, match=r"setup\.unwritable"):
        config_file.write(tmp_path / "config.env", {"PORT": "1"})
    assert not (tmp_path / "config.env").exists()


def test_of_several_machines_each_keeps_its_own_settings_to_itself(tmp_path: Path) -> None:
    own, shared = tmp_path / "config.env", tmp_path / "shared.env"
    config_file.write(own, {"LOG_LEVEL": "debug", "KEEP_DAYS": "7"}, shared)
    assert settings.read_file(own) == {"LOG_LEVEL": "debug"}
    assert shared.read_text("utf-8") == f"{config_file.HEAD}KEEP_DAYS=7\n"
    own.unlink()
    config_file.write(own, {"KEEP_DAYS": None}, shared)
    assert (own.exists(), settings.read_file(shared)) == (False, {})
