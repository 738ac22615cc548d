"""What nobody wrote a test for: any request, and any answer of a model."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chatgee.kakao.bubbles import is_blank, length
from chatgee.kakao.messages import BUBBLE_CHARS
from chatgee.questions import Answer, Prompt
from tests.support.bot import Bot
from tests.support.kakao_side import check
from tests.support.odd_json import RAW, TREES, changed, places, written

FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MORE = "이어보기"


class Parrot:
    """A model that says what it is told to say, at once."""

    name = "parrot"
    says = "답"

    async def prepare(self) -> None: ...

    async def answer(self, prompt: Prompt) -> Answer:
        return Answer(self.says)

    async def close(self) -> None: ...


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    environ = {
        "DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "PORT": "0",
        "REPLY_SECONDS": "4",
        "CALLBACK_HOSTS": "callback.invalid",  # payloads name the real one
    }
    with Bot(environ, Parrot()).open() as bot:
        yield bot


# --- any request ----------------------------------------------------------------------------

any_text = st.one_of(
    st.text(st.characters(exclude_categories=[]), max_size=20),
    st.sampled_from(["", " ", "\0", "\ud800", "가\udfff", "\u3164", "x" * 200, "https://[", *RAW]),
)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    tree: Any = draw(st.sampled_from(TREES))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(list(places(tree))))
        tree = changed(tree, path, draw(st.lists(any_json, max_size=1)))
    return written(tree)


@FUZZ
@given(body=bodies() | st.binary(max_size=50))
@example(body=b"\xef\xbb\xbf{}")
@example(body=RAW["@deep@"].encode())
def test_any_request_gets_a_reply_or_is_refused_with_a_reason(bot: Bot, body: bytes) -> None:
    with requests.post(bot.url + "/prompt", data=body, timeout=20) as reply:
        if reply.status_code == 200:
            check(reply.json())
            assert "문제가 생겼어요" not in reply.text, "a bug of ours"
        else:
            assert reply.status_code == 400
            assert list(reply.json()) == ["error"]


# --- any answer of a model ------------------------------------------------------------------

plain_words = st.lists(st.from_regex(r"[가-힣a-z][가-힣a-z0-9]{0,11}", fullmatch=True), min_size=1)
pieces = st.sampled_from(
    [
        *["# ", "**", "`", "```\n", "$$", "$x^2$", "\\frac{", "|", "> ", "\n- ", "\n1. ", "[a](b)"],
        *["\n| a | b |\n|---|---|\n| 1 | 2 |\n", "<br>", "\n\n", " ", "\t", "가나다.", "word", "7"],
        *["👨\u200d👩\u200d👧", "🇰🇷", "\u0301", "\ud83d", "\udc4d", "\0", "\x1b[31m", "\u202e"],
        *["\u200b", "\u3164", "\u2800"],
    ]
)
markdown = st.lists(pieces, max_size=40).map("".join)
answers = st.one_of(
    markdown,
    st.builds(lambda text, times: (text * times)[:9000], markdown, st.sampled_from([20, 900])),
    st.text(st.characters(exclude_categories=[]), max_size=200),
)


def pages(bot: Bot, words: str) -> str:
    """All that the friend sees of the answer, page after page."""
    friend = bot.friend("reader")
    shown = friend.says(words)
    seen: list[str] = []
    for _ in range(200):
        for bubble in shown.bubbles:
            assert length(bubble) <= BUBBLE_CHARS
            assert not is_blank(bubble)
        seen += shown.bubbles
        if MORE not in shown.buttons:
            assert not shown.buttons or "다시 물어보기" in shown.buttons
            return " ".join(seen)
        shown = friend.presses(shown, MORE)
    raise AssertionError("the pages do not end")


@FUZZ
@given(answer=answers)
@example(answer="\u3164")
@example(answer="```python\nprint(1)\n```")
@example(answer="👍" * 50_000)
def test_any_answer_is_shown_within_kakaos_limits(bot: Bot, answer: str) -> None:
    bot.model.says = answer  # type: ignore[union-attr]
    assert pages(bot, "질문")


@FUZZ
@given(
    words=plain_words,
    times=st.sampled_from([1, 30, 300]),
    end=st.sampled_from([" ", "\n", ".\n\n"]),
)
def test_no_word_of_an_answer_is_lost(bot: Bot, words: list[str], times: int, end: str) -> None:
    bot.model.says = end.join(words * times)  # type: ignore[union-attr]
    seen = pages(bot, "질문").replace(bot.texts("reply.greeting"), "")
    assert "".join(filter(str.isalnum, seen)) == "".join(words * times)
