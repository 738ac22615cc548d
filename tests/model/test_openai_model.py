"""The model's side, by name: every way in which a service may fail to answer."""

import asyncio
import gzip
import json
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from chatgee.errors import Failure, ModelError
from chatgee.model.bounded_bodies import MOST_BYTES, MOST_PACKED_BYTES
from chatgee.model.completion import MOST_TOKENS
from chatgee.model.openai_model import OpenAIModel
from chatgee.questions import Answer, Prompt, Turn, Usage
from tests.support.far_ends import FakeOpenAI

KEY = "sk-proj-a-key-that-nobody-may-read"
QUESTION = Prompt("질문")


async def asked(url: str, prompt: Prompt = QUESTION, seconds: float = 5.0) -> Answer:
    model = OpenAIModel("gpt-test", KEY, url, seconds)
    try:
        return await model.answer(prompt)
    finally:
        await model.close()


def ask(url: str, prompt: Prompt = QUESTION) -> Answer:
    return asyncio.run(asked(url, prompt))


def failure(url: str, seconds: float = 5.0) -> Failure:
    with pytest.raises(ModelError) as caught:
        asyncio.run(asked(url, seconds=seconds))
    assert KEY not in f"{caught.value} {caught.value!r}"
    return caught.value.failure


# --- what is asked, and what comes back -----------------------------------------------------


def test_a_request_holds_the_model_the_memory_and_the_question_and_nothing_else(
    fake_openai: FakeOpenAI,
) -> None:
    ask(fake_openai.url, Prompt("셋", memory=[Turn("하나", "둘")], system="성격"))
    (request,) = fake_openai.requests
    assert request.pop("path") == "/v1/chat/completions"
    headers = {name.lower(): value for name, value in request.pop("headers").items()}
    assert headers["authorization"] == f"Bearer {KEY}"
    assert request == {
        "model": "gpt-test",
        "messages": [
            {"role": "system", "content": "성격"},
            {"role": "user", "content": "하나"},
            {"role": "assistant", "content": "둘"},
            {"role": "user", "content": "셋"},
        ],
    }


CUT = [
    "length",
    "max_tokens",
    "MAX_TOKENS",
    "FinishReason.MAX_TOKENS",
    "model_length",
    "incomplete",
]
CUT += ["max_output_tokens", "token_limit", "model_context_window_exceeded", "error", "abort"]
CUT += ["insufficient_system_resource", "truncated", {"type": "length", "length": 16}]
WHOLE = ["stop", "STOP", "end_turn", "eos", "stop_sequence", "COMPLETE", "tool_calls", "", None, 1]


@pytest.mark.parametrize("reason", CUT + WHOLE, ids=str)
def test_an_answer_that_was_cut_says_so(fake_openai: FakeOpenAI, reason: Any) -> None:
    fake_openai.finish_reason = reason
    assert ask(fake_openai.url) == Answer("답: 질문", Usage(20, 10), broken_off=reason in CUT)


def test_an_answer_comes_with_what_it_cost(fake_openai: FakeOpenAI) -> None:
    assert ask(fake_openai.url) == Answer("답: 질문", Usage(20, 10))


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None}])
def test_a_server_that_counts_no_tokens_is_no_failure(fake_openai: FakeOpenAI, usage: Any) -> None:
    fake_openai.replies({"choices": [{"message": {"content": "답"}}], "usage": usage})
    assert ask(fake_openai.url) == Answer("답", Usage(0, 0))


@pytest.mark.parametrize(("told", "counted"), [(-5, 0), (10**30, MOST_TOKENS), (7, 7)])
def test_a_count_that_no_sum_could_hold_is_bounded(
    fake_openai: FakeOpenAI, told: int, counted: int
) -> None:
    usage = {"prompt_tokens": told, "completion_tokens": told}
    fake_openai.replies({"choices": [{"message": {"content": "답"}}], "usage": usage})
    assert ask(fake_openai.url).usage == Usage(counted, counted)


