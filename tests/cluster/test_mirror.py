"""The owner's files in the database: who writes them, who has them, who was quicker."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest

from chatgee import settings
from chatgee.cluster.shared_files.mirror import FILES, HEALTH, SETTINGS, Mirror
from chatgee.errors import SettingsError
from chatgee.model.prices import Prices
from chatgee.model.system_prompt import Character
from chatgee.settings import OWNERS_FILES, Settings, config_file
from chatgee.store import Store
from chatgee.system import text_files
from tests.support.far_ends import PATIENCE


@dataclass
class Machine:
    """A folder, and a connection of its own."""

    ours: Settings
    store: Store
    mirror: Mirror

    @property
    def config(self) -> Path:
        return self.ours.data_dir / "config.env"

    def file(self, name: str) -> Path:
        return self.ours.data_dir / name

    def save(self, name: str, text: str) -> None:
        text_files.save(self.file(name), text, self.ours.data_dir)

    def change(self, name: str, text: str) -> None:
        self.mirror.change(lambda: self.save(name, text), lambda names: None)


@dataclass
class Room:
    url: str
    folder: Path
    stack: ExitStack

    def machine(self, name: str, **files: str) -> Machine:
        """Which has joined the others with these files; `_` stands for the dot of a name."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        for file, text in files.items():
            (folder / file.replace("__", ".")).write_text(text, "utf-8")
        environ = {"DATA_DIR": str(folder), "DATABASE_URL": self.url}
        ours = settings.load(environ, folder / "config.env")
        store = Store(self.url)
        self.stack.callback(store.close)
        machine = Machine(ours, store, Mirror(ours, store))
        machine.mirror.join(machine.config)
        return machine


@pytest.fixture
def room(database_url: str, tmp_path: Path) -> Iterator[Room]:
    with ExitStack() as stack:
        yield Room(database_url, tmp_path, stack)


def test_the_first_brings_its_files_and_the_second_has_them(room: Room) -> None:
    room.machine("a", system_prompt__txt="너는 해적이야.", prices__toml="won_per_dollar = 1300.0")
    second = room.machine("b")
    assert second.file("system_prompt.txt").read_text("utf-8") == "너는 해적이야."
    assert Prices.read(second.ours.data_dir).won_per_dollar == 1300


def test_who_comes_later_brings_nothing_and_loses_nothing(room: Room) -> None:
    first = room.machine("a", system_prompt__txt="너는 해적이야.")
    second = room.machine("b", system_prompt__txt="나의 것", texts__toml="# 나의 것")
    assert second.file("system_prompt.txt").read_text("utf-8") == "너는 해적이야."
    assert second.file("before-shared/system_prompt.txt").read_text("utf-8") == "나의 것"
    assert first.mirror.refresh() == set()
    assert not first.file("texts.toml").exists()


def test_what_one_changes_the_other_has_once_it_looks(room: Room) -> None:
    first, second = room.machine("a"), room.machine("b")
    first.change("texts.toml", "# 새 문장")
    assert second.mirror.refresh() == {f"{FILES}texts.toml"}
    assert second.file("texts.toml").read_text("utf-8") == "# 새 문장"
    assert second.mirror.refresh() == set()
    assert not second.file("before-shared").exists()


@pytest.mark.parametrize("name", OWNERS_FILES)
def test_every_file_that_a_page_writes_is_the_same_on_all_machines(room: Room, name: str) -> None:
    first, second = room.machine("a"), room.machine("b")
    first.change(name, "# 새 글")
    assert second.mirror.refresh() == {f"{FILES}{name}"}
    assert second.file(name).read_text("utf-8") == "# 새 글"


def test_two_processes_of_one_machine_both_hear_of_a_change(room: Room) -> None:
    web, worker = room.machine("a"), room.machine("a")
    write(web, KEEP_DAYS="30")
    assert worker.mirror.refresh() == {SETTINGS}
    assert worker.mirror.refresh() == web.mirror.refresh() == set()


def test_news_that_come_while_a_page_is_saved_take_nothing_back(room: Room) -> None:
    web, other = room.machine("a"), room.machine("b")
    other.change("prices.toml", "won_per_dollar = 1300.0")
    with ThreadPoolExecutor(1) as ear:

        def work() -> None:
            heard.append(ear.submit(web.mirror.refresh))
            other.store.note(SETTINGS).result()
            web.save("texts.toml", "# 새 문장")

        heard: list[Future[set[str]]] = []
        web.mirror.change(work, lambda names: None)
        assert heard[0].result(PATIENCE) == set()
    assert web.file("texts.toml").read_text("utf-8") == "# 새 문장"


def test_a_version_that_one_takes_away_is_gone_everywhere(room: Room) -> None:
    first, second = room.machine("a"), room.machine("b")
    name = "characters/20260101-000000-000000.txt"
    first.change(name, "옛 성격")
    second.mirror.refresh()
    assert second.file(name).exists()
    first.mirror.change(first.file(name).unlink, lambda names: None)
    second.mirror.refresh()
    assert not second.file(name).exists()


def test_work_on_files_that_somebody_else_changes_meanwhile_is_done_again_on_theirs(
    room: Room,
) -> None:
    first, second = room.machine("a"), room.machine("b")
    shared = second.ours.shared_path
    rounds = []

    def work() -> None:
        if not rounds:
            write(first, KEEP_DAYS="30")
        rounds.append(1)
        config_file.write(second.config, {"MEMORY_TURNS": "5"}, shared)

    second.mirror.change(work, lambda names: None)
    assert len(rounds) == 2
    first.mirror.refresh()
    for machine in (first, second):
        together = settings.load({"DATA_DIR": str(machine.ours.data_dir), "DATABASE_URL": room.url})
        assert (together.keep_days, together.memory_turns) == (30, 5)


