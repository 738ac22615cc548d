"""The form of all options: what a page changed, and what of it may be written."""

from pathlib import Path

import pytest

from chatgee import settings
from chatgee.settings import BY_HAND, OPTIONS, SECRETS, Settings, config_file
from chatgee.settings.option_form import DELETE, WAS, OptionForm, TypedOptions, new_key, problem
from chatgee.texts import Texts


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.env"


def form(file: Path, environ: dict[str, str] | None = None, **fields: str) -> OptionForm:
    """As a page sends it that was opened just now; `delete_NAME` marks a secret."""
    environ = environ or {}
    ours, _ = settings.load_usable(environ, file)
    fresh = OptionForm(file, environ, ours)
    sent = {WAS + name: fresh.field(name).was for name in OPTIONS}
    sent |= {name: fresh.field(name).text for name in OPTIONS}
    sent |= {name.replace("delete_", DELETE): text for name, text in fields.items()}
    return OptionForm(file, environ, ours, TypedOptions.read(sent))


# --- what is shown --------------------------------------------------------------------------


def test_every_option_stands_in_the_form_once(file: Path) -> None:
    shown = [field.name for _, fields in form(file).groups() for field in fields]
    assert sorted(shown) == sorted(OPTIONS)


def test_a_field_shows_what_config_env_says_and_else_the_default(file: Path) -> None:
    file.write_text("REPLY_SECONDS=3.5\nCALLBACK=ALWAYS\nOPENAI_API_KEY=sk-mine\n", "utf-8")
    ours = form(file)
    texts = [ours.field(name).text for name in ("REPLY_SECONDS", "CALLBACK", "PORT", "PUBLIC_URL")]
    assert texts == ["3.5", "always", "6959", ""]
    assert [ours.field(name).there for name in ("REPLY_SECONDS", "PORT")] == [True, False]


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_secret_is_in_no_field(file: Path, name: str) -> None:
    file.write_text(f"{name}=hidden-value\n", "utf-8")
    there = form(file, **{name: "hidden-too"}).field(name)
    assert (there.kind, there.there, there.text, there.was) == ("secret", True, "", "")
    assert "hidden" not in repr(there)


def test_the_kind_of_a_field_follows_from_the_table(file: Path) -> None:
    kinds = {name: form(file).field(name).kind for name in OPTIONS}
    assert kinds["REPLY_SECONDS"] == "number"
    assert kinds["PORT"] == "whole"
    assert kinds["TUNNEL"] == "choice"
    assert kinds["PUBLIC_URL"] == "url"
    assert kinds["DATA_DIR"] == kinds["CALLBACK_HOSTS"] == "text"
    assert {name for name, kind in kinds.items() if kind == "secret"} == SECRETS


def test_a_choice_that_is_none_stays_to_be_seen(file: Path) -> None:
    file.write_text("TUNNEL=localhost\n", "utf-8")
    ours = form(file)
    assert ours.field("TUNNEL").choices == ("auto", "ngrok", "localhost.run", "none", "localhost")
    assert set(ours.problems) == {"TUNNEL"}


def test_the_limits_of_a_number_are_those_of_its_parser(file: Path) -> None:
    ours = form(file)
    assert ours.field("REPLY_SECONDS").limits == ("0.1", "4.7")
    assert ours.field("PORT").limits == ("0", "65535")
    assert ours.field("KEEP_DAYS").limits is None


# --- what is written ------------------------------------------------------------------------


def test_a_form_that_was_not_touched_changes_nothing(file: Path) -> None:
    file.write_text("PORT=6959\nMEMORY_TURNS=3\nSKILL_KEY=hidden\n", "utf-8")
    assert form(file).values == {}


@pytest.mark.parametrize("name", sorted(OPTIONS.keys() - SECRETS))
def test_every_option_takes_its_own_default(file: Path, name: str) -> None:
    text = form(file).field(name).default or OPTIONS[name].metadata["example"]
    assert problem(name, text) is None


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_an_empty_field_or_the_default_takes_the_line_out(file: Path, name: str) -> None:
    example = OPTIONS[name].metadata["shown"]
    file.write_text(f"{name}={example}\n" if name not in SECRETS else f"{name}=hidden\n", "utf-8")
    empty = {f"delete_{name}": "1"} if name in SECRETS else {name: " "}
    assert form(file, **empty).values == {name: None}


def test_the_default_in_other_words_is_the_default(file: Path) -> None:
    file.write_text("REPLY_SECONDS=3\nCALLBACK=off\n", "utf-8")
    assert form(file, REPLY_SECONDS="4.0", CALLBACK="AUTO").values == {
        "REPLY_SECONDS": None,
        "CALLBACK": None,
    }


def test_a_secret_is_kept_replaced_or_deleted(file: Path) -> None:
    file.write_text("SKILL_KEY=hidden\n", "utf-8")
    assert form(file).values == {}
    assert form(file, SKILL_KEY="hidden-and-new").values == {"SKILL_KEY": "hidden-and-new"}
    assert form(file, delete_SKILL_KEY="1").values == {"SKILL_KEY": None}
    both = form(file, SKILL_KEY="hidden-and-new", delete_SKILL_KEY="1")
    assert both.values == {"SKILL_KEY": "hidden-and-new"}