def test_an_answer_that_was_cut_off_is_an_answer(fake_openai: FakeOpenAI) -> None:
    fake_openai.finish_reason = "length"
    assert ask(fake_openai.url).text == "답: 질문"


def test_a_list_of_models_with_a_message_beside_it_is_a_list(fake_openai: FakeOpenAI) -> None:
    models = {"code": 20000, "message": "Ok", "error": None, "object": "list"}
    models["data"] = [{"id": "gpt-test", "object": "model"}]
    body = json.dumps(models).encode()
    fake_openai._models = lambda: (200, {"Content-Type": "application/json"}, body)  # type: ignore[method-assign]

    async def listed() -> tuple[str, ...]:
        model = OpenAIModel("gpt-test", KEY, fake_openai.url)
        try:
            return await model.models()
        finally:
            await model.close()

    assert asyncio.run(listed()) == ("gpt-test",)


# --- failures, by name ----------------------------------------------------------------------

LOCAL_TOO_LONG = "the request exceeds the available context size. try increasing it"
REFUSED = "The response was filtered due to Azure OpenAI's content management policy."
REPLIES = [
    (401, {"message": f"Incorrect API key provided: {KEY}"}, Failure.WRONG_KEY),
    (403, {"message": "Forbidden"}, Failure.WRONG_KEY),
    (402, {"message": "Insufficient balance"}, Failure.NO_CREDIT),
    (429, {"message": "You exceeded", "code": "insufficient_quota"}, Failure.NO_CREDIT),
    (404, {"message": "no such model", "code": "model_not_found"}, Failure.UNKNOWN_MODEL),
    (404, {"message": 'model "gpt-test" not found, try pulling it first'}, Failure.UNKNOWN_MODEL),
    (400, {"message": "no", "code": "context_length_exceeded"}, Failure.TOO_LONG),
    (400, {"message": LOCAL_TOO_LONG}, Failure.TOO_LONG),
    (413, {"message": "Request too large"}, Failure.TOO_LONG),
    (400, {"message": REFUSED, "code": "content_filter"}, Failure.REFUSED),
    (400, {"message": "rejected by our safety system"}, Failure.REFUSED),
    (400, {"message": "Error while downloading image", "code": "invalid_image_url"}, Failure.PHOTO),
    (400, {"message": "this model does not support image input"}, Failure.PHOTO),
    (400, {"message": "Unsupported value", "code": "unsupported_value"}, Failure.REJECTED),
    (422, {"message": "validation error"}, Failure.REJECTED),
]


@pytest.mark.parametrize(
    ("status", "error", "name"), REPLIES, ids=[f"{one[0]}-{one[2]}" for one in REPLIES]
)
def test_a_failure_that_stays_has_its_name_and_is_not_tried_again(
    fake_openai: FakeOpenAI, status: int, error: dict[str, Any], name: Failure
) -> None:
    fake_openai.fails(status, error, times=3)
    assert failure(fake_openai.url) == name
    assert len(fake_openai.requests) == 1


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (429, Failure.RATE_LIMIT),
        (500, Failure.SERVER),
        (503, Failure.SERVER),
        (529, Failure.SERVER),
        (0, Failure.NETWORK),
    ],
)
def test_a_failure_that_may_pass_has_its_name_when_the_time_is_over(
    fake_openai: FakeOpenAI, status: int, name: Failure
) -> None:
    fake_openai.fails(status, times=3)
    assert failure(fake_openai.url, seconds=1) == name


def test_a_server_that_is_not_there_is_the_network(fake_openai: FakeOpenAI) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    assert failure(f"http://127.0.0.1:{port}/v1", seconds=1) == Failure.NETWORK


def test_a_name_that_nobody_knows_is_the_network() -> None:
    assert failure("http://no-such-host.invalid/v1", seconds=3) == Failure.NETWORK


