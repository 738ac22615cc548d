"""Text files that the owner wrote, in whatever encoding Notepad saved them."""

import codecs
from pathlib import Path


def read(file: Path) -> str:
    """The text of a UTF-8, UTF-16 or CP949 (Korean Windows) file.

    Raise `OSError` as `Path.read_bytes` does, and `UnicodeDecodeError` where it is none of them.
    """
    raw = file.read_bytes()
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp949")
