"""A model's Markdown rewritten as plain text, because KakaoTalk renders none.

`citations` and `html_tags` make Markdown of what is none, `parser_rules` says how it is
read, `formulas` what becomes of TeX; here the text is written. What nobody understands is
shown as it was written.
"""

import logging
import re
from typing import NamedTuple

from markdown_it.token import Token

from chatgee.kakao.markdown import citations, html_tags
from chatgee.kakao.markdown.formulas import readable
from chatgee.kakao.markdown.parser_rules import PARSER

MOST_LINES = 5_000  # no answer has more; these take half a second at most
MOST_MIXED = 100_000  # characters in which HTML is looked for
MOST_QUOTES = 6  # one within the other
MOST_FORMULAS = 20_000  # characters of all formulas of an answer, each costing 30 more
LONG_HEADING = 40  # a longer table heading is not repeated in every row


def to_plain(markdown: str) -> str:
    """The same words without Markdown, ready to be cut into bubbles.

    Never raises, always encodes as UTF-8, may be called from any thread. The time
    grows with the length only: a few ms for a usual answer, about a second at most
    for 100,000 hostile characters, because each rule looks ahead a bounded way. What
    is beyond the limits above (lines, nesting, formulas) is shown as it was written.
    """
    lines = _only_markdown(_clean(markdown)).split("\n")
    try:
        lines[:MOST_LINES] = _Page(lines[:MOST_LINES]).render()
    except Exception:  # whatever a parser chokes on, raw Markdown beats no answer
        logging.getLogger(__name__).exception("an answer is shown as raw Markdown")
    return re.sub(r"\A(?:[^\S\n]*\n)+", "", _clean("\n".join(lines)).rstrip()).replace("\xa0", " ")


def _only_markdown(text: str) -> str:
    """Of all that models and services mix into their Markdown."""
    if len(text) > MOST_MIXED:
        return text
    try:
        return html_tags.to_markdown(citations.readable(text))
    except Exception:  # as below
        logging.getLogger(__name__).exception("an answer is shown with its HTML")
        return text


def _clean(text: str) -> str:
    """Joins surrogate pairs, replaces lone ones, drops what is invisible and unwanted."""
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = re.sub("\r\n?|[\v\f\x85\u2028\u2029]", "\n", text)
    unwanted = "[\0-\x08\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff\ufff9-\ufffb\ufffe\uffff]"
    return re.sub(unwanted, "", text)


class _Line(NamedTuple):
    text: str
    code: bool = False  # code is never indented nor marked, so that it can be copied


