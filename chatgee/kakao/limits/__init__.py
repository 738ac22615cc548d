"""Whether KakaoTalk would show an answer: every limit of a SkillResponse 2.0, as far as is known.

`schema` has them; here is told what it finds. No question comes by here: the simulator and tests
ask. Lengths are UTF-16 units, as the platform counts them.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from chatgee.kakao.bubbles import is_blank, length
from chatgee.kakao.limits import schema

Place = tuple[tuple[str, int], ...]
"""Where something is: names of lists, with its number in each, counted from 1."""


@dataclass(frozen=True)
class Problem:
    """Something that Kakao does not show."""

    kind: str
    """The end of a key of the texts."""
    place: Place
    name: str = ""
    """Of the field, as it is called in the JSON."""
    count: int = 0
    most: int = 0


def problems(body: object, after_promise: bool = False) -> tuple[Problem, ...]:
    """All there are, in the order of the schema; none where the answer would be shown.

    `after_promise`: the body of a callback, which cannot promise another one.
    """
    promises = isinstance(body, dict) and body.get("useCallback") is True and not after_promise
    try:
        errors = list(_validator(promises).iter_errors(body))
    except RecursionError:
        return (Problem("wrong", (), "JSON"),)
    return tuple(dict.fromkeys(problem for error in errors for problem in _told(error)))


def size(bubble: object) -> int:
    """Bytes of a bubble as JSON: about what the platform counts."""
    return len(json.dumps(bubble, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _together(card: Mapping[str, Any]) -> int:
    """Of title and description, which share their room where there are both."""
    both = [text for text in map(card.get, ("title", "description")) if isinstance(text, str)]
    return sum(map(length, both)) if len(both) == 2 else 0


MEASURES: Mapping[str, tuple[type, Callable[[Any], int]]] = {
    "maxLength": (str, length),
    "mayBeBlank": (str, is_blank),
    "maxItems": (list, len),
    "maxBeside": (list, len),
    "maxTogether": (dict, _together),
    "maxBytes": (object, size),
}
"""Keywords that set a limit: to what, and how it is counted."""
KINDS = {
    "required": "missing",
    "anyOf": "missing",
    "additionalProperties": "unknown",
    "minLength": "empty",
    "minItems": "empty",
    "mayBeBlank": "empty",
    "maxLength": "long",
    "maxItems": "many",
    "maxBeside": "beside",
    "maxTogether": "together",
    "maxBytes": "bytes",
    "oneOf": "kind",
    "None": "kind",
}
"""What a keyword finds; any other finds a `wrong` value."""


@cache
def _validator(promises: bool) -> Any:
    from jsonschema import Draft202012Validator, ValidationError, validators

    def limit(to: type, count: Callable[[Any], int]) -> Callable[..., Iterator[ValidationError]]:
        def check(_: Any, most: int, value: Any, __: Any) -> Iterator[ValidationError]:
            if isinstance(value, to) and count(value) > most:
                yield ValidationError("")

        return check

    ours = {word: limit(*measure) for word, measure in MEASURES.items()}
    made: Any = validators.extend(Draft202012Validator, ours)  # type: ignore[no-untyped-call]
    return made(schema.PROMISE if promises else schema.ANSWER)


def _told(error: Any) -> list[Problem]:
    """In our words; an error may be about several fields."""
    path, word, most = list(error.absolute_path), str(error.validator), error.validator_value
    place = tuple((name, at + 1) for name, at in pairwise(path) if isinstance(at, int))
    kind = KINDS.get(word, "wrong")
    match word:
        case "required":
            names = [name for name in most if name not in error.instance]
        case "anyOf":
            names = most[0]["required"]
        case "additionalProperties":
            names = [name for name in error.instance if name not in error.schema["properties"]]
        case _:
            last = path[-1] if path else "JSON"
            names = [last if isinstance(last, str) else ""]
    counted = (int(MEASURES[word][1](error.instance)), most) if word in MEASURES else ()
    return [Problem(kind, place, name, *counted) for name in names]
