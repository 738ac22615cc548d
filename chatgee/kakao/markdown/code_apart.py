"""An answer cut where code begins and ends, so that what rewrites words leaves code alone."""

import re
from collections.abc import Iterator

INLINE = r"(?<!`)(?P<marks>`{1,3})(?!`)[^\n]{1,500}?(?<!`)(?P=marks)(?!`)"
"""Code within a line."""

_FENCE = re.compile(r"(?m)^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})([^\n]*)$")
_INDENTED = re.compile(r"(?m)(?:\A|^[ \t]*\n)((?:(?: {4}|\t)[^\n]*\n?)+)")
_LIST = re.compile(r"(?m)^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]")


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The whole text, in pieces; whether each is a code block."""
    at = 0
    for start, end in _blocks(text):
        yield text[at:start], False
        yield text[start:end], True
        at = end
    yield text[at:], False


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Fenced blocks, of which the last may have no end, and between them indented ones."""
    at, opened = 0, None
    for fence in _FENCE.finditer(text):
        if opened is None:
            if "`" not in fence[2] or fence[1][0] == "~":
                yield from _indented(text, at, fence.start())
                opened = fence
        elif fence[1].startswith(opened[1]) and not fence[2].strip():
            yield opened.start(), fence.end()
            at, opened = fence.end(), None
    if opened is None:
        yield from _indented(text, at, len(text))
    else:
        yield opened.start(), len(text)


def _indented(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Not in an answer with lists, whose items go on indented as well."""
    if "    " in text or "\t" in text:
        for block in _INDENTED.finditer(text, start, end):
            if not _LIST.search(text):
                yield block.span(1)
