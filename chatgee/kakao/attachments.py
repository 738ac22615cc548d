"""What a friend sends beside words: photos of Kakao's, and what no model of ours looks at.

Kakao tells of photos in several ways, by the block and by the age of the bot: as `media`, in a
parameter of the plug-in for secure images, or by their address alone.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

PHOTOS = 10
"""As many as one question may bring: the owner pays for each."""

_KAKAOS = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){0,8}kakaocdn\.net"
_PHOTO = re.compile(
    rf"""(?: https://(?:{_KAKAOS}|dn-m\.talk\.kakao\.com)(?::443)?
        | http://(?:secure\.kakaocdn\.net|dn-m\.talk\.kakao\.com)(?::80)? )
        /[!-\[\]-~]{{0,4000}}""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
"""Photos that users send lie there; any other address is somebody's trick.

Not `urlsplit`: whoever fetches the photo may read `https://evil\\@kakaocdn.net` otherwise. A slash
ends the host for every reader; behind it stands what an address may hold, and no backslash. Plain
http is for the two hosts that were seen to be named so; an address is signed, and never rewritten.
"""
_FILE = re.compile(rf"https?://(?:{_KAKAOS}|dn(?:-[a-z])?\.talk\.kakao\.com)/\S*", re.IGNORECASE)
"""Whatever a user has sent lies there."""
_LIST = re.compile(r"\s*List\((.*://.*)\)\s*", re.DOTALL)
_BETWEEN = re.compile(r",?\s+|,(?=[a-z][a-z0-9+.-]*://)", re.IGNORECASE)
"""An address may hold a comma of its own."""


class OtherMedia(StrEnum):
    """What is neither words nor a photo."""

    VIDEO = "video"
    SOUND = "sound"
    FILE = "file"
    CONTACT = "contact"
    LOCATION = "location"
    EMOTICON = "emoticon"
    UNKNOWN = "unknown"


_PICTURES = frozenset("jpg jpeg jfif png gif webp bmp heic heif avif tif tiff".split())
_WORDS = {
    OtherMedia.VIDEO: "video movie mp4 m4v mov avi wmv mkv webm 3gp mpg mpeg flv",
    OtherMedia.SOUND: "audio voice sound music m4a mp3 wav aac ogg oga opus amr flac wma",
    OtherMedia.FILE: "file document application pdf hwp hwpx doc docx xls xlsx ppt pptx txt csv"
    " rtf zip 7z rar egg alz apk psd ai",
    OtherMedia.CONTACT: "contact profile vcard vcf",
    OtherMedia.LOCATION: "location map place",
    OtherMedia.EMOTICON: "emoticon sticker emoji",
}
_KINDS = {word: kind for kind, words in _WORDS.items() for word in words.split()}
"""By a medium's type, which may be a MIME type, and by the end of its address."""


@dataclass(frozen=True, slots=True)
class Attachments:
    """Of one message."""

    photos: tuple[str, ...] = ()
    other: OtherMedia | None = None
    """What it is, where no photo of Kakao's came with it."""


def is_photo(url: str) -> bool:
    """Whether a photo that a user sent may lie there."""
    return _PHOTO.fullmatch(url) is not None


def is_words(text: str) -> bool:
    """Whether a friend wrote it; false of nothing, and of an attachment that is told as text."""
    return bool(text) and not (_alone(text) or _listed(text) or _of_file(text))


def attached(
    params: Mapping[str, Any], action: Mapping[str, Any], prompt: str, utterance: str
) -> Attachments:
    """`params` are the request's own. What is said of a medium beats what an address looks like."""
    media = _tables(params.get("media"))
    listed = [url for one in _parameters(action) if one != utterance for url in _listed(one)]
    alone = [] if media else [*_alone(prompt), *_alone(utterance)]
    images = [_text(one, "url") for one in media if one.get("type") == "image"]
    photos: dict[str, str] = {}
    for url in filter(is_photo, [*images, *listed, *alone]):
        photos.setdefault(url.partition("://")[2], url)  # one photo may be told in several ways
    if photos:
        return Attachments(tuple(photos.values())[:PHOTOS])
    if media:
        return Attachments(other=_kind(media[0]))
    refused = OtherMedia.UNKNOWN if listed else None
    return Attachments(other=refused or _of_file(prompt) or _of_file(utterance))


def _tables(value: object) -> list[Mapping[str, Any]]:
    several = value if isinstance(value, list) else [value]
    return [one for one in several if isinstance(one, dict) and one]


def _text(parent: Mapping[str, Any], name: str) -> str:
    value = parent.get(name)
    return value.strip() if isinstance(value, str) else ""


def _parameters(action: Mapping[str, Any]) -> Iterator[object]:
    """Of the block, by whatever names its owner has given them."""
    for params in _tables(action.get("params")):
        yield from params.values()
    for details in _tables(action.get("detailParams")):
        for one in details.values():
            if isinstance(one, dict):
                yield from (one.get("value"), one.get("origin"))


def _listed(value: object) -> list[str]:
    """The addresses in a parameter of the plug-in: `List(url, url)`, or JSON that has it in it."""
    if isinstance(value, str) and "secureUrls" in value:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return []
    if isinstance(value, dict):
        value = value.get("secureUrls")
    if isinstance(value, list):
        return [one.strip() for one in value if isinstance(one, str)]
    if not (isinstance(value, str) and (found := _LIST.fullmatch(value))):
        return []
    return [one for one in _BETWEEN.split(found[1]) if one]


def _alone(text: str) -> list[str]:
    """Addresses of pictures, where the text is nothing else: in a sentence they are a question."""
    words = text.split()
    return words if all(is_photo(one) and _ending(one) in _PICTURES for one in words) else []


def _kind(medium: Mapping[str, Any]) -> OtherMedia:
    named = str(medium.get("type")).casefold().partition("/")[0]
    return _KINDS.get(named) or _KINDS.get(_ending(_text(medium, "url")), OtherMedia.UNKNOWN)


def _of_file(text: str) -> OtherMedia | None:
    """What a friend has sent, where its address is all that there is."""
    return _KINDS.get(_ending(text)) if _FILE.fullmatch(text) else None


def _ending(url: str) -> str:
    found = re.search(r"\.(\w{1,5})$", re.split("[?#]", url, maxsplit=1)[0])
    return found[1].casefold() if found else ""
