"""Plain text cut into bubbles, where a reader would pause.

Lengths are UTF-16 code units, because the platform counts as Java and JavaScript do.
What a bubble may hold is for the caller to say.
"""

import re
import unicodedata
from collections.abc import Iterator

# Letters and marks that show nothing, beside white space, control characters and the marks that
# choose how the letter before them looks.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_CHOOSES_LOOKS = re.compile("[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")

# Where to cut, best first: a match begins where a piece may end.
_PAUSES = (
    re.compile(r"\n[^\S\n]*\n"),
    re.compile(r"\n"),
    re.compile(
        r"""(?: (?<=[!?…]) | (?<=[^\d\s]\.) ) ["'”’)\]]{0,3} (?=\s)  # not after `3.`
          | (?<=[。！？]) ["'”’)\]」』）]{0,3}""",
        re.VERBOSE,
    ),
    re.compile(r"\s"),
)


def length(text: str) -> int:
    """How long the platform thinks `text` is: an emoji counts two or more."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing; Kakao refuses such a bubble."""
    return all(map(_shows_nothing, text))


def trimmed(text: str) -> str:
    """Without what shows nothing at its ends, but for what belongs to an emoji or a letter there.

    A mention's button leaves zero-width letters behind, by which no command would be known.
    """
    start, end = 0, len(text)
    while start < end and _shows_nothing(text[start]):
        start += 1
    while start < end and _shows_nothing(text[end - 1]) and not _finishes(text[end - 1]):
        end -= 1
    return text[start:end]


def cut(text: str, limit: int) -> tuple[str, ...]:
    """`text` in pieces of at most `limit`, which is at least 2; none of them is blank.

    Only the white space at a cut is left out, and what is blank for longer than a
    piece. An indentation is kept when a piece begins with its line. A piece ends at
    the best pause in its second half; a character as people see it (an emoji of
    several parts, a letter with its marks) is divided only if it alone is too long.
    """
    if limit < 2:
        raise ValueError(f"a limit of {limit} has no room for an emoji")
    return tuple(piece for piece in _pieces(text, limit) if not is_blank(piece))


def clip(text: str, limit: int) -> str:
    """`text` on one line; where it is longer than `limit`, it ends in an ellipsis."""
    line = " ".join(filter(None, map(str.strip, text.splitlines())))
    if length(line) <= limit:
        return line
    end = _whole(line, 0, _reach(line, 0, limit - 1)) if limit > 1 else 0
    return line[:end].rstrip() + "…"[:limit]


def _pieces(text: str, limit: int) -> Iterator[str]:
    start = _next_start(text, 0, at_line_start=True)
    while start < len(text):
        end = _end(text, start, limit)
        piece = text[start:end].rstrip()
        yield piece
        start = _next_start(text, start + len(piece) if piece else end, at_line_start=False)


def _next_start(text: str, position: int, *, at_line_start: bool) -> int:
    """Past the white space at `position`, but before the indentation of a new line."""
    line = position
    while position < len(text) and text[position].isspace():
        position += 1
        if text[position - 1] == "\n":
            line, at_line_start = position, True
    if line < position < len(text) and _extends(text[position]):
        position -= 1  # a mark upon a space
    return line if at_line_start and position < len(text) else position


def _end(text: str, start: int, limit: int) -> int:
    far = _reach(text, start, limit)
    if far == len(text):
        return far
    half = _reach(text, start, limit // 2)
    for pause in _PAUSES:
        for end in reversed(list(_ends(pause, text, half, far))):
            if end > start and _parts(text, start, end):
                return end
    return _whole(text, start, far)


def _ends(pause: re.Pattern[str], text: str, half: int, far: int) -> Iterator[int]:
    """Where a piece between `half` and `far` could end; closing quotes stay with it."""
    for match in pause.finditer(text, half, far + 4):
        end = match.start() if match[0].isspace() else match.end()
        if half <= end <= far:
            yield end


def _reach(text: str, start: int, limit: int) -> int:
    """How far a piece from `start` may go, graphemes not considered."""
    end = min(len(text), start + limit)
    while (excess := length(text[start:end]) - limit) > 0:
        end -= (excess + 1) // 2
    return end


def _whole(text: str, start: int, end: int) -> int:
    """The last end that divides no grapheme; `end` itself if there is none."""
    position = end
    while position > start and not _parts(text, start, position):
        position -= 1
    return position if position > start else end


def _parts(text: str, start: int, position: int) -> bool:
    """Whether a reader of the piece from `start` sees two characters around `position`."""
    if not start < position < len(text):
        return True
    before, after = text[position - 1], text[position]
    if before == "\n":
        return True
    if _is_flag(before) and _is_flag(after):
        return _flags(text, start, position) % 2 == 0
    joined = before == "\u200d" or before + after == "\r\n" or _extends(after)
    return not joined and (_jamo(before), _jamo(after)) not in _SYLLABLE


def _extends(character: str) -> bool:
    """Combining marks, variation selectors, joiners, skin tones, tags of a flag."""
    return (
        unicodedata.category(character) in ("Mn", "Me", "Mc")
        or character in "\u200c\u200d\uff9e\uff9f"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def _is_flag(character: str) -> bool:
    """One of the letters of which two make a flag."""
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flags(text: str, start: int, position: int) -> int:
    count = 0
    while position - count > start and _is_flag(text[position - count - 1]):
        count += 1
    return count


# Which of the Hangul letters that make syllables may follow which.
_SYLLABLE = frozenset(
    (before, after)
    for first, then in (("L", "LVSF"), ("VS", "VT"), ("TF", "T"))
    for before in first
    for after in then
)


def _jamo(character: str) -> str:
    """Leading, Vowel, Trailing; Syllable without a trailing one or Full; or none."""
    if "\u1100" <= character <= "\u115f" or "\ua960" <= character <= "\ua97c":
        return "L"
    if "\u1160" <= character <= "\u11a7" or "\ud7b0" <= character <= "\ud7c6":
        return "V"
    if "\u11a8" <= character <= "\u11ff" or "\ud7cb" <= character <= "\ud7fb":
        return "T"
    if "\uac00" <= character <= "\ud7a3":
        return "F" if (ord(character) - 0xAC00) % 28 else "S"
    return ""


def _shows_nothing(character: str) -> bool:
    return (
        character.isspace()
        or character in _INVISIBLE
        or _CHOOSES_LOOKS.match(character) is not None
        or unicodedata.category(character) in ("Cc", "Cf")
    )


def _finishes(character: str) -> bool:
    """Whether it shows nothing by itself, and the letter before it would look another without."""
    return _extends(character) and character not in "\u200c\u200d\u034f"
