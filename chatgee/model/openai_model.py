"""The only place that knows the openai package.

Chat Completions is used, since every service and local server speaks it. How it is called was
measured: over aiohttp, with `post` instead of `chat.completions.create`, a call costs 1.5 ms of
CPU instead of 10 (20 messages of memory). Streaming costs 39 ms and hides broken ends: not used.
The body is read by us: openai goes by the content type, which servers name wrongly.
"""

import asyncio
import importlib
import json
import logging
import random
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chatgee.errors import Failure, ModelError, SystemRoleRefused, UnreadableError
from chatgee.model import completion, context_size, http_client, system_role
from chatgee.questions import Answer, Prompt

if TYPE_CHECKING:
    import openai

TRIES = 3
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 10.0
"""A service that asks for a longer wait is not asked again: the friend may."""

LOADING_WAIT_SECONDS = 1.0
"""Between two looks whether a model is loaded by now, which may take minutes."""

log = logging.getLogger(__name__)

CONTEXT_WORDS = ("context_length", "context length", "context size", "context_size",
                 "context window", "context the overflow", "context overflow", "maximum context",
                 "n_ctx", "maximum prompt length", "maximum model length",
                 "maximum number of tokens")  # fmt: skip
WORDS = {
    Failure.PHOTO: ("image",),
    Failure.TOO_LONG: (*CONTEXT_WORDS, "too long", "too large", "too many tokens",
                       "reduce the length", "must have less than", "max_new_tokens"),
    Failure.REFUSED: ("content_filter", "content management", "content policy",
                      "usage polic", "safety"),
    Failure.UNKNOWN_MODEL: ("model_not_found", "model not found", "does not exist"),
}  # fmt: skip
"""How servers say in a 400 what is wrong."""

MODEL_NAME = re.compile(r"[\w.:/@+()\[\] -]{1,200}")
MODELS_OWN = {"owned_by", "context_length", "context_window", "max_model_len", "architecture"}
"""Fields of a model in a list that does not say so."""

LOADING = re.compile(r"\bloading\b|warming up|starting up|not (?:yet )?ready|estimated_time")
"""In a 503: the server is up, and its model is not yet."""

PASSING = {Failure.RATE_LIMIT, Failure.SERVER, Failure.LOADING, Failure.NETWORK}
"""Failures that another try may cure."""


class OpenAIModel:
    """Asks OpenAI, or any server that speaks as it does. For one asyncio loop."""

    def __init__(
        self,
        name: str,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout_seconds: float = 55,
    ) -> None:
        self.name = name
        self._api_key = api_key or "none"  # local servers want none, the client wants one
        self._base_url = base_url
        self._timeout_seconds = timeout_seconds
        self._client: openai.AsyncOpenAI | None = None

    async def prepare(self) -> None:
        """Import openai, which takes a second: after the start, before the first question."""
        await asyncio.to_thread(importlib.import_module, "openai")
        with suppress(ModelError):  # which every question will tell
            self._connect()

    async def answer(self, prompt: Prompt) -> Answer:
        """Ask, and ask again after failures that may pass, until the time is over."""
        body = {"model": self.name, "messages": _in_roles(prompt)}
        self._connect()  # what fails here would fail again
        last, waits = ModelError(Failure.TIMEOUT), self._waits()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                while True:
                    try:
                        return await self._ask(body)
                    except ModelError as error:
                        last, pause = error, _pause(error, waits)
                        if pause is None:
                            raise
                    await asyncio.sleep(pause)
        except TimeoutError as error:
            raise last from error

    async def models(self) -> tuple[str, ...]:
        """The names that the service offers, in its order; `ModelError` where it tells none."""
        client = self._connect()
        import httpx2
        import openai

        try:
            async with asyncio.timeout(self._timeout_seconds):
                reply = await client.get("/models", cast_to=httpx2.Response)
                return _names(json.loads(reply.content))
        except openai.APIError as error:
            raise self._told(error) from error
        except TimeoutError as error:
            raise ModelError(Failure.TIMEOUT) from error
        except (ValueError, RecursionError) as error:
            raise ModelError(Failure.SERVER) from error

    async def close(self) -> None:
        if self._client:
            await self._client.close()

    def _waits(self) -> Iterator[float]:
        """Seconds to wait after each try but the last."""
        for number in range(TRIES - 1):
            yield FIRST_WAIT_SECONDS * 3**number * random.uniform(0.8, 1.2)

    async def _ask(self, body: dict[str, Any]) -> Answer:
        client = self._connect()
        import httpx2
        import openai

        try:
            reply = await client.post("/chat/completions", cast_to=httpx2.Response, body=body)
        except openai.APIError as error:
            if isinstance(error.__cause__, httpx2.DecodingError):  # packed otherwise than it says
                raise UnreadableError from error
            raise self._told(error) from error
        return completion.read(reply.content)

    def _told(self, error: "openai.APIError") -> ModelError:
        return http_client.by_proxy(error, _translated(error), self._base_url)

    def _connect(self) -> "openai.AsyncOpenAI":
        if self._client is None:
            import openai

            self._client = openai.AsyncOpenAI(
                api_key=self._api_key,
                base_url=self._base_url,
                max_retries=0,
                timeout=self._timeout_seconds,
                http_client=http_client.made(self._base_url, self._timeout_seconds),
            )
        return self._client


