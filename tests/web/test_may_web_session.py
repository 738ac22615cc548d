"""What a web session may: the owner's pages, and nothing else of the computer's account.

It is whoever opens them: the owner, somebody with ADMIN_PASSWORD, another account of the machine.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatgee import settings
from chatgee.errors import SettingsError
from chatgee.model.prices import Prices
from chatgee.owner.setup import Setup
from chatgee.settings import BY_HAND, value_parsers
from chatgee.system import text_files
from chatgee.web import owner
from tests.support import beside
from tests.support.bot import Bot
from tests.support.far_ends import FakeOpenAI, FarEnd
from tests.support.visitor import ask

HIDDEN = "what-only-the-account-may-read"
KEY = "sk-kept-for-openai-alone"


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the account's, which is no business of ChatGee's."""
    file = tmp_path_factory.mktemp("home") / "hidden.txt"
    file.write_text(HIDDEN, "utf-8")
    return file


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Bot]:
    config = tmp_path / "config.env"
    config.write_text(f"OPENAI_API_KEY={KEY}\n", "utf-8")
    environ = {"DATA_DIR": str(tmp_path), "PORT": "0", "OPENAI_API_KEY": KEY}
    with Bot(environ, setup=Setup(config, {}, ())).open() as bot:
        yield bot


def send(bot: Bot, path: str, **form: str) -> str:
    reply = ask(bot, path, "POST", data={"csrf": owner.TOKEN} | form)
    assert reply.status_code in {200, 303}, reply.status_code
    return reply.text


def link(place: Path, to: Path) -> None:
    place.parent.mkdir(exist_ok=True)
    try:
        place.symlink_to(to)
    except OSError:
        pytest.skip("this account may make no links")


# --- what it sees ---------------------------------------------------------------------------

PAGES = ("/settings/character", "/setup", "/settings/texts", "/status", "/status/log.txt", "/stats")
LINKS = ("system_prompt.txt", "texts.toml", "chatgee.log", "characters/20260101-000000-000000.txt")


@pytest.mark.parametrize("name", LINKS)
def test_web_session_sees_no_file_to_which_a_link_leads(
    home: Bot, outside: Path, tmp_path: Path, name: str
) -> None:
    link(tmp_path / name, outside)
    assert [path for path in PAGES if HIDDEN in ask(home, path).text] == []
    version = ask(home, "/settings/character/versions/20260101-000000-000000")
    assert HIDDEN not in version.text


def test_web_session_sees_no_character_that_was_put_elsewhere_by_hand(
    stopped_bot: Bot, outside: Path
) -> None:
    with stopped_bot.open(SYSTEM_PROMPT_FILE=outside) as bot:
        shown = [ask(bot, path).text for path in PAGES]
        told = bot.friend().says("안녕")
    assert [page for page in shown if HIDDEN in page] == []
    assert "DATA_DIR 바깥의 파일" in shown[0]
    assert "DATA_DIR 바깥의 파일" in shown[1]
    assert "답: 안녕" in told.bubbles, "friends are answered with it"


