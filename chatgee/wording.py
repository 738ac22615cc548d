"""How the owner's pages say what is stored: a friend's nickname, a moment, what was found."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import blake2b

from chatgee.store.days import KOREA_SECONDS
from chatgee.texts import Texts

KOREA = timezone(timedelta(seconds=KOREA_SECONDS))
PRETEND = "desk-"
"""How the ids of those begin whom the owner plays on /local_test."""

MOST_WORDS, MOST_CHARS = 10, 200
EXCERPT_CHARS, LEAD_CHARS = 240, 40
"""Of a text in a list, and what of it stands before the first word that was looked for."""


@dataclass(frozen=True, slots=True)
class Face:
    """What a friend is called, of whom Kakao tells an id alone; the same with every look."""

    name: str
    code: str
    """Tells those apart who have the same name by chance."""
    tone: int
    """The number of the colour that the name begins with."""
    initial: str
    pretend: bool


def face(user_id: str, texts: Texts) -> Face:
    number = int.from_bytes(blake2b(user_id.encode(), digest_size=8).digest())
    colours, animals = texts("talks.colours").split(), texts("talks.animals").split()
    number, tone = divmod(number, len(colours))
    number, which = divmod(number, len(animals))
    animal = animals[which]
    name = texts("talks.nickname", colour=colours[tone], animal=animal)
    return Face(name, f"{number % 4096:03x}", tone % 8, animal[0], user_id.startswith(PRETEND))


def moment(at: float, texts: Texts, now: float) -> str:
    """As short as it can be understood: today without its date, this year without the year."""
    then, today = datetime.fromtimestamp(at, KOREA), datetime.fromtimestamp(now, KOREA)
    clock = f"{then:%H:%M:%S}"
    if then.date() == today.date():
        return texts("talks.today", time=clock)
    return texts("talks.on_day", day=day(at, texts, now), time=clock)


def clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, KOREA):%H:%M}"


def day(at: float, texts: Texts, now: float) -> str:
    then, today = datetime.fromtimestamp(at, KOREA), datetime.fromtimestamp(now, KOREA)
    key = "talks.day" if then.year == today.year else "talks.day_of_year"
    return texts(key, year=then.year, month=then.month, day=then.day)


def span(seconds: float, texts: Texts) -> str:
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return texts("talks.seconds", count=f"{seconds:.1f}")
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return texts(f"talks.{unit}", count=int(seconds // size))
    return texts("talks.seconds", count=round(seconds))


def iso(at: float) -> str:
    """For machines, to the thousandth of a second."""
    return datetime.fromtimestamp(at, KOREA).isoformat(timespec="milliseconds")


def end_of(written: str) -> float | None:
    """The moment at which a day such as 2026-11-23 is over; None where it is no day."""
    try:
        midnight = datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=KOREA)
        return (midnight + timedelta(days=1)).timestamp()
    except (ValueError, OverflowError):
        return None


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
