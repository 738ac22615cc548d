"""What a friend sends beside words: photos, which lie on hosts of Kakao's."""

import re

_PHOTO = re.compile(
    r"https://([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*kakaocdn\.net(:443)?/[!-\[\]-~]{0,4000}",
    re.ASCII | re.IGNORECASE,
)
"""Photos that users send lie there; any other address is somebody's trick.

Not `urlsplit`: whoever fetches the photo may read `https://evil\\@kakaocdn.net` otherwise. A slash
ends the host for every reader; behind it stands what an address may hold, and no backslash.
"""


def is_photo(url: str) -> bool:
    """Whether a photo that a user sent may lie there."""
    return _PHOTO.fullmatch(url) is not None
