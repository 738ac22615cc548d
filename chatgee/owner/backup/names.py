"""What a file in a backup may be called, on whatever system it is put back."""

import re
import unicodedata
from collections.abc import Iterable

CHARACTERS = "characters"
CHARACTER = re.compile(rf"{CHARACTERS}/\w[\w .()-]{{0,100}}(?<![ .])")
"""A file of that folder, as ChatGee names them."""
THERE = re.compile(rf"{CHARACTERS}/([^./][^/]*)", re.DOTALL)
"""Any file in that folder that would be seen there."""
DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.I | re.S)
"""Windows opens something else by these, whatever stands behind the dot."""
NOT_ON_WINDOWS = re.compile(r'[<>:"|?*\\\x00-\x1f]|[ .]$')
MOST_BYTES = 255
"""Of a name, in UTF-8: more than that no file system takes."""


def is_character(name: str) -> bool:
    """Whether a backup may have it, and every system can."""
    return CHARACTER.fullmatch(name) is not None and not _is_impossible(name)


def impossible(names: Iterable[str]) -> str | None:
    """The first in the folder of characters that some system cannot hold beside the others."""
    seen: set[str] = set()
    for name in filter(THERE.fullmatch, names):
        if _is_impossible(name) or known_as(name) in seen:
            return name
        seen.add(known_as(name))
    return None


def known_as(name: str) -> str:
    """The same for names that Windows or a Mac take for one: in capitals, of joined letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _is_impossible(name: str) -> bool:
    own = name.partition("/")[2]
    try:
        size = len(own.encode())
    except UnicodeEncodeError:
        return True
    named = DEVICES.fullmatch(own) or NOT_ON_WINDOWS.search(own)
    return named is not None or size > MOST_BYTES