def test_a_model_that_thinks_for_too_long_is_a_time_out(fake_openai: FakeOpenAI) -> None:
    fake_openai.hold()
    started = time.monotonic()
    assert failure(fake_openai.url, seconds=0.3) == Failure.TIMEOUT
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "choice",
    [
        {"message": {"content": None, "refusal": "I can't help with that."}},
        {"message": {"content": ""}, "finish_reason": "content_filter"},
        {"message": {"content": None}, "finish_reason": "content_filter"},
    ],
)
def test_a_refusal_in_a_good_reply_is_a_refusal(
    fake_openai: FakeOpenAI, choice: dict[str, Any]
) -> None:
    fake_openai.replies({"choices": [choice]})
    assert failure(fake_openai.url) == Failure.REFUSED


ODD = [
    *(b"[]", b"{}", b"null", b"5", b'"words"', b'{"error": {"message": "with status 200"}}'),
    *(b'{"choices": %b}' % odd for odd in (b"null", b"[]", b"{}", b"[null]", b"[{}]", b"[5]")),
    *(b'{"choices": [{"message": %b}]}' % odd for odd in (b"[]", b'"words"', b"5")),
    *(
        b'{"choices": [{"message": {"content": %b}}]}' % odd
        for odd in (b'{"a": 1}', b"5", b"[5]", b"true", b'[{"text": 5}]', b"[" * 500 + b"]" * 500)
    ),
    *(b"", b" ", b"Log in", b'{"choices": [', b"\xff\xfe\x00", b"[" * 100_000),
    *(b"data: [DONE]\n\n", b": waiting\n\n", b'data: {"error": {"message": "no"}}\n\ndata: [DONE]'),
    b'data: {"choices": [{"delta": {"content": "a"}}]}\n\ndata: {"error": {"message": "no"}}\n\n',
]


@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_a_reply_that_cannot_be_read_is_the_servers_failure_and_is_asked_for_once(
    kind: str,
) -> None:
    ends = [FakeOpenAI() for _ in ODD]
    for end, body in zip(ends, ODD, strict=True):
        end.replies(body, times=3, **{"Content-Type": kind})

    async def all_at_once() -> list[Any]:
        calls = (asked(end.url, seconds=60) for end in ends)  # so many clients take a while
        return await asyncio.gather(*calls, return_exceptions=True)

    came = {body[:80]: str(one) for body, one in zip(ODD, asyncio.run(all_at_once()), strict=True)}
    for end in ends:
        end.close()
    assert came == dict.fromkeys(came, "failure.server")
    assert [len(end.requests) for end in ends] == [1] * len(ODD)


@pytest.mark.parametrize("path", ["a whole answer", "an error"])
def test_a_body_without_an_end_fills_no_memory(fake_openai: FakeOpenAI, path: str) -> None:
    status = 200 if path == "a whole answer" else 500
    too_long = b" " * (MOST_BYTES + 1)
    fake_openai.answer = lambda *_: (status, {}, too_long)  # type: ignore[method-assign]
    assert failure(fake_openai.url) == Failure.SERVER


def test_a_packed_body_is_unpacked_up_to_its_bound(fake_openai: FakeOpenAI) -> None:
    packed = gzip.compress(b'{"choices": [{"message": {"content": "%s"}}]}' % (b"a" * 100_000))
    fake_openai.replies(packed, **{"Content-Encoding": "gzip"})
    assert ask(fake_openai.url).text == "a" * 100_000
    fake_openai.replies(
        gzip.compress(random.randbytes(MOST_PACKED_BYTES)), **{"Content-Encoding": "gzip"}
    )
    assert failure(fake_openai.url) == Failure.SERVER
    fake_openai.replies(b"not packed at all", times=3, **{"Content-Encoding": "gzip"})
    asked_before = len(fake_openai.requests)
    assert failure(fake_openai.url) == Failure.SERVER
    assert len(fake_openai.requests) == asked_before + 1


# --- trying again ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 429, 0], ids=["error", "rate limit", "hang-up"])
def test_a_failure_that_may_pass_is_tried_again(fake_openai: FakeOpenAI, status: int) -> None:
    fake_openai.fails(status)
    assert ask(fake_openai.url).text == "답: 질문"
    assert len(fake_openai.requests) == 2


