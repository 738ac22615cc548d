"""How the owner's pages say what is stored: a friend's nickname, and what was found."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from chatgee.questions import SIMULATED
from chatgee.texts import Texts

MOST_WORDS, MOST_CHARS = 10, 200
EXCERPT_CHARS, LEAD_CHARS = 240, 40
"""Of a text in a list, and what of it stands before the first word that was looked for."""


@dataclass(frozen=True, slots=True)
class Face:
    """What a friend is called, of whom Kakao tells an id alone; the same with every look."""

    name: str
    code: str
    """Tells those apart who have the same name; behind what the owner calls the friend it is
    what ours would be."""
    tone: int
    """The number of the colour that the name begins with."""
    initial: str
    simulated: bool


def face(user_id: str, texts: Texts, nickname: str = "") -> Face:
    """`nickname` is what the owner calls the friend."""
    number = int.from_bytes(blake2b(user_id.encode(), digest_size=8).digest())
    colours, animals = texts("talks.colours").split(), texts("talks.animals").split()
    number, tone = divmod(number, len(colours))
    number, which = divmod(number, len(animals))
    animal = animals[which]
    name = texts("talks.nickname", colour=colours[tone], animal=animal)
    code, simulated = f"{number % 4096:03x}", user_id.startswith(SIMULATED)
    if nickname:
        return Face(nickname, f"{name} {code}", tone % 8, nickname[0], simulated)
    return Face(name, code, tone % 8, animal[0], simulated)


def words_of(typed: str) -> tuple[str, ...]:
    """What was typed to look for, word by word; Hangul as KakaoTalk writes it."""
    clean = unicodedata.normalize("NFC", typed).replace("\0", " ")
    return tuple(clean[:MOST_CHARS].split()[:MOST_WORDS])


def excerpt(text: str, words: Sequence[str]) -> str:
    """So much of a text as a list has room for, with the first of the words in it."""
    if len(text) <= EXCERPT_CHARS:
        return text
    hit = _any_of(words).search(text) if words else None
    start = max(0, hit.start() - LEAD_CHARS) if hit else 0
    end = start + EXCERPT_CHARS
    before, after = "…" if start else "", "…" if end < len(text) else ""
    return before + text[start:end].strip() + after


def marked(text: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is one of the words."""
    if not words:
        return [(text, False)]
    pieces = re.split(f"({_any_of(words).pattern})", text, flags=re.IGNORECASE)
    return [(piece, bool(number % 2)) for number, piece in enumerate(pieces) if piece]


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
