"""How much has room, read in the words of each server."""

import asyncio
from typing import Any

import pytest

from chatgee.errors import Failure, ModelError
from chatgee.model.context_size import share_that_fits
from chatgee.model.openai_model import OpenAIModel
from chatgee.questions import Prompt
from tests.support.far_ends import FakeOpenAI

LLAMA_CPP = "request (3031 tokens) exceeds the available context size (2048 tokens)"
OLD_LLAMA_CPP = "the request exceeds the available context size. try increasing it"
TOO_LARGE = "Request too large for gpt-4o-2024-08-06 on tokens per min (TPM): Limit 30000, "
TOLD = [
    (LLAMA_CPP, 2048 / 3031),
    (
        "This model's maximum context length is 4096 tokens. However, you requested 4222 tokens"
        " (1222 in the messages, 3000 in the completion).",
        4096 / 4222,
    ),
    (
        "Trying to keep the first 14538 tokens when context the overflows. However, the model is"
        " loaded with context length of only 2048 tokens, which is not enough.",
        2048 / 14538,
    ),
    ("n_keep: 5000 >= n_ctx: 4096", 4096 / 5000),
    (
        "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
        1048576 / 1100000,
    ),
    ("prompt is too long: 215,000 tokens > 200,000 maximum", 200 / 215),
    (
        "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 512",
        4096 / 5000,
    ),
    ("Requested tokens (2285) exceed context window of 2048", 2048 / 2285),
    (f"{TOO_LARGE}Requested 35000.", 30000 / 35000),
    ("Reached context length of 4096 tokens with this model", None),
    (OLD_LLAMA_CPP, None),
    ("Error code: 400 - maximum context length is 8192 tokens", None),
]


@pytest.mark.parametrize(("words", "share"), TOLD)
def test_the_share_that_has_room_is_read_where_both_sizes_are_told(
    words: str, share: float | None
) -> None:
    assert share_that_fits(words) == (pytest.approx(share) if share else None)


SIZES = {"n_prompt_tokens": 3000, "n_ctx": 1500}
REFUSED = [
    (400, {"message": LLAMA_CPP}, Failure.TOO_LONG, 2048 / 3031),
    (500, {"message": OLD_LLAMA_CPP} | SIZES, Failure.TOO_LONG, 0.5),
    (500, {"code": 500, "type": "exceed_context_size_error"} | SIZES, Failure.TOO_LONG, 0.5),
    (400, {"message": TOLD[2][0]}, Failure.TOO_LONG, 2048 / 14538),
    (400, {"message": TOLD[4][0], "status": "INVALID_ARGUMENT"}, Failure.TOO_LONG, 1048576 / 11e5),
    (422, {"message": TOLD[6][0]}, Failure.TOO_LONG, 4096 / 5000),
    (429, {"message": f"{TOO_LARGE}Requested 35000."}, Failure.RATE_LIMIT, 30000 / 35000),
    (429, {"message": "Limit 30000, Used 29000, Requested 2000."}, Failure.RATE_LIMIT, None),
    (400, {"message": "image too large: 3000 > 2048"}, Failure.PHOTO, None),
]


@pytest.mark.parametrize(("status", "error", "name", "share"), REFUSED)
def test_a_refused_size_is_known_by_name_and_by_its_numbers(
    fake_openai: FakeOpenAI, status: int, error: dict[str, Any], name: Failure, share: float | None
) -> None:
    fake_openai.fails(status, error, 1, **{"Retry-After": "100"})

    async def asked() -> None:
        model = OpenAIModel("gpt-test", None, fake_openai.url, 5)
        try:
            await model.answer(Prompt("질문"))
        finally:
            await model.close()

    with pytest.raises(ModelError) as failed:
        asyncio.run(asked())
    assert failed.value.failure == name
    assert failed.value.share == (pytest.approx(share) if share else None)
    assert failed.value.too_much == (name == Failure.TOO_LONG or share is not None)
