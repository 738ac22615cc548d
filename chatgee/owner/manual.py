"""The owner's manual: docs/*.md as HTML, so that it can be read without the internet.

The same files are a site made by MkDocs and pages on GitHub. They use only what all three
understand: CommonMark and tables, no HTML. What a page looks like is left to `chatgee.web`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from chatgee.system.installation import DOCS, worded

PICTURES = DOCS / "pictures"
PICTURE_SUFFIXES = (".svg", ".png")

ORDER = (
    "index",
    "kakao",
    "owner",
    "address",
    "local-model",
    "always-on",
    "scale",
    "trouble",
    "privacy",
    "settings",
    "performance",
)
"""From the first page to the last, as in mkdocs.yml; a name here is a file in docs/."""

CONTENTS_LEVELS = (2, 3)

LOCAL = "http://127.0.0.1:6959"
"""As the files have it."""
LOCAL_PORT = LOCAL.rpartition(":")[2]

PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])

_COMMENT = re.compile(r"^<!--.*?-->\n?", re.M)
"""A mark for our tools, alone on its line. No other HTML is let through."""

Link = Callable[[str, str], str]
"""From a kind ("page" or "picture") and a name to an address."""


@dataclass(frozen=True)
class Heading:
    level: int
    id: str
    title: str


@dataclass(frozen=True)
class ManualPage:
    """One page of the manual."""

    title: str
    head: str
    """Its first heading, as HTML; a table of contents may stand below it."""
    body: str
    headings: tuple[Heading, ...] = ()
    """Those that a table of contents shows."""

    @property
    def html(self) -> str:
        return self.head + self.body


def page(name: str, link: Link, local: str = LOCAL) -> ManualPage:
    """The page called `name`; `KeyError` where there is none, `OSError` where it was lost.

    `local` is the address on this machine of the program that shows it.
    """
    if name not in ORDER:
        raise KeyError(name)
    file = DOCS / f"{name}.md"
    return _page(file, file.stat().st_mtime_ns, link, local)


@lru_cache(maxsize=2 * len(ORDER))
def _page(file: Path, changed: int, link: Link, local: str) -> ManualPage:
    return render(_here(worded(file.read_text(encoding="utf-8")), local), link)


def _here(markdown: str, local: str) -> str:
    """With the address and the port that are used, where they are not those of the files."""
    place, port = local.removeprefix("http://"), local.rpartition(":")[2]
    there = LOCAL.removeprefix("http://")
    in_prose = rf"\b{LOCAL_PORT}(?=[^\W\d_])"  # with a counter behind it, unlike in code
    return re.sub(in_prose, port, markdown.replace(there, place))


def title(name: str, link: Link, local: str = LOCAL) -> str:
    """Of a page, as the other pages call it."""
    return page(name, link, local).title


def render(markdown: str, link: Link) -> ManualPage:
    """A page from its Markdown; links between pages and pictures are asked of `link`."""
    tokens = PARSER.parse(_COMMENT.sub("", markdown))
    headings = list(_name_headings(tokens))
    for token in tokens:
        for child in token.children or ():
            _rewrite(child, link)
    after = 3 if tokens and tokens[0].tag == "h1" else 0  # its opening, its words, its end
    head, body = (_html(part) for part in (tokens[:after], tokens[after:]))
    shown = tuple(one for one in headings if one.level in CONTENTS_LEVELS)
    return ManualPage(headings[0].title if headings else "", head, body, shown)


def _html(tokens: Sequence[Token]) -> str:
    return str(PARSER.renderer.render(_scrolling(tokens), PARSER.options, {}))


def anchor(heading: str) -> str:
    """The id of a heading, as GitHub and MkDocs make it: Korean stays."""
    text = unicodedata.normalize("NFC", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def _name_headings(tokens: Sequence[Token]) -> Iterator[Heading]:
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            words = "".join(one.content for one in inline.children or ())
            opening.attrSet("id", anchor(words))
            yield Heading(int(opening.tag[1:]), anchor(words), words)


def _rewrite(token: Token, link: Link) -> None:
    if token.type == "image":
        picture = str(token.attrs["src"]).removeprefix("pictures/")
        token.attrSet("src", link("picture", picture))
        token.attrSet("loading", "lazy")
    elif token.type == "link_open":
        address, mark, part = str(token.attrs["href"]).partition("#")
        if address.endswith(".md"):
            token.attrSet("href", link("page", address.removesuffix(".md")) + mark + part)
        elif "://" in address:
            token.attrSet("target", "_blank")
            token.attrSet("rel", "noopener noreferrer")


def _scrolling(tokens: Sequence[Token]) -> list[Token]:
    """Each table in a box of its own: on a phone the table scrolls, not the page."""
    boxed: list[Token] = []
    for token in tokens:
        if token.type == "table_open":
            box = Token("box_open", "div", 1, block=True)
            box.attrSet("class", "scrolling")
            box.attrSet("tabindex", "0")  # the arrow keys scroll it too
            boxed.append(box)
        boxed.append(token)
        if token.type == "table_close":
            boxed.append(Token("box_close", "div", -1, block=True))
    return boxed
