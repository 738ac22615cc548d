"""The CPU that one bare `AsyncOpenAI.chat.completions.create` costs: the measure for everything.

`python bench/bare_call.py --model-url U` prints JSON: {"calls": …, "cpu_ms": …}. The client is the
default one, the memory 20 turns, 16 calls are under way at a time, and nothing else is done.
"""

import argparse
import asyncio
import json
import time
from typing import Any

AT_ONCE = 16
WARM_UP_CALLS = 30


async def measure(model_url: str, calls: int, messages: list[Any]) -> float:
    """User and system milliseconds for each call."""
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=model_url, api_key="sk-bench")

    async def caller(count: int) -> None:
        for _ in range(count):
            await client.chat.completions.create(model="bench", messages=messages)

    await asyncio.gather(*(caller(WARM_UP_CALLS // AT_ONCE + 1) for _ in range(AT_ONCE)))
    each = calls // AT_ONCE
    before = time.process_time()
    await asyncio.gather(*(caller(each) for _ in range(AT_ONCE)))
    return (time.process_time() - before) * 1000 / (each * AT_ONCE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model-url", required=True)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--turns", type=int, default=20)
    options = parser.parse_args()
    from turns import ANSWERED, asked

    messages: list[Any] = []
    for turn in range(options.turns):
        messages.append({"role": "user", "content": asked(turn)})
        messages.append({"role": "assistant", "content": ANSWERED})
    messages.append({"role": "user", "content": asked(options.turns)})
    cpu_ms = asyncio.run(measure(options.model_url, options.calls, messages))
    print(json.dumps({"calls": options.calls, "cpu_ms": cpu_ms}))


if __name__ == "__main__":
    main()
