"""The answer in what a service sent, in whatever wrapping.

Read are chat completions, the chunks of a stream that nobody asked for (SSE, or an object a line),
and what Ollama says in its own words. What kind of content it calls itself is not looked at.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from chatgee.errors import Failure, ModelError, UnreadableError
from chatgee.model import thoughts
from chatgee.model.finish_reasons import was_cut
from chatgee.questions import Answer, Usage

MOST_TOKENS = 10**9
"""Of one answer, whatever a server says."""

FRAMING = re.compile(r"(?m)^(?:(?:|event|id|retry):.*$|data: ?(?:\[DONE\].*$)?|\[DONE\].*$)")
"""What stands around the JSON of a stream's events; comments keep the line open."""

BETWEEN = re.compile(r"[\s,]*")

PROMPT_TOKENS = "prompt_tokens", "input_tokens", "prompt_eval_count"
ANSWER_TOKENS = "completion_tokens", "output_tokens", "eval_count"

TEXT = "text", "output_text", "content", "value"
"""Where the words of a part of the content stand."""
NOT_SAID = re.compile("think|thought|reason")
"""In the types of parts that are no answer."""


def read(body: bytes) -> Answer:
    """`UnreadableError` where there is no answer in it, `ModelError` where one was refused."""
    try:
        told = objects(body)
        choices = [choice for one in told if (choice := _choice(one)) is not None]
        text = thoughts.without_thoughts("".join(map(_said, choices)))
        refused = any(map(_refused, choices))
    except (TypeError, LookupError, AttributeError, ValueError, RecursionError) as error:
        raise UnreadableError(body) from error
    if not choices:
        raise UnreadableError(body)
    usage = _usage(told)
    if refused and not text.strip():
        raise ModelError(Failure.REFUSED, tokens=(usage.prompt_tokens, usage.completion_tokens))
    return Answer(text, usage, any(map(was_cut, choices)) or _lacks_end(body, choices))


def objects(body: bytes) -> list[Any]:
    """All that the body says, in order; `ValueError` or `RecursionError` where it is no JSON."""
    try:
        whole = json.loads(body)
    except ValueError:
        return list(_streamed(body.decode("utf-8-sig", "replace")))
    return whole if isinstance(whole, list) else [whole]


def _streamed(text: str) -> list[Any]:
    """One JSON after the other; what follows them is left out."""
    text = FRAMING.sub("", re.sub("\r\n?", "\n", text)).strip()
    decoder, found, at = json.JSONDecoder(strict=False), list[Any](), 0
    while at < len(text):
        try:
            one, at = decoder.raw_decode(text, at)
        except ValueError:
            if found:
                break
            raise
        found.append(one)
        at = BETWEEN.match(text, at).end()  # type: ignore[union-attr]
    return found


def _choice(told: Any) -> Any:
    """What is said in one object; None where it says nothing, and only counts tokens."""
    if told.get("error"):
        raise ValueError("an error within an answer")
    choices = told.get("choices")
    if choices is None:
        return told if "message" in told or "response" in told else None
    return choices[0] if choices else None


def _message(choice: Any) -> Any:
    """A chunk's delta also where the whole message up to there stands beside it."""
    delta = choice.get("delta")
    return choice.get("message") if delta is None else delta


def _said(choice: Any) -> str:
    message = _message(choice)
    if message is not None:
        return _text(message.get("content"))
    said = choice.get("text", choice.get("response"))
    if said is None and "message" not in choice and not _refused(choice):
        raise KeyError("message")
    return _text(said)


def _text(content: Any) -> str:
    """The words of a content, which may be one of parts; those that it only thought are none."""
    if isinstance(content, dict):
        kind = str(content.get("type", ""))
        if NOT_SAID.search(kind) or content.get("thought") is True:
            return ""
        content = next((content[name] for name in TEXT if name in content), None if kind else 0)
    if isinstance(content, dict):
        return _text(content)
    if isinstance(content, list):
        return "".join(map(_text, content))
    if not isinstance(content, str | None):
        raise TypeError(type(content))
    return content or ""


def _refused(choice: Any) -> bool:
    message = _message(choice) or {}
    content = message.get("content")
    parts = content if isinstance(content, list) else [message]
    return str(choice.get("finish_reason")).startswith("content_filter") or any(
        isinstance(part, dict) and bool(part.get("refusal")) for part in (message, *parts)
    )


def _lacks_end(body: bytes, choices: Sequence[Any]) -> bool:
    """Whether a stream stops without a word: what cuts one off may do so between two chunks."""
    return (
        any("delta" in choice for choice in choices)
        and not any(choice.get("finish_reason") for choice in choices)
        and b"[DONE]" not in body
    )


def _usage(told: Sequence[Any]) -> Usage:
    """As it was counted last: a stream may count again and again."""
    counted = Usage()
    for one in told:
        counts = one.get("usage") or one
        counts = counts[0] if isinstance(counts, list) else counts
        now = Usage(_tokens(counts, PROMPT_TOKENS), _tokens(counts, ANSWER_TOKENS))
        counted = counted if now == Usage() else now
    return counted


def _tokens(counts: Any, names: Sequence[str]) -> int:
    """A count that can be summed: less than none would give back what others have used."""
    try:
        told = next((counts[name] for name in names if name in counts), 0)
        number = told if isinstance(told, int) else int(float(told))
    except (TypeError, ValueError, OverflowError):  # no count
        return 0
    return min(max(number, 0), MOST_TOKENS)
