"""A model's Markdown rewritten as plain text, because KakaoTalk renders none.

markdown-it finds the blocks. Those of its rules that lose words, need more than
linear time or misread Korean are replaced by the rules here, and a renderer of our
own writes the text. What nobody understands is shown as it was written.
"""

import logging
import re
import unicodedata
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block import table as is_table
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from pylatexenc import latex2text, latexwalker
from pylatexenc.macrospec import std_macro

MOST_LINES = 5_000  # no answer has more; these take half a second at most
MOST_LEVELS = 20  # of lists, each of which counts two
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
    lines = _clean(markdown).split("\n")
    try:
        lines[:MOST_LINES] = _Page(lines[:MOST_LINES]).render()
    except Exception:  # whatever a parser chokes on, raw Markdown beats no answer
        logging.getLogger(__name__).exception("an answer is shown as raw Markdown")
    text = _clean("\n".join(lines)).rstrip()
    return text[re.match(r"(?:[^\S\n]*\n)*", text).end() :]  # type: ignore[union-attr]  # always


def _clean(text: str) -> str:
    """Joins surrogate pairs, replaces lone ones, drops what is invisible and unwanted."""
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = re.sub("\r\n?|[\v\f\x85\u2028\u2029]", "\n", text)
    return re.sub(
        "[\0-\x08\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff\ufff9-\ufffb\ufffe\uffff]", "", text
    )


# Block rules: markdown-it asks them at the first line of what may be theirs.


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Keeps what markdown-it would drop for being nested too deeply."""
    if silent or state.level < MOST_LEVELS:
        return False
    state.line = start + 1
    token = state.push("as_written", "", 0)
    token.content, token.map = _line(state, start), [start, state.line]
    return True


_DISPLAY = re.compile(
    r"(\$\$)|(\\\[)|\\begin\{((?:equation|align|gather|multline|cases|[pbvBV]?matrix)\*?)\}"
)


def _display(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A formula that has its lines to itself, so that `- b` in it is no list."""
    opening = _DISPLAY.match(_line(state, start))
    if not opening or state.is_code_block(start):
        return False
    closing = "$$" if opening[1] else r"\]" if opening[2] else rf"\end{{{opening[3]}}}"
    after = state.bMarks[start] + state.tShift[start] + opening.end()
    for line in range(start, min(end, start + 50)):
        if state.sCount[line] < state.blkIndent and not state.isEmpty(line):
            return False
        found = state.src.find(closing, max(after, state.bMarks[line]), state.eMarks[line])
        if found >= 0:
            break
    if found < 0 or state.src[found + len(closing) : state.eMarks[line]].strip():
        return False
    if not silent:
        state.line = line + 1
        token = state.push("formula", "", 0)
        token.content = state.getLines(start, state.line, state.blkIndent, False).strip()
        token.map = [start, state.line]
    return True


def _quote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Lines that bear `>`; a line without it is no part, however lazy its writer.

    The rule it replaces reads on to the end of the text at every nested quote.
    """
    if not _line(state, start).startswith(">") or state.is_code_block(start):
        return False
    line = start
    while (
        line < end and _line(state, line).startswith(">") and state.sCount[line] >= state.blkIndent
    ):
        line += 1
    if not silent:
        token = state.push("quote", "", 0)
        token.content = "\n".join(_line(state, n) for n in range(start, line))
        token.map = [start, line]
        state.line = line
    return True


_PIPE = re.compile(r"(?<!\\)\|")


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Like markdown-it's, but a row keeps the cells for which there is no heading."""
    if not is_table(state, start, end, True):
        return False
    if silent:
        return True
    stops = state.md.block.ruler.getRules("blockquote")
    state.push("table_open", "", 1).map = [start, end]
    for line in range(start, end):
        state.line = line
        row = _line(state, line).strip()
        if not row or state.sCount[line] < state.blkIndent:
            break
        if line > start + 1 and any(stop(state, line, end, True) for stop in stops):
            break
        if line != start + 1:
            _push_row(state, line, row)
        state.line = line + 1
    state.push("table_close", "", -1)
    return True


def _push_row(state: StateBlock, line: int, row: str) -> None:
    state.push("row", "", 0)
    cells = _PIPE.split(row.removeprefix("|"))
    for cell in cells if cells[-1].strip() else cells[:-1]:
        token = state.push("inline", "", 0)
        token.content, token.children = cell.strip().replace(r"\|", "|"), []
        token.map = [line, line + 1]


