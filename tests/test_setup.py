"""The set-up without a browser: what is tried, what is told, what is written."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from chatgee import settings
from chatgee.draft import MOST_CHARS, Draft, plan
from chatgee.errors import TunnelError
from chatgee.options import Secret
from chatgee.settings import Settings
from chatgee.settings_docs import example_env
from chatgee.setup import Report, Setup, character
from chatgee.texts import Texts
from chatgee.web import owner
from tests.bot import Bot
from tests.far_ends import PATIENCE, FakeOpenAI

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


def local(end: FakeOpenAI, **more: str) -> Draft:
    return Draft.read(
        {"source": "local", "address": end.url, "model": "gpt-6-luna", "link": "temporary"} | more
    )


def told(report: Report) -> dict[str, str]:
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
        ({"prompt": "x" * (MOST_CHARS + 1)}, "prompt", "setup.prompt_long"),
    ],
)
def test_what_cannot_be_used_is_told_by_its_field(
    ours: Settings, typed: dict[str, str], place: str, key: str
) -> None:
    problems = plan(Draft.read({"link": "temporary"} | typed), ours, frozenset()).problems
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
    draft = Draft.read({"token": f"ngrok config add-authtoken {TOKEN}", "domain": pasted})
    values = plan(draft, ours, frozenset()).values
    assert (values["NGROK_AUTHTOKEN"], values["NGROK_DOMAIN"]) == (TOKEN, "a.ngrok-free.dev")


def test_an_empty_field_keeps_the_secret_that_is_there(ours: Settings) -> None:
    kept = Settings(
        data_dir=ours.data_dir, openai_api_key=Secret(KEY), ngrok_authtoken=Secret(TOKEN)
    )
    found = plan(Draft(), kept, frozenset())
    assert found.problems == {}
    assert not {"OPENAI_API_KEY", "NGROK_AUTHTOKEN"} & found.values.keys()


@pytest.mark.parametrize(
    ("address", "goes"),
    [
        *(("http://127.0.0.1:1234/v1", True), ("http://localhost:1234/v1", True)),
        *(("https://api.example.com/v1", False), ("http://127.0.0.1.example.com/v1", False)),
    ],
)
def test_a_key_that_is_kept_goes_to_no_other_place(
    ours: Settings, address: str, goes: bool
) -> None:
    kept = Settings(data_dir=ours.data_dir, openai_api_key=Secret(KEY))
    draft = Draft.read({"source": "local", "address": address, "link": "temporary", "model": "m"})
    assert ("server_key" not in plan(draft, kept, frozenset()).problems) == goes


def test_a_draft_shows_no_secret(ours: Settings) -> None:
    assert KEY not in repr(Draft(openai_key=KEY, server_key=KEY, token=KEY))
    kept = Settings(openai_api_key=Secret(KEY), ngrok_authtoken=Secret(TOKEN))
    assert KEY not in str(vars(Draft.of(kept, "", new=False)))


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
    draft = Draft.read({"source": "local", "address": NOWHERE})
    assert told(setup.check_model(draft, ours)) == {"model_check": "setup.no_server"}


def test_the_usual_servers_are_found(setup: Setup, fake_openai: FakeOpenAI, tmp_path: Path) -> None:
    setup.local_servers = (("LM Studio", NOWHERE), ("Ollama", fake_openai.url))
    (found,) = setup.find_servers()
    assert (found.name, found.address, len(found.models)) == ("Ollama", fake_openai.url, 2)


# --- the tunnel -----------------------------------------------------------------------------


def test_a_tunnel_is_tried_before_it_is_saved(setup: Setup, ours: Settings, ngrok: Ngrok) -> None:
    draft = Draft.read({"source": "later", "token": "wrong", "domain": "a.ngrok-free.dev"})
    assert told(setup.save(draft, ours, TEXTS, 1)) == {"link_check": "tunnel.refused"}
    assert setup.is_new(ours)
    right = Draft.read(vars(draft) | {"token": TOKEN})
    assert setup.check_link(right, ours, 1).address == "https://a.ngrok-free.dev"
    assert setup.save(right, ours, TEXTS, 1).saved
    assert len(ngrok.tried) == 2  # what was tried with success is not tried again
    assert written(setup) == {"NGROK_AUTHTOKEN": TOKEN, "NGROK_DOMAIN": "a.ngrok-free.dev"}


def test_offline_it_may_be_saved_unchecked(setup: Setup, ours: Settings) -> None:
    draft = Draft.read({"source": "local", "address": NOWHERE, "model": "m", "token": "any"})
    report = setup.save(draft, ours, TEXTS, 1)
    assert told(report).keys() == {"model_check", "link_check"}
    assert report.could_not_check
    assert setup.save(draft, ours, TEXTS, 1, unchecked=True).saved
    assert written(setup).keys() == {"OPENAI_BASE_URL", "OPENAI_MODEL", "NGROK_AUTHTOKEN"}


def test_a_public_url_leaves_nothing_to_ask(setup: Setup, ours: Settings, ngrok: Ngrok) -> None:
    public = Settings(data_dir=ours.data_dir, public_url="https://bot.example.com")
    assert setup.save(Draft.read({"source": "later"}), public, TEXTS, 1).saved
    assert not ngrok.tried


def test_a_tunnel_that_was_turned_off_stays_off_until_a_token_is_typed(ours: Settings) -> None:
    off = Settings(data_dir=ours.data_dir, tunnel="none", ngrok_authtoken=Secret(TOKEN))
    draft = Draft.read({"source": "later"})
    assert "TUNNEL" not in plan(draft, off, frozenset()).values
    typed = Draft.read({"source": "later", "token": "other"})
    assert plan(typed, off, frozenset()).values["TUNNEL"] is None
    temporary = Draft.read({"source": "later", "link": "temporary"})
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
    assert character(ours, TEXTS) == "우리 반\n도우미"
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
    later = Draft.read({"source": "later", "link": "temporary"})
    assert setup.save(later, read, TEXTS, 1).saved
    assert written(setup) == {"PORT": "7000"}
    assert KEY not in setup.config.read_text("utf-8")


def test_a_character_that_was_not_changed_makes_no_file(setup: Setup, ours: Settings) -> None:
    draft = Draft.read({"source": "later", "link": "temporary", "prompt": TEXTS("system_prompt")})
    assert setup.save(draft, ours, TEXTS, 1).saved
    assert not ours.system_prompt_path.exists()


def test_a_file_that_cannot_be_written_is_told(setup: Setup, ours: Settings) -> None:
    setup.config.with_name("config.env.new").mkdir()
    ours.system_prompt_path.with_name("system_prompt.txt.new").mkdir()
    draft = Draft.read({"source": "later", "link": "temporary", "prompt": "새 성격"})
    assert told(setup.save(draft, ours, TEXTS, 1)) == {"prompt": "setup.unwritable"}
    same = Draft.read(vars(draft) | {"prompt": TEXTS("system_prompt")})
    assert told(setup.save(same, ours, TEXTS, 1)) == {"save": "setup.unwritable"}


def test_skipping_leaves_the_example_and_never_overwrites(setup: Setup) -> None:
    setup.skip()
    assert setup.config.read_text("utf-8") == example_env()
    setup.config.write_text("PORT=1\n", "utf-8")
    setup.skip()
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


def test_a_prompt_is_shown_as_it_is(stopped_bot: Bot, tmp_path: Path) -> None:
    (tmp_path / "system_prompt.txt").write_text("</textarea><script>x</script>", "utf-8")
    with stopped_bot.open() as bot:
        page = requests.get(bot.url + "/setup", timeout=PATIENCE).text
    assert "&lt;/textarea&gt;&lt;script&gt;x" in page


@pytest.mark.parametrize("name", ["teacher", "shop", "club", "english"])
def test_every_example_fits(name: str) -> None:
    assert 50 < len(TEXTS(f"setup.prompt_{name}")) < MOST_CHARS
    assert TEXTS(f"setup.name_{name}")