def test_an_old_tab_takes_nothing_back(file: Path) -> None:
    file.write_text("MEMORY_TURNS=3\n", "utf-8")
    first = {"MEMORY_TURNS": "3", "was-MEMORY_TURNS": "3", "KEEP_DAYS": "7", "was-KEEP_DAYS": "0"}
    config_file.write(file, {"MEMORY_TURNS": "9"})
    late = OptionForm(file, {}, Settings(), TypedOptions.read(first))
    assert late.values == {"KEEP_DAYS": "7"}
    assert late.field("MEMORY_TURNS").text == "9"


# --- what is refused ------------------------------------------------------------------------


def test_a_wrong_value_is_told_by_its_option_and_kept(file: Path) -> None:
    ours = form(file, REPLY_SECONDS="9", KEEP_DAYS="많이", MEMORY_TURNS="5")
    assert {name: error.key for name, error in ours.problems.items()} == {
        "REPLY_SECONDS": "settings.range",
        "KEEP_DAYS": "settings.whole",
    }
    kept = [ours.field(name) for name in ("REPLY_SECONDS", "KEEP_DAYS", "MEMORY_TURNS")]
    assert [field.text for field in kept] == ["9", "많이", "5"]
    assert [field.was for field in kept] == ["4", "0", "20"]


@pytest.mark.parametrize("name", sorted(SECRETS))
@pytest.mark.parametrize("text", ["hidden 키", "hidden one"])
def test_a_refused_secret_is_not_repeated(file: Path, name: str, text: str) -> None:
    (error,) = form(file, **{name: text}).problems.values()
    assert "hidden" not in f"{error} {Texts.load()(error.key, **error.values)}"


@pytest.mark.parametrize("name", sorted(SECRETS - BY_HAND))
def test_an_example_is_no_secret(file: Path, name: str) -> None:
    (error,) = form(file, **{name: OPTIONS[name].metadata["example"]}).problems.values()
    assert error.key == "setup.example"


def test_what_config_env_had_wrong_before_must_be_put_right_too(file: Path) -> None:
    file.write_text("KEEP_DAYS=soon\n", "utf-8")
    assert set(form(file, MEMORY_TURNS="5").problems) == {"KEEP_DAYS"}
    assert form(file, MEMORY_TURNS="5", KEEP_DAYS="3").problems == {}
    assert form(file, KEEP_DAYS="").problems == {}


def test_what_the_environment_decides_is_refused(file: Path) -> None:
    ours = form(file, {"PORT": "7000"}, PORT="8000")
    assert ours.field("PORT").fixed
    assert ours.problems["PORT"].key == "setup.fixed"


def test_a_kept_key_is_not_sent_to_another_place(file: Path) -> None:
    file.write_text("OPENAI_API_KEY=hidden\n", "utf-8")
    elsewhere = "https://models.example/v1"
    assert set(form(file, OPENAI_BASE_URL=elsewhere).problems) == {"OPENAI_API_KEY"}
    assert form(file, OPENAI_BASE_URL=elsewhere, OPENAI_API_KEY="its-own").problems == {}
    assert form(file, OPENAI_BASE_URL=elsewhere, delete_OPENAI_API_KEY="1").problems == {}
    here = form(file, OPENAI_BASE_URL="http://127.0.0.1:1234/v1")  # any account may listen there
    assert set(here.problems) == {"OPENAI_API_KEY"}
    fixed = form(file, {"OPENAI_API_KEY": "hidden"}, OPENAI_BASE_URL=elsewhere)
    assert set(fixed.problems) == {"OPENAI_BASE_URL"}


def test_a_key_that_was_put_in_by_hand_stays_with_its_address(file: Path) -> None:
    running, _ = settings.load_usable({}, file)
    file.write_text("OPENAI_API_KEY=hidden\nOPENAI_BASE_URL=https://a.example/v1\n", "utf-8")
    typed = TypedOptions({"OPENAI_BASE_URL": ""}, {"OPENAI_BASE_URL": "https://a.example/v1"})
    assert set(OptionForm(file, {}, running, typed).problems) == {"OPENAI_API_KEY"}


def test_a_file_that_cannot_be_read_is_told(file: Path) -> None:
    file.write_bytes(b"PORT=1\n\x80\xff\xff")
    ours = form(file)
    assert ours.unreadable is not None
    assert (ours.unreadable.key, ours.mistakes()) == ("settings.encoding", [])


# --- several machines -----------------------------------------------------------------------


def several(file: Path, **common: str) -> dict[str, str]:
    """The environment of a machine among others, which have these settings in common."""
    config_file.write(file, common, file.with_name("shared.env"))
    url = "postgresql+psycopg://chatgee:password@db.example.com/chatgee"
    return {"DATA_DIR": str(file.parent), "DATABASE_URL": url}


