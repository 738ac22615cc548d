"""HTML within an answer, rewritten as the Markdown that means the same.

An element counts where it is HTML's and has its end: `<your name>`, `List<String>` and `a<b>c` are
words. A whole page of HTML is somebody's code, and stays.
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from chatgee.kakao.markdown.code_apart import INLINE, pieces
from chatgee.kakao.markdown.small_letters import lowered, raised

MOST_LEVELS = 30

_INLINE = (
    "b strong i em u ins s del strike mark small big font span abbr cite dfn var kbd samp"
    " tt bdi bdo time label nobr ruby rb rp rt q a sup sub code"
).split()
_BLOCKS = (
    "p div center h1 h2 h3 h4 h5 h6 details summary section article header footer main aside nav"
    " figure figcaption fieldset legend address hgroup dl dt dd ul ol menu li table caption"
    " tr td th blockquote pre"
).split()
_LEFT_OUT = "thead tbody tfoot colgroup col wbr source".split()
_NAMES = "|".join(sorted([*_INLINE, *_BLOCKS, *_LEFT_OUT, "hr", "img", "input"], reverse=True))
_FLAGS = "open|checked|disabled|hidden|controls|reversed|nowrap|noshade|compact|readonly"

_ATTRIBUTE = (
    r"\s{1,20}(?:[A-Za-z][\w:.-]{0,40}\s{0,3}=\s{0,3}"
    r"(?:\"[^\"<>]{0,2000}\"|'[^'<>]{0,2000}'|[^\s\"'<>=`]{1,2000})"
    rf"|(?:{_FLAGS})(?=[\s/>]))"
)
_TOKEN = re.compile(
    rf"(?P<code>{INLINE})|(?P<comment><!--(?:(?!<!--).){{0,2000}}?-->)"
    rf"|<(?P<close>/?)(?P<name>{_NAMES})(?P<attributes>(?:{_ATTRIBUTE}){{0,20}})\s{{0,9}}/?>",
    re.IGNORECASE | re.DOTALL,
)
_MAYBE = re.compile(r"<[/!A-Za-z]")
_PAGE = re.compile(r"(?i)<(?:!doctype|html|head|body|script|style)[\s>]")
_ROW = re.compile(r"(?m)^[ \t]*\|[^\n]*$")

_ENDS_BEFORE = {
    "li": {"li"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"}, "p": {"p"},
    "tr": {"tr", "td", "th"}, "td": {"td", "th"}, "th": {"td", "th"},
}  # fmt: skip
"""Elements that end where another begins, as HTML allows."""
_MAY_LACK_END = {"li", "dt", "dd", "p", "tr", "td", "th"}
_HOLDERS = {"ul", "ol", "menu", "table", "tr"}
"""Of items, rows and cells, and of nothing else."""
_WITHIN = {"ul", "ol", "menu", "table", "dl", "blockquote", "div", "td", "th", "li", "details"}
"""Elements whose own content ends none of those around them."""


def to_markdown(text: str) -> str:
    """The text with its HTML as Markdown; what is none of it stays."""
    if not _MAYBE.search(text) or _PAGE.search(text):
        return text
    reading = _HtmlReading()
    for piece, is_code in pieces(text):
        if is_code:
            reading.keep(piece)
        else:
            reading.read(piece)
    return reading.markdown()


def _one_line(text: str) -> str:
    """As a cell of a table can hold it."""
    return re.sub(r"\s*\n\s*", "<br>", re.sub(r"(?m)^[ ]*- ", "• ", text.strip()))


@dataclass
class _Element:
    name: str = ""
    tag: str = ""
    """As it was written, for one that turns out to be none."""
    attributes: str = ""
    parts: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    """Of a list its items, of a table its rows, of a row its cells."""
    heads: int = 0

    @property
    def content(self) -> str:
        return "".join(self.parts)

    def attribute(self, name: str) -> str:
        found = re.search(rf"(?is)\s{name}\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|(\S+))", self.attributes)
        return html.unescape(next(filter(None, found.groups()), "")).strip() if found else ""


class _HtmlReading:
    """An answer while it is read from tag to tag; used once."""

    def __init__(self) -> None:
        self.open = [_Element()]
        self.closed_early: list[str] = []

    def keep(self, text: str) -> None:
        self.open[-1].parts.append(text)

    def read(self, text: str) -> None:
        """Of a Markdown table each row by itself, since it must stay one line."""
        at = 0
        for row in _ROW.finditer(text):
            self._read(text[at : row.start()])
            cells = _HtmlReading()
            cells._read(row[0])
            self.keep(_one_line(cells.markdown()))
            at = row.end()
        self._read(text[at:])

    def _read(self, text: str) -> None:
        at = 0
        for token in _TOKEN.finditer(text):
            self._say(text[at : token.start()])
            at = token.end()
            if token["code"]:
                self.keep(token[0])
            elif token["name"]:
                self._tag(token)
        self._say(text[at:])

    def markdown(self) -> str:
        while len(self.open) > 1:
            last = self.open.pop()
            is_item = last.name in _MAY_LACK_END and self.open[-1].name in _HOLDERS
            if last.items or is_item:  # cut off in the midst of it
                self._write(last)
            else:  # without an end it is words
                self.open[-1].parts += [last.tag, *last.parts]
        return self.open[0].content

    def _say(self, text: str) -> None:
        names = {element.name for element in self.open}
        if self.open[-1].name in _HOLDERS and not text.strip():
            return
        if "pre" not in names and not names.isdisjoint({"p", "li", "td", "th"}):
            text = re.sub(r"\s*\n\s*", "\n", text)
        self.keep(text)

    def _tag(self, token: re.Match[str]) -> None:
        name = token["name"].lower()
        if name in _LEFT_OUT:
            return
        if token["close"]:
            self._close(name, token[0])
            return
        element = _Element(name, token[0], token["attributes"])
        if write := _ALONE.get(name):
            self.keep(write(element))
            return
        self._end_before(name)
        if len(self.open) > MOST_LEVELS:
            self.keep(token[0])
        else:
            self.open.append(element)

    def _end_before(self, name: str) -> None:
        ends = _ENDS_BEFORE.get(name, set())
        for depth in range(len(self.open) - 1, 0, -1):
            if self.open[depth].name in ends:
                self._end(depth)
                if name != "tr":
                    return
            elif self.open[depth].name in _WITHIN:
                return

    def _close(self, name: str, tag: str) -> None:
        for depth in range(len(self.open) - 1, 0, -1):
            if self.open[depth].name == name:
                self._end(depth)
                return
        if name in self.closed_early:
            self.closed_early.remove(name)
        else:
            self.keep(tag)

    def _end(self, depth: int) -> None:
        """Of an element, and of all that are open within it."""
        while len(self.open) > depth:
            element = self.open.pop()
            if len(self.open) > depth and element.name not in _MAY_LACK_END:
                self.closed_early.append(element.name)
            self._write(element)

    def _write(self, element: _Element) -> None:
        around = self.open[-1]
        if element.name == "li" and around.name in ("ul", "ol", "menu"):
            content = element.content.strip()
            around.items.append(content if "```" in content else re.sub("\n{2,}", "\n", content))
        elif element.name in ("td", "th") and around.name == "tr":
            around.items.append(_one_line(element.content))
            around.heads += element.name == "th"
        elif element.name == "tr" and around.name == "table":
            cells = _cells(element)
            around.heads += not around.items and element.heads == len(cells)
            around.items.append(" | ".join(cell.replace("|", r"\|") for cell in cells))
        elif element.name == "code" and around.name == "pre":
            around.parts.append(element.content)
        else:
            around.parts.append(_WRITE.get(element.name, _content)(element))


def _content(element: _Element) -> str:
    return element.content


def _cells(row: _Element) -> list[str]:
    """Also what stands between them."""
    return [*filter(None, [_one_line(row.content)]), *row.items]


def _block(element: _Element) -> str:
    return f"\n\n{element.content.strip()}\n\n"


def _list(element: _Element) -> str:
    """Items within items are indented by as much as any mark before them needs."""
    first = element.attribute("start")
    number = int(first) if re.fullmatch(r"\d{1,8}", first) else 1
    lines = list[str]()
    for count, item in enumerate(element.items):
        mark = f"{number + count}." if element.name == "ol" else "-"
        lines.append(f"{mark} " + item.replace("\n", "\n    "))
    return _block(_Element(parts=[element.content.strip(), "\n\n", "\n".join(lines)]))


def _table(element: _Element) -> str:
    """Its first row is the heading where it has no cells but such."""
    rows = element.items if element.heads else ["", *element.items]
    columns = max((row.replace(r"\|", "").count("|") + 1 for row in rows), default=0)
    head = [
        f"| {rows[0]} " + "| " * (columns - rows[0].count("|") - 1) + "|",
        "|---" * columns + "|",
    ]
    lines = [*head, *(f"| {row} |" for row in rows[1:])] if len(element.items) else []
    return _block(_Element(parts=[element.content.strip(), "\n\n", "\n".join(lines)]))


def _link(element: _Element) -> str:
    words, address = " ".join(element.content.split()), element.attribute("href")
    if not re.match(r"(?i)https?://|mailto:|tel:", address):
        return words
    return f"[{words}](<{address}>)" if words else f"<{address}>"


def _picture(element: _Element) -> str:
    words, address = element.attribute("alt"), element.attribute("src")
    return f"![{words}](<{address}>)" if re.match(r"(?i)https?://", address) else words


def _code(element: _Element) -> str:
    words = html.unescape(element.content)
    return f"`{words}`" if words.strip() and not re.search("[`\n]", words) else words


def _pre(element: _Element) -> str:
    words = html.unescape(element.content).strip("\n")
    fence = max(re.findall("`{3,}", words), default="``", key=len) + "`"
    return f"\n\n{fence}\n{words}\n{fence}\n\n"


def _quote(element: _Element) -> str:
    return (
        "\n\n" + re.sub(r"(?m)^", "> ", re.sub(r"\n{3,}", "\n\n", element.content.strip())) + "\n\n"
    )


def _checkbox(element: _Element) -> str:
    ticked = re.search(r"(?i)\schecked\b", element.attributes)
    return ("[x] " if ticked else "[ ] ") if "checkbox" in element.attributes.lower() else ""


_ALONE: dict[str, Callable[[_Element], str]] = {
    "hr": lambda _: "\n\n---\n\n",
    "img": _picture,
    "input": _checkbox,
}
_WRITE: dict[str, Callable[[_Element], str]] = {
    **dict.fromkeys(_BLOCKS, _block),
    **dict.fromkeys(("ul", "ol", "menu"), _list),
    **{"table": _table, "blockquote": _quote, "pre": _pre, "code": _code, "a": _link},
    "tr": lambda one: "\n\n" + " · ".join(_cells(one)) + "\n\n",
    "li": lambda one: f"\n- {one.content.strip()}\n",
    "sup": lambda one: raised(one.content.strip()),
    "sub": lambda one: lowered(one.content.strip()),
    "q": lambda one: f"“{one.content}”",
    "rt": lambda one: f"({one.content})" if one.content.strip() else "",
    "rp": lambda _: "",
}
