"""The manual: the same pages in docs/, under /manual, and as a site that loads nothing."""

import http.client
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree

import pytest
import requests
from markdown import Markdown
from markdown.extensions.toc import slugify_unicode
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig

from chatgee.owner import manual
from chatgee.settings import OPTIONS
from tests.support.bot import Bot
from tests.support.process import ROOT

PAGES = [manual.DOCS / f"{name}.md" for name in manual.ORDER]
PICTURES = sorted(manual.PICTURES.glob("*.svg"))
NOT_OURS = {
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "PIP_CERT",
    "URL",
    "COMPOSE_FILE",
    "POSTGRES_PASSWORD",
}
"""Other programs' settings, and a field of Kakao's page."""
LOADS = {"src", "href", "srcset", "data", "poster", "action"}
SHAPES = set("h1 h2 h3 ol ul li table tr img blockquote pre a code strong".split())

pages = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)


class Html(HTMLParser):
    """The tags of a page, in their order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    @property
    def ids(self) -> list[str]:
        return [str(of["id"]) for _, of in self.tags if "id" in of]

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [of for name, of in self.tags if name == tag]


def as_file(kind: str, name: str) -> str:
    return f"pictures/{name}" if kind == "picture" else f"{name}.md"


@cache
def rendered(path: Path) -> Html:
    return Html(manual.page(path.stem, as_file).html)


@cache
def site() -> MkDocsConfig:
    return load_config(str(ROOT / "mkdocs.yml"))


# --- the pages ------------------------------------------------------------------------------


def test_both_have_the_same_pages_in_the_same_order() -> None:
    assert site().nav == [path.name for path in PAGES]
    assert set(PAGES) == set(manual.DOCS.glob("*.md"))


@pages
def test_a_page_has_one_title_and_headings_that_can_be_linked_to(path: Path) -> None:
    page, html = manual.page(path.stem, as_file), rendered(path)
    assert page.title
    assert sum(tag == "h1" for tag, _ in html.tags) == (2 if path.stem == "performance" else 1)
    assert len(html.ids) == len(set(html.ids))
    assert {one.id for one in page.headings} <= set(html.ids)
    for heading in page.headings:  # GitHub's own way is tested below, word by word
        assert heading.id == slugify_unicode(heading.title, "-")


@pages
def test_every_link_and_picture_leads_somewhere(path: Path) -> None:
    for link in rendered(path).all("a"):
        address, _, part = str(link["href"]).partition("#")
        if "://" in address:
            assert address.startswith(("https://", "http://127.0.0.1")), address
            continue
        target = manual.DOCS / address if address else path
        assert target in PAGES, address
        assert not part or unquote(part) in rendered(target).ids, link["href"]
    for picture in rendered(path).all("img"):
        assert (manual.DOCS / str(picture["src"])).is_file()
        assert len(str(picture["alt"])) > 10, "somebody cannot see it"


def test_every_picture_is_on_a_page() -> None:
    shown = {Path(str(one["src"])).name for path in PAGES for one in rendered(path).all("img")}
    assert shown == {path.name for path in PICTURES} | {
        path.name for path in manual.PICTURES.glob("*.png")
    }


@pages
def test_a_page_looks_the_same_in_both(path: Path) -> None:
    """MkDocs reads another Markdown than we and GitHub: what they disagree on is not used."""
    config = site()
    theirs = Markdown(extensions=config.markdown_extensions, extension_configs=config.mdx_configs)
    html = Html(theirs.convert(path.read_text("utf-8")))
    html.tags = [(tag, of) for tag, of in html.tags if of.get("class") != "headerlink"]
    ours = rendered(path)
    assert [tag for tag, _ in html.tags if tag in SHAPES] == [
        tag for tag, _ in ours.tags if tag in SHAPES
    ]
    assert html.ids == ours.ids


@pages
def test_every_setting_it_names_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    named = re.findall(r"`([A-Z][A-Z_]+)(?:=[^`]*)?`", text)
    named += re.findall(r"^\s*#?([A-Z][A-Z_]+)=", text, re.M)
    assert set(named) - OPTIONS.keys() - NOT_OURS == set()


# --- how they are made ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "id"),
    [
        ("시작하기", "시작하기"),
        ("1. 내려받아 압축 풀기", "1-내려받아-압축-풀기"),
        ("ngrok의 `ERR`", "ngrok의-err"),
        ("'생각 다했니?'만 나와요", "생각-다했니만-나와요"),
        ("NAS·클라우드", "nas클라우드"),
        ("a_b - c", "a_b---c"),
    ],
)
def test_a_heading_is_named_as_github_names_it(heading: str, id: str) -> None:
    assert manual.anchor(heading.replace("`", "")) == id
    assert Html(manual.render(f"## {heading}", as_file).html).ids == [id]


def test_html_in_a_page_is_shown_and_not_obeyed() -> None:
    page = manual.render("<!-- mark: begin -->\n\n<script>x</script>\n\n[x](javascript:y)", as_file)
    assert "<script" not in page.html
    assert "mark" not in page.html
    assert "<a" not in page.html


def test_a_page_that_was_changed_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manual, "DOCS", tmp_path)
    file = tmp_path / "kakao.md"
    for turn, words in enumerate(("# One", "# Two")):
        file.write_text(words, "utf-8")
        os.utime(file, (turn, turn))
        assert f"# {manual.page('kakao', as_file).title}" == words


def test_a_page_speaks_of_the_port_that_is_used() -> None:
    local = "http://127.0.0.1:7155"
    told = [manual.page(name, as_file, local).html for name in manual.ORDER]
    shown = "".join(told)
    assert f"{local}/setup" in shown
    assert "7155번" in shown
    assert "127.0.0.1:6959" not in shown
    assert "6959번" not in shown
    assert "<code>6959</code>" in shown, "the default of PORT is what it is"
    assert f"{manual.LOCAL}/setup" in manual.page("trouble", as_file).html


# --- under /manual --------------------------------------------------------------------------


def links(url: str, html: Html) -> Iterator[str]:
    """What a reader may follow, and what the page loads; not where its forms change something."""
    for _, of in html.tags:
        for name in LOADS & of.keys():
            if of.get("method") != "post":
                yield urljoin(url, str(of[name]))


def test_the_program_serves_all_of_it(bot: Bot) -> None:
    first = bot.url + "/manual"
    seen: dict[str, requests.Response] = {}
    wanted, needed = [first], set()
    while wanted:
        address, _, part = wanted.pop().partition("#")
        if not address.startswith(bot.url):
            continue
        if part:
            needed.add((address, unquote(part)))
        if address in seen:
            continue
        seen[address] = answer = requests.get(address, timeout=5)
        assert answer.status_code == 200, address
        if answer.headers["Content-Type"].startswith("text/html"):
            wanted += links(address, Html(answer.text))
    assert all(id in Html(seen[address].text).ids for address, id in needed)
    of_pages = [bot.url + "/manual/" + name for name in manual.ORDER[1:]]
    assert {first, *of_pages} <= seen.keys()
    assert {f"{first}/pictures/{path.name}" for path in PICTURES} <= seen.keys()


def test_a_page_turns_to_the_next(bot: Bot) -> None:
    address, turned = bot.url + "/manual", []
    while address:
        html = Html(requests.get(address, timeout=5).text)
        here = [of for of in html.all("a") if of.get("aria-current") == "page"]
        turned.append(urlsplit(urljoin(address, str(here[0]["href"]))).path)
        following = [of["href"] for of in html.all("a") if of.get("rel") == "next"]
        address = urljoin(address, str(following[0])) if following else ""
    assert turned == ["/manual", *(f"/manual/{name}" for name in manual.ORDER[1:])]


def test_nothing_but_pictures_comes_from_the_pictures(bot: Bot) -> None:
    answer = requests.get(f"{bot.url}/manual/pictures/{PICTURES[0].name}", timeout=5)
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert answer.content == PICTURES[0].read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/manual/nothing",
        "/manual/kakao.md",
        "/manual/../config.env",
        "/manual/..%2f..%2fconfig.env",
        "/manual/pictures/draw.py",
        "/manual/pictures/pictures.toml",
        "/manual/pictures/nothing.svg",
        "/manual/pictures/../index.md",
        "/manual/pictures/..%2findex.md",
        "/manual/pictures/..%5c..%5cx.svg",
        "/manual/pictures/%00.svg",
        "/manual/pictures/",
        "/manual/kakao/x",
    ],
)
def test_anything_else_is_not_there(bot: Bot, path: str) -> None:
    connection = http.client.HTTPConnection(*bot.address, timeout=5)
    connection.request("GET", path)
    assert connection.getresponse().status == 404
    connection.close()


def test_the_first_page_has_one_address(bot: Bot) -> None:
    answer = requests.get(bot.url + "/manual/index", timeout=5, allow_redirects=False)
    assert answer.headers["Location"] == "/manual"


# --- as a site ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    told = subprocess.run(words, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    return folder


def test_a_page_of_the_site_loads_nothing_from_elsewhere(built: Path) -> None:
    found = []
    for path in built.rglob("*.html"):
        for tag, of in Html(path.read_text("utf-8")).tags:
            if tag != "a":  # a reader follows these, a page does not
                found += [(path.name, tag, of[name]) for name in LOADS & of.keys()]
    assert found
    assert [one for one in found if re.match(r"(\w+:)?//", str(one[2]))] == []
    for path in built.rglob("*.css"):
        assert (
            re.findall(r"""(?:url\(|@import)\s*["']?(?:\w+:)?//""", path.read_text("utf-8")) == []
        )


def test_the_site_holds_pages_and_pictures_only(built: Path) -> None:
    assert {path.name for path in (built / "pictures").iterdir()} == {
        path.name for path in manual.PICTURES.iterdir() if path.suffix in manual.PICTURE_SUFFIXES
    }


# --- the pictures ---------------------------------------------------------------------------


@cache
def drawings() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("draw", manual.PICTURES / "draw.py")
    assert spec
    assert spec.loader
    draw: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(draw)
    drawn: dict[str, str] = draw.drawings()
    return drawn


def test_the_pictures_are_those_that_are_described() -> None:
    ours = {path.name: path.read_text("utf-8") for path in PICTURES}
    assert ours == drawings(), "run `python docs/pictures/draw.py`"


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_can_be_read_aloud_and_needs_nothing_else(path: Path) -> None:
    svg = ElementTree.parse(path).getroot()
    for part in ("title", "desc"):
        words = svg.find(f"{{http://www.w3.org/2000/svg}}{part}")
        assert words is not None
        assert words.text
    assert {one.tag.partition("}")[2] for one in svg.iter()} <= {
        *("svg", "title", "desc", "rect", "circle", "path", "text", "g"),
    }
