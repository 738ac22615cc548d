"""What the status remembers over restarts, and how what several machines remember becomes one."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from chatgee.system import text_files


@dataclass(frozen=True)
class StatusMemory:
    """What is kept in a file, and in the database that several machines share."""

    address: str | None = None
    """The public address that was last given to the owner."""
    old_address: str | None = None
    """The one before, while KakaoTalk may still be calling it."""
    changed_at: float = 0.0
    """When the old one was left."""
    tested_at: float | None = None
    """When Kakao's test panels last called; unix time."""
    called_at: float | None = None
    """When a friend's message last came from KakaoTalk itself."""
    logged_out_at: float = 0.0
    """When the owner last logged out: whoever came in before has to come in again."""

    @classmethod
    def read(cls, file: Path) -> "StatusMemory":
        try:
            return cls.of(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return cls()

    @classmethod
    def of(cls, text: str) -> "StatusMemory":
        """What `text` was made of, as far as it is known to us.

        An empty one of what was cut short: nothing depends on it.
        """
        try:
            told = json.loads(text)
            return cls(**{one.name: told[one.name] for one in fields(cls) if one.name in told})
        except (ValueError, TypeError):
            return cls()

    def write(self, file: Path) -> None:
        with suppress(OSError):
            text_files.write(file, self.text)

    @property
    def text(self) -> str:
        return json.dumps(asdict(self))

    def _since(self) -> tuple[float, str, str]:
        """By which of two the newer address is known, also where they changed at the same time."""
        return self.changed_at, self.address or "", self.old_address or ""

    def merged(self, other: "StatusMemory") -> "StatusMemory":
        """The newest of both, whichever is asked: all machines come to the same."""
        newest = max(self, other, key=StatusMemory._since)
        called_at = max(self.called_at or 0.0, other.called_at or 0.0)
        known = newest.old_address if called_at <= newest.changed_at else None
        return StatusMemory(
            address=newest.address,
            old_address=known,
            changed_at=newest.changed_at,
            tested_at=max(self.tested_at or 0.0, other.tested_at or 0.0) or None,
            called_at=called_at or None,
            logged_out_at=max(self.logged_out_at, other.logged_out_at),
        )
