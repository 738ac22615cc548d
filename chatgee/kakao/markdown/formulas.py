"""TeX formulas in Unicode, through pylatexenc."""

import logging
import re
import unicodedata
from typing import Any

from pylatexenc import latex2text, latexwalker
from pylatexenc.macrospec import std_macro

from chatgee.kakao.markdown.small_letters import LOWERED, RAISED

_SYNONYMS = {"dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "operatorname": "mathrm"}
_SYNONYMS |= {"boxed": "mathrm", "bm": "mathrm", "mathop": "mathrm", "boldsymbol": "mathrm"}
_SYNONYMS |= {"implies": "Longrightarrow", "iff": "Leftrightarrow", "ne": "neq", "neg": "lnot"}
_SYNONYMS |= {"land": "wedge", "lor": "vee", "degree": "circ", "triangle": "bigtriangleup"}
_SYNONYMS |= dict.fromkeys(
    "left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr limits"
    " nolimits displaystyle textstyle nonumber notag".split(),
    "",
)
_RAISED, _LOWERED = (
    {letter: small[letter] for letter in "0123456789+-=()ni"} for small in (RAISED, LOWERED)
)  # a formula of many small letters is harder to read than `e^(-x²)`


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


def readable(source: str) -> str:
    """A formula in Unicode, or its source if there is anything not understood in it."""
    latex = re.sub(r"\A(?:\$\$?|\\[(\[])|(?:\$\$?|\\[)\]])\Z", "", source.strip())
    latex = re.sub(r"\\(?:left|right)\.", "", latex.replace("'", "′"))
    latex = re.sub(r"\\tag\{([^{}]*)\}", r"\\quad (\1)", latex)
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
