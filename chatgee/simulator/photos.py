"""Photos of simulated friends, under addresses as Kakao would give them.

Kakao's photos lie on its own server, and the door lets in no others. What a simulated friend sends
is kept by us, and the model is handed the picture itself.
"""

import base64
import secrets
from dataclasses import dataclass

from chatgee.system.key_values import KeyValues

MOST_PHOTOS = 20
MOST_BYTES = 1024 * 1024
PREFIX = "https://talk.kakaocdn.net/chatgee-desk/"
NAMES = "desk/photos/"
"""Under which they are kept, as Base64."""
JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True)
class Photos:
    """The last of them. Safe from any thread; it raises what its `KeyValues` do."""

    key_values: KeyValues

    def keep(self, picture: bytes) -> str:
        """An address that nobody can guess; `ValueError` where it is no JPEG, or too large."""
        if not picture.startswith(JPEG) or len(picture) > MOST_BYTES:
            raise ValueError("no JPEG of at most 1 MiB")
        name, text = f"{secrets.token_urlsafe(16)}.jpg", base64.b64encode(picture).decode()
        self.key_values.change(NAMES + name, lambda _: (text, None))
        self.key_values.trim(NAMES, MOST_PHOTOS)
        return PREFIX + name

    def for_model(self, url: str) -> str:
        """The picture itself where it is one of them; any other address as it stands."""
        if not url.startswith(PREFIX):
            return url
        name = NAMES + url.removeprefix(PREFIX)
        text = self.key_values.change(name, lambda text: (None, text))
        return url if text is None else f"data:image/jpeg;base64,{text}"
