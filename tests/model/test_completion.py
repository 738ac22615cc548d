"""Promises of chatgee.model.completion: a good answer is read in whatever wrapping it comes."""

import asyncio
import json
from typing import Any

import pytest

from chatgee.errors import Failure, ModelError
from chatgee.model.completion import MOST_TOKENS
from chatgee.model.openai_model import OpenAIModel
from chatgee.questions import Answer, Prompt, Usage
from tests.support.far_ends import FakeOpenAI

TEXT = "안녕하세요!"
WHOLE = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}}],
    "usage": {"prompt_tokens": 20, "completion_tokens": 10},
}


def ask(fake_openai: FakeOpenAI) -> Answer:
    async def asked() -> Answer:
        model = OpenAIModel("gpt-test", "a key", fake_openai.url, 5)
        try:
            return await model.answer(Prompt("질문"))
        finally:
            await model.close()

    return asyncio.run(asked())


def chunk(**delta: Any) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]}


def sse(*events: Any) -> bytes:
    lines = (event if isinstance(event, str) else f"data: {json.dumps(event)}" for event in events)
    return "".join(f"{line}\n\n" for line in lines).encode()


# --- what it calls itself -------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        *({"Content-Type": kind} for kind in ("text/plain", "text/html; charset=utf-8", "")),
        {"Content-Type": "application/octet-stream"},
        {"Content-Type": "text/event-stream"},
    ],
)
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_json_is_read_whatever_it_calls_itself(
    fake_openai: FakeOpenAI, headers: dict[str, str], bom: bytes
) -> None:
    fake_openai.replies(bom + json.dumps(WHOLE).encode(), **headers)
    assert ask(fake_openai) == Answer(TEXT, Usage(20, 10))
    assert len(fake_openai.requests) == 1


# --- content --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": TEXT}],
        [{"type": "text", "text": "안녕"}, {"type": "text", "text": "하세요!"}],
        ["안녕", "하세요!"],
        [{"text": TEXT}],
        {"type": "text", "text": TEXT},
        [{"type": "output_text", "text": TEXT, "annotations": []}],
        [{"type": "text", "text": {"value": TEXT, "annotations": []}}],
        [
            {"type": "thinking", "thinking": [{"type": "text", "text": "음"}], "closed": True},
            {"type": "text", "text": TEXT},
        ],
        [{"type": "reasoning", "text": "음"}, {"type": "text", "text": TEXT}],
        [{"type": "redacted_thinking", "data": "x"}, {"type": "text", "text": TEXT}],
        [{"type": "text", "text": "안녕"}, {"type": "reference", "reference_ids": [1]}, "하세요!"],
        [
            {"type": "image_url", "image_url": {"url": "https://a.b"}},
            {"type": "text", "text": TEXT},
        ],
        [None, {"type": "text", "text": None}, TEXT],
        f"<think>음</think>{TEXT}<|im_end|>",
        [{"type": "text", "text": f"<think>음</think>\n{TEXT}"}],
    ],
)
def test_content_may_be_of_parts(fake_openai: FakeOpenAI, content: Any) -> None:
    fake_openai.replies({"choices": [{"message": {"content": content}}]})
    assert ask(fake_openai).text == TEXT


@pytest.mark.parametrize(
    "choice",
    [
        {"text": TEXT, "finish_reason": "stop"},
        {"message": None, "text": TEXT},
        {"message": None, "delta": {"content": TEXT}},
        {"message": {"content": TEXT}, "finish_reason": None},
        {"message": {"content": TEXT}, "finish_reason": {"type": "stop"}},
        {"message": {"content": TEXT}, "finish_reason": 1},
        {"message": {"content": TEXT, "reasoning_content": "음", "reasoning": "음"}},
    ],
)
def test_choices_of_other_shapes_are_read(fake_openai: FakeOpenAI, choice: Any) -> None:
    fake_openai.replies({"choices": [choice]})
    assert ask(fake_openai).text == TEXT


@pytest.mark.parametrize(
    "message",
    [
        None,
        {"role": "assistant"},
        {"content": None, "reasoning_content": "음"},
        {"content": "", "reasoning": "음"},
        {"content": "<think>음</think>"},
        {"content": "<think>끝나지 않은 생각"},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "음"}]}]},
    ],
)
def test_a_thought_alone_is_an_empty_answer_that_was_paid(
    fake_openai: FakeOpenAI, message: Any
) -> None:
    fake_openai.replies(WHOLE | {"choices": [{"message": message, "finish_reason": "length"}]})
    assert ask(fake_openai) == Answer("", Usage(20, 10), broken_off=True)
    assert len(fake_openai.requests) == 1


@pytest.mark.parametrize(
    "choice",
    [
        {"finish_reason": "content_filter"},
        {"message": {"content": [{"type": "refusal", "refusal": "no"}]}},
        {"message": {"content": "<think>음</think>"}, "finish_reason": "content_filter"},
        {"message": {"content": None}, "finish_reason": "content_filter: SAFETY"},
    ],
)
def test_a_refusal_is_known_in_any_wrapping(fake_openai: FakeOpenAI, choice: Any) -> None:
    fake_openai.replies(WHOLE | {"choices": [choice]})
    with pytest.raises(ModelError) as caught:
        ask(fake_openai)
    assert (caught.value.failure, caught.value.tokens) == (Failure.REFUSED, (20, 10))


# --- streams --------------------------------------------------------------------------------

