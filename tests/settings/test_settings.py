"""The table of settings: what the owner may write, and what is said of the rest."""

import re
from pathlib import Path

import pytest

from chatgee import settings
from chatgee.errors import SettingsError
from chatgee.kakao.messages import BUBBLE_CHARS, LEAST_BUBBLE_CHARS
from chatgee.settings import OPTIONS, ROOT, Settings, config_check, docs
from chatgee.texts import Texts

CHARS = LEAST_BUBBLE_CHARS, BUBBLE_CHARS
NOWHERE = Path("no such file")
POSTGRES = "postgresql+psycopg://chatgee:password@db.example.com/chatgee"


def given(**environ: str) -> Settings:
    return settings.load(environ, NOWHERE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.env"


# --- where a value comes from ---------------------------------------------------------------


def test_the_environment_beats_the_file_and_the_file_beats_the_default(file: Path) -> None:
    file.write_text("PORT=1\nMEMORY_TURNS=3\n", "utf-8")
    ours = settings.load({"PORT": "2"}, file)
    assert (ours.port, ours.memory_turns, ours.keep_days) == (2, 3, 0)


@pytest.mark.parametrize("nothing", ["", "   ", "\t"])
def test_empty_counts_as_unset(file: Path, nothing: str) -> None:
    file.write_text(f"PORT=1\nMEMORY_TURNS={nothing}\nHOST=\n", "utf-8")
    ours = settings.load({"PORT": nothing}, file)
    assert (ours.port, ours.memory_turns, ours.host) == (1, 20, "127.0.0.1")


def test_a_bubble_is_as_long_as_kakao_allows_and_not_shorter_than_a_few_sentences() -> None:
    assert [given(BUBBLE_CHARS=str(n)).bubble_chars for n in CHARS] == [*CHARS]
    for wrong in (CHARS[0] - 1, CHARS[1] + 1, 0, "짧게", 500.5):
        with pytest.raises(SettingsError) as refused:
            given(BUBBLE_CHARS=str(wrong))
        said = Texts.load().of(refused.value)
        assert said.startswith(f"BUBBLE_CHARS='{wrong}': ")


def test_without_a_file_and_an_environment_there_are_the_defaults() -> None:
    assert given() == Settings()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp949"]
)
def test_a_file_is_read_however_notepad_saved_it(file: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding in {"utf-16-le", "utf-16-be"} else ""
    text = mark + "# 모델의 이름이에요\r\nOPENAI_MODEL=챗지\r\nPORT=1\r\n"
    file.write_bytes(text.encode(encoding))
    ours = settings.load({}, file)
    assert (ours.openai_model, ours.port) == ("챗지", 1)
    assert list(config_check.mistakes(file)) == []


def test_a_value_stands_as_it_was_written(file: Path) -> None:
    file.write_text("OPENAI_API_KEY='sk-$HOME-${PATH}'  # 내 키\nOPENAI_MODEL = a b \n", "utf-8")
    ours = settings.load({}, file)
    assert ours.openai_api_key is not None
    assert ours.openai_api_key.reveal() == "sk-$HOME-${PATH}"
    assert ours.openai_model == "a b"


def test_a_name_that_is_no_setting_is_told_with_the_one_that_was_meant(file: Path) -> None:
    file.write_text("OPENAI_KEY=x\nport=1\nSOMETHING_ELSE=2\nPORT=3\n", "utf-8")
    assert list(config_check.mistakes(file)) == [
        ("settings.unknown_near", {"name": "OPENAI_KEY", "near": "OPENAI_API_KEY"}),
        ("settings.unknown_near", {"name": "port", "near": "PORT"}),
        ("settings.unknown", {"name": "SOMETHING_ELSE", "near": None}),
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("OPENAI_API_KEY＝sk-abc", ("settings.line", {"line": 1})),
        ("OPENAI_API_KEY=sk-abc\ndef-ghi", ("settings.line", {"line": 2})),
        ("#OPENAI_API_KEY=sk-abc", ("settings.commented", {"name": "OPENAI_API_KEY"})),
        ("# OPENAI_API_KEY=sk-abc", ("settings.commented", {"name": "OPENAI_API_KEY"})),
        ("OPENAI_API_KEY=sk-...", ("settings.example", {"name": "OPENAI_API_KEY"})),
    ],
)
def test_a_line_without_effect_is_told(
    file: Path, text: str, mistake: tuple[str, dict[str, object]]
) -> None:
    file.write_text(text + "\n", "utf-8")
    assert list(config_check.mistakes(file)) == [mistake]


