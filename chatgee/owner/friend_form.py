"""What an owner types about a friend: read, and told where it is too long."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from chatgee.kakao.bubbles import clip
from chatgee.store.describing import (
    MOST_LABEL,
    MOST_LABELS,
    MOST_NICKNAME,
    MOST_NOTE,
    Description,
)
from chatgee.texts import Texts

COMMAS = re.compile("[,，、\n]")
"""What a Korean or a Japanese keyboard has for one, and one label on each line."""


@dataclass(frozen=True)
class TypedDescription:
    """The fields as they stand in the form, so that nothing typed is lost."""

    nickname: str
    note: str
    labels: str

    @classmethod
    def of(cls, known: Description) -> "TypedDescription":
        return cls(known.nickname, known.note, ", ".join(known.labels))

    @property
    def description(self) -> Description:
        """Hangul as KakaoTalk writes it, so that it is found."""
        labels = dict.fromkeys(filter(None, map(_line, COMMAS.split(self.labels))))
        note = unicodedata.normalize("NFC", self.note).replace("\r\n", "\n").strip()
        return Description(_line(self.nickname), note, tuple(labels))

    def wrong(self, texts: Texts) -> dict[str, str]:
        """A sentence for each field that is too long, which says by how much."""
        wanted = self.description
        told = {
            "nickname": _over(wanted.nickname, MOST_NICKNAME, "talks.nickname_long", texts),
            "note": _over(wanted.note, MOST_NOTE, "talks.note_long", texts),
            "labels": " ".join(_wrong_labels(wanted.labels, texts)),
        }
        return {name: sentence for name, sentence in told.items() if sentence}


def _over(text: str, most: int, key: str, texts: Texts) -> str:
    over = len(text) - most
    return texts(key, over=f"{over:,}") if over > 0 else ""


def _wrong_labels(labels: tuple[str, ...], texts: Texts) -> Iterator[str]:
    if (over := len(labels) - MOST_LABELS) > 0:
        yield texts("talks.labels_many", over=over, most=MOST_LABELS)
    for label in labels:
        if (over := len(label) - MOST_LABEL) > 0:
            name = clip(label, MOST_LABEL)
            yield texts("talks.label_long", label=name, over=f"{over:,}", most=MOST_LABEL)


def _line(typed: str) -> str:
    return " ".join(unicodedata.normalize("NFC", typed).split())
