"""The sentences that friends see, as their owner changes them in a page.

A draft is checked by the very checks of `texts`, and for what Kakao would not show.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from chatgee.conversation.commands import COMMANDS
from chatgee.conversation.replies import ASKED_CHARS, IN_GROUP, MARK_CHARS, UNSEEN
from chatgee.errors import ChatGeeError, Failure
from chatgee.kakao.bubbles import is_blank, length
from chatgee.kakao.messages import (
    BUBBLE_CHARS,
    CARD_BUTTONS,
    CARD_DESCRIPTION_CHARS,
    CARD_TITLE_CHARS,
    CARDS,
    LABEL_CHARS,
    same_words,
)
from chatgee.system import text_files
from chatgee.texts import Card, Texts, placeholders

GROUPS: Mapping[str, tuple[str, ...]] = {
    "hello": ("reply.greeting", "reply.notice"),
    "waiting": (
        *("reply.not_yet", "reply.callback_waiting", "reply.callback_late", "reply.no_worker"),
        "reply.held",
    ),
    "buttons": (*(one.button for one in COMMANDS), "button.more_of_held"),
    "cards": (),
    "other": (
        *(one.reply for one in COMMANDS if one.reply),
        *("reply.empty", *UNSEEN.values(), "reply.photo_question"),
        *("reply.unknown_question", "reply.no_more", "reply.not_stored"),
        *("reply.broken_off", "reply.rest_question"),
    ),
    "in_group": (*IN_GROUP.values(), "group.to_type"),
    "limits": ("limit.minute", "limit.day", "limit.tokens", "limit.stranger"),
    "failures": tuple(f"failure.{failure}" for failure in Failure),
    "practice": (
        *("practice.answer", "practice.slow", "practice.photo"),
        *("practice.long_start", "practice.long_line"),
    ),
}
"""As the page shows them."""
KEYS = tuple(key for keys in GROUPS.values() for key in keys)

LONGEST = {
    **{"limit": 10_000, "question": "x" * ASKED_CHARS, "seconds": 50, "number": 60},
    "words": "x" * 3 * (LABEL_CHARS + len("’, ‘")),
}
"""What the program fills in, at its longest."""

UNUSABLE = {"sentences.empty", "sentences.braces", "sentences.placeholder"}
UNUSABLE |= {"sentences.label_braces", "sentences.card_needs"}
"""Problems with which a sentence cannot even be shown; with the others it is cut short."""

Problems = dict[str, ChatGeeError]
"""By the field's name."""


@dataclass(frozen=True)
class TextsDraft:
    """All that the page has in its fields."""

    sentences: Mapping[str, str]
    cards: tuple[Card, ...]
    of: str = ""
    """The mark of the file that was being changed."""

    @classmethod
    def read(cls, form: Mapping[str, str], now: Texts) -> "TextsDraft":
        """What a page sends; a sentence that it leaves out stays as it is."""
        sentences = {key: _tidy(form.get(key, now.sentences[key])) for key in KEYS}
        return cls(sentences, tuple(_cards(form)) or now.cards, form.get("of", ""))

    @classmethod
    def stored(cls, now: Texts, source: str) -> "TextsDraft":
        return cls({key: now.sentences[key] for key in KEYS}, now.cards, text_files.mark(source))


def _tidy(words: str) -> str:
    return "\n".join(words.splitlines()).strip()


def _cards(form: Mapping[str, str]) -> Iterator[Card]:
    number = 0
    while f"card-{number}-title" in form:
        place = f"card-{number}"
        labels = (
            _tidy(words) for name, words in form.items() if name.startswith(f"{place}-button-")
        )
        title, description = (form.get(f"{place}-{name}", "") for name in ("title", "description"))
        yield Card(_tidy(title), _tidy(description), tuple(filter(None, labels)))
        number += 1


# --- whether it can be shown ----------------------------------------------------------------


