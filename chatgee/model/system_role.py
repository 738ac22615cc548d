"""Models that take no message of the role `system`, as Gemma's templates do not."""

import re
from collections.abc import Sequence
from typing import Any

Message = dict[str, Any]

REFUSED = re.compile(
    r"""(?:system|developer)['"`]?[\s_](?:role|message|prompt|instruction)s?\b
            [^.]{0,40}?(?:\bnot\b|n't\b|unsupported|disabled)
        | (?:(?:not|n't)\ (?:support|allow)|only\ allow|unsupported|unexpected|unknown|invalid)
            [^.]{0,40}?(?<!safety\ )['"`]?\bsystem\b
        | \brole[^.]{1,12}system\b
        | roles?\ must\ alternate
        | \buser\W{1,3}(?:and|or)\W{1,3}assistant\b""",
    re.VERBOSE,
)
"""In the words of OpenAI, Gemini, Anthropic, of Gemma's and Mistral's templates, and of pydantic.

Where it is found in other words, they cost one try more and nothing else.
"""


def is_refused(told: str) -> bool:
    """Whether these words, in small letters, may mean it."""
    return REFUSED.search(told) is not None


def without_it(messages: Sequence[Message]) -> list[Message]:
    """What stands in system messages, at the head of the first of the user's."""
    system = [one["content"] for one in messages if one["role"] == "system"]
    others = [one for one in messages if one["role"] != "system"]
    if system and others:
        others[0] = {**others[0], "content": _headed(system, others[0]["content"])}
    return others


def _headed(system: list[str], content: Any) -> Any:
    """With it before the text, of which a message with photos has one part."""
    if isinstance(content, str):
        return "\n\n".join([*system, content])
    first, *rest = content
    if first.get("type") != "text":
        return [{"type": "text", "text": "\n\n".join(system)}, *content]
    return [{**first, "text": "\n\n".join([*system, first["text"]])}, *rest]
