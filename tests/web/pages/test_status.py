"""The page that tells how ChatGee is: the doctor, the log, what it is, backups."""

import re
import threading
import time
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import requests

from chatgee import version
from chatgee.doctor.case import Check
from chatgee.errors import Failure
from chatgee.owner.backup import restore
from chatgee.owner.doctor_run import DoctorRun, Finding
from chatgee.system import logs
from chatgee.web import owner
from tests.support.backups import asked, settings_of
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeKakao
from tests.support.process import program

SECRETS = {"SKILL_KEY": "secret-of-the-skill", "NGROK_AUTHTOKEN": "secret-of-ngrok"}
EVIL = "<script>alert('x')</script>\"&amp;"
PAGES = ("/status", "/status/doctor", "/status/log", "/status/log.txt", "/status/restore")
CHANGES = (
    *("/status/doctor", "/status/backup", "/status/restore"),
    *("/status/restore/back", "/status/restore/confirm", "/status/restore/drop"),
)


class Doctor:
    """Says one line at a time, each when it may."""

    names = ("python", "disk", "model")

    def __init__(self) -> None:
        self.may_go = threading.Semaphore(0)
        self.visits = 0
        self.doctor_run = DoctorRun(self.names, self.look)

    def look(self) -> Iterator[Finding]:
        self.visits += 1
        for name, state in zip(self.names, ("good", "warn", "bad"), strict=True):
            assert self.may_go.acquire(timeout=PATIENCE * 6)  # axe looks meanwhile
            yield Check(name, state, f"{name} {EVIL}", None if state == "good" else "이렇게요")  # type: ignore[arg-type]

    def says(self, lines: int) -> None:
        self.may_go.release(lines)
        until = time.monotonic() + PATIENCE
        while len(self.doctor_run.report().found) < lines:
            assert time.monotonic() < until
            time.sleep(0.005)

    def ends(self) -> None:
        until = time.monotonic() + PATIENCE
        while self.doctor_run.report().running:
            assert time.monotonic() < until
            time.sleep(0.005)


@pytest.fixture
def doctor() -> Doctor:
    return Doctor()


@pytest.fixture
def home(stopped_bot: Bot, doctor: Doctor) -> Iterator[Bot]:
    stopped_bot.doctor_run = doctor.doctor_run
    with stopped_bot.open(**SECRETS):
        yield stopped_bot


def get(bot: Bot, path: str, **headers: str) -> requests.Response:
    url = bot.url + path
    return requests.get(url, headers=headers, timeout=PATIENCE, allow_redirects=False)


def post(
    bot: Bot, path: str, files: object = None, token: str = owner.TOKEN, **form: str
) -> requests.Response:
    return requests.post(
        bot.url + path,
        data={"csrf": token} | form,
        files=files,  # type: ignore[arg-type]
        timeout=PATIENCE,
        allow_redirects=False,
    )


def talk(bot: Bot) -> None:
    friend = bot.friend(headers=(("X-ChatGee-Key", SECRETS["SKILL_KEY"]),))
    for words in ("안녕", "질문"):
        friend.says(words)


def log(folder: Path, *lines: str) -> None:
    (folder / logs.FILE).write_text("".join(f"{line}\n" for line in lines), "utf-8")


# --- whose it is ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_finds_nothing(home: Bot, path: str) -> None:
    for headers in ({"Host": "bot.example"}, {"X-Forwarded-For": "192.0.2.1"}):
        assert get(home, path, **headers).status_code == 404


@pytest.mark.parametrize("path", CHANGES)
def test_only_a_page_of_ours_changes_anything(home: Bot, doctor: Doctor, path: str) -> None:
    assert post(home, path, token="guessed").status_code == 403
    stranger = {"X-Forwarded-For": "192.0.2.1", owner.TOKEN_HEADER: owner.TOKEN}
    reply = requests.post(home.url + path, headers=stranger, timeout=PATIENCE)
    assert reply.status_code == 404
    assert (doctor.doctor_run.report().running, home.reloads) == (False, 0)


@pytest.mark.parametrize("path", PAGES)
def test_no_secret_and_no_script_is_in_it(
    home: Bot, doctor: Doctor, tmp_path: Path, path: str
) -> None:
    secrets = [*SECRETS.values(), home.environ["OPENAI_API_KEY"]]
    log(tmp_path, *(f"2026-11-23 09:00:00 INFO {one} {EVIL}" for one in secrets))
    post(home, "/status/doctor")
    doctor.says(3)
    page = get(home, path).text
    assert not [one for one in secrets if one in page]
    if not path.endswith(".txt"):
        assert not re.search(r"<script>|\sstyle=|\son[a-z]+=", page)