END = {"index": 0, "delta": {}, "finish_reason": "stop"}
USAGE = {"choices": [END], "usage": WHOLE["usage"]}
STREAMS = {
    "chunks": sse(chunk(role="assistant", content=""), chunk(content="안녕"),
                  chunk(content="하세요!"), {"choices": [END]}, WHOLE | {"choices": []},
                  "data: [DONE]"),
    "comments": sse(": OPENROUTER PROCESSING", "event: message\nid: 1\nretry: 5",
                    chunk(content=TEXT), ": keep-alive", USAGE),
    "thoughts": sse(chunk(reasoning_content="음", content=None), chunk(content=TEXT), USAGE),
    "thoughts within": sse(chunk(content="<think>"), chunk(content="음</think>"),
                           chunk(content=TEXT), USAGE, "data: [DONE]"),
    "parts": sse(chunk(content=[{"type": "thinking", "thinking": [{"text": "음"}]}]),
                 chunk(content=[{"type": "text", "text": TEXT}]), USAGE),
    "the whole as well": sse(
        {"choices": [{"delta": {"content": "안녕"}, "message": {"content": "안녕"}}]},
        {"choices": [{"delta": {"content": "하세요!"}, "message": {"content": TEXT}}]}, USAGE),
    "no space": sse(chunk(content=TEXT), USAGE).replace(b"data: ", b"data:"),
    "\\r\\n": sse(chunk(content=TEXT), USAGE, "data: [DONE]").replace(b"\n", b"\r\n"),
    "\\r": sse(chunk(content=TEXT), USAGE, "data: [DONE]").replace(b"\n", b"\r"),
    "lines of one event": sse("data: " + json.dumps(WHOLE, indent=1).replace("\n", "\ndata: ")),
    "text completion": sse({"object": "text_completion", "choices": [{"text": TEXT}]}, USAGE),
    "a whole answer": sse(WHOLE, "data: [DONE]"),
    "an end that is none of JSON": json.dumps(WHOLE, indent=1).encode() + b"\n\ndata: [DONE]\n\n",
    "an end in the same line": json.dumps(WHOLE).encode() + b"data: [DONE]",
    "a list": json.dumps([chunk(content="안녕"), chunk(content="하세요!"), USAGE]).encode(),
    "an object a line": b"\n".join(json.dumps(one).encode() for one in (
        {"message": {"role": "assistant", "content": "안녕"}, "done": False},
        {"message": {"role": "assistant", "content": "하세요!"}, "done": False},
        {"message": {"content": ""}, "done": True, "prompt_eval_count": 20, "eval_count": 10})),
    "generated": b'{"response": "%s", "done": true, "prompt_eval_count": 20, "eval_count": 10}'
                 % TEXT.encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_nobody_asked_for_is_read(fake_openai: FakeOpenAI, name: str) -> None:
    fake_openai.replies(STREAMS[name], **{"Content-Type": "text/event-stream"})
    assert ask(fake_openai) == Answer(TEXT, Usage(20, 10))
    assert len(fake_openai.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        sse(chunk(content="안녕"), chunk(content="하세요!")),
        sse(chunk(content="안녕"), chunk(content="하세요!"), chunk(content="더"))[:-20],
        sse(chunk(content=TEXT), {"choices": [END | {"finish_reason": "length"}]}, "data: [DONE]"),
        b'{"message": {"content": "%s"}, "done": true, "done_reason": "length"}' % TEXT.encode(),
    ],
    ids=["no end", "half a chunk", "length", "Ollama"],
)
def test_a_stream_that_was_cut_says_so(fake_openai: FakeOpenAI, body: bytes) -> None:
    fake_openai.replies(body, **{"Content-Type": "text/event-stream"})
    assert ask(fake_openai) == Answer(TEXT, Usage(), broken_off=True)
    fake_openai.replies(sse(chunk(content=TEXT), "data: [DONE]"))
    assert ask(fake_openai) == Answer(TEXT)


def test_a_letter_that_is_no_utf_8_is_one_letter(fake_openai: FakeOpenAI) -> None:
    fake_openai.replies(json.dumps(WHOLE, ensure_ascii=False).encode().replace(b"!", b"\xff"))
    assert ask(fake_openai).text == "안녕하세요\ufffd"


# --- tokens ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        *((odd, Usage()) for odd in (None, [], {}, "20 tokens", 20, True, [None], [[]])),
        *(({"prompt_tokens": odd}, Usage()) for odd in ("many", [], {}, -5, None, "-3")),
        ([{"prompt_tokens": 20, "completion_tokens": 10}], Usage(20, 10)),
        ({"prompt_tokens": "20", "completion_tokens": "10.0"}, Usage(20, 10)),
        ({"prompt_tokens": 20.0, "completion_tokens": 9.7}, Usage(20, 9)),
        ({"input_tokens": 20, "output_tokens": 10}, Usage(20, 10)),
        ({"prompt_tokens": float("nan"), "completion_tokens": 10}, Usage(0, 10)),
        ({"prompt_tokens": float("inf"), "completion_tokens": 10}, Usage(0, 10)),
        ({"prompt_tokens": 10**30, "completion_tokens": 10}, Usage(MOST_TOKENS, 10)),
    ],
)
def test_a_count_that_is_none_spoils_no_answer(
    fake_openai: FakeOpenAI, usage: Any, counted: Usage
) -> None:
    fake_openai.replies(WHOLE | {"usage": usage})
    assert ask(fake_openai) == Answer(TEXT, counted)
