"""The set-up without a browser: what is tried, what is told, what is written."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import requests

from chatgee import settings
from chatgee.errors import TunnelError
from chatgee.model.system_prompt import MOST_CHARS, Character
from chatgee.owner.setup import Setup, SetupReport
from chatgee.owner.setup.draft import SetupDraft, chosen, plan
from chatgee.settings import Settings
from chatgee.settings.docs import example_env
from chatgee.settings.value_parsers import Secret
from chatgee.texts import Texts
from chatgee.web import owner
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI

TEXTS = Texts.load()
NOWHERE = "http://127.0.0.1:9/v1"
KEY, TOKEN = "sk-right-0123456789", "2abcdefTOKEN"


@dataclass
class Ngrok:
    """Gives the address that is asked for to whoever has the token."""

    tried: list[Settings] = field(default_factory=list)

    def trial(self, ours: Settings, port: int) -> str:
        self.tried.append(ours)
        if ours.ngrok_authtoken is None or ours.ngrok_authtoken.reveal() != TOKEN:
            raise TunnelError("tunnel.refused", code="ERR_NGROK_105")
        return f"https://{ours.ngrok_domain}"


@pytest.fixture
def ngrok() -> Ngrok:
    return Ngrok()


@pytest.fixture
def ours(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def setup(tmp_path: Path, ngrok: Ngrok) -> Setup:
    return Setup(tmp_path / "config.env", {}, (), ngrok.trial)


def local(end: FakeOpenAI, **more: str) -> SetupDraft:
    return SetupDraft.read(
        {"source": "local", "address": end.url, "model": "gpt-6-luna", "link": "temporary"} | more
    )


def told(report: SetupReport) -> dict[str, str]:
    return {place: error.key for place, error in report.problems.items()}


def written(setup: Setup) -> dict[str, str]:
    return settings.read_file(setup.config)


# --- reading what was typed -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "place", "key"),
    [
        ({}, "openai_key", "setup.key_missing"),
        ({"openai_key": "sk-..."}, "openai_key", "setup.example"),
        ({"openai_key": "sk 1"}, "openai_key", "settings.secret"),
        ({"openai_key": "“sk-1”"}, "openai_key", "settings.secret"),
        ({"source": "local"}, "address", "setup.address_missing"),
        ({"source": "local", "address": "localhost:1234"}, "address", "settings.url"),
        ({"link": "ngrok"}, "token", "setup.token_missing"),
        ({"link": "ngrok", "token": "토큰"}, "token", "settings.secret"),
        ({"link": "ngrok", "token": "t", "domain": "my domain"}, "domain", "settings.word"),
    ],
)
def test_what_cannot_be_used_is_told_by_its_field(
    ours: Settings, typed: dict[str, str], place: str, key: str
) -> None:
    problems = plan(SetupDraft.read({"link": "temporary"} | typed), ours, frozenset()).problems
    assert problems[place].key == key
    assert TEXTS(key, **{"name": place} | problems[place].values)


@pytest.mark.parametrize(
    "pasted",
    [
        *("a.ngrok-free.dev", "https://a.ngrok-free.dev/", " http://a.ngrok-free.dev "),
        *(
            "ngrok http --url=a.ngrok-free.dev 80",
            "ngrok http --domain=https://a.ngrok-free.dev 80",
        ),
    ],
)
def test_a_whole_command_of_ngroks_page_may_be_pasted(ours: Settings, pasted: str) -> None:
    draft = SetupDraft.read({"token": f"ngrok config add-authtoken {TOKEN}", "domain": pasted})
    values = plan(draft, ours, frozenset()).values
    assert (values["NGROK_AUTHTOKEN"], values["NGROK_DOMAIN"]) == (TOKEN, "a.ngrok-free.dev")


def test_an_empty_field_keeps_the_secret_that_is_there(ours: Settings) -> None:
    kept = Settings(
        data_dir=ours.data_dir, openai_api_key=Secret(KEY), ngrok_authtoken=Secret(TOKEN)
    )
    found = plan(SetupDraft(), kept, frozenset())
    assert found.problems == {}
    assert not {"OPENAI_API_KEY", "NGROK_AUTHTOKEN"} & found.values.keys()


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1234/v1", "http://localhost:1/v1", "https://api.example.com/v1"]
)
def test_a_key_that_is_kept_goes_to_no_other_place(ours: Settings, address: str) -> None:
    kept = Settings(data_dir=ours.data_dir, openai_api_key=Secret(KEY))
    draft = SetupDraft.read(
        {"source": "local", "address": address, "link": "temporary", "model": "m"}
    )
    assert set(plan(draft, kept, frozenset()).problems) == {"server_key"}
    typed = replace(draft, server_key="its-own")
    assert plan(typed, kept, frozenset()).problems == {}
    assert set(plan(typed, kept, frozenset({"OPENAI_API_KEY"})).problems) == {"source"}


@pytest.mark.parametrize(("typed", "told"), [("", {"openai_key"}), (KEY, set())])
def test_the_key_of_another_service_does_not_go_to_openai(
    ours: Settings, typed: str, told: set[str]
) -> None:
    other = replace(ours, openai_api_key=Secret("other"), openai_base_url="https://a.example/v1")
    draft = SetupDraft.read({"source": "openai", "openai_key": typed, "link": "temporary"})
    problems = plan(draft, other, frozenset()).problems
    assert problems.keys() == told
    assert {error.key for error in problems.values()} <= {"setup.key_of_another"}


def test_an_address_that_the_environment_decides_keeps_its_key(ours: Settings) -> None:
    other = replace(ours, openai_api_key=Secret(KEY), openai_base_url="https://a.example/v1")
    draft = SetupDraft.read(
        {"source": "local", "address": "https://b.example/v1", "link": "temporary"}
    )
    assert plan(draft, other, frozenset({"OPENAI_BASE_URL"})).problems == {}


def test_a_draft_shows_no_secret(ours: Settings) -> None:
    assert KEY not in repr(SetupDraft(openai_key=KEY, server_key=KEY, token=KEY))
    kept = Settings(openai_api_key=Secret(KEY), ngrok_authtoken=Secret(TOKEN))
    assert KEY not in str(vars(SetupDraft.of(kept, "", new=False)))


# --- the model ------------------------------------------------------------------------------


def test_a_server_is_asked_for_its_models(
    setup: Setup, ours: Settings, fake_openai: FakeOpenAI
) -> None:
    report = setup.check_model(local(fake_openai), ours)
    assert (told(report), report.models) == ({}, ("gpt-6-luna", "gpt-6-sol"))


@pytest.mark.parametrize(
    ("models", "key"),
    [
        *(([], "setup.no_models"), (None, "setup.no_models"), ("words", "setup.no_list")),
    ],
)
def test_a_list_of_no_use_is_told(
    setup: Setup, ours: Settings, fake_openai: FakeOpenAI, models: object, key: str
) -> None:
    fake_openai.models = models
    if models == "words":
        fake_openai._models = lambda: (200, {"Content-Type": "text/html"}, b"hello")  # type: ignore[method-assign]
    assert told(setup.check_model(local(fake_openai), ours)) == {"model_check": key}


def test_a_wrong_key_is_told_and_a_right_one_taken(
    setup: Setup, ours: Settings, fake_openai: FakeOpenAI
) -> None:
    fake_openai.right_key = KEY
    wrong = setup.check_model(local(fake_openai, server_key="sk-wrong"), ours)
    assert told(wrong) == {"model_check": "setup.wrong_key"}
    assert setup.check_model(local(fake_openai, server_key=KEY), ours).models


def test_where_no_server_is_it_is_told_at_once(setup: Setup, ours: Settings) -> None:
    draft = SetupDraft.read({"source": "local", "address": NOWHERE})
    assert told(setup.check_model(draft, ours)) == {"model_check": "setup.no_server"}


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1", "proxy.socks"),
        ("HTTPS_PROXY", "http://", "proxy.malformed"),
        ("HTTPS_PROXY", "http://127.0.0.1:1", "proxy.unreachable"),
        ("SSL_CERT_FILE", "/nowhere.pem", "certificates.file"),
    ],
)
def test_a_variable_that_closes_the_way_is_named(
    setup: Setup, ours: Settings, monkeypatch: pytest.MonkeyPatch, name: str, value: str, key: str
) -> None:
    monkeypatch.setenv(name, value)
    elsewhere = {"source": "local", "address": "https://model.example.test/v1", "model": "m"}
    draft = SetupDraft.read(elsewhere | {"link": "temporary"})
    problem = setup.check_model(draft, ours).problems["model_check"]
    assert problem.key == key
    assert TEXTS.of(problem).startswith(name)


def test_the_usual_servers_are_found(setup: Setup, fake_openai: FakeOpenAI, tmp_path: Path) -> None:
    setup.local_servers = (("LM Studio", NOWHERE), ("Ollama", fake_openai.url))
    (found,) = setup.find_servers()
    assert (found.name, found.address, len(found.models)) == ("Ollama", fake_openai.url, 2)


HERE, THERE = "http://127.0.0.1:1234/v1", "http://127.0.0.1:11434/v1"


@pytest.mark.parametrize(
    ("before", "source", "address", "kept"),
    [
        *((None, "openai", "", True), (None, "local", HERE, False), (None, "later", "", True)),
        *((HERE, "openai", "", False), (HERE, "local", HERE, True), (HERE, "later", "", False)),
        (HERE, "local", THERE, False),
    ],
)
def test_a_model_stays_with_its_server(
    ours: Settings, before: str | None, source: str, address: str, kept: bool
) -> None:
    """As the page sends it that was opened before the change."""
    own = replace(ours, openai_base_url=before, openai_model="qwen")
    form = {"source": source, "address": address, "openai_key": KEY, "link": "temporary"}
    draft = replace(SetupDraft.of(own, "", new=False), **form)
    wanted = plan(draft, own, frozenset())
    default = settings.OPTIONS["OPENAI_MODEL"].default
    assert wanted.settings.openai_model == ("qwen" if kept else default)
    assert wanted.values["OPENAI_MODEL"] == ("qwen" if kept else None)
    assert plan(draft, own, frozenset({"OPENAI_MODEL"})).settings.openai_model == "qwen"


def test_there_and_back_leaves_no_model_of_another_server(
    setup: Setup, ours: Settings, fake_openai: FakeOpenAI
) -> None:
    def now() -> Settings:
        return settings.load({"DATA_DIR": str(ours.data_dir)}, setup.config)

    def page(**typed: str) -> SetupDraft:
        return replace(setup.begin(now(), TEXTS).draft, prompt=TEXTS("system_prompt"), **typed)

    def saves(draft: SetupDraft, unchecked: bool = False) -> dict[str, str]:
        return told(setup.save(draft, now(), TEXTS, 1, unchecked))

    assert saves(local(fake_openai, model="gpt-6-sol")) == {}
    assert saves(page(source="openai", openai_key=KEY), unchecked=True) == {}
    assert written(setup) == {"OPENAI_API_KEY": KEY}
    assert saves(page(source="later")) == {}
    there = page(source="local", address=fake_openai.url)
    assert saves(there, unchecked=True) == {"model": "setup.model_missing"}
    assert saves(there) == {"model": "setup.model_missing"}
    assert saves(replace(there, model="gpt-6-sol", model_of=fake_openai.url)) == {}
    assert saves(page(source="later")) == {}
    assert written(setup) == {}


def test_a_model_that_was_chosen_from_another_servers_list_does_not_count(
    setup: Setup, ours: Settings, fake_openai: FakeOpenAI
) -> None:
    report = setup.check_model(local(fake_openai), ours)
    assert report.server == fake_openai.url
    draft = local(fake_openai, model="gpt-6-sol", model_of=report.server)
    assert chosen(draft, fake_openai.url) == "gpt-6-sol"
    assert chosen(draft, None) == chosen(draft, NOWHERE) == ""


def test_a_model_that_the_new_address_has_stays_chosen(
    setup: Setup, ours: Settings, fake_openai: FakeOpenAI
) -> None:
    """The address was edited after its check: what was chosen then is still what is shown."""
    draft = local(fake_openai, model="gpt-6-sol", model_of=fake_openai.url)
    edited = replace(draft, address=fake_openai.url.replace("127.0.0.1", "localhost"))
    assert told(setup.save(edited, ours, TEXTS, 1)) == {}
    assert written(setup)["OPENAI_MODEL"] == "gpt-6-sol"


# --- the tunnel -----------------------------------------------------------------------------


def test_a_tunnel_is_tried_before_it_is_saved(setup: Setup, ours: Settings, ngrok: Ngrok) -> None:
    draft = SetupDraft.read({"source": "later", "token": "wrong", "domain": "a.ngrok-free.dev"})
    assert told(setup.save(draft, ours, TEXTS, 1)) == {"link_check": "tunnel.refused"}
    assert setup.is_new(ours)
    right = SetupDraft.read(vars(draft) | {"token": TOKEN})
    assert setup.check_link(right, ours, 1).address == "https://a.ngrok-free.dev"
    assert setup.save(right, ours, TEXTS, 1).saved
    assert len(ngrok.tried) == 2  # what was tried with success is not tried again
    assert written(setup) == {"NGROK_AUTHTOKEN": TOKEN, "NGROK_DOMAIN": "a.ngrok-free.dev"}


def test_offline_it_may_be_saved_unchecked(setup: Setup, ours: Settings) -> None:
    draft = SetupDraft.read({"source": "local", "address": NOWHERE, "model": "m", "token": "any"})
    report = setup.save(draft, ours, TEXTS, 1)
    assert told(report).keys() == {"model_check", "link_check"}
    assert report.could_not_check
    assert setup.save(draft, ours, TEXTS, 1, unchecked=True).saved
    assert written(setup).keys() == {"OPENAI_BASE_URL", "OPENAI_MODEL", "NGROK_AUTHTOKEN"}


def test_a_public_url_leaves_nothing_to_ask(setup: Setup, ours: Settings, ngrok: Ngrok) -> None:
    public = Settings(data_dir=ours.data_dir, public_url="https://bot.example.com")
    assert setup.save(SetupDraft.read({"source": "later"}), public, TEXTS, 1).saved
    assert not ngrok.tried


def test_a_tunnel_that_was_turned_off_stays_off_until_a_token_is_typed(ours: Settings) -> None:
    off = Settings(data_dir=ours.data_dir, tunnel="none", ngrok_authtoken=Secret(TOKEN))
    draft = SetupDraft.read({"source": "later"})
    assert "TUNNEL" not in plan(draft, off, frozenset()).values
    typed = SetupDraft.read({"source": "later", "token": "other"})
    assert plan(typed, off, frozenset()).values["TUNNEL"] is None
    temporary = SetupDraft.read({"source": "later", "link": "temporary"})
    never = Settings(data_dir=ours.data_dir, tunnel="none")
    assert "TUNNEL" not in plan(temporary, never, frozenset()).values


# --- what is written ------------------------------------------------------------------------


def test_saving_writes_what_the_settings_read_back(
    setup: Setup, ours: Settings, fake_openai: FakeOpenAI
) -> None:
    draft = local(fake_openai, model="gpt-6-sol", server_key=KEY, prompt="우리 반\r\n도우미")
    assert setup.save(draft, ours, TEXTS, 1).saved
    read = settings.load({}, setup.config)
    assert (read.openai_base_url, read.openai_model) == (fake_openai.url, "gpt-6-sol")
    assert Character.of(ours, TEXTS).read() == "우리 반\n도우미"
    assert setup.config.exists()


def test_a_server_of_ones_own_needs_a_model_that_it_has(
    setup: Setup, ours: Settings, fake_openai: FakeOpenAI
) -> None:
    for model in ("", "gpt-unknown"):
        report = setup.save(local(fake_openai, model=model), ours, TEXTS, 1)
        assert told(report) == {"model": "setup.model_missing"}
        assert report.models
    assert setup.is_new(ours)


def test_practice_and_a_temporary_address_take_the_secrets_out(
    setup: Setup, ours: Settings
) -> None:
    setup.config.write_text(f"OPENAI_API_KEY={KEY}\nNGROK_AUTHTOKEN={TOKEN}\nPORT=7000\n", "utf-8")
    read = settings.load({"DATA_DIR": str(ours.data_dir)}, setup.config)
    later = SetupDraft.read({"source": "later", "link": "temporary"})
    assert setup.save(later, read, TEXTS, 1).saved
    assert written(setup) == {"PORT": "7000"}
    assert KEY not in setup.config.read_text("utf-8")


def test_a_character_that_was_not_changed_makes_no_file(setup: Setup, ours: Settings) -> None:
    draft = SetupDraft.read(
        {"source": "later", "link": "temporary", "prompt": TEXTS("system_prompt")}
    )
    assert setup.save(draft, ours, TEXTS, 1).saved
    assert not ours.system_prompt_path.exists()


def test_a_file_that_cannot_be_written_is_told(setup: Setup, ours: Settings) -> None:
    setup.config.with_name("config.env.new").mkdir()
    draft = SetupDraft.read({"source": "later", "link": "temporary", "prompt": "새 성격"})
    report = setup.save(draft, ours, TEXTS, 1)
    assert (told(report), report.written) == ({"save": "setup.unwritable"}, False)
    assert not ours.system_prompt_path.exists()  # nothing is saved by half
    skipped = setup.skip(draft, ours)
    assert (told(skipped), skipped.saved) == ({"save": "setup.unwritable"}, False)


def test_what_was_saved_is_told_though_not_all_of_it_was(setup: Setup, ours: Settings) -> None:
    ours.system_prompt_path.with_name("system_prompt.txt.new").mkdir()
    draft = SetupDraft.read({"source": "later", "link": "temporary", "prompt": "새 성격"})
    report = setup.save(draft, ours, TEXTS, 1)
    assert told(report) == {"prompt": "setup.unwritable"}
    assert (report.written, report.saved) == (True, False)
    assert setup.config.exists()


def test_a_setting_that_was_wrong_before_is_told_and_the_rest_saved(
    setup: Setup, ours: Settings
) -> None:
    setup.config.write_text("PORT=abc\n", "utf-8")
    draft = SetupDraft.read({"source": "later", "link": "temporary", "prompt": "새 성격"})
    report = setup.save(draft, ours, TEXTS, 1)
    assert (report.problems.keys(), report.written) == ({"save"}, True)
    assert Character.of(ours, TEXTS).read() == "새 성격"


def test_skipping_leaves_the_example_and_never_overwrites(setup: Setup, ours: Settings) -> None:
    assert setup.skip(SetupDraft(), ours).saved
    assert setup.config.read_text("utf-8") == example_env()
    setup.config.write_text("PORT=1\n", "utf-8")
    assert setup.skip(SetupDraft(), ours).saved
    assert setup.config.read_text("utf-8") == "PORT=1\n"


# --- without JavaScript ---------------------------------------------------------------------


def test_an_ordinary_form_is_enough(stopped_bot: Bot, fake_openai: FakeOpenAI) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        stopped_bot.environ.pop(name)
    with stopped_bot.open() as bot:
        page = requests.get(bot.url + "/setup", timeout=PATIENCE).text
        (token,) = set(re.findall(r'name="csrf" value="([^"]+)"', page))
        assert token == owner.TOKEN
        form = {"csrf": token, "source": "local", "address": fake_openai.url, "link": "temporary"}
        asked = requests.post(bot.url + "/setup", data=form, timeout=PATIENCE)
        assert "모델을 골라 주세요" in asked.text
        assert "<option>gpt-6-sol</option>" in asked.text
        form["model"] = "gpt-6-sol"
        saved = requests.post(bot.url + "/setup", data=form, timeout=PATIENCE)
        assert (saved.url, bot.reloads) == (f"{bot.url}/?done=saved", 1)
        assert "저장했어요" in saved.text


def test_what_cannot_be_written_is_told_on_the_page(stopped_bot: Bot, tmp_path: Path) -> None:
    (tmp_path / "config.env.new").mkdir()
    form = {"csrf": owner.TOKEN, "source": "later", "link": "temporary", "prompt": "새 성격"}
    with stopped_bot.open() as bot:
        for path in ("/setup", "/setup/skip"):
            page = requests.post(bot.url + path, data=form, timeout=PATIENCE)
            assert page.status_code == 200
            assert "config.env: 저장하지 못했어요" in page.text
            assert "아직 저장하지 않았어요" in page.text
            assert "새 성격</textarea>" in page.text
        assert bot.reloads == 0
        (tmp_path / "config.env.new").rmdir()
        (tmp_path / "system_prompt.txt.new").mkdir()
        half = requests.post(bot.url + "/setup", data=form, timeout=PATIENCE).text
        assert "config.env에는 저장했고" in half
        assert "아직 저장하지 않았어요" not in half
        assert bot.reloads == 1


def test_the_longest_character_can_be_saved(stopped_bot: Bot, tmp_path: Path) -> None:
    text = "가" * MOST_CHARS
    form = {"csrf": owner.TOKEN, "source": "later", "link": "temporary", "prompt": text}
    with stopped_bot.open() as bot:
        saved = requests.post(bot.url + "/setup", data=form, timeout=PATIENCE)
        assert saved.url == f"{bot.url}/?done=saved"
        long = requests.post(bot.url + "/setup", data=form | {"prompt": text + "!"}, timeout=9)
        assert f"{MOST_CHARS:,}글자까지" in long.text
    assert (tmp_path / "system_prompt.txt").read_text("utf-8").strip() == text


def test_a_kept_key_is_shown_where_it_belongs(stopped_bot: Bot, tmp_path: Path) -> None:
    kept = {"OPENAI_API_KEY": stopped_bot.environ.pop("OPENAI_API_KEY")}
    kept["OPENAI_BASE_URL"] = stopped_bot.environ.pop("OPENAI_BASE_URL")
    lines = (f"{name}={value}\n" for name, value in kept.items())
    (tmp_path / "config.env").write_text("".join(lines), "utf-8")
    with stopped_bot.open() as bot:
        page = requests.get(bot.url + "/setup", timeout=PATIENCE).text
    assert page.count("이미 적혀 있어요") == 1
    assert page.index('for="server_key"') < page.index("이미 적혀 있어요")
    assert "적혀 있는 키가 지워져요" in page
    assert f'name="model_of" value="{kept["OPENAI_BASE_URL"]}"' in page


def test_a_prompt_is_shown_as_it_is(stopped_bot: Bot, tmp_path: Path) -> None:
    (tmp_path / "system_prompt.txt").write_text("</textarea><script>x</script>", "utf-8")
    with stopped_bot.open() as bot:
        page = requests.get(bot.url + "/setup", timeout=PATIENCE).text
    assert "&lt;/textarea&gt;&lt;script&gt;x" in page


@pytest.mark.parametrize("name", ["teacher", "shop", "club", "english"])
def test_every_example_fits(name: str) -> None:
    assert 50 < len(TEXTS(f"setup.prompt_{name}")) < MOST_CHARS
    assert TEXTS(f"setup.name_{name}")
