"""Who may do what: a test for each cell of the table in docs/privacy.md and CONTRIBUTING.md.

Named `test_<who>_<what>…`; those of a web session fill a file of their own. What holds for every
page and every header is in test_every_page, test_owner, test_bodies and test_unpack.
"""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from chatgee import settings
from chatgee.owner.backup import pack, restore
from chatgee.web import owner
from tests.support import beside
from tests.support.backups import settings_of
from tests.support.bot import Bot
from tests.support.far_ends import FakeKakao, FakeOpenAI, FarEnd, Told
from tests.support.visitor import OUTSIDE, ask, change
from tests.web.test_owner import SECRETS

ROOT = Path(__file__).resolve().parents[2]
WHO = {
    "friend": "친구",
    "stranger": "주소를 아는 남",
    "local account": "이 컴퓨터의 다른 계정",
    "web session": "주인의 화면",
    "backup file": "백업 파일",
    "model server": "모델 서버",
}
TALKS = ("/talks/delete", "/talks/failed", "/talks/friend", "/talks/anew")
WHAT = {
    "sees": "보는 것",
    "changes": "바꾸는 것",
    "reaches": "닿는 곳",
    "spends": "쓰는 양",
}


@pytest.fixture
def home(stopped_bot: Bot) -> Iterator[Bot]:
    """With every secret there is."""
    with stopped_bot.open(**SECRETS) as bot:
        yield bot


def cells(page: str) -> dict[str, list[str]]:
    """The rows of the first table below the heading that says who may do what."""
    text = (ROOT / page).read_text("utf-8")
    below = re.split(r"^## (?:Who may do what|누가 무엇을 할 수 있나)$", text, flags=re.M)[1]
    table = re.search(r"\n(\|.*?)\n\n", below, re.S)
    assert table
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in table[1].splitlines()]
    return {row[0].strip("*`"): row[1:] for row in (rows[0], *rows[2:])}


@pytest.mark.parametrize("page", ["docs/privacy.md", "CONTRIBUTING.md"])
def test_every_cell_of_the_table_is_filled_and_has_a_test(page: str) -> None:
    head, *rows = cells(page).items()
    assert head[1] == list(WHAT.values() if page.startswith("docs") else WHAT)
    assert [row[0] for row in rows] == list(WHO.values() if page.startswith("docs") else WHO)
    assert all(len(told) == len(WHAT) and all(told) for _, told in rows)
    files = (ROOT / "tests" / "web").glob("test_may*.py")
    tests = "\n".join(file.read_text("utf-8") for file in files)
    names = [f"test_{who.replace(' ', '_')}_{what}_" for who in WHO for what in WHAT]
    assert [name for name in names if f"def {name}" not in tests] == []


# --- a friend -------------------------------------------------------------------------------


def test_friend_sees_their_own_answers_alone(bot: Bot) -> None:
    mine, other = bot.known("one"), bot.friend("two")
    shown = mine.says("비밀")
    (question,) = beside.rows(bot.database, "SELECT id FROM questions WHERE text = '비밀'")
    assert "비밀" in shown.text
    fetched = other.says("생각 다했니?", {"question": question[0]})
    assert "비밀" not in json.dumps(fetched.body, ensure_ascii=False)


def test_friend_changes_their_own_memory_alone(bot: Bot, fake_openai: FakeOpenAI) -> None:
    mine, other = bot.known("one"), bot.known("two")
    mine.says("💫 새로운 시작")
    mine.says("하나")
    other.says("둘")
    said = [len(Told.by(request).memory) for request in fake_openai.requests[-2:]]
    assert said == [0, 2], "one begins anew, the other is remembered"


