"""How markdown-it reads an answer: its own blocks, and rules of ours.

Those of its rules that lose words, need more than linear time or misread Korean are
replaced here. Nothing in here knows what the text will look like.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block import table as is_table
from markdown_it.rules_inline import StateInline

MOST_LEVELS = 20  # of lists, each of which counts two


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
    line = start + 1
    while line < end and state.sCount[line] >= state.blkIndent and _line(state, line)[:1] == ">":
        line += 1
    if not silent:
        token = state.push("quote", "", 0)
        token.content = "\n".join(_line(state, n) for n in range(start, line))
        token.map = [start, line]
        state.line = line
    return True


_CELL = re.compile(r"((?:\\.|`[^`]*`|[^|])*+)(?:\||\Z)")  # a pipe in a code span is code


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
    for cell in _CELL.findall(row.removeprefix("|"))[:-1]:  # the last is what follows the end
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


_HANGUL = r"[\uac00-\ud7a3]"  # a syllable


def _is_prose(text: str) -> bool:
    words = re.search(rf"{_HANGUL}|[A-Za-z]{{2}}.*\s|\s.*[A-Za-z]{{2}}", text)
    return bool(words) and not re.search(r"[\\^_{]", text)


_RUN = re.compile(r"\*+|_+|~+")
_DUNDER = re.compile(r"__[a-z][a-z0-9_]*__")


def _mark(state: StateInline, silent: bool) -> bool:
    """Stars, underscores and tildes, which the writer pairs afterwards."""
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
    within_word = _is_ascii_word(after) and (run[0] == "_" or before.isalnum())
    return not (before.isspace() or within_word)


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


def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero", {"maxNesting": 5 * MOST_LEVELS})
    anywhere = RuleOptionsType(alt=["paragraph", "blockquote", "list"])
    parser.block.ruler.before("table", "too_deep", _too_deep)
    parser.block.ruler.before("table", "display", _display, anywhere)
    parser.block.ruler.at("table", _table, RuleOptionsType(alt=["paragraph"]))
    parser.block.ruler.at("blockquote", _quote, anywhere)
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


PARSER = _parser()