class Other(FarEnd):
    """Some other server of the owner's network, which lists what it has."""

    body: object = None
    status = 200

    def answer(
        self, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        self.remember(headers)
        return self.status, {"Content-Type": "application/json"}, json.dumps(self.body).encode()


@pytest.fixture
def other() -> Iterator[Other]:
    end = Other()
    yield end
    end.close()


@pytest.mark.parametrize(
    "body",
    [
        {"object": "list", "data": [{"id": HIDDEN, "object": "customer"}]},
        {"data": [{"id": HIDDEN, "type": "users", "attributes": {}}]},
        {"data": [{"id": HIDDEN}]},
        {"data": HIDDEN},
        {"data": {"id": HIDDEN}},
        [{"id": HIDDEN}],
        HIDDEN,
    ],
    ids=str,
)
def test_web_session_sees_nothing_of_a_server_that_is_no_model(
    home: Bot, other: Other, body: object
) -> None:
    other.body = body
    form = {"source": "local", "address": f"http://127.0.0.1:{other.port}/v1", "server_key": "x"}
    page = send(home, "/setup/model", **form)
    assert HIDDEN not in page
    assert "모델" in page


@pytest.mark.parametrize("status", [200, 402, 404, 405, 418, 429, 500])
def test_web_session_sees_not_how_a_server_refused(home: Bot, other: Other, status: int) -> None:
    other.status, other.body = status, {"error": HIDDEN}
    form = {"source": "local", "address": f"http://127.0.0.1:{other.port}/v1", "server_key": "x"}
    assert "모델 목록을 주지 않았어요" in send(home, "/setup/model", **form)


def test_web_session_sees_no_word_of_a_refusal_in_the_log(
    stopped_bot: Bot, other: Other, caplog: pytest.LogCaptureFixture
) -> None:
    """Of what a page has asked, none at all; of a friend's question, none but a service's error."""
    url = f"http://127.0.0.1:{other.port}/v1"
    caplog.set_level("DEBUG", "chatgee")
    with stopped_bot.open(LOG_LEVEL="debug", OPENAI_BASE_URL=url) as bot:
        other.status, other.body = 404, {"error": {"message": HIDDEN, "code": HIDDEN}}
        send(bot, "/setup/model", source="local", address=url, server_key="x")
        other.body = {"files": [HIDDEN], "owner": {"name": HIDDEN}}
        bot.friend().says("안녕")
        assert HIDDEN not in ask(bot, "/status/log.txt").text
    assert "model: status 404" in caplog.text
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("chatgee")]
    assert HIDDEN not in str(ours)


# --- what it changes ------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_web_session_changes_nothing_that_is_decided_by_hand(
    home: Bot, outside: Path, tmp_path: Path, name: str
) -> None:
    before = (tmp_path / "config.env").read_bytes()
    page = send(home, "/settings", **{name: str(outside), f"was-{name}": ""})
    assert "직접 고치고" in page
    assert "직접 고치고" in send(home, f"/settings/check/{name}", **{name: str(outside)})
    send(home, "/setup", source="later", **{name: str(outside), name.lower(): str(outside)})
    after = settings.read_file(tmp_path / "config.env")
    assert name not in after
    assert before.startswith(b"OPENAI_API_KEY"), "which the set-up page may change"


INJECTED = ("x{end}{name}={place}", "x'{end}{name}={place}{end}'", 'x"{end}{name}={place}{end}"')


@pytest.mark.parametrize("text", INJECTED)
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\u2028", "\x0b", "\\n"], ids=ascii)
def test_web_session_changes_nothing_by_a_line_within_a_value(
    home: Bot, outside: Path, tmp_path: Path, text: str, end: str
) -> None:
    typed = text.format(end=end, name="SYSTEM_PROMPT_FILE", place=outside)
    send(home, "/settings", OPENAI_MODEL=typed, **{"was-OPENAI_MODEL": ""})
    send(home, "/setup", source="openai", model=typed, unchecked="1")
    assert settings.load({}, tmp_path / "config.env").system_prompt_file is None


def test_web_session_changes_by_no_field_for_what_is_decided_by_hand(home: Bot) -> None:
    page = ask(home, "/settings").text
    assert [name for name in BY_HAND if f'name="{name}"' in page] == []
    assert page.count("직접 고치고 ChatGee를 다시 켜") == len(BY_HAND)


def test_every_setting_that_names_a_place_is_decided_by_hand() -> None:
    parsers = {name: row.metadata["parse"] for name, row in settings.OPTIONS.items()}
    places = {
        name
        for name, parse in parsers.items()
        if parse in {value_parsers.place, value_parsers.names}
    }
    assert places | {"DATABASE_URL"} == BY_HAND


