"""The only place that knows the openai package.

Chat Completions is used, since every service and local server speaks it. How it is called was
measured: over aiohttp, with `post` instead of `chat.completions.create`, a call costs 1.5 ms of
CPU instead of 10 (20 messages of memory). Streaming costs 39 ms and hides broken ends: not used.
The body is read by us: openai goes by the content type, which servers name wrongly.
"""

import asyncio
import importlib
import json
import random
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chatgee.errors import Failure, ModelError, UnreadableError
from chatgee.model import client_errors, completion, http_client, system_role
from chatgee.model.client_errors import in_a_good_reply
from chatgee.questions import Answer, Prompt

if TYPE_CHECKING:
    import openai

TRIES = 3
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 10.0
"""A service that asks for a longer wait is not asked again: the friend may."""

LOADING_WAIT_SECONDS = 1.0
"""Between two looks whether a model is loaded by now, which may take minutes."""

MODEL_NAME = re.compile(r"[\w.:/@+()\[\] -]{1,200}")
MODELS_OWN = {"owned_by", "context_length", "context_window", "max_model_len", "architecture"}
"""Fields of a model in a list that does not say so."""

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
        self._secrets = (api_key,) if api_key else ()
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
        try:
            async with asyncio.timeout(self._timeout_seconds):
                body = await self._sent(lambda to, kind: to.get("/models", cast_to=kind))
        except TimeoutError as error:
            raise ModelError(Failure.TIMEOUT) from error
        try:
            return _names(json.loads(body))
        except (ValueError, RecursionError, ModelError) as error:
            refused = in_a_good_reply(body, self._secrets)
            raise refused or ModelError(Failure.SERVER) from error

    async def close(self) -> None:
        if self._client:
            await self._client.close()

    def _waits(self) -> Iterator[float]:
        """Seconds to wait after each try but the last."""
        for number in range(TRIES - 1):
            yield FIRST_WAIT_SECONDS * 3**number * random.uniform(0.8, 1.2)

    async def _ask(self, asked: dict[str, Any]) -> Answer:
        path = "/chat/completions"
        body = await self._sent(lambda to, kind: to.post(path, cast_to=kind, body=asked))
        if b'"error"' in body and (refused := in_a_good_reply(body, self._secrets)):
            raise refused
        try:
            return completion.read(body)
        except UnreadableError as error:
            raise in_a_good_reply(body, self._secrets) or UnreadableError(body) from error

    async def _sent(self, call: "Callable[[openai.AsyncOpenAI, Any], Awaitable[Any]]") -> bytes:
        """The body that came for a call; `ModelError` where it is a refusal, or nothing came."""
        client = self._connect()
        import httpx2

        try:
            reply = await call(client, httpx2.Response)
        except Exception as error:  # of the client's: aiohttp's, httpx's and the system's, too
            told = client_errors.translated(error, self._secrets)
            raise http_client.by_proxy(error, told, self._base_url) from error
        return bytes(reply.content)

    def _connect(self) -> "openai.AsyncOpenAI":
        if self._client is None:
            import httpx2
            import openai

            try:
                self._client = openai.AsyncOpenAI(
                    api_key=self._api_key,
                    base_url=self._base_url,
                    max_retries=0,
                    timeout=self._timeout_seconds,
                    http_client=http_client.made(self._base_url, self._timeout_seconds),
                )
            except httpx2.InvalidURL as error:  # with letters in it that nobody sees, say
                raise ModelError(Failure.NETWORK) from error
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
    if prompt.image_urls:
        text = {"type": "text", "text": prompt.last_words}
        photos = [{"type": "image_url", "image_url": {"url": url}} for url in prompt.image_urls]
        yield {"role": "user", "content": [text, *photos]}
    else:
        yield {"role": "user", "content": prompt.last_words}


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