# Inline rules: asked at every character that could begin something.

_MATH = re.compile(
    r"""\\\( (?:[^\\]|\\[^()]){1,1000} \\\) | \\\[ (?:[^\\]|\\[^][]){1,1000} \\\]
      | \$\$ [^$]{1,1000} \$\$
      | (?<![0-9A-Za-z$]) \$ (?![\s$]) ([^$\n]{1,300}) (?<!\s) \$ (?![0-9A-Za-z$])""",
    re.VERBOSE | re.DOTALL,
)


def _math(state: StateInline, silent: bool) -> bool:
    """A formula within a line; `$5 and $10` is none."""
    found = _MATH.match(state.src, state.pos, state.posMax)
    if not found or (found[1] and _is_prose(found[1])):
        return False
    state.push("formula", "", 0).content = found[0]
    state.pos = found.end()
    return True


def _is_prose(text: str) -> bool:
    words = re.search(r"[가-힣]|[A-Za-z]{2}.*\s|\s.*[A-Za-z]{2}", text)
    return bool(words) and not re.search(r"[\\^_{]", text)


_RUN = re.compile(r"\*+|_+|~+")
_DUNDER = re.compile(r"__[a-z][a-z0-9_]*__")


def _mark(state: StateInline, silent: bool) -> bool:
    """Stars, underscores and tildes, which `_Page.inline` pairs afterwards."""
    run = _RUN.match(state.src, state.pos, state.posMax)
    if not run:
        return False
    before = state.src[run.start() - 1 : run.start()] or " "
    after = state.src[run.end() : run.end() + 1] or " "
    if name := _DUNDER.match(state.src, state.pos, state.posMax):
        state.append_pending(name[0])
        state.pos = name.end()
        return True
    token = state.push("mark", "", 0)
    token.content, state.pos = run[0], run.end()
    token.meta = {"opens": _opens(run[0], before, after), "closes": _closes(run[0], before, after)}
    return True


def _is_ascii_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _opens(run: str, before: str, after: str) -> bool:
    """More generous than CommonMark beside Korean, stricter where a star multiplies."""
    if after.isspace():
        return False
    if run in ("*", "_", "__"):
        return not (before.isalnum() or before in ")]}" or after in ".,;:!?)]}/|=+-^<>")
    return not (after.isascii() and (_is_ascii_word(before) or before in ")]}"))


def _closes(run: str, before: str, after: str) -> bool:
    if run[0] == "_" and after == "_":
        return False
    return not before.isspace() and not (
        _is_ascii_word(after) and (run[0] == "_" or before.isalnum())
    )


_LINK = re.compile(
    r"""!? \[ ( (?: [^][\\] | \\. | \[ (?:[^][\\]|\\.){0,300} \] ){0,1000} ) \]
        \( \s{0,3} (?: <([^<>\n]{0,2000})> | ((?: [^\s()\\] | \\. | \([^\s()]{0,500}\) ){0,2000}) )
        (?: \s{1,3} (?: "([^"]{0,300})" | '([^']{0,300})' ) )? \s{0,3} \)""",
    re.VERBOSE | re.DOTALL,
)


def _link(state: StateInline, silent: bool) -> bool:
    """`[text](address "title")` as `text (title: address)`; the same for images."""
    link = _LINK.match(state.src, state.pos, state.posMax)
    if not link:
        return False
    address = unescapeAll(link[2] or link[3] or "").removeprefix("mailto:")
    title = unescapeAll(link[4] or link[5] or "")
    shown = ": ".join(filter(None, (title, address)))
    end, state.posMax = state.posMax, link.end(1)
    state.pos = link.start(1)
    if _bare(link[1]) != _bare(shown):
        state.md.inline.tokenize(state)
        shown = f" ({shown})" if shown and link[1].strip() else shown
    state.append_pending(shown)
    state.pos, state.posMax = link.end(), end
    return True


def _bare(address: str) -> str:
    return re.sub(r"\A(?:https?://|mailto:)|/\Z", "", address.strip())


_ANGLE = re.compile(
    r"<(?:(br\s{0,3}/?)|((?:https?|ftp|mailto):[^\s<>]+|[\w.+-]+@[\w.-]+)|/?[a-z][^<>]{0,1000})>",
    re.IGNORECASE,
)