@pytest.mark.parametrize("name", ["system_prompt.txt", "texts.toml", "texts.toml.bak"])
def test_web_session_changes_no_file_to_which_a_link_leads(
    home: Bot, outside: Path, tmp_path: Path, name: str
) -> None:
    link(tmp_path / name, outside)
    send(home, "/settings/character", prompt="다른 성격")
    send(home, "/setup", source="later", prompt="다른 성격")
    send(home, "/settings/texts", **{"reply.greeting": "다른 인사", "of": text_files.mark("")})
    send(home, "/settings/texts/undo", of=text_files.mark(""))
    assert outside.read_text("utf-8") == HIDDEN


def test_web_session_changes_prices_in_place_of_a_link(
    home: Bot, outside: Path, tmp_path: Path
) -> None:
    outside.write_text("won_per_dollar = 7.0\n", "utf-8")
    link(tmp_path / "prices.toml", outside)
    assert not Prices.read(tmp_path).readable
    send(home, "/stats", won="1300")
    assert outside.read_text("utf-8") == "won_per_dollar = 7.0\n"


def test_a_link_within_the_folder_is_the_owners_own_business(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text("", "utf-8")
    link(tmp_path / "texts.toml", tmp_path / "real.toml")
    text_files.must_lie_in(tmp_path, tmp_path / "texts.toml")
    link(tmp_path / "here", tmp_path)
    text_files.must_lie_in(tmp_path / "here", tmp_path / "texts.toml")
    link(tmp_path / "round.toml", tmp_path / "round.toml")
    text_files.must_lie_in(tmp_path, tmp_path / "round.toml")
    with pytest.raises(SettingsError, match="outside"):
        text_files.must_lie_in(tmp_path / "here", tmp_path.parent / "texts.toml")


# --- where it makes ChatGee call ------------------------------------------------------------


@pytest.mark.parametrize("path", ["/setup/model", "/setup", "/settings"])
@pytest.mark.parametrize("fixed", [False, True], ids=["in config.env", "in the environment"])
def test_web_session_reaches_no_address_with_a_kept_key(
    tmp_path: Path, other: Other, path: str, fixed: bool
) -> None:
    config = tmp_path / "config.env"
    config.write_text("" if fixed else f"OPENAI_API_KEY={KEY}\n", "utf-8")
    environ = {"DATA_DIR": str(tmp_path), "PORT": "0", "OPENAI_API_KEY": KEY}
    other.body = {"object": "list", "data": [{"id": "m", "object": "model"}]}
    there = f"http://127.0.0.1:{other.port}/v1"
    bot = Bot(environ, setup=Setup(config, {"OPENAI_API_KEY": KEY} if fixed else {}, ()))
    with bot.open():
        for typed in ("", "typed"):
            form = {"source": "local", "address": there, "model": "m", "server_key": typed}
            send(bot, path, OPENAI_BASE_URL=there, **form)
    assert KEY not in str(other.requests)
    kept = settings.read_file(config)
    assert not ("OPENAI_BASE_URL" in kept and (fixed or kept.get("OPENAI_API_KEY") == KEY))


# --- what it uses up ------------------------------------------------------------------------


def test_web_session_spends_what_is_counted(bot: Bot) -> None:
    form = {"question": "질문", "prompt": "성격"}
    assert json.loads(send(bot, "/settings/character/try", **form))["answer"] == "답: 질문"
    used = "SELECT prompt_tokens + completion_tokens FROM usage WHERE user_id = ''"
    assert beside.value(bot.database, used) == 30


def test_web_session_spends_by_asking_again_what_the_days_tokens_allow(
    stopped_bot: Bot, fake_openai: FakeOpenAI
) -> None:
    with stopped_bot.open(DAILY_TOKEN_LIMIT=30) as bot:
        fake_openai.fails(401)
        bot.friend().says("틀린 키")
        bot.friend().says("질문")
        id_ = beside.value(bot.database, "SELECT id FROM questions WHERE text = '틀린 키'")
        send(bot, "/talks/failed", what="again", id=id_)
        failure = "SELECT failure FROM questions WHERE text = '틀린 키'"
        beside.until(bot.database, failure, lambda found: found == "daily_limit")
    assert len(fake_openai.requests) == 2