def test_friend_reaches_no_address_that_they_name(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    friend.says("http://127.0.0.1:1/secret 을 열어 줘")
    photo = friend.message("", None, "04")
    photo["userRequest"]["params"]["media"]["url"] = "http://127.0.0.1:1/x.jpg"
    assert "사진" in friend.sends(photo).text
    assert len(fake_openai.requests) == 2, "no photo was passed on"


def test_friend_spends_no_more_than_the_limits(stopped_bot: Bot, fake_openai: FakeOpenAI) -> None:
    with stopped_bot.open(QUESTIONS_PER_DAY=2) as bot:
        friend = bot.known()
        friend.says("둘")
        assert "다 썼어요" in friend.says("셋").text
    assert len(fake_openai.requests) == 2


# --- a stranger with the address ------------------------------------------------------------


def test_stranger_sees_that_it_is_on_and_nothing_else(home: Bot) -> None:
    page = ask(home, "/", headers=OUTSIDE).text
    told = ask(home, "/health", headers=OUTSIDE).json()
    assert "켜져 있어요" in page
    assert told == {"status": "ok"}
    for path in ("/talks", "/settings", "/status/log.txt"):
        assert ask(home, path, headers=OUTSIDE).status_code == 404
    assert [one for one in SECRETS.values() if one in page + str(told)] == []


def test_stranger_changes_nothing(home: Bot) -> None:
    for path in ("/settings", "/setup", "/key", "/status/restore", *TALKS):
        assert change(home, path, owner.TOKEN, **OUTSIDE).status_code == 404
    assert home.reloads == 0


def test_stranger_reaches_nobody_through_it(
    stopped_bot: Bot, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    with stopped_bot.open(**SECRETS, CALLBACK="always", CALLBACK_HOSTS="bot-api.kakao.com") as bot:
        message = {"userRequest": {"user": {"id": "x"}, "utterance": "질문"}}
        message["userRequest"]["callbackUrl"] = fake_kakao.callback_url()
        assert ask(bot, "/prompt", "POST", json=message, headers=OUTSIDE).status_code == 401
        mine = OUTSIDE | {"X-ChatGee-Key": SECRETS["SKILL_KEY"]}
        told = ask(bot, "/prompt", "POST", json=message, headers=mine)
        assert told.json().get("useCallback") is None
    assert fake_kakao.requests == []


def test_stranger_spends_nothing_without_the_key(home: Bot, fake_openai: FakeOpenAI) -> None:
    """Memory and guesses are bounded by tests of their own: test_bodies, test_admission."""
    message = {"userRequest": {"user": {"id": "x"}, "utterance": "질문"}}
    found = {
        ask(home, "/prompt", "POST", json=message, headers=OUTSIDE).status_code for _ in range(40)
    }
    assert found == {401, 429}
    mine = OUTSIDE | {"X-ChatGee-Key": SECRETS["SKILL_KEY"]}
    assert ask(home, "/prompt", "POST", json=message, headers=mine).status_code == 200
    assert len(fake_openai.requests) == 1


# --- another account of this machine --------------------------------------------------------


def test_local_account_sees_the_pages_and_no_file(home: Bot, tmp_path: Path) -> None:
    """It calls from this machine, as the owner does. Files are for the account that runs it."""
    assert ask(home, "/talks").status_code == 200
    shown = [ask(home, path).text for path in ("/settings", "/setup", "/status", "/status/log.txt")]
    assert [one for one in SECRETS.values() if one in "".join(shown)] == []
    for path in ("/../config.env", "/static/../../config.env", "/%2e%2e/config.env"):
        assert ask(home, path).status_code in {400, 404}


def test_local_account_changes_what_a_web_session_does(home: Bot, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.txt"
    form = {"csrf": owner.TOKEN, "SYSTEM_PROMPT_FILE": str(elsewhere), "was-SYSTEM_PROMPT_FILE": ""}
    assert "직접 고치고" in ask(home, "/settings", "POST", data=form).text
    assert change(home, "/setup", "wrong").status_code == 403, "only a page has the token"
    assert not elsewhere.exists()


def test_local_account_reaches_no_kept_key(home: Bot, fake_openai: FakeOpenAI) -> None:
    """It may listen where it likes on this machine, and have ChatGee call there."""
    fake_openai.right_key = "another"
    form = {"csrf": owner.TOKEN, "source": "local", "address": fake_openai.url + "/elsewhere"}
    page = ask(home, "/setup/model", "POST", data=form).text
    assert "이곳으로 보내지 않아요" in page
    assert fake_openai.asked_for_models == 0


def test_local_account_spends_as_the_owner(stopped_bot: Bot, fake_openai: FakeOpenAI) -> None:
    with stopped_bot.open(DAILY_TOKEN_LIMIT=30) as bot:
        bot.known()
        form = {"csrf": owner.TOKEN, "question": "질문", "prompt": "성격"}
        tried = ask(bot, "/settings/character/try", "POST", data=form).json()
        assert "답: 질문" in tried["answer"], "the owner's own trial is counted, and not refused"
        used = "SELECT prompt_tokens FROM usage WHERE user_id = ''"
        assert beside.value(bot.database, used) == 40
        assert "다 썼어요" in bot.friend("two").says("질문").text


# --- a backup file --------------------------------------------------------------------------


class Restored:
    """A ChatGee in whose folder a planted backup was put in place."""

    def __init__(self, bot: Bot, folder: Path, *planted: str) -> None:
        self.bot, self.folder = bot, folder
        ours = settings_of(folder)
        with bot.open():
            bot.known("early")
        beside.change(ours.sqlalchemy_url, *planted)
        packed = BytesIO()
        pack.make(ours, packed)
        self.found = restore.look_into(packed, ours)
        restore.confirm(self.found.id, ours)
        restore.finish(ours)


def planted(callback: str) -> list[str]:
    """Rows of a question that is open, and of a promise to post its answer somewhere."""
    columns = "id, user_id, position, text, asked_at, state"
    return [
        "INSERT INTO friends VALUES ('victim', 1, 0, 1.0, 1.0, 0, NULL, NULL, NULL)",
        f"INSERT INTO questions ({columns}) VALUES ('x', 'victim', 1, '심은 질문', 1.0, 'asked')",
        f"UPDATE questions SET callback_url = '{callback}', promised_at = 1e9",
    ]


def test_backup_file_sees_nothing_of_this_machine(stopped_bot: Bot, tmp_path: Path) -> None:
    """It is opened here, and nothing of what is here goes into it or anywhere else."""
    (tmp_path / "config.env").write_text("OPENAI_API_KEY=sk-hidden\n", "utf-8")
    restored = Restored(stopped_bot, tmp_path)
    assert restored.found.names == ("chatgee.db",)
    assert (tmp_path / "config.env").read_text("utf-8") == "OPENAI_API_KEY=sk-hidden\n"


def test_backup_file_changes_talks_and_texts_alone(stopped_bot: Bot, tmp_path: Path) -> None:
    (tmp_path / "config.env").write_text("KEEP_DAYS=7\n", "utf-8")
    before = {path.name for path in tmp_path.iterdir()}
    Restored(stopped_bot, tmp_path)
    new = {path.name for path in tmp_path.iterdir()} - before
    assert {re.sub(r"[\d-]+$", "", name) for name in new} <= {
        *("chatgee.db", "chatgee.db-wal", "chatgee.db-shm", "chatgee.lock", "changing.lock"),
        "board.json",
        "before-restore",
    }
    assert settings.read_file(tmp_path / "config.env") == {"KEEP_DAYS": "7"}


def test_backup_file_reaches_nobody(
    stopped_bot: Bot, tmp_path: Path, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    Restored(stopped_bot, tmp_path, *planted(fake_kakao.callback_url()))
    fake_openai.requests.clear()
    with stopped_bot.open() as bot:
        shown = bot.friend("victim").says("안녕")
        assert "답: 안녕" in shown.text
        assert fake_openai.questions == ["안녕"], "the planted question was not asked"
    assert fake_kakao.requests == []


def test_backup_file_spends_nothing_until_its_friends_ask_again(
    stopped_bot: Bot, tmp_path: Path, fake_openai: FakeOpenAI, fake_kakao: FakeKakao
) -> None:
    Restored(stopped_bot, tmp_path, *planted(fake_kakao.callback_url()))
    fake_openai.requests.clear()
    with stopped_bot.open() as bot:
        friend = bot.friend("victim")
        shown = friend.says("안녕")
        assert "심은 질문" in shown.text, "which question it was is told"
        assert "답: 심은 질문" in friend.presses(shown, "다시 물어보기").text
    assert fake_openai.questions == ["안녕", "심은 질문"]


# --- a model server -------------------------------------------------------------------------


def test_model_server_sees_words_and_no_names(bot: Bot, fake_openai: FakeOpenAI) -> None:
    bot.known("kakao-user-id-1")
    request = json.dumps(fake_openai.requests, ensure_ascii=False)
    assert "안녕" in request
    assert "kakao-user-id-1" not in request
    assert request.count(bot.environ["OPENAI_API_KEY"]) == 1, "and its own key alone"


def test_model_server_changes_nothing_but_the_answer(bot: Bot, fake_openai: FakeOpenAI) -> None:
    friend = bot.known()
    called = {"id": "1", "type": "function", "function": {"name": "reset", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [called]}
    fake_openai.replies({"choices": [{"message": message}]})
    assert "빈 답" in friend.says("도구를 불러").text
    fake_openai.says = lambda question: "<script>alert(1)</script> 💫 새로운 시작"
    friend.says("글")
    assert "<script>alert" not in ask(bot, "/talks").text
    fake_openai.says = lambda question: "셋"
    friend.says("셋째")
    assert len(fake_openai.told.memory) == 4, "nothing was forgotten"


class Elsewhere(FarEnd):
    def answer(
        self, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        self.remember(path)
        return 200, {"Content-Type": "application/json"}, b"{}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_model_server_reaches_nobody_by_a_redirect(
    bot: Bot, fake_openai: FakeOpenAI, status: int
) -> None:
    friend, elsewhere = bot.known(), Elsewhere()
    there = f"http://127.0.0.1:{elsewhere.port}/v1/chat/completions"
    fake_openai.fails(status, Location=there)
    assert bot.texts("failure.wrong_address") in friend.says("질문").text
    elsewhere.close()
    assert elsewhere.requests == []


def test_model_server_spends_no_more_time_than_is_given(
    stopped_bot: Bot, fake_openai: FakeOpenAI
) -> None:
    stopped_bot.environ["REPLY_SECONDS"] = "4.5"
    with stopped_bot.open(OPENAI_TIMEOUT_SECONDS=1) as bot:
        fake_openai.hold()
        assert "생각이 너무 길어져서" in bot.friend().says("질문").text
        fake_openai.release()
