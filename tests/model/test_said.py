"""What is shown of a service's words: one line, never a secret, never what no service has said."""

import json
import time
from typing import Any

import pytest

from chatgee.model.error_bodies import reason_in
from chatgee.model.said import MOST_CHARS, fit, said
from chatgee.system.logs import STARS

KEY = "the-owners-own-key-of-any-form"
HEX = "0123456789abcdef" * 2
SECRETS = [
    f"Incorrect API key provided: {KEY}.",
    *(f"Incorrect API key provided: {key}. You can" for key in ("sk-proj-abc_DEF-123", "xa***")),
    *(f"Key '{key}' is invalid" for key in ("gsk_abcdefGHIJ12", "AIzaSyAbc-123_x", "sk-***abcd")),
    *(f'"{key}"' for key in ("hf_abcdefgh", "nvapi-abcdefgh", "xai-abcdefgh", "up_abcdefgh")),
    *(f"key {HEX}", f"token {'a1B2' * 21}==", "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl"),
    *("Authorization: Bearer abc.def-123", "Got header Bearer abcdef123456", "x-api-key: abc12345"),
    *("authorization=Basic dXNlcjpwYXNz1", "{'api-key': 'abcd-1234'}"),
    *("see https://host/v1?api_key=short1&x=1", "https://host/?a=1&access_token=x9&sig=q8"),
    "http://user:pass9@host/v1",
]
LEAKS = [
    *(KEY, "abc_DEF", "xa***", "GHIJ", "SyAbc", "abcd is", "abcdefgh", HEX, "a1B2", "c2lnbm"),
    *("abc.def", "abcdef123456", "abc12345", "dXNlcjpw", "abcd-1234", "short1", "x9", "q8"),
    "pass9",
]


@pytest.mark.parametrize("words", SECRETS)
def test_a_secret_is_starred_whatever_its_form(words: str) -> None:
    shown = fit(words, [KEY])
    assert STARS in shown
    assert not [leak for leak in LEAKS if leak in shown], shown


@pytest.mark.parametrize(
    "words",
    [
        "The model `meta-llama/llama-4-maverick-17b-128e-instruct` does not exist.",
        "Limit 6000, Requested 14368 in organization `org_01kgg5588eftc8k70aes4864eb`",
        "generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 0",
        "Trying to keep the first 111490 tokens when context the overflows.",
        "Invalid URL (POST /v1/v1/chat/completions). See https://example.com/docs/error-codes#401",
        "GenerateRequestsPerDayPerProjectPerModel-FreeTier, task-list, ask-me-now, basic support",
        "충전한 금액이 없어요",
    ],
)
def test_what_helps_the_owner_stays(words: str) -> None:
    assert fit(words, [KEY]) == words


@pytest.mark.parametrize("odd", ["\n\r\n", "\t", "\0", "\u202e", "\x1b[31m", "\ud800", "\u2028"])
def test_it_is_one_line_that_shows_what_it_says(odd: str) -> None:
    shown = fit(f"하나{odd}둘")
    assert shown.isprintable()
    assert (shown.startswith("하나 "), shown.endswith("둘")) == (True, True)


def test_it_is_bounded_and_says_where_it_was_cut() -> None:
    assert len(fit("가" * 5000)) == MOST_CHARS
    assert fit("가" * 5000).endswith("가…")
    assert fit("가" * MOST_CHARS) == "가" * MOST_CHARS
    started = time.monotonic()
    for letters in ("sk-", "a1", "*", "?key=", "Bearer ", "://", "authorization:", "eyJ."):
        fit(letters * 50_000)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"error": {"message": "No", "code": "x", "type": "y"}}, "400 No · [x] · [y]"),
        ([{"error": {"code": 400, "message": "No"}}], "400 No"),
        ({"error": "No"}, "400 No"),
        ({"detail": [{"msg": "One", "input": "a question"}, {"msg": "Two"}]}, "400 One · Two"),
        ({"error": {"message": "Outer", "metadata": {"raw": '{"error": "Inner"}'}}},
         "400 Outer · Inner"),
        ({"error": {"message": "<html>a page</html>", "code": "x"}}, "400 [x]"),
        *((body, None) for body in ("a text", "<html>a page</html>", "", "[1]", "5", b"\xff")),
        *((body, None) for body in ({"name": "router", "password": "x"}, [{"id": 1}], 5, None)),
    ],
)  # fmt: skip
def test_only_a_services_own_error_is_shown(body: Any, shown: str | None) -> None:
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    raw = content.encode() if isinstance(content, str) else content
    assert said(reason_in(raw), 400) == shown


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"error":' * 900 + "1" + "}" * 900])
def test_a_body_that_is_deep_is_read_without_harm(deep: str) -> None:
    assert len(said(reason_in(deep.encode()), 400) or "") <= MOST_CHARS