def test_the_example_as_it_stands_holds_no_mistake_and_sets_nothing(file: Path) -> None:
    file.write_text(docs.example_env(), "utf-8")
    assert list(config_check.mistakes(file)) == []
    assert settings.load({}, file) == settings.Settings()


def test_a_file_that_windows_gave_another_ending_is_told(file: Path) -> None:
    file.with_name("config.env.txt").touch()
    ((key, values),) = config_check.mistakes(file.with_name("config.env"))
    assert (key, values["right"]) == ("settings.txt", "config.env")


# --- what cannot be used --------------------------------------------------------------------

BAD = [
    ("REPLY_SECONDS", "soon", "settings.number"),
    ("REPLY_SECONDS", "4,5", "settings.number"),
    ("REPLY_SECONDS", "9", "settings.range"),
    ("REPLY_SECONDS", "nan", "settings.range"),
    ("KEEP_DAYS", "inf", "settings.whole"),
    ("KEEP_DAYS", "-1", "settings.least"),
    ("KEEP_DAYS", "1.5", "settings.whole"),
    ("PORT", "70000", "settings.range"),
    ("QUESTIONS_PER_DAY", "99999999999", "settings.range"),
    ("TUNNEL", "localhost", "settings.choice"),
    ("LOG_LEVEL", "loud", "settings.choice"),
    ("OPENAI_BASE_URL", "127.0.0.1:1234", "settings.url"),
    ("OPENAI_BASE_URL", "http://[::1", "settings.url"),
    ("PUBLIC_URL", "http://x:99999", "settings.url"),
    ("PUBLIC_URL", "https://", "settings.url"),
]


@pytest.mark.parametrize(("name", "value", "key"), BAD)
def test_a_bad_value_is_refused_with_its_name_and_a_remedy(name: str, value: str, key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        given(**{name: f" {value} "})
    assert (caught.value.key, caught.value.values["name"]) == (key, name)
    sentence = Texts.load()(caught.value.key, **caught.value.values)
    assert name in sentence
    assert value in sentence
    assert "e+" not in sentence, "1e+09 says nothing to a teacher"


@pytest.mark.parametrize("path", ["~nobody-of-that-name/data", "a\0b"])
@pytest.mark.parametrize("name", ["DATA_DIR", "SYSTEM_PROMPT_FILE"])
def test_a_path_that_cannot_be_one_is_refused(name: str, path: str) -> None:
    with pytest.raises(SettingsError):
        given(**{name: path})


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, file: Path) -> None:
    file.write_bytes(b"PORT=1\n\x80\xff\xff")
    for unreadable, key in ((tmp_path, "settings.unreadable"), (file, "settings.encoding")):
        with pytest.raises(SettingsError) as caught:
            settings.load({}, unreadable)
        assert caught.value.key == key
        assert str(unreadable) in Texts.load()(key, **caught.value.values)


# --- secrets --------------------------------------------------------------------------------

SECRETS = ["OPENAI_API_KEY", "NGROK_AUTHTOKEN", "SKILL_KEY", "ADMIN_PASSWORD"]


