"""A backup is whole, holds no secret, and is made while friends are answered."""

import json
import shutil
import threading
import zipfile
from collections import namedtuple
from io import BytesIO
from pathlib import Path

import pytest

from chatgee.errors import ChatGeeError, StoreError
from chatgee.owner.backup import pack
from chatgee.owner.backup.pack import make
from chatgee.settings import Settings
from chatgee.store import Store, schema
from chatgee.store.files import copy as copying
from chatgee.version import VERSION
from tests.support.backups import asked, filled, settings_of
from tests.support.bot import Bot

SECRETS = {"OPENAI_API_KEY": "sk-very-secret", "SKILL_KEY": "secret-of-the-skill"}


def packed(ours: Settings) -> zipfile.ZipFile:
    out = BytesIO()
    make(ours, out)
    return zipfile.ZipFile(out)


def test_everything_that_the_owner_would_miss_is_in_it(tmp_path: Path) -> None:
    ours = filled(tmp_path, "몇 시에 열어요?")
    (tmp_path / "texts.toml").write_text('[reply]\nempty = "네?"\n', "utf-8")
    (tmp_path / "system_prompt.txt").write_text("꽃집", "utf-8")
    (tmp_path / "characters").mkdir()
    (tmp_path / "characters" / "우리 반 (1).json").write_text("{}", "utf-8")
    (tmp_path / "characters" / ".hidden").write_text("x", "utf-8")
    (tmp_path / "board.json").write_text("{}", "utf-8")
    with packed(ours) as archive:
        names = set(archive.namelist())
        told = json.loads(archive.read(pack.MANIFEST))
        archive.extract(pack.DATABASE, tmp_path / "out")
        assert archive.read("system_prompt.txt").decode() == "꽃집"
    texts = {"texts.toml", "system_prompt.txt", "characters/우리 반 (1).json"}
    assert names == {pack.MANIFEST, pack.DATABASE} | texts
    assert told["files"].keys() == names - {pack.MANIFEST}
    assert (told["version"], told["schema"]) == (VERSION, schema.VERSION)
    assert asked(tmp_path / "out" / pack.DATABASE) == ["몇 시에 열어요?"]


def test_no_key_is_in_it(tmp_path: Path) -> None:
    filled(tmp_path, "질문")
    lines = "".join(f"{name}={value}\n" for name, value in SECRETS.items())
    (tmp_path / "config.env").write_text(lines, "utf-8")
    with packed(settings_of(tmp_path, **SECRETS)) as archive:
        assert "config.env" not in archive.namelist()
        every = b"".join(map(archive.read, archive.namelist()))
    assert not [one for one in SECRETS.values() if one.encode() in every]


def test_a_database_elsewhere_is_in_it_and_a_prompt_elsewhere_is_not(tmp_path: Path) -> None:
    elsewhere = tmp_path / "other"
    elsewhere.mkdir()
    data = tmp_path / "data"
    data.mkdir()
    (elsewhere / "me.txt").write_text("내 성격", "utf-8")
    url = f"sqlite:///{elsewhere / 'mine.sqlite'}"
    ours = settings_of(data, DATABASE_URL=url, SYSTEM_PROMPT_FILE=str(elsewhere / "me.txt"))
    Store(url).close()
    with packed(ours) as archive:
        assert set(archive.namelist()) == {pack.MANIFEST, pack.DATABASE}


@pytest.mark.usefixtures("unhurried")
def test_friends_are_answered_while_it_is_made(bot: Bot, tmp_path: Path) -> None:
    friend, made = bot.known(), BytesIO()
    maker = threading.Thread(target=make, args=(settings_of(tmp_path), made))
    maker.start()
    answers = []
    while not answers or maker.is_alive():
        answers.append(friend.says(f"질문 {len(answers)}").text)
    maker.join()
    assert answers == [f"답: 질문 {number}" for number in range(len(answers))]
    with zipfile.ZipFile(made) as archive:
        archive.extract(pack.DATABASE, tmp_path / "out")
    found = asked(tmp_path / "out" / pack.DATABASE)
    assert 1 <= len(found) <= len(answers) + 1


def test_what_is_written_meanwhile_neither_waits_nor_makes_it_begin_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = filled(tmp_path, *("긴 질문 " * 500 for _ in range(20)))
    store, steps = Store(ours.sqlalchemy_url), []

    def write(status: int, remaining: int, total: int) -> None:
        steps.append(remaining)
        store.ask(f"new{len(steps)}", "friend-new", "새 질문").result(5)

    monkeypatch.setattr(copying, "SLICE_PAGES", 5)
    monkeypatch.setattr(copying, "_pause", write)
    copying.copy(ours.sqlalchemy_url, tmp_path / "copy.db")
    store.close()
    assert len(steps) > 3
    assert steps == sorted(steps, reverse=True)
    assert "새 질문" not in asked(tmp_path / "copy.db")  # one moment: when it was begun
    assert not list(tmp_path.glob("copy.db-*"))
    copying.take_in(tmp_path / "copy.db")


def test_nothing_is_left_of_one_that_was_cut_off(tmp_path: Path) -> None:
    ours = filled(tmp_path, "질문")
    left = tmp_path / f"{pack.SCRATCH}cut"
    left.mkdir()
    (left / pack.DATABASE).write_bytes(b"half")
    packed(ours).close()
    assert not list(tmp_path.glob(f"{pack.SCRATCH}*"))


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = filled(tmp_path, "질문")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 1000))
    with pytest.raises(ChatGeeError) as caught:
        make(ours, BytesIO())
    assert caught.value.key == "backup.disk_full"


def test_a_database_that_cannot_be_read_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    ours = settings_of(tmp_path)
    (tmp_path / pack.DATABASE).write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)
    with pytest.raises(StoreError) as caught:
        make(ours, BytesIO())
    assert caught.value.key == "backup.not_made"
    assert not list(tmp_path.glob(f"{pack.SCRATCH}*"))
