"""How much a ZIP file says that it holds, read before anything is made of it.

zipfile makes an object of every entry of the directory, and goes by its size, not by its count: a
million entries of nothing would take all memory.
"""

import os
import struct
from typing import IO, Any

from chatgee.errors import ChatGeeError

MOST_FILES = 1_000
ENTRY_BYTES = 1_000
"""Of an entry at the most: its name, and what programs that pack write beside it."""

END = struct.Struct("<4s4H2IH")
LOCATOR = struct.Struct("<4sIQI")
END_64 = struct.Struct("<4sQ2H2I4Q")


def count(packed: IO[bytes]) -> int:
    """The entries of a ZIP file; `ChatGeeError` where it cannot be a backup of ours."""
    packed.seek(0, os.SEEK_END)
    end = packed.tell() - END.size
    sign, disk, first, here, every, size, offset, comment = _read(packed, END, end)
    if sign != b"PK\5\6" or disk or first or here != every or comment:
        raise ChatGeeError("backup.damaged")
    if _read(packed, LOCATOR, end - LOCATOR.size)[0] == b"PK\6\7":
        end, every, size, offset = _large(packed, end - LOCATOR.size)
    if every > MOST_FILES or size > every * ENTRY_BYTES or offset + size != end:
        raise ChatGeeError("backup.damaged")
    return int(every)


def _large(packed: IO[bytes], locator: int) -> tuple[int, int, int, int]:
    """Of one above 2 GB: where its directory ends, its entries, its size and its place."""
    end = locator - END_64.size
    _, disk, place, disks = _read(packed, LOCATOR, locator)
    sign, _, _, _, this, first, here, every, size, offset = _read(packed, END_64, end)
    if sign != b"PK\6\6" or place != end or disk or disks != 1 or this or first or here != every:
        raise ChatGeeError("backup.damaged")
    return end, every, size, offset


def _read(packed: IO[bytes], record: struct.Struct, place: int) -> tuple[Any, ...]:
    """What stands there; zeros where nothing does."""
    if place < 0:
        return record.unpack(bytes(record.size))
    packed.seek(place)
    return record.unpack(packed.read(record.size).ljust(record.size, b"\0"))
