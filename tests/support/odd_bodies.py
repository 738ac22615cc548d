"""Bodies of odd requests: forms, files and JSON, with odd things in them or not what they say."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

from tests.support.odd_json import TREES, changed, places, written
from tests.support.odd_words import as_bytes, escaped, header_bytes, word

Fields = Sequence[tuple[str, str]]
"""Names and values of a form, in its order."""

FORM = "application/x-www-form-urlencoded"
KINDS = (
    *(FORM, f"{FORM}; charset=utf-16", f"{FORM}; charset=\xff", "application/json", "text/plain"),
    *("application/json; charset=utf-16", "application/json; charset=x", "application/json;;;"),
    *("multipart/form-data", 'multipart/form-data; boundary=""', "multipart/mixed; boundary=b"),
    *("multipart/form-data; boundary=b", "multipart/form-data; boundary*=utf-8''%ff", "x", ""),
    *("multipart/form-data; boundary=" + "x" * 3000, "multipart/form-data; boundary=\xff", "/"),
)
SENT = {
    "friend": "desk-abcd",
    "way": "friend",
    "how": "text",
    "words": "질문",
    "extra": {"question": "id", "page": 2},
    "callback": False,
    "photo": "/9j/",
}
"""What the page of KakaoTalk's simulator sends."""


def odd_json(random: Random) -> Any:
    """Anything that JSON can say, and more."""
    match random.randrange(12):
        case 0 | 11:
            return random.choice(["@huge@", "@deep@", "@nan@", "@inf@", "\ud800"])
        case 1:
            return random.choice([None, True, False, 0, -1, 10**30, 1e308, [], {}, [[[]]], 0.1])
        case 2:
            return [odd_json(random) for _ in range(random.randrange(4))]
        case 3:
            return {word(random): odd_json(random) for _ in range(random.randrange(4))}
    return word(random)


def odd_tree(random: Random, tree: Any, most: int = 3) -> Any:
    for _ in range(random.randint(0, most)):
        at = random.choice(list(places(tree)))
        tree = changed(tree, at, [odd_json(random)] if random.random() < 0.8 else [])
    return tree


def odd_form(random: Random, fields: Fields) -> Fields:
    """Some fields left out, doubled, or with what nobody types."""
    found = [(name, value) for name, value in fields if random.random() < 0.9]
    for _ in range(random.choice([0, 1, 1, 2, 5])):
        name = random.choice([name for name, _ in fields] or [""])
        at = random.randrange(len(found) + 1)
        found[at : at + random.randrange(2)] = [(name, word(random))]
    if random.random() < 0.1:
        found.append((word(random), word(random)))
    return found


def urlencoded(random: Random, fields: Fields) -> bytes:
    pairs = (f"{escaped(random, name)}={escaped(random, value)}" for name, value in fields)
    return random.choice(["&", "&", "&", "&", "&&", ";"]).join(pairs).encode()


def multipart(random: Random, fields: Fields) -> tuple[str, bytes]:
    """Its Content-Type, and the body with a part that is missing or odd here and there."""
    body = b"".join(_part(random, name, value) for name, value in fields)
    end = random.choice(
        [b"--b--\r\n", b"--b--\r\n", b"--b--\r\n", b"", b"--b", b"--b--x", b"--c--"]
    )
    body += end
    if random.random() < 0.1:
        body = body[: random.randrange(len(body) + 1)]
    if random.random() < 0.02:
        body = _part(random, "x", "")[:99] * 1500 + body
    return "multipart/form-data; boundary=b", body


def _part(random: Random, name: str, value: str) -> bytes:
    quoted = as_bytes(name).replace(b'"', b"%22").replace(b"\r\n", b"")
    file = random.choice(
        [
            b"",
            b"",
            b'; filename="x.zip"',
            b'; filename="../\xff"',
            b"; filename=",
            b"; filename*=x''%ff",
        ]
    )
    head = b'Content-Disposition: form-data; name="' + quoted + b'"' + file
    match random.randrange(30):
        case 0:
            head = b"Content-Disposition: form-data"
        case 1:
            head = b"X: " + b"x" * 20_000
        case 2:
            head += b"\r\nContent-Type: text/plain; charset=" + random.choice(
                [b"utf-16", b"x", b"\xff"]
            )
        case 3:
            head += b"\r\nContent-Type: multipart/mixed; boundary=c"
        case 4:
            head += b"\r\nContent-Transfer-Encoding: base64\r\nContent-Length: 99999"
        case 5:
            head = random.choice([b"", b":", b"\r\n", b"Content-Disposition", b"\xff: \xff"])
    return b"--b\r\n" + head + b"\r\n\r\n" + as_bytes(value) + b"\r\n"


def as_json(random: Random, path: str) -> bytes:
    """What the address takes if it takes JSON, with something odd in it."""
    if path.startswith("/prompt"):
        return written(odd_tree(random, random.choice(TREES)))
    if path.startswith("/local_test") and random.random() < 0.9:
        sent = SENT | {"way": random.choice(["friend", "stranger", "skill_test", "bot_test"])}
        sent |= {"how": random.choice(["text", "quick", "card", "photo"])}
        sent |= {"callback": random.random() < 0.3}
        return written(odd_tree(random, sent, 2))
    text = json.dumps(odd_json(random))
    return random.choice([text.encode(), text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode()])


def odd_body(random: Random, path: str, fields: Fields) -> tuple[str, bytes]:
    """Its Content-Type, right or wrong, and the body."""
    takes_json = path.startswith(("/prompt", "/local_test"))
    how = random.randrange(20)
    if how < (12 if takes_json else 2):
        kind, body = "application/json", as_json(random, path)
    elif how < 13:
        kind, body = FORM, urlencoded(random, odd_form(random, fields))
    elif how < 18:
        kind, body = multipart(random, odd_form(random, fields))
    else:
        kind, body = FORM, random.choice([b"", random.randbytes(random.choice([1, 20, 5000]))])
    return (random.choice(KINDS) if random.random() < 0.08 else kind), body


__all__ = ["FORM", "Fields", "header_bytes", "odd_body", "odd_form", "urlencoded"]
