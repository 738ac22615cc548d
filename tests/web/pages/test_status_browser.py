"""The status page as its owner uses it, in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatgee.owner.backup.restore import BEFORE
from chatgee.system import logs
from tests.support.bot import Bot
from tests.support.process import program
from tests.web.pages.test_status import EVIL, Doctor, log

pytest.importorskip("playwright", reason="no playwright: pip install -r tests/requirements.txt")
from playwright.sync_api import Browser, Page, expect

from tests.support import browser as real
from tests.support.browser import press, sees, shuts_nobody_out

pytestmark = pytest.mark.skipif(real.CHROMIUM is None, reason=real.MISSING)


@pytest.fixture
def doctor() -> Doctor:
    return Doctor()


@pytest.fixture
def seen(stopped_bot: Bot, doctor: Doctor, tmp_path: Path) -> Iterator[Bot]:
    """A bot with a doctor, and with a log in which something went wrong."""
    log(
        tmp_path,
        "2026-11-23 09:00:00 INFO skill url: https://a.example/prompt",
        f"2026-11-23 09:00:01 WARNING {EVIL}",
        "2026-11-23 09:00:02 ERROR 모델 서버에 연결할 수 없어요.",
        *("Traceback (most recent call last):", "ConnectionError: no route"),
    )
    stopped_bot.doctor_run = doctor.doctor_run
    with stopped_bot.open():
        yield stopped_bot


def add_to_log(folder: Path, line: str) -> None:
    with (folder / logs.FILE).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


# --- the doctor -----------------------------------------------------------------------------


def test_the_doctors_lines_appear_by_themselves(page: Page, seen: Bot, doctor: Doctor) -> None:
    page.goto(seen.url + "/status")
    press(page, "살펴보기 시작")
    now = page.locator(".is-now")
    expect(now).to_contain_text("파이썬")
    doctor.says(1)
    expect(now).to_contain_text("디스크")
    doctor.may_go.release(2)
    sees(page, "고칠 곳이 1개 있어요")
    expect(page.get_by_role("button", name="다시 살펴보기")).to_be_focused()
    press(page, "도움을 청할 때 쓸 글 복사")
    sees(page, "복사했어요")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "ChatGee 버전: " in copied
    assert f"python {EVIL}" in copied


# --- the log --------------------------------------------------------------------------------


def test_the_log_is_filtered_while_one_types(page: Page, seen: Bot, tmp_path: Path) -> None:
    page.goto(seen.url + "/status")
    entries = page.locator(".entry")
    expect(entries).to_have_count(3)
    expect(entries.nth(1)).to_contain_text(EVIL)
    page.get_by_label("오류만").check()
    expect(entries).to_have_count(1)
    page.get_by_label("전체").check()
    page.get_by_label("찾을 말").fill("A.EXAMPLE")
    expect(entries).to_have_count(1)
    add_to_log(tmp_path, "2026-11-23 09:00:03 INFO https://a.example again")
    expect(entries).to_have_count(2, timeout=10_000)
    expect(entries.first).to_contain_text("again")


def looks_for_ten_seconds(page: Page) -> int:
    """How often the page fetches its log in ten seconds of its own clock."""
    looks: list[str] = []
    page.on("request", lambda one: looks.append(one.url) if "/status/log" in one.url else None)
    page.clock.run_for(10_000)
    page.evaluate("fetch('/health').then(reply => reply.text())")  # later than any look before it
    return len(looks)


def test_who_reads_a_stack_trace_is_not_disturbed(page: Page, seen: Bot, tmp_path: Path) -> None:
    page.clock.install()
    page.goto(seen.url + "/status")
    page.get_by_text("자세히 (2줄)").click()
    sees(page, "ConnectionError: no route")
    add_to_log(tmp_path, "2026-11-23 09:00:03 INFO new")
    assert looks_for_ten_seconds(page) == 0
    page.get_by_text("자세히 (2줄)").click()
    page.clock.run_for(4_000)
    expect(page.locator(".entry")).to_have_count(4)


def test_the_log_can_be_kept_still(page: Page, seen: Bot, tmp_path: Path) -> None:
    page.clock.install()
    page.goto(seen.url + "/status")
    page.get_by_label("새 기록을 저절로 보여 주기").uncheck()
    assert looks_for_ten_seconds(page) == 0
    add_to_log(tmp_path, "2026-11-23 09:00:03 INFO new")
    page.get_by_label("새 기록을 저절로 보여 주기").check()
    page.clock.run_for(4_000)
    expect(page.locator(".entry")).to_have_count(4)


# --- backup ---------------------------------------------------------------------------------


def test_a_backup_brings_the_old_conversations_back(
    page: Page, environ: dict[str, str], tmp_path: Path
) -> None:
    file, prompt = tmp_path / "kept.zip", tmp_path / "system_prompt.txt"
    prompt.write_text("꽃집", "utf-8")
    with program(environ | {"REPLY_SECONDS": "4"}) as run:
        friend = run.friend()
        for words in ("안녕", "몇 시에 열어요?"):
            friend.says(words)
        page.goto(run.url.replace("/prompt", "/status"))
        with page.expect_download() as download:
            press(page, "백업 받기")
        download.value.save_as(file)
        friend.says("그 뒤의 질문")
        prompt.write_text("빵집", "utf-8")
        page.get_by_label("백업 파일").set_input_files(file)
        press(page, "백업 살펴보기")
        sees(page, "이 백업으로 되돌릴까요?")
        press(page, "이 백업으로 되돌리기")
        sees(page, "되돌렸어요. 전의 것은 before-restore")
        expect(page.locator("#about")).to_contain_text("적어 둔 질문 (해 보기 빼고)2")
        assert prompt.read_text("utf-8") == "꽃집"
        assert friend.says("다시 왔어요").text == "답: 다시 왔어요"
        page.get_by_text("되돌리기 전의 것").click()
        press(page, "이때로 돌아가기")
        expect(page.locator("#backup")).to_contain_text("질문3")
        press(page, "그만두기")
        sees(page, "아무것도 바뀌지 않았어요")
        assert run.stop() == 0
    assert "Traceback" not in run.output
    assert not list(tmp_path.glob(".backup-*"))


def test_a_file_that_is_too_large_is_told_before_it_is_sent(page: Page, seen: Bot) -> None:
    page.goto(seen.url + "/status")
    page.locator("#upload").evaluate("form => { form.dataset.most = 3; }")
    large = {"name": "b.zip", "mimeType": "application/zip", "buffer": b"four"}
    page.get_by_label("백업 파일").set_input_files(large)  # type: ignore[arg-type]
    press(page, "백업 살펴보기")
    sees(page, "넘어서 올릴 수 없어요")
    expect(page).to_have_url(seen.url + "/status")


def test_a_bad_file_is_told_and_nothing_is_lost(page: Page, seen: Bot) -> None:
    page.goto(seen.url + "/status")
    bad = {"name": "b.zip", "mimeType": "application/zip", "buffer": b"no zip"}
    page.get_by_label("백업 파일").set_input_files(bad)  # type: ignore[arg-type]
    press(page, "백업 살펴보기")
    sees(page, "다른 백업을 골라 주세요. 아무것도 바뀌지 않았어요")
    press(page, "백업 살펴보기")  # its field is empty again: the browser asks for a file
    expect(page.get_by_label("백업 파일")).to_be_focused()


# --- for everybody --------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [real.WIDE, real.PHONE], ids=["wide", "phone"])
def test_nobody_is_shut_out(
    chromium: Browser, seen: Bot, doctor: Doctor, tmp_path: Path, size: tuple[int, int], dark: bool
) -> None:
    (tmp_path / f"{BEFORE}2026-11-20-101500").mkdir()
    with real.opened(chromium, size, dark, reduced_motion="reduce") as page:
        page.goto(seen.url + "/status")
        shuts_nobody_out(page)
        press(page, "살펴보기 시작")
        doctor.says(2)
        expect(page.locator(".is-now")).to_contain_text("모델")
        shuts_nobody_out(page)
        doctor.may_go.release()
        sees(page, "고칠 곳이 1개 있어요")
        page.get_by_text("자세히 (2줄)").click()
        page.get_by_text("되돌리기 전의 것").click()
        shuts_nobody_out(page)
        with page.expect_download() as download:
            press(page, "백업 받기")
        page.get_by_label("백업 파일").set_input_files(download.value.path())
        press(page, "백업 살펴보기")
        sees(page, "이 백업으로 되돌릴까요?")
        shuts_nobody_out(page)


def test_without_scripts_it_works_too(chromium: Browser, seen: Bot, doctor: Doctor) -> None:
    with real.opened(chromium, java_script_enabled=False) as page:
        page.goto(seen.url + "/status")
        press(page, "살펴보기 시작")
        doctor.may_go.release(3)
        doctor.ends()
        page.reload()
        sees(page, "고칠 곳이 1개 있어요")
        page.get_by_label("오류만").check()
        press(page, "찾기")
        expect(page.locator(".entry")).to_have_count(1)
        expect(page.get_by_text("저절로 보여 주기")).to_be_hidden()