class _Page:
    """One answer while it is being written out; used once."""

    def __init__(self, lines: list[str], depth: int = 0) -> None:
        self.lines, self.depth = lines, depth
        self.tokens = iter(PARSER.parse("\n".join(lines), {}))
        self.formulas_left = MOST_FORMULAS

    def render(self) -> list[str]:
        return [line.text for line in self.blocks("", 0)]

    def blocks(self, closing: str, depth: int) -> list[_Line]:
        """Everything up to the token `closing`, with blank lines where the source has them."""
        page: list[_Line] = []
        for token in self.tokens:
            if token.type == closing:
                break
            block = self.block(token, depth)
            page += self.gap(token, page) if block else []
            page += block
        return page

    def gap(self, token: Token, page: list[_Line]) -> list[_Line]:
        above = token.map[0] - 1 if token.map else -1
        return [_Line("")] if page and above >= 0 and not self.lines[above].strip() else []

    def block(self, token: Token, depth: int) -> list[_Line]:
        match token.type:
            case "inline":
                return _lines(self.inline(token))
            case "formula":
                return _lines(self.formula(token.content))
            case "as_written":
                return [_Line(token.content)]
            case "fence" | "code_block":
                return _code(token)
            case "hr":
                return [_Line("———")]
            case "quote":
                return self.quote(token.content)
            case "bullet_list_open" | "ordered_list_open":
                return self.items(token, depth)
            case "table_open":
                return self.table()
        return []

    def items(self, opening: Token, depth: int) -> list[_Line]:
        page: list[_Line] = []
        numbers: list[str] = []
        for token in self.tokens:
            if token.type != "list_item_open":
                break
            gap = self.gap(token, page)
            body = self.blocks("list_item_close", depth + 1)
            mark = "•◦▪"[min(depth, 2)]
            if token.info:
                numbers.append(token.info)
                mark = _number(numbers) + token.markup
            elif body and (task := re.match(r"\[([ xX])\] +", body[0].text)):
                mark = "☐" if task[1] == " " else "☑"
                body[0] = _Line(body[0].text[task.end() :])
            page += gap + _hang(mark + " ", "  ", body or [_Line("")])
        return page

    def quote(self, source: str) -> list[_Line]:
        if self.depth == MOST_QUOTES:
            return _lines(source)
        page = _Page(re.sub(r"(?m)^> ?", "", source).split("\n"), self.depth + 1)
        page.formulas_left = self.formulas_left
        body = page.blocks("", 0)
        self.formulas_left = page.formulas_left
        return _hang("│ ", "│ ", body)

    def table(self) -> list[_Line]:
        rows: list[list[str]] = []
        for token in self.tokens:
            if token.type == "table_close":
                break
            if token.type == "row":
                rows.append([])
            else:
                rows[-1].append(self.inline(token).replace("\n", " / "))
        return _table_lines(rows[0], rows[1:])

    def inline(self, token: Token) -> str:
        parts: list[str] = []
        openers: dict[str, list[int]] = {}
        for child in token.children or ():
            if child.type == "mark":
                _pair(child, parts, openers)
            elif child.type == "formula":
                parts.append(self.formula(child.content))
            else:
                parts.append("\n" if child.tag == "br" else child.content)
        return re.sub(r"\n\s*\n", "\n\n", "".join(parts)).strip()

    def formula(self, source: str) -> str:
        self.formulas_left -= len(source) + 30
        return readable(source) if self.formulas_left >= 0 else source


def _lines(text: str) -> list[_Line]:
    return [_Line(line) for line in text.split("\n")] if text else []


def _code(token: Token) -> list[_Line]:
    language = re.fullmatch(r"[\w+#.-]*", token.info.strip(), re.ASCII)
    lines = [] if language else [_Line(token.info.strip())]
    code = token.content.removesuffix("\n")
    return lines + ([_Line(line, code=True) for line in code.split("\n")] if code else [])


def _hang(first: str, other: str, lines: list[_Line]) -> list[_Line]:
    """`first` goes before the first line and `other` before the rest, code excepted."""
    if lines and lines[0].code:
        lines = [_Line(""), *lines]
    hung = [line if line.code or not line.text else _Line(other + line.text) for line in lines]
    return [_Line((first + lines[0].text).rstrip()), *hung[1:]] if lines else []


def _number(written: list[str]) -> str:
    """The last number as written, or counted where every item bears the first one's."""
    repeats = len(written) > 1 and written[-1] == written[0]
    return str(int(written[0]) + len(written) - 1) if repeats else written[-1]


def _table_lines(head: list[str], rows: list[list[str]]) -> list[_Line]:
    """One line a row, `heading: value · heading: value`; no heading is left out."""
    named = all(len(heading) <= LONG_HEADING for heading in head)
    lines, used = [], set()
    for row in rows:
        cells = []
        for column, cell in enumerate(row):
            heading = head[column] if column < len(head) else ""
            if cell:
                used.add(column)
                cells.append(f"{heading}: {cell}" if heading and named else cell)
        lines += [_Line("• " + " · ".join(cells))] if cells else []
    if not named or any(heading and column not in used for column, heading in enumerate(head)):
        lines.insert(0, _Line(" · ".join(filter(None, head))))
    return lines


def _pair(mark: Token, parts: list[str], openers: dict[str, list[int]]) -> None:
    """Blanks the parts that hold a mark and its partner; a mark alone stays."""
    run, before = mark.content, len(parts)
    if len(run) > 4 or (run[0] == "~" and len(run) != 2):
        parts.append(run)
        return
    for unit in [run[:2]] * (len(run) // 2) + [run[0]] * (len(run) % 2):
        waiting = openers.setdefault(unit, [])
        parts.append(unit)
        if mark.meta["closes"] and waiting and waiting[-1] < before:
            parts[waiting.pop()] = parts[-1] = ""
        elif mark.meta["opens"]:
            waiting.append(len(parts) - 1)