def _may_pass(error: ModelError) -> bool:
    unreadable = isinstance(error, UnreadableError)
    return error.failure in PASSING and not unreadable and not error.too_much


def _pause(error: ModelError, waits: Iterator[float]) -> float | None:
    """Seconds until the next try; None where there is none."""
    asked_for = error.retry_after or 0
    if error.failure == Failure.LOADING:  # as often as there is time for
        return min(max(LOADING_WAIT_SECONDS, asked_for), LONGEST_WAIT_SECONDS)
    wait = next(waits, None) if _may_pass(error) else None
    if wait is None or asked_for > LONGEST_WAIT_SECONDS:
        return None
    return max(wait, asked_for)


def _in_roles(prompt: Prompt) -> list[dict[str, Any]]:
    messages = list(_messages(prompt))
    return messages if prompt.system_role else system_role.without_it(messages)


def _messages(prompt: Prompt) -> Iterator[dict[str, Any]]:
    if prompt.system:
        yield {"role": "system", "content": prompt.system}
    for turn in prompt.turns:
        yield {"role": "user", "content": turn.question}
        yield {"role": "assistant", "content": turn.answer}
    if prompt.image_url:
        text = {"type": "text", "text": prompt.question}
        photo = {"type": "image_url", "image_url": {"url": prompt.image_url}}
        yield {"role": "user", "content": [text, photo]}
    else:
        yield {"role": "user", "content": prompt.question}


def _names(reply: Any) -> tuple[str, ...]:
    """The models in a list, which is null where a local server has none.

    `ModelError` where it is a list of anything else: a page shows these names, and whoever has it
    open must not read by it what other servers of the owner's network say.
    """
    try:
        listed = reply["data"] or ()
        if not all(_is_model(one, reply) for one in listed):
            raise ModelError(Failure.SERVER)
        return tuple(one["id"] for one in listed if MODEL_NAME.fullmatch(one["id"]))
    except (TypeError, LookupError, AttributeError) as error:
        raise ModelError(Failure.SERVER) from error


def _is_model(one: Any, reply: Any) -> bool:
    """By its own word; OpenRouter, for one, has fields that only models have instead."""
    kind = one.get("object", "model" if reply.get("object") == "list" else None)
    return kind == "model" or (kind is None and not MODELS_OWN.isdisjoint(one))


def _translated(error: "openai.APIError") -> ModelError:
    """Our name for what openai raised; never its text, which may hold the key."""
    import openai

    if isinstance(error, openai.APIConnectionError):
        # Over aiohttp a refused connection arrives as a time-out as well.
        timed_out = isinstance(error, openai.APITimeoutError) and _timed_out(error)
        return ModelError(Failure.TIMEOUT if timed_out else Failure.NETWORK)
    if not isinstance(error, openai.APIStatusError):
        return ModelError(Failure.SERVER)
    told = _words(error)
    failure = _by_status(error, told)
    # Never its words: a page can have any server of this network asked, and shows the log.
    log.debug("model: status %s, %s", error.status_code, failure)
    if failure in {Failure.REJECTED, Failure.SERVER} and system_role.is_refused(told):
        return SystemRoleRefused()
    return ModelError(failure, _retry_after(error), share=_share(failure, told))


def _share(failure: Failure, told: str) -> float | None:
    """Also of a single request that is more than a whole minute may hold: no waiting cures it."""
    too_large = failure == Failure.RATE_LIMIT and "too large" in told
    if failure == Failure.TOO_LONG or too_large:
        return context_size.share_that_fits(told)
    return None


def _timed_out(error: BaseException) -> bool:
    """Whether a connection was made and then nothing came."""
    cause: BaseException | None = error
    while cause is not None:
        name = type(cause).__name__
        if "Connect" in name or "Disconnect" in name or isinstance(cause, ConnectionError):
            return False
        cause = cause.__cause__ or cause.__context__
    return True


def _words(error: "openai.APIStatusError") -> str:
    """All that the service says of it, in small letters."""
    return f"{error.code or ''} {error.type or ''} {error.message} {error.body or ''}".lower()


def _by_status(error: "openai.APIStatusError", told: str) -> Failure:
    match error.status_code:
        case 401:
            return Failure.WRONG_KEY
        case 403:  # some gateways refuse a single question so
            return Failure.REFUSED if _by_words(told) == Failure.REFUSED else Failure.WRONG_KEY
        case 402:
            return Failure.NO_CREDIT
        case 404:
            return Failure.UNKNOWN_MODEL
        case 429:
            return Failure.NO_CREDIT if "insufficient_quota" in told else Failure.RATE_LIMIT
        case 400 | 413 | 422:
            return _by_words(told)
        case 408:
            return Failure.TIMEOUT
        case status if status < 400:  # another address, which is the owner's to write down
            return Failure.REJECTED
        case 503 if LOADING.search(told):
            return Failure.LOADING
        case _:  # a template or a size that is wrong for llama.cpp may be a 500
            too_long = any(word in told for word in CONTEXT_WORDS)
            return Failure.TOO_LONG if too_long else Failure.SERVER


def _by_words(told: str) -> Failure:
    """What is wrong with a request; servers differ in the code, less in the words."""
    for failure, words in WORDS.items():
        if any(word in told for word in words):
            return failure
    return Failure.REJECTED


def _retry_after(error: "openai.APIStatusError") -> float | None:
    try:
        return float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
