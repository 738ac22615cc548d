"""Skill requests with one thing or another in them that nobody expects."""

import json
from collections.abc import Iterator
from typing import Any

from tests.support.kakao_side import PAYLOADS, payload

RAW = {
    "@huge@": "9" * 5000,
    "@deep@": "[" * 50_000 + "]" * 50_000,
    "@nan@": "NaN",
    "@inf@": "-1e999",
}
"""JSON that `json.dumps` cannot write."""

FULL = payload("04")
FULL["userRequest"]["callbackUrl"] = "https://callback.invalid/v1/bots/b/callback/t"
FULL["action"] |= {
    "params": {"prompt": "질문"},
    "clientExtra": {"question": "id", "page": 2, "again": True},
}
TREES = [*(json.loads(path.read_text(encoding="utf-8")) for path in PAYLOADS), FULL]


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    pairs = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node if isinstance(node, list) else ())
    )
    for key, child in pairs:
        yield from places(child, (*path, key))


def changed(node: Any, path: tuple[Any, ...], new: list[Any]) -> Any:
    """A copy of `node` with the one node at `path` dropped (`new` is empty) or replaced."""
    if not path:
        return new[0] if new else None
    copy = node.copy()
    copy[path[0]] = changed(node[path[0]], path[1:], new)
    if len(path) == 1 and not new:
        del copy[path[0]]
    return copy


def written(tree: Any) -> bytes:
    """As JSON, with what stands in RAW as it is."""
    text = json.dumps(tree)
    for word, raw in RAW.items():
        text = text.replace(f'"{word}"', raw)
    return text.encode()
