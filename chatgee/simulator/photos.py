"""Photos of simulated friends, under addresses as Kakao would give them.

Kakao's photos lie on its own server, and the door lets in no others. What a simulated friend sends
lies here, and the model is handed the picture itself.
"""

import base64
import secrets
import threading
from typing import Protocol

MOST_PHOTOS = 20
MOST_BYTES = 1024 * 1024
PREFIX = "https://talk.kakaocdn.net/chatgee-desk/"
JPEG = b"\xff\xd8\xff"


class PhotoStorage(Protocol):
    """The last photos. Safe from any thread; `StoreError` where it cannot be opened just now."""

    def keep(self, picture: bytes) -> str:
        """The address of a JPEG; `ValueError` where it is none, or too large."""

    def for_model(self, url: str | None) -> str | None:
        """The picture itself where it lies here; any other address as it stands."""


class PhotosHere:
    """Those of one program, in memory."""

    def __init__(self) -> None:
        self._pictures: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def keep(self, picture: bytes) -> str:
        url = new_address(picture)
        with self._lock:
            while len(self._pictures) >= MOST_PHOTOS:
                del self._pictures[next(iter(self._pictures))]
            self._pictures[url] = picture
        return url

    def for_model(self, url: str | None) -> str | None:
        with self._lock:
            picture = self._pictures.get(url or "")
        return url if picture is None else inlined(picture)


def new_address(picture: bytes) -> str:
    """That nobody can guess; `ValueError` where it is no JPEG, or too large."""
    if not picture.startswith(JPEG) or len(picture) > MOST_BYTES:
        raise ValueError("no JPEG of at most 1 MiB")
    return f"{PREFIX}{secrets.token_urlsafe(16)}.jpg"


def inlined(picture: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(picture).decode()


def is_simulated(url: str | None) -> bool:
    """Whether such an address can be a simulated friend's."""
    return url is not None and url.startswith(PREFIX)