def _angle(state: StateInline, silent: bool) -> bool:
    """`<br>` breaks the line, `<address>` is the address, other tags are words."""
    found = _ANGLE.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if found[1]:
        state.push("hardbreak", "br", 0)
    else:
        state.append_pending((found[2] or found[0]).removeprefix("mailto:"))
    state.pos = found.end()
    return True


_ADDRESS = re.compile(r"""://[^\s<>"'`()*|\[\]]+""")


def _address(state: StateInline, silent: bool) -> bool:
    """The rest of a bare address, so that no underscore in it is a mark."""
    found = _ADDRESS.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    rest = found[0].rstrip("_~$")
    state.append_pending(rest)
    state.pos += len(rest)
    return True


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("zero", {"maxNesting": 5 * MOST_LEVELS})
    parser.block.ruler.at("blockquote", _quote, {"alt": ["paragraph", "blockquote", "list"]})
    anywhere = {"alt": ["paragraph", "blockquote", "list"]}
    parser.block.ruler.before("table", "too_deep", _too_deep)
    parser.block.ruler.before("table", "display", _display, anywhere)  # type: ignore[arg-type]
    parser.block.ruler.at("table", _table, {"alt": ["paragraph"]})
    parser.inline.ruler.at("linkify", _address)
    parser.inline.ruler.before("escape", "math", _math)
    parser.inline.ruler.at("emphasis", _mark)
    parser.inline.ruler.at("link", _link)
    parser.inline.ruler.at("image", _link)
    parser.inline.ruler.at("html_inline", _angle)
    parser.enable(["table", "code", "fence", "blockquote", "hr", "list", "heading", "lheading"])
    parser.enable(["linkify", "newline", "escape", "backticks", "emphasis", "link", "image"])
    parser.enable(["html_inline", "entity"])
    parser.parse("-")  # sorts its rules now; two threads that did so at once could meet none
    return parser


_PARSER = _make_parser()


# The renderer.


class _Line(NamedTuple):
    text: str
    code: bool = False  # code is never indented nor marked, so that it can be copied


class _Page:
    """One answer while it is being written out; used once."""

    def __init__(self, lines: list[str], depth: int = 0) -> None:
        self.lines, self.depth = lines, depth
        self.tokens = iter(_PARSER.parse("\n".join(lines), {}))
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
        return _readable(source) if self.formulas_left >= 0 else source


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
        lines.append(_Line("• " + " · ".join(cells)))
    if not named or any(heading and column not in used for column, heading in enumerate(head)):
        lines.insert(0, _Line(" · ".join(filter(None, head))))
    return lines


