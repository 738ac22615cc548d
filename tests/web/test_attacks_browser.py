"""What a hostile website can do in the browser of an owner who sits before the machine."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.bot import Bot

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PARTS = """async ours => {
  const part = (tag, name, path) => new Promise(done => {
    const one = document.createElement(tag);
    if (tag === "link") one.rel = "stylesheet";
    one.onload = () => done("loaded");
    one.onerror = () => done("refused");
    one[name] = ours + path;
    document.body.append(one);
  });
  const call = (path, how) => fetch(ours + path, how).then(() => "done", () => "refused");
  const asks = JSON.stringify({userRequest: {user: {id: "x"}, utterance: "x"}});
  return [
    await part("img", "src", "/static/icon.svg"), await part("script", "src", "/talks"),
    await part("link", "href", "/static/chatgee.css"), await call("/talks", {}),
    await call("/talks", {mode: "no-cors"}),
    await call("/setup", {method: "POST", headers: {"X-CSRF-Token": "x"}}),
    await call("/prompt", {method: "POST", mode: "no-cors", body: asks}),
  ];
}"""


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>evil</title>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def evil() -> Iterator[str]:
    """A website on another origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()


def test_another_site_sees_asks_and_changes_nothing(
    bot: Bot, tmp_path: Path, chromium: "Browser", evil: str
) -> None:
    with closing(chromium.new_context()) as visitor:
        page = visitor.new_page()
        page.goto(evil)
        assert page.evaluate(PARTS, bot.url) == ["refused"] * 7
        page.set_content(f'<form method="post" action="{bot.url}/setup/skip"><button></form>')
        page.click("button")
        page.wait_for_url(f"{bot.url}/setup/skip")
        assert "예전 화면의 요청이라서" in page.locator("main").inner_text()
        page.goto(evil)
        page.evaluate("ours => { location.href = ours + '/settings' }", bot.url)
        page.wait_for_url(f"{bot.url}/settings")
        assert "설정" in page.title(), "a link leads there, as from a note of the owner's"
    with closing(sqlite3.connect(tmp_path / "chatgee.db")) as database:
        assert database.execute("SELECT count(*) FROM questions").fetchone() == (0,)
    assert bot.reloads == 0