def test_a_secret_prints_as_stars() -> None:
    ours = given(**{name: f"hidden-{name}" for name in SECRETS})
    assert sorted(ours.secrets) == sorted(f"hidden-{name}" for name in SECRETS)
    assert "hidden" not in f"{ours} {ours!r} {vars(ours)}"


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", ["hidden 키", "hidden one", "hidden\u200b", "hidden\nhidden"])
def test_a_refused_secret_is_not_repeated(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        given(**{name: value})
    sentence = Texts.load()(caught.value.key, **caught.value.values)
    assert name in sentence
    assert "hidden" not in f"{caught.value} {caught.value!r} {sentence}"


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_an_address_of_a_database_names_the_driver_and_hides_the_password(scheme: str) -> None:
    rest = "://me:hid%40den@db.example.com:5432/chatgee?sslmode=require"
    ours = given(DATABASE_URL=scheme + rest)
    assert ours.sqlalchemy_url == "postgresql+psycopg" + rest
    assert set(ours.secrets) == {"hid%40den", "hid@den"}
    assert "den" not in f"{ours!r}"
    assert (ours, hash(ours)) == (given(DATABASE_URL=scheme + rest), hash(ours))
    assert ours != given(DATABASE_URL="sqlite:///x.db")


def test_where_a_sqlite_file_lies_is_no_secret() -> None:
    assert given(DATABASE_URL="sqlite:///어딘가/chatgee.db").secrets == ()


@pytest.mark.parametrize(
    "value",
    [
        "hidden",
        "mysql://me:hidden@db/chatgee",
        "postgresql+asyncpg://me:hidden@db/chatgee",
        "postgresql://",
        "postgresql://me:hidden@db:99999/chatgee",
        "postgresql://me:hid@den@db/chatgee",
        "postgresql://me:hidden#1@db/chatgee",
        "postgresql://me:1#hidden@db/chatgee",
        "postgresql://me:1/hidden@db/chatgee",
        "postgresql://me:1?hidden@db/chatgee",
        "postgresql://me@db/chatgee?password=hidden",
        "postgresql://me@db/chatgee?sslkey=key.pem&sslpassword=hidden",
    ],
)
def test_an_address_of_a_database_that_means_no_one_thing_is_refused(value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        given(DATABASE_URL=value)
    sentence = Texts.load()(caught.value.key, **caught.value.values)
    assert ("DATABASE_URL=*****" in sentence, "%40" in sentence) == (True, True)
    assert "hid" not in f"{caught.value} {sentence}"


@pytest.mark.parametrize(
    "value", ["hidden", "hidden-99", OPTIONS["ADMIN_PASSWORD"].metadata["example"]]
)
def test_a_password_that_is_soon_guessed_is_refused(value: str) -> None:
    """Also our example, where it comes as an environment variable, as in Docker."""
    with pytest.raises(SettingsError) as caught:
        given(ADMIN_PASSWORD=value)
    sentence = Texts.load()(caught.value.key, **caught.value.values)
    assert ("ADMIN_PASSWORD=*****" in sentence, "10글자" in sentence) == (True, True)
    assert value not in sentence


def test_a_short_key_of_the_skill_is_used_and_warned_of() -> None:
    ours = given(SKILL_KEY="hidden-1234", OPENAI_API_KEY="sk-1", NGROK_AUTHTOKEN="2a")
    assert ours.skill_key is not None
    ((key, values),) = config_check.weak(ours)
    sentence = Texts.load()(key, **values)
    assert ("SKILL_KEY" in sentence, "12글자" in sentence) == (True, True)
    assert "hidden" not in sentence
    assert list(config_check.weak(given(SKILL_KEY="hidden-12345"))) == []
    assert list(config_check.weak(given())) == []


# --- paths ----------------------------------------------------------------------------------


def test_relative_paths_count_from_the_projects_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ours = given(DATA_DIR="mine", SYSTEM_PROMPT_FILE="prompts/p.txt")
    assert ours.data_dir == ROOT / "mine"
    assert ours.system_prompt_path == ROOT / "prompts" / "p.txt"


def test_what_lies_in_the_data_folder_follows_it(tmp_path: Path) -> None:
    ours = given(DATA_DIR=str(tmp_path))
    assert ours.system_prompt_path == tmp_path / "system_prompt.txt"
    assert ours.texts_path == tmp_path / "texts.toml"
    assert ours.sqlalchemy_url == f"sqlite:///{tmp_path / 'chatgee.db'}"


# --- the table and what is made of it -------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("config.example.env", docs.example_env()),
        ("docs/settings.md", docs.reference()),
    ],
)
def test_the_owners_pages_are_those_of_the_table(page: str, text: str) -> None:
    same = (ROOT / page).read_bytes().decode() == text
    assert same, f"{page} is out of date: run `python -m chatgee.settings.docs`"


