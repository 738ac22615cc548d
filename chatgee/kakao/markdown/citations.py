"""What services leave in an answer where their own pages would show a source.

A source with a name is named, others vanish: their numbers lead nowhere in KakaoTalk. `[1]` stays,
since it may be anything; footnotes get the small number that they have in a book.
"""

import json
import re

from chatgee.kakao.markdown.code_apart import INLINE, pieces
from chatgee.kakao.markdown.small_letters import raised

_TURN = r"turn\d+[a-z_]+\d+"
_LINES = r"L\d+(?:-L?\d+)?"

_MARKS = {
    # OpenAI: between private characters, which some services write out and some drop
    "private": r"(?:\ue200|\\ue200)(?:(?!\\ue200)[^\ue200\ue201\n]){1,500}?(?:\ue201|\\ue201)",
    "bare": rf"(?<![A-Za-z])(?:file)?cite(?:{_TURN})+(?:{_LINES})?",
    "stray": r"[\ue200-\ue20f]",
    # OpenAI's files and others after it
    "dagger": r"[【\[](?:\d{1,4}(?::\d{1,4})?)?†(?P<name>[^【】\[\]\n]{0,200})[】\]](?!\()",
    "turn": rf"[【\[](?:{_TURN}[,\s]*)+[】\]]",
    "oaicite": r":?contentReference\[oaicite:\s?\d+\](?:\{index=\d+\})?|[【\[]oaicite:\d+[】\]]",
    # Claude, Gemini, DeepSeek, Kimi and Bing, Qwen and GLM, Cohere, Grok
    "claude": r":antCitation\[[^\]\n]{0,200}\](?:\{[^}\n]{0,300}\})?",
    "gemini": r"\[cite(?:_start|_end|[:\s][\s\d,.-]{0,100})\]|\[span_\d+\]\((?:start|end)_span\)",
    "numbered": r"\[{1,2}(?:citation:\s?|ref_)\d+\]{1,2}|\[\^\d+\^\](?:\[\d+\])?|%\[\d+\]%",
    "cohere": r"</?co:?\s?\d[\d,\s]{0,40}>",
    "grok": r"<grok:render\s[^>]{0,300}>.{0,500}?</grok:render>",
    "definition": r"(?m:^[ ]{0,3})\[\^(?P<defined>[\w.-]{1,40})\]:[ \t]*",
    "footnote": r"\[\^(?P<note>[\w.-]{1,40})\](?!\()",
}
_MARK = re.compile(
    rf"(?P<code>{INLINE})|[ \t]*(?:"
    + "|".join(f"(?P<{kind}>{mark})" for kind, mark in _MARKS.items())
    + ")",
    re.DOTALL,
)
_MAYBE = re.compile(r"[†\ue200-\ue20f]|\[\^|cite|\\ue200|\[ref_|\[span_|citation|%\[|<co|<grok")
_DEFINED = re.compile(r"(?m)^[ ]{0,3}\[\^([\w.-]{1,40})\]:")
_BEFORE = re.compile(r"[ \t]*(?:<co|\[cite_start|\[span_\d+\]\(start)")
"""In marks that stand before what has a source, where the space belongs to the words."""
# In Korean as well.
_LOCATOR = re.compile(rf"(?i)sources?|\ucd9c\ucc98|{_LINES}|\d*|{_TURN}")


def readable(text: str) -> str:
    """The text with sources that can be read."""
    if not _MAYBE.search(text):
        return text
    defined = frozenset(_DEFINED.findall(text))
    return "".join(
        piece if is_code else _MARK.sub(lambda mark: _shown(mark, defined), piece)
        for piece, is_code in pieces(text)
    )


def _shown(mark: re.Match[str], defined: frozenset[str]) -> str:
    if mark["code"]:
        return mark[0]
    space = re.match(r"[ \t]*", mark[0])[0]  # type: ignore[index]
    if _BEFORE.match(mark[0]):
        return space
    match mark.lastgroup:
        case "private":
            words = _words(mark["private"])
            return space + words if words else ""
        case "dagger":
            names = (name.strip() for name in mark["name"].split("†"))
            told = ", ".join(name for name in names if not _LOCATOR.fullmatch(name))
            return f" ({told})" if told else ""
        case "definition":
            return space + _number(mark["defined"]) + " "
        case "footnote" if mark["note"] in defined:
            return _number(mark["note"])
        case "footnote":  # of nothing; but one that stands alone may be a regular expression
            alone = space or not mark["note"].isdigit()
            return mark[0] if alone or mark.start() == 0 else ""
    return ""


def _number(note: str) -> str:
    return raised(note) if note.isdigit() else f"[{note}]"


def _words(marked: str) -> str:
    """The words in a mark of OpenAI's: of a link, or of a name that it could tell more about."""
    kind, *parts = re.split(r"\ue202|\\ue202", re.sub(r"[\ue200\ue201]|\\ue20[01]", "", marked))
    if "cite" in kind or not parts:
        return ""
    try:
        told = json.loads(parts[0])
        return str(told[1]) if kind == "entity" else ""
    except (ValueError, LookupError, TypeError):
        return " ".join(one for one in parts if not re.fullmatch(f"(?:{_TURN})+", one))