def test_the_models_trouble_leads_to_the_questions_that_failed_by_it(
    home: Bot, doctor: Doctor
) -> None:
    post(home, "/status/doctor")
    doctor.says(3)
    doctor.ends()
    assert "/talks?kind=failed" not in get(home, "/status").text
    home.status.health.failed(Failure.NO_CREDIT)
    assert "/talks?kind=failed&amp;failure=no_credit" in get(home, "/status").text


# --- the doctor -----------------------------------------------------------------------------


def test_the_doctors_lines_come_one_by_one_and_stay(home: Bot, doctor: Doctor) -> None:
    assert "살펴보기 시작" in get(home, "/status").text
    assert post(home, "/status/doctor").headers["Location"] == "/status"
    doctor.says(1)
    page = get(home, "/status/doctor").text
    assert "data-running" in page
    assert (page.count("is-good"), page.count("is-left")) == (1, 2)
    assert page.index("파이썬") < page.index("is-now") < page.index("디스크") < page.index("모델")
    doctor.says(2)
    doctor.may_go.release()
    doctor.ends()
    page = get(home, "/status").text
    assert "data-running" not in page
    assert "에 살펴봤어요" in page
    assert "고칠 곳이 1개 있어요" in page
    assert page.count("이렇게 해 보세요") == 2
    assert "&lt;script&gt;" in page


def test_the_real_doctor_looks_while_it_all_runs(
    environ: dict[str, str], fake_kakao: FakeKakao
) -> None:
    near = {"CALLBACK_HOSTS": fake_kakao.host, "TUNNEL": "none"}
    with program(environ | near) as run:
        home = Bot({}, url=run.url.removesuffix("/prompt"))
        form = re.search(r'name="csrf" value="([^"]+)"', get(home, "/status").text)
        assert form
        assert post(home, "/status/doctor", token=form[1]).status_code == 303
        until = time.monotonic() + 4 * PATIENCE
        while "data-running" in (page := get(home, "/status/doctor").text):
            assert time.monotonic() < until
            time.sleep(0.1)
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    wanted = ("파이썬 괜찮아요", "패키지 괜찮아요", "설정 괜찮아요", "대화 파일 괜찮아요 잘 열려요")
    wanted += ("모델 괜찮아요", "바깥 주소 살펴보세요 바깥 주소가 없어서", "콜백 괜찮아요", "시계")
    assert [one for one in wanted if one not in text] == []
    assert "is-bad" not in page
    assert "Traceback" not in run.output


def test_a_second_press_joins_the_visit_under_way(home: Bot, doctor: Doctor) -> None:
    for _ in range(3):
        post(home, "/status/doctor")
    doctor.says(3)
    doctor.ends()
    assert doctor.visits == 1
    post(home, "/status/doctor")
    doctor.says(3)
    assert doctor.visits == 2


def test_a_doctor_that_breaks_comes_to_an_end(caplog: pytest.LogCaptureFixture) -> None:
    def look() -> Iterator[Finding]:
        yield Check("python", "good", "3.12")
        raise ZeroDivisionError

    doctor_run = DoctorRun(("python", "disk"), look)
    doctor_run.begin()
    until = time.monotonic() + PATIENCE
    while (report := doctor_run.report()).running:
        assert time.monotonic() < until
    assert [one.name for one in report.found] == ["python"]
    assert report.ended_at
    assert "ZeroDivisionError" in caplog.text


# --- the log --------------------------------------------------------------------------------


def test_the_log_is_filtered_and_its_html_is_text(home: Bot, tmp_path: Path) -> None:
    log(tmp_path, f"2026-11-23 09:00:00 INFO {EVIL}", "2026-11-23 09:00:01 ERROR 고장", "  trace")
    every = get(home, "/status/log").text
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in every
    assert every.index("고장") < every.index("alert")
    assert "자세히 (1줄)" in every
    bad = get(home, "/status/log?level=error").text
    assert ("고장" in bad, "alert" in bad) == (True, False)
    assert "이런 기록은 없어요" in get(home, "/status/log?words=nothing").text
    page = get(home, "/status?level=error&words=trace").text
    assert re.search(r'value="error" checked', page)
    assert 'value="trace"' in page
    assert get(home, "/status/log?level=unknown").status_code == 200