def test_a_server_that_stays_broken_is_asked_three_times(fake_openai: FakeOpenAI) -> None:
    fake_openai.fails(500, times=9)
    assert failure(fake_openai.url) == Failure.SERVER
    assert len(fake_openai.requests) == 3


def test_the_wait_that_the_service_asks_for_is_kept(fake_openai: FakeOpenAI) -> None:
    fake_openai.fails(429, None, 1, **{"Retry-After": "1"})
    started = time.monotonic()
    assert ask(fake_openai.url).text == "답: 질문"
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize("wait", ["100", "1e9", "inf"])
def test_a_long_wait_is_not_waited_for(fake_openai: FakeOpenAI, wait: str) -> None:
    fake_openai.fails(429, None, 1, **{"Retry-After": wait})
    assert failure(fake_openai.url) == Failure.RATE_LIMIT
    assert len(fake_openai.requests) == 1


@pytest.mark.parametrize("wait", ["soon", "nan", "-5", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_wait_that_is_no_number_of_seconds_does_no_harm(
    fake_openai: FakeOpenAI, wait: str
) -> None:
    fake_openai.fails(429, None, 1, **{"Retry-After": wait})
    assert ask(fake_openai.url).text == "답: 질문"


LOADING = [
    {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}},
    {"error": "Model meta-llama/Llama-3 is currently loading", "estimated_time": 20.0},
    {"message": "Model is warming up"},
    {"detail": "The model is not ready yet"},
]


@pytest.mark.parametrize("body", LOADING)
def test_a_model_that_is_being_loaded_is_waited_for(
    fake_openai: FakeOpenAI, body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatgee.model.openai_model.LOADING_WAIT_SECONDS", 0.001)
    fake_openai.refuses = lambda _: (503, body) if len(fake_openai.requests) < 20 else None
    assert ask(fake_openai.url).text == "답: 질문"
    assert len(fake_openai.requests) == 20


def test_it_is_waited_for_as_long_as_there_is_time(fake_openai: FakeOpenAI) -> None:
    fake_openai.refuses = lambda _: (503, LOADING[0])
    assert failure(fake_openai.url, seconds=0.3) == Failure.LOADING


def test_a_loaded_model_that_is_broken_is_asked_no_more_than_another(
    fake_openai: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatgee.model.openai_model.LOADING_WAIT_SECONDS", 0.001)
    fake_openai.refuses = lambda _: (503, LOADING[0]) if len(fake_openai.requests) < 9 else None
    fake_openai.fails(500, times=9)
    assert failure(fake_openai.url) == Failure.SERVER
    assert len(fake_openai.requests) == 8 + 3


# --- a far end that nobody here wrote -------------------------------------------------------


@pytest.fixture
def llmock() -> Iterator[str]:
    """The address of an OpenAI stand-in from PyPI, with a judge of its clients' manners."""
    serve = [str(Path(sys.executable).with_name("llmock")), "serve", "--port", "0"]
    with subprocess.Popen(
        serve, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    ) as server:
        assert server.stdout
        lines = (re.search(r"Uvicorn running on (\S+)", line) for line in server.stdout)
        yield next(line[1] for line in lines if line)
        server.terminate()
        server.stdout.read()


def test_another_stand_in_is_asked_with_good_manners(llmock: str) -> None:
    asked = [
        {"type": "fail", "status": 500},
        {"type": "fail", "status": 429, "retry_after": 1},
        {"type": "reply", "text": "이제 답해요."},
    ]
    with requests.post(f"{llmock}/_llmock/scenario", json={"behaviors": asked}) as queued:
        assert queued.json()["queued"] == 3
    assert ask(f"{llmock}/v1").text == "이제 답해요."
    with requests.get(f"{llmock}/_llmock/verdict") as verdict:
        judged = verdict.json()
    assert (judged["calls"], judged["attempts"], judged["faults_injected"]) == (1, 3, 2)
    assert judged["findings"] == []