def problems(draft: TextsDraft, ours: Texts) -> Problems:
    """What friends would not see as it stands there."""
    labels = {key: words for key, words in draft.sentences.items() if key.startswith("button.")}
    texts = replace(ours, sentences={**ours.sentences, **draft.sentences})
    found = _clashes(labels)
    for key, words in draft.sentences.items():
        wrong = _label_problem(words) if key in labels else None
        wrong = wrong or _sentence_problem(key, words, ours) or _too_long(*measure(key, texts))
        if wrong:
            found[key] = wrong
    for number, card in enumerate(draft.cards):
        found |= _card_problems(f"card-{number}", card, texts)
    if len(draft.cards) > CARDS:
        found["cards"] = ChatGeeError("sentences.cards_many", most=CARDS, count=len(draft.cards))
    return found


def measure(key: str, texts: Texts) -> tuple[int, int]:
    """How long the sentence can become, as Kakao counts, and how long it may."""
    return length(texts(key, **LONGEST)), most_chars(key)


def most_chars(key: str) -> int:
    if key.startswith("button."):
        return LABEL_CHARS
    return MARK_CHARS - 2 if key in ("reply.held", "group.to_type") else BUBBLE_CHARS


def usable(draft: TextsDraft, now: Texts, problems: Problems) -> Texts:
    """To look at: what cannot be shown at all is left as it was."""
    bad = {place for place, error in problems.items() if error.key in UNUSABLE}
    good = {key: words for key, words in draft.sentences.items() if key not in bad}
    cards = [
        card
        for number, card in enumerate(draft.cards)
        if not any(place.startswith(f"card-{number}-") for place in bad)
    ]
    return Texts({**now.sentences, **good}, tuple(cards) or now.cards)


def _clashes(labels: Mapping[str, str]) -> Problems:
    """Buttons are known by their words too, when a friend types them."""
    return {
        key: ChatGeeError("sentences.clash", other=other)
        for key, words in labels.items()
        for name, other in labels.items()
        if name != key and same_words(words, other)
    }


def _label_problem(words: str) -> ChatGeeError | None:
    if "{" in words or "}" in words:
        return ChatGeeError("sentences.label_braces")
    if words and not same_words(words, words):
        return ChatGeeError("sentences.label_letters")
    return None


def _sentence_problem(key: str, words: str, ours: Texts) -> ChatGeeError | None:
    match ours.problem(key, words):
        case None:
            return None
        case "texts.placeholder":
            return _misplaced(words, placeholders(ours.sentences[key]) | ours.labels.keys())
    return ChatGeeError("sentences.empty")


def _misplaced(words: str, known: set[str]) -> ChatGeeError | None:
    """What is wrong with the braces."""
    try:
        unknown = sorted(placeholders(words) - known)
    except ValueError:
        return ChatGeeError("sentences.braces")
    names = ", ".join(f"{{{name}}}" for name in unknown)
    return ChatGeeError("sentences.placeholder", names=names) if unknown else None


def _too_long(count: int, most: int) -> ChatGeeError | None:
    return ChatGeeError("sentences.long", most=most, count=count) if count > most else None


def _card_problems(place: str, card: Card, texts: Texts) -> Problems:
    known = set(texts.labels)
    named = [card.description, *card.buttons]
    wrong = [_misplaced(words, known) for words in named]
    places = [f"{place}-description", *(f"{place}-button-{n}" for n in range(len(card.buttons)))]
    found = {at: error for at, error in zip(places, wrong, strict=True) if error}
    blank = [name for name in ("title", "description") if is_blank(getattr(card, name))]
    found |= {f"{place}-{name}": ChatGeeError("sentences.card_needs") for name in blank}
    if found:
        return found
    full = card.filled(texts.labels)
    sizes = (CARD_DESCRIPTION_CHARS, *(LABEL_CHARS for _ in card.buttons))
    for at, words, most in zip(places, (full.description, *full.buttons), sizes, strict=True):
        if too_long := _too_long(length(words), most):
            found[at] = too_long
    if too_long := _too_long(length(full.title), CARD_TITLE_CHARS):
        found[f"{place}-title"] = too_long
    if len(card.buttons) > CARD_BUTTONS:
        found[f"{place}-title"] = ChatGeeError("sentences.card_buttons", most=CARD_BUTTONS)
    return found
