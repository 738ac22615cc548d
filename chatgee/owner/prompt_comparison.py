"""Two texts compared line by line, and word by word where a line was only changed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

ALIKE = 0.4
"""From here on two lines are one that was changed; below, one has gone and another has come."""
MOST_PAIRS = 400
"""Of lines that are looked at for such likeness: beyond, it takes too long for a page."""

LEAD = 2
"""Words before a difference that tell where it is."""


@dataclass(frozen=True)
class Piece:
    """Words of a line."""

    kind: str
    """same, gone or new."""
    text: str


Line = tuple[Piece, ...]


@lru_cache(maxsize=128)  # the texts of a page are the same each time it is opened
def compare(old: str, new: str) -> tuple[Line, ...]:
    """Every line of both, in their order."""
    return tuple(_lines(old.split("\n"), new.split("\n")))


def changed(old: str, new: str) -> tuple[int, int]:
    """How many characters have gone, and how many are new."""
    pieces = [piece for line in compare(old, new) for piece in line]
    gone, came = (
        sum(len(piece.text) for piece in pieces if piece.kind == kind) for kind in ("gone", "new")
    )
    return gone, came


def gist(old: str, new: str) -> Line:
    """The first line that differs, best one with something new, from shortly before that.

    Empty where nothing differs but white space.
    """
    lines = [line for line in compare(old, new) if any(_tells(piece) for piece in line)]
    if not lines:
        return ()
    with_new = (line for line in lines if any(piece.kind == "new" for piece in line))
    first, *rest = next(with_new, lines[0])
    words = first.text.split(" ")  # the last of them is what follows the last space
    if first.kind == "same" and len(words) > LEAD + 1:
        first = Piece("same", "…" + " ".join(words[-LEAD - 1 :]))
    return (first, *rest)


def _tells(piece: Piece) -> bool:
    return piece.kind != "same" and bool(piece.text.strip())


def _lines(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    for how, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        if how == "equal":
            yield from (_whole("same", line) for line in new[c:d])
        elif (b - a) * (d - c) > MOST_PAIRS:
            yield from (_whole("gone", line) for line in old[a:b])
            yield from (_whole("new", line) for line in new[c:d])
        else:
            yield from _block(old[a:b], new[c:d])


def _block(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    """Each old line beside the new one that is most like it, if any is."""
    place = 0
    for line in old:
        likeness = [_words(line, other).ratio() for other in new[place:]]
        best = max(likeness, default=0.0)
        if best < ALIKE:
            yield _whole("gone", line)
            continue
        found = place + likeness.index(best)
        yield from (_whole("new", other) for other in new[place:found])
        yield tuple(_pieces(line, new[found]))
        place = found + 1
    yield from (_whole("new", other) for other in new[place:])


def _pieces(old: str, new: str) -> Iterator[Piece]:
    before, after = _split(old), _split(new)
    for how, a, b, c, d in _words(old, new).get_opcodes():
        if how == "equal":
            pairs = zip(before[a:b], after[c:d], strict=True)
            # The last word of a line has no space behind it, and may be followed by one now.
            yield Piece("same", "".join(max(pair, key=len) for pair in pairs))
            continue
        if a < b:
            yield Piece("gone", "".join(before[a:b]))
        if c < d:
            yield Piece("new", "".join(after[c:d]))


def _words(old: str, new: str) -> "SequenceMatcher[str]":
    """Which compares words, whatever white space follows them."""
    before, after = ([word.rstrip() for word in _split(text)] for text in (old, new))
    return SequenceMatcher(None, before, after)


def _split(line: str) -> list[str]:
    return re.findall(r"\s+|\S+\s*", line)


def _whole(kind: str, line: str) -> Line:
    return (Piece(kind, line),)
