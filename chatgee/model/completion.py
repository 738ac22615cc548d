"""The answer in a chat completion, which may come from any kind of server."""

from typing import Any

from chatgee.errors import Failure, ModelError
from chatgee.model.finish_reasons import was_cut
from chatgee.questions import Answer, Usage

MOST_TOKENS = 10**9
"""Of one answer, whatever a server says."""


def read(reply: Any) -> Answer:
    """`ModelError` where there is none."""
    try:
        choice = reply["choices"][0]
        message = choice["message"]
        text = message.get("content") or ""
        refused = message.get("refusal") or choice.get("finish_reason") == "content_filter"
        usage = reply.get("usage") or {}
        counted = Usage(_tokens(usage, "prompt_tokens"), _tokens(usage, "completion_tokens"))
    except (TypeError, LookupError, AttributeError, ValueError, OverflowError) as error:
        raise ModelError(Failure.SERVER) from error
    if refused and not text:
        tokens = counted.prompt_tokens, counted.completion_tokens
        raise ModelError(Failure.REFUSED, tokens=tokens)
    if not isinstance(text, str):
        raise ModelError(Failure.SERVER)
    return Answer(text, counted, was_cut(choice))


def _tokens(usage: Any, name: str) -> int:
    """A count that can be summed: less than none would give back what others have used."""
    return min(max(int(usage.get(name) or 0), 0), MOST_TOKENS)
