"""What questions cost: dollars for a million tokens, as the maker's price list says."""

import re

from chatgee.questions import Usage

DOLLARS = {  # model: what is sent to it, what it writes
    "gpt-6-luna": (0.10, 0.50),
}

WON_PER_DOLLAR = 1_400
"""About: no rate is fetched, and the owner only wants to know the order of magnitude."""


def dollars(model: str, usage: Usage) -> float | None:
    """None for a model whose price is not known."""
    price = DOLLARS.get(re.sub(r"-\d{4}-\d\d-\d\d$", "", model))  # a dated release of it
    if price is None:
        return None
    return (usage.prompt_tokens * price[0] + usage.completion_tokens * price[1]) / 1_000_000