def test_a_field_shows_what_all_machines_have_in_common(file: Path) -> None:
    file.write_text("KEEP_DAYS=7\nLOG_LEVEL=debug\n", "utf-8")
    ours = form(file, several(file, KEEP_DAYS="30"))
    assert [ours.field(name).text for name in ("KEEP_DAYS", "LOG_LEVEL")] == ["30", "debug"]
    assert ours.mistakes() == [("settings.shared", {"name": "KEEP_DAYS"})]


def test_who_would_be_shut_out_everywhere_is_told_so(file: Path) -> None:
    environ = several(file, KEEP_DAYS="30")
    ours = form(file, environ, PUBLIC_URL="https://bot.example", HOST="192.0.2.7")
    told = [ours.advice(name) for name in ours.lockouts]
    assert told == [("options.locks_out_everywhere", {}), ("options.locks_out_host", {})]


# --- what to know before --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "key"),
    [
        ("PUBLIC_URL", "https://bot.example", "options.locks_out_public_url"),
        ("HOST", "192.0.2.7", "options.locks_out_host"),
        ("HOST", "0.0.0.0", "doctor.open_host"),
        ("PORT", "7000", "options.other_port"),
        ("SKILL_KEY", "hidden-and-new", "options.other_key"),
        ("TUNNEL", "ngrok", "options.no_token"),
    ],
)
def test_a_change_with_consequences_is_explained(
    file: Path, name: str, text: str, key: str
) -> None:
    ours = form(file, **{name: text})
    told = ours.advice(name)
    assert told is not None
    assert told[0] == key
    assert Texts.load()(key, **told[1])
    assert form(file).advice(name) is None
    assert ours.lockouts == ([name] if "locks_out" in key else [])


def test_a_password_is_the_way_in_with_an_address_of_ones_own(file: Path) -> None:
    file.write_text("ADMIN_PASSWORD=open-sesame-2026\n", "utf-8")
    assert form(file, PUBLIC_URL="https://bot.example").lockouts == []
    file.write_text("ADMIN_PASSWORD=open-sesame-2026\nPUBLIC_URL=https://bot.example\n", "utf-8")
    assert form(file, delete_ADMIN_PASSWORD="1").lockouts == ["ADMIN_PASSWORD"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "localhost", "127.0.0.2", "::1", ""])
def test_an_address_of_this_machine_locks_nobody_out(file: Path, host: str) -> None:
    file.write_text("HOST=127.0.0.3\n", "utf-8")
    assert form(file, HOST=host).lockouts == []


def test_without_a_key_of_the_skill_everybody_may_ask(file: Path) -> None:
    file.write_text("SKILL_KEY=hidden\n", "utf-8")
    assert form(file, delete_SKILL_KEY="1").advice("SKILL_KEY") == ("options.no_key", {})
    assert form(file, HOST="0.0.0.0").advice("HOST") is None
    assert form(file, TUNNEL="ngrok", NGROK_AUTHTOKEN="hidden").advice("TUNNEL") is None


def test_only_what_a_running_program_keeps_waits_for_a_restart(file: Path) -> None:
    running, _ = settings.load_usable({}, file)
    file.write_text("PORT=7000\nDATA_DIR=other\nREPLY_SECONDS=3\n", "utf-8")
    assert OptionForm(file, {}, running).waiting == ["PORT", "DATA_DIR"]
    assert OptionForm(file, {"PORT": "6959"}, running).waiting == ["DATA_DIR"]


def test_a_new_key_can_be_used_and_is_never_the_same() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(problem("SKILL_KEY", key, new=True) is None and len(key) == 40 for key in keys)


# --- a key that is soon guessed -------------------------------------------------------------


@pytest.mark.parametrize("key", ["a", "hidden-1234"])
def test_a_new_key_of_few_letters_is_refused(file: Path, key: str) -> None:
    ours = form(file, SKILL_KEY=key)
    error = ours.problems["SKILL_KEY"]
    told = Texts.load()(error.key, **error.values)
    assert ("SKILL_KEY" in told, "12글자" in told, "새 키 만들기" in told) == (True, True, True)
    assert key not in told.removeprefix("SKILL_KEY") or key == "a"
    assert form(file, SKILL_KEY="hidden-12345").problems == {}


@pytest.mark.parametrize("fixed", [False, True], ids=["config.env", "the environment"])
def test_one_that_is_there_is_kept_with_a_word_of_advice(file: Path, fixed: bool) -> None:
    short = {"SKILL_KEY": "hidden-1234"}
    if not fixed:
        config_file.write(file, short)
    ours = form(file, short if fixed else {}, KEEP_DAYS="7")
    assert (ours.problems, ours.values) == ({}, {"KEEP_DAYS": "7"})
    assert ours.advice("SKILL_KEY") == ("settings.short", {"name": "SKILL_KEY", "least": 12})
    config_file.write(file, {"SKILL_KEY": "hidden-12345"})
    assert form(file).advice("SKILL_KEY") is None