def write(machine: Machine, **values: str) -> None:
    shared = machine.ours.shared_path
    machine.mirror.change(
        lambda: config_file.write(machine.config, values, shared), lambda names: None
    )


def test_a_draft_of_what_somebody_else_has_changed_is_a_conflict(room: Room) -> None:
    first, second = room.machine("a"), room.machine("b")
    mine, theirs = character(first), character(second)
    base = text_files.mark(theirs.read())
    first.mirror.change(lambda: mine.save("너는 해적이야."), lambda names: None)
    with pytest.raises(Exception, match=r"character\.conflict"):
        second.mirror.change(lambda: theirs.save("너는 선장이야.", base), lambda names: None)
    assert theirs.read() == "너는 해적이야."


def character(machine: Machine) -> Character:
    folder = machine.ours.data_dir
    return Character(machine.ours.system_prompt_path, folder / "characters", "기본")


def test_where_the_database_cannot_be_reached_nothing_is_changed(room: Room) -> None:
    machine = room.machine("a", texts__toml="# 처음")

    def work() -> None:
        machine.save("texts.toml", "# 나중")
        machine.save("prices.toml", "won_per_dollar = 1.0")
        machine.store.close()

    with pytest.raises(SettingsError, match=r"settings\.not_shared"):
        machine.mirror.change(work, lambda names: None)
    assert machine.file("texts.toml").read_text("utf-8") == "# 처음"
    assert not machine.file("prices.toml").exists()


def test_settings_that_were_saved_are_a_new_try_for_all(room: Room) -> None:
    machine = room.machine("a")
    machine.store.write_note(HEALTH, '["wrong_key", "wrong_key"]').result()
    machine.change("texts.toml", "# 새 문장")
    assert machine.store.note(HEALTH).result()
    write(machine, OPENAI_API_KEY="sk-new-0123456789")
    assert machine.store.note(HEALTH).result() is None


def test_a_settings_note_never_holds_what_belongs_to_a_machine(room: Room) -> None:
    own = "HOST=0.0.0.0\nLOG_LEVEL=debug\nSYSTEM_PROMPT_FILE=mine.txt\nKEEP_DAYS=7\nMY_OWN=1\n"
    machine = room.machine("a", config__env=own)
    note = machine.store.note(SETTINGS).result()
    assert note
    assert note.value == f"{config_file.HEAD}KEEP_DAYS=7\n"


def test_a_file_that_cannot_be_taken_away_leaves_the_others_in_order(room: Room) -> None:
    first, second = room.machine("a", texts__toml="# 처음"), room.machine("b")
    second.file("texts.toml").unlink()
    second.file("texts.toml").mkdir()
    first.mirror.change(first.file("texts.toml").unlink, lambda names: None)
    first.change("prices.toml", "won_per_dollar = 1300.0")
    assert f"{FILES}prices.toml" in second.mirror.refresh()
    assert Prices.read(second.ours.data_dir).won_per_dollar == 1300


def test_a_note_of_another_name_is_no_file(room: Room, tmp_path: Path) -> None:
    machine = room.machine("a")
    for name in ("../evil.txt", "characters/../../evil.txt", "config.env"):
        machine.store.write_note(f"{FILES}{name}", "악").result()
    assert machine.mirror.refresh() == set()
    assert not list(tmp_path.rglob("evil.txt"))
    assert not machine.config.exists()


def test_a_file_that_cannot_be_written_leaves_the_others_in_order(room: Room) -> None:
    first, second = room.machine("a"), room.machine("b")
    second.file("texts.toml").mkdir()
    first.change("texts.toml", "# 새 문장")
    first.change("prices.toml", "won_per_dollar = 1300.0")
    assert second.mirror.refresh() == {f"{FILES}prices.toml"}


def test_a_character_that_lies_elsewhere_is_the_machines_own(room: Room, tmp_path: Path) -> None:
    """Its owner has put it there by hand: no page of another machine reads or writes it."""
    elsewhere = tmp_path / "hidden.txt"
    elsewhere.write_text("이 컴퓨터만", "utf-8")
    first = room.machine("a", config__env=f"SYSTEM_PROMPT_FILE={elsewhere}\n")
    names = [note.name for note in first.store.notes(FILES).result()]
    assert f"{FILES}system_prompt.txt" not in names
    second = room.machine("b")
    second.change("system_prompt.txt", "다른 성격")
    first.mirror.refresh()
    assert elsewhere.read_text("utf-8") == "이 컴퓨터만"


def test_pages_that_are_saved_while_another_process_has_the_same_files_all_hold(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    web, worker = room.machine("a"), room.machine("a")
    done = Event()

    def listen() -> None:
        while not done.is_set():
            worker.mirror.refresh()

    def save(name: str) -> None:
        for number in range(10):
            web.change(name, f"# {number}")

    with ThreadPoolExecutor(3) as threads:
        hearing = threads.submit(listen)
        saving = [threads.submit(save, name) for name in ("texts.toml", "prices.toml")]
        wait(saving, PATIENCE)
        done.set()
        for one in (*saving, hearing):
            one.result(PATIENCE)
    for name in ("texts.toml", "prices.toml"):
        assert web.file(name).read_text("utf-8") == "# 9"
    assert not web.file("before-shared").exists()
    assert "stays as it is" not in caplog.text
