"""What the owner changes on one of several machines holds on every one of them."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import pytest
import requests

pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-cluster.txt")
from chatgee import settings
from chatgee.cluster import queue
from chatgee.cluster.shared_files.mirror import Mirror
from chatgee.settings import config_file, read_file
from chatgee.store import Store
from tests.support.cluster import LOCKED_OUT
from tests.support.far_ends import PATIENCE, FakeOpenAI
from tests.support.machines import TEXTS, Machines, answer, apart, get, post, save
from tests.support.postgres import connect
from tests.support.process import Program, copy_to
from tests.support.tunnel_side import until

if TYPE_CHECKING:
    from tests.support.postgres import OwnServer

LIMIT = TEXTS("limit.day", limit=2)
TITLE = TEXTS("setup.title_new")


@pytest.fixture
def machines(environ: dict[str, str], database_url: str, tmp_path: Path) -> Iterator[Machines]:
    with apart(environ, database_url, tmp_path) as machines:
        yield machines


# --- settings -------------------------------------------------------------------------------


def test_a_setting_that_is_saved_on_one_web_holds_in_the_worker_and_on_the_other(
    machines: Machines, fake_openai: FakeOpenAI
) -> None:
    (first, second), _ = machines.webs(), machines.worker()
    assert answer(second, "안녕?").endswith("답: 안녕?")
    save(first, OPENAI_MODEL="gpt-6-sol")

    def is_asked() -> bool:
        answer(second, "누구니?")
        return bool(fake_openai.requests[-1]["model"] == "gpt-6-sol")

    until(is_asked)
    until(lambda: get(second, "/health").json().get("model") == "gpt-6-sol")


def test_the_key_and_the_limits_of_all_doors_are_those_that_were_saved_at_one(
    machines: Machines,
) -> None:
    (first, second), _ = machines.webs(), machines.worker()
    save(first, QUESTIONS_PER_DAY="2", SKILL_KEY="the-key-of-all")

    def is_closed() -> bool:
        return requests.post(second.url, json={}, timeout=PATIENCE).status_code == 401

    until(is_closed)
    *told, refused = [answer(run, "안녕?", key="the-key-of-all") for run in (first, second, first)]
    assert [one.endswith("답: 안녕?") for one in told] == [True, True]
    assert refused == LIMIT
    for page in ("/settings", "/status"):
        assert "the-key-of-all" not in get(second, page).text


def test_the_environment_of_a_machine_comes_before_what_all_have_in_common(
    machines: Machines, fake_openai: FakeOpenAI
) -> None:
    first, own = machines.starts("web-1"), machines.starts("web-2", OPENAI_MODEL="gpt-6-own")
    save(first, OPENAI_MODEL="gpt-6-sol", QUESTIONS_PER_DAY="7")
    until(lambda: 'value="7"' in get(own, "/settings").text)
    assert get(own, "/health").json()["model"] == "gpt-6-own"
    until(lambda: get(first, "/health").json().get("model") == "gpt-6-sol")


def test_what_belongs_to_a_machine_alone_stays_there(machines: Machines, tmp_path: Path) -> None:
    machines.project = copy_to(tmp_path / "project")
    config = machines.project / "config.env"
    config.write_text("LOG_LEVEL=error\nQUESTIONS_PER_DAY=7\n", "utf-8")
    first, second = machines.webs()
    assert get(second, "/settings").text.count(TEXTS("options.here")) == 1 + len(settings.OWN)
    save(first, LOG_LEVEL="debug", QUESTIONS_PER_DAY="8")
    until(lambda: 'value="8"' in get(second, "/settings").text)
    for folder in ("web-1", "web-2"):
        assert read_file(tmp_path / folder / "shared.env") == {"QUESTIONS_PER_DAY": "8"}
    assert config.read_text("utf-8") == "LOG_LEVEL=debug\nQUESTIONS_PER_DAY=7\n"


def test_the_first_machine_brings_its_settings_and_later_ones_take_them_over(
    machines: Machines, tmp_path: Path
) -> None:
    machines.project = copy_to(tmp_path / "first")
    (machines.project / "config.env").write_text("OPENAI_MODEL=gpt-6-sol\n", "utf-8")
    assert get(machines.starts("web-1"), "/health").json()["model"] == "gpt-6-sol"
    machines.project = copy_to(tmp_path / "second")
    (machines.project / "config.env").write_text("OPENAI_MODEL=gpt-6-other\n", "utf-8")
    second = machines.starts("web-2")
    assert get(second, "/health").json()["model"] == "gpt-6-sol"
    told = TEXTS("settings.shared", name="OPENAI_MODEL")
    assert second.logged(re.escape(told))
    assert told in get(second, "/settings").text


def test_two_pages_that_are_saved_at_the_same_time_both_hold(machines: Machines) -> None:
    webs = machines.webs()
    changes = ({"KEEP_DAYS": "30"}, {"MEMORY_TURNS": "5"})
    with ThreadPoolExecutor(2) as owners:
        saved = [owners.submit(save, run, **one) for run, one in zip(webs, changes, strict=True)]
        for one in saved:
            one.result(PATIENCE)
    for run in webs:
        until(lambda run=run: {"30", "5"} <= set(shown(run)))


def shown(run: Program) -> list[str]:
    """What stands in the fields of the page."""
    return re.findall(r'value="(\w+)"', get(run, "/settings").text)


def test_what_is_saved_while_a_program_of_the_same_machine_begins_holds_in_it(
    machines: Machines, database_url: str, fake_openai: FakeOpenAI
) -> None:
    machines.worker()
    environ = machines.environ | {"DATA_DIR": str(machines.folder / "worker")}
    ours = settings.load(environ, machines.folder / "config.env")
    store = Store(database_url, teller=queue.Queue())
    mirror = Mirror(ours, store)

    def save_beside(model: str) -> None:
        values, shared = {"OPENAI_MODEL": model}, ours.shared_path
        file = machines.folder / "config.env"
        mirror.change(lambda: config_file.write(file, values, shared), lambda names: None)

    with connect(database_url) as holder, holder.transaction():
        holder.execute("LOCK TABLE about")  # which it needs to begin with
        save_beside("gpt-6-first")
        until(lambda: holder.execute(LOCKED_OUT).fetchall())
        save_beside("gpt-6-second")

    def is_asked() -> bool:
        known = len(fake_openai.requests)
        store.ask(token_hex(4), "friend", "누구니?").result(PATIENCE)
        fake_openai.wait_for(known + 1)
        return bool(fake_openai.requests[-1]["model"] == "gpt-6-second")

    until(is_asked)
    store.close()


# --- sentences, character, prices -----------------------------------------------------------


def test_sentences_and_the_character_are_the_same_everywhere(
    machines: Machines, fake_openai: FakeOpenAI
) -> None:
    (first, second), _ = machines.webs(), machines.worker()
    mark = re.search(r'name="of" value="(\w+)"', get(first, "/settings/texts").text)
    assert mark
    words = {"reply.reset": "새로 시작할게요!", "of": mark[1]}
    assert post(first, "/settings/texts", **words).headers["Location"].endswith("?done=saved")
    until(lambda: second.friend().says("💫 새로운 시작").text == "새로 시작할게요!")
    assert post(first, "/settings/character", prompt="너는 해적이야.").status_code == 303
    until(lambda: "너는 해적이야." in get(second, "/settings/character").text)

    def is_pirate() -> bool:
        answer(second, "누구니?")
        return "너는 해적이야." in fake_openai.told.system

    until(is_pirate)


def test_a_page_that_was_opened_before_another_machine_saved_overwrites_nothing(
    machines: Machines,
) -> None:
    first, second = machines.webs()
    base = re.search(r'name="base" value="(\w+)"', get(second, "/settings/character").text)
    assert base
    assert post(first, "/settings/character", prompt="너는 해적이야.").status_code == 303
    late = post(second, "/settings/character", prompt="너는 선장이야.", base=base[1])
    assert TEXTS("character.conflict") in late.text
    assert "너는 해적이야." in get(second, "/settings/character").text


def test_an_older_character_can_be_taken_from_another_machine(machines: Machines) -> None:
    first, second = machines.webs()
    for prompt in ("너는 해적이야.", "너는 선장이야."):
        post(first, "/settings/character", prompt=prompt)

    def versions() -> list[str]:
        page = get(second, "/settings/character").text
        return list(dict.fromkeys(re.findall(r"/settings/character/versions/([\d-]+)", page)))

    until(lambda: len(versions()) == 2)
    assert post(second, f"/settings/character/versions/{versions()[0]}").status_code == 303
    until(lambda: "너는 해적이야." in prompt_of(first))


def prompt_of(run: Program) -> str:
    found = re.search(
        r'<textarea[^>]*name="prompt"[^>]*>(.*?)</textarea>',
        get(run, "/settings/character").text,
        re.DOTALL,
    )
    assert found
    return found[1]


# --- the commands, and the beginning --------------------------------------------------------


def test_a_command_on_any_machine_knows_what_was_saved_on_another(machines: Machines) -> None:
    first, _ = machines.webs()
    save(first, SKILL_KEY="the-key-of-all")
    shared = machines.folder / "web-2" / "shared.env"
    until(lambda: "the-key-of-all" in shared.read_text("utf-8"))
    assert machines.starts("web-2", "key").logged("^the-key-of-all$")


def test_who_skips_the_set_up_on_one_web_is_nowhere_asked_to_begin_again(
    machines: Machines,
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        del machines.environ[name]
    first, second = machines.webs()
    assert TITLE in get(second, "/setup").text
    skipped = post(first, "/setup/skip", source="later", link="temporary")
    assert skipped.headers["Location"] == "/?done=skipped"
    until(lambda: TITLE not in get(second, "/setup").text)


def test_a_page_on_a_machine_without_the_database_says_that_nothing_was_saved(
    own_postgres: "OwnServer", environ: dict[str, str], tmp_path: Path
) -> None:
    with apart(environ, own_postgres.create(), tmp_path) as machines:
        run = machines.starts("web")
        assert run.url
        own_postgres.stop()
        refused = post(run, "/settings", **{"KEEP_DAYS": "30", "was-KEEP_DAYS": "0"})
        assert TEXTS("settings.not_shared") in refused.text
        own_postgres.start()
        until(lambda: get(run, "/health/live").status_code == 200)
        save(run, KEEP_DAYS="31")
    assert read_file(tmp_path / "web" / "shared.env") == {"KEEP_DAYS": "31"}
