"""Why a model stopped to write, in the words of every kind of server."""

import re
from collections.abc import Mapping
from typing import Any

CUT = re.compile(
    "length|max|limit|incomplete|truncat|exceed|insufficient|abort|error", re.IGNORECASE
)
"""In reasons that leave an answer without its end; no `stop` or `end_turn` holds any of them.

`length` is OpenAI's and most servers', `model_length` Mistral's, `MAX_TOKENS` Gemini's,
`max_tokens` and `model_context_window_exceeded` Anthropic's, `incomplete` the Responses API's,
`insufficient_system_resource` DeepSeek's, `error` OpenRouter's, `abort` vLLM's.
"""


def was_cut(choice: Mapping[str, Any]) -> bool:
    """Whether there would be more of the answer."""
    reason = choice.get("finish_reason") or choice.get("done_reason")  # Ollama's own word
    return CUT.search(str(reason or "")) is not None