def _pair(mark: Token, parts: list[str], openers: dict[str, list[int]]) -> None:
    """Blanks the parts that hold a mark and its partner; a mark alone stays."""
    run, before = mark.content, len(parts)
    units = [run[:2]] * (len(run) // 2) + [run[0]] * (len(run) % 2)
    if len(run) > 4 or (run[0] == "~" and len(run) != 2):
        units, mark.meta = [run], {"opens": False, "closes": False}
    for unit in units:
        waiting = openers.setdefault(unit, [])
        if mark.meta["closes"] and waiting and waiting[-1] < before:
            parts[waiting.pop()] = unit = ""
        elif mark.meta["opens"]:
            waiting.append(len(parts))
        parts.append(unit)


# Formulas.

_SYNONYMS = {"dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "operatorname": "mathrm"}
_SYNONYMS |= {"boxed": "mathrm", "bm": "mathrm", "mathop": "mathrm", "boldsymbol": "mathrm"}
_SYNONYMS |= {"implies": "Longrightarrow", "iff": "Leftrightarrow", "ne": "neq", "neg": "lnot"}
_SYNONYMS |= {"land": "wedge", "lor": "vee", "degree": "circ", "triangle": "bigtriangleup"}
_SYNONYMS |= dict.fromkeys(
    "left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr limits"
    " nolimits displaystyle textstyle nonumber notag".split(),
    "",
)
_RAISED = dict(zip("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", strict=True))
_LOWERED = dict(zip("0123456789+-=()ni", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙᵢ", strict=True))


def _unknown(node: Any, macroname: str) -> str:
    raise LookupError(macroname)  # and the formula stays as it was written


def _fraction(node: Any, l2tobj: Any) -> str:
    top, bottom = (l2tobj.node_arg_to_text(node, k).strip() for k in (0, 1))
    if re.search(r"[-+−=,/\s]", re.sub(r"\([^()]*\)", "", top)):
        top = f"({top})"
    if not re.fullmatch(r"[\d.]+|[^\W\d]\w*|√?\([^()]*\)", bottom):
        bottom = f"({bottom})"
    return f"{top}/{bottom}"


def _root(node: Any, l2tobj: Any) -> str:
    index, body = (l2tobj.node_arg_to_text(node, k).strip() for k in (0, 1))
    index = "".join(_RAISED.get(c, c) for c in index)
    return f"{index}√{body}" if re.fullmatch(r"\w+", body) else f"{index}√({body})"


def _contexts() -> tuple[Any, Any]:
    """What pylatexenc knows, and beside it how we write fractions, roots and choices."""
    parsing = latexwalker.get_default_latex_context_db()
    writing = latex2text.get_default_latex_context_db()
    ours = {"frac": _fraction, "sqrt": _root, "binom": "C(%s, %s)", "pmod": "(mod %s)"}
    specs = [latex2text.MacroTextSpec(name, simplify_repl=ours[name]) for name in ours]
    arguments = [std_macro("binom", False, 2), std_macro("pmod", False, 1)]
    parsing.add_context_category("chatgee", macros=arguments, prepend=True)
    writing.add_context_category("chatgee", macros=specs, prepend=True)
    writing.set_unknown_macro_spec(latex2text.MacroTextSpec("", simplify_repl=_unknown))
    return parsing, writing


_PARSING, _WRITING = _contexts()
_SPACES = dict.fromkeys(("between-latex-constructs", "after-comment"), True)
_SPACES["between-macro-and-chars"] = False
logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)  # a model's TeX is not our news


def _readable(source: str) -> str:
    """A formula in Unicode, or its source if there is anything not understood in it."""
    latex = re.sub(r"\A(?:\$\$?|\\[(\[])|(?:\$\$?|\\[)\]])\Z", "", source.strip())
    latex = re.sub(r"\\tag\{([^{}]*)\}", r"\\quad (\1)", latex).replace("'", "′")
    latex = re.sub(r"(?s)\\.|%", lambda m: r"\%" if m[0] == "%" else m[0], latex)
    latex = re.sub(r"(?s)\{cases\}.*?\{cases\}", lambda m: m[0].replace("&", r",\ "), latex)
    latex = re.sub(r"\\([A-Za-z]+)(?=(\s*\{)?)", _known, latex)
    spaces = {**_SPACES, "in-equations": _SPACES}
    try:
        walker = latexwalker.LatexWalker(latex, latex_context=_PARSING, tolerant_parsing=False)
        writer = latex2text.LatexNodes2Text(
            _WRITING, strict_latex_spaces=spaces, keep_braced_groups=True
        )
        text = writer.nodelist_to_text(walker.get_latex_nodes()[0])
    except Exception:  # pylatexenc raises what it likes: IndexError, RecursionError, …
        return source
    return _tidy(text) or source


def _known(macro: re.Match[str]) -> str:
    """A macro that pylatexenc knows; `{}` after it keeps the space that TeX would drop."""
    name = _SYNONYMS.get(macro[1], macro[1])
    if not name or macro[2]:
        return f"\\{name}" if name else ""
    spec = _PARSING.get_macro_spec(name)
    if spec and spec.args_parser.argspec:
        return f"\\{name}"
    known = _WRITING.get_macro_spec(name).macroname
    return rf"\{name}{{}}" if known else rf"\mathrm{{{name}}}"


def _tidy(text: str) -> str:
    text = re.sub("[\U0001d400-\U0001d7ff]+", lambda m: unicodedata.normalize("NFKC", m[0]), text)
    text = re.sub(r"([\^_])(\w)", _script, text)
    for _ in range(3):  # scripts of scripts, innermost first
        text = re.sub(r"([\^_])\{([^{}]*)\}", _script, text)
    text = text.replace("^∘", "°").replace("^'", "′").replace("^′", "′")
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))


def _script(script: re.Match[str]) -> str:
    small = _RAISED if script[1] == "^" else _LOWERED
    body = script[2].strip()
    if body and all(c in small for c in body):
        return "".join(small[c] for c in body)
    return script[1] + (body if body.isalnum() else f"({body})")