def test_every_default_can_be_written_as_it_is_shown() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \|", docs.reference(), re.M)
    assert given(**dict(rows)) == Settings()


def test_every_example_can_be_used(file: Path) -> None:
    file.write_text(re.sub(r"(?m)^#(?=[A-Z])", "", docs.example_env()), "utf-8")
    ours = settings.load({}, file)
    assert not ours.practice


def test_every_setting_stands_in_a_group() -> None:
    assert {row.metadata["group"] for row in OPTIONS.values()} == set(settings.GROUPS)


def test_nobody_else_reads_the_environment() -> None:
    readers = {
        path.relative_to(ROOT / "chatgee").as_posix()
        for path in (ROOT / "chatgee").rglob("*.py")
        if re.search(r"\bos\.environ|\bgetenv|\bimport environ", path.read_text("utf-8"))
    }
    the_systems_own = {"system/proxies.py", "system/certificates.py"}  # as every program reads it
    assert readers == {"settings/__init__.py"} | the_systems_own


# --- several machines -------------------------------------------------------------------------


def test_what_all_machines_have_in_common_stands_in_a_file_of_its_own(file: Path) -> None:
    file.write_text("OPENAI_MODEL=mine\nPORT=7000\nKEEP_DAYS=3\n", "utf-8")
    common = "OPENAI_MODEL=ours\nPORT=8000\nMEMORY_TURNS=5\n"
    file.with_name("shared.env").write_text(common, "utf-8")
    environ = {"DATA_DIR": str(file.parent), "MEMORY_TURNS": "9"}
    alone = settings.load(environ, file)
    assert (alone.openai_model, alone.keep_days, alone.shared_path) == ("mine", 3, None)
    together = settings.load(environ | {"DATABASE_URL": POSTGRES}, file)
    assert (together.openai_model, together.keep_days) == ("ours", 0)
    assert (together.port, together.memory_turns) == (7000, 9)
    told = config_check.overruled(file, together.shared_path)
    assert [values["name"] for _, values in told] == ["OPENAI_MODEL", "KEEP_DAYS"]
    assert list(config_check.overruled(file, alone.shared_path)) == []


def test_what_is_wrong_in_the_file_of_all_machines_is_told(file: Path) -> None:
    file.with_name("shared.env").write_text("KEEP_DAYS=soon\n", "utf-8")
    with pytest.raises(SettingsError, match="KEEP_DAYS"):
        settings.load({"DATA_DIR": str(file.parent), "DATABASE_URL": POSTGRES}, file)


@pytest.mark.parametrize("text", ["tcp://1.tcp.ngrok.io:2", "tls://a.example", "file:///x", "://x"])
def test_no_tunnel_but_one_of_the_web_can_be_asked_for(text: str) -> None:
    with pytest.raises(SettingsError, match="web_name"):
        settings.parse("NGROK_DOMAIN", text)
    for fine in ("a.ngrok-free.dev", "https://a.ngrok-free.dev", "HTTP://a.example"):
        assert settings.parse("NGROK_DOMAIN", fine) == fine