def test_the_log_can_be_taken_along(home: Bot, tmp_path: Path) -> None:
    log(tmp_path, "2026-11-23 09:00:00 INFO 하나", "2026-11-23 09:00:01 INFO secret-of-ngrok")
    reply = get(home, "/status/log.txt")
    assert re.search(r'filename="chatgee-log-\d{4}-\d\d-\d\d\.txt"', str(reply.headers))
    assert reply.content.decode().splitlines()[0].endswith("하나")
    assert reply.headers["Content-Type"].startswith("text/plain")


# --- what it is -----------------------------------------------------------------------------


def test_what_a_helper_asks_first_is_there(home: Bot, tmp_path: Path) -> None:
    talk(home)
    page = get(home, "/status").text
    summary = re.search(r'<pre[^>]*id="summary".*?</pre>', page, re.S)
    assert summary
    wanted = (
        f"ChatGee 버전: {version.VERSION}",
        "SQLite 3.",
        "적어 둔 질문 (해 보기 빼고): 2",
        str(tmp_path),
    )
    assert [one for one in wanted if one not in summary[0]] == []


def test_the_practice_model_has_a_name_that_an_owner_reads(stopped_bot: Bot) -> None:
    with stopped_bot.open(OPENAI_API_KEY="", OPENAI_BASE_URL=""):
        assert "모델: 연습용 모델" in get(stopped_bot, "/status").text


def test_the_set_up_is_found_below_the_settings(home: Bot) -> None:
    assert '<a href="/settings" aria-current="true">' in get(home, "/setup").text


# --- backup ---------------------------------------------------------------------------------


def test_a_backup_is_one_file_and_leaves_nothing_behind(home: Bot, tmp_path: Path) -> None:
    talk(home)
    before = {path.name for path in tmp_path.iterdir()}
    reply = post(home, "/status/backup")
    assert re.search(r"chatgee-\d{4}-\d\d-\d\d\.zip", reply.headers["Content-Disposition"])
    assert int(reply.headers["Content-Length"]) == len(reply.content)
    with zipfile.ZipFile(BytesIO(reply.content)) as archive:
        archive.extract("chatgee.db", tmp_path / "out")
    assert asked(tmp_path / "out" / "chatgee.db") == asked(tmp_path / "chatgee.db")
    assert {path.name for path in tmp_path.iterdir()} - before == {"out"}


def test_it_is_shown_confirmed_and_read_anew(home: Bot, tmp_path: Path) -> None:
    talk(home)
    packed = post(home, "/status/backup").content
    reply = post(home, "/status/restore", {"backup": ("b.zip", packed)})
    assert reply.headers["Location"] == "/status#backup"
    page = get(home, "/status").text
    assert "이 백업으로 되돌릴까요?" in page
    id = re.search(r'name="id" value="(\w+)"', page)
    assert id
    assert home.reloads == 0
    assert post(home, "/status/restore/confirm", id=id[1]).status_code == 303
    assert home.reloads == 1
    assert "되돌리고 있어요" in get(home, "/status?done=restored").text
    assert "되돌리고 있어요" in get(home, "/status/restore").text
    restore.finish(settings_of(tmp_path))  # as the program does, once everything is closed
    assert get(home, "/status/restore").headers["HX-Redirect"] == "/status?done=restored"
    page = get(home, "/status?done=restored").text
    assert re.search(r"되돌렸어요. 전의 것은 before-restore-[\d-]+ 폴더에 있어요", page)
    assert "이때로 돌아가기" in page


def test_it_can_be_dropped(home: Bot, tmp_path: Path) -> None:
    packed = post(home, "/status/backup").content
    post(home, "/status/restore", {"backup": ("b.zip", packed)})
    assert post(home, "/status/restore/drop").status_code == 303
    assert "아무것도 바뀌지 않았어요" in get(home, "/status?done=dropped").text
    assert not (tmp_path / restore.FOLDER).exists()


BAD = [(b"no zip", "이 파일은 쓸 수 없어요"), (b"", "이 파일은 쓸 수 없어요")]


@pytest.mark.parametrize(("raw", "told"), BAD)
def test_a_bad_file_is_told(home: Bot, raw: bytes, told: str) -> None:
    assert told in post(home, "/status/restore", {"backup": ("b.zip", raw)}).text


def test_what_cannot_be_done_is_told(home: Bot) -> None:
    assert "먼저 골라 주세요" in post(home, "/status/restore").text
    assert "이제 여기에 없어요" in post(home, "/status/restore/confirm", id="x").text
    assert "이제 여기에 없어요" in post(home, "/status/restore/back", folder="../x").text
