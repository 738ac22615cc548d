"""How much a model has room for, in the words of servers that were told too much."""

import re

NUMBER = re.compile(r"(?<![\w.-])\d{3,8}(?![\w-]|\.\d)")
"""No part of a name or a date, such as that of gpt-4o-2024-08-06."""
LEAST = 512
"""Anything less is a status or a count of something else: no context is so small."""


def share_that_fits(told: str) -> float | None:
    """The part of what was sent that would have had room; None where they do not say.

    They name both, in one order or the other, among smaller numbers of which these two consist:
    "maximum context length is 4096 tokens. However, you requested 4222 tokens (1222 in …".
    """
    digits = re.sub(r"(?<=\d),(?=\d{3}\b)", "", told)
    found = sorted({int(one) for one in NUMBER.findall(digits) if int(one) >= LEAST})
    return found[-2] / found[-1] if len(found) > 1 else None
