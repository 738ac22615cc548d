"""What lies outside of this machine: the model, Kakao's callback host, the clocks of others."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from chatgee import app
from chatgee.conversation.callback_quota import QUOTA
from chatgee.doctor.case import Case, Check
from chatgee.errors import Failure, ModelError
from chatgee.model.prices import Prices, cost
from chatgee.questions import Answer, Prompt
from chatgee.system.addresses import OPENAI_URL, is_loopback
from chatgee.system.http import Lost, send, within

MODEL_SECONDS, SLOW_SECONDS = 25.0, 20.0
PREPARE_SECONDS = 10.0
"""The model's package is loaded, which an old disk takes its time for."""
HOST_SECONDS, HOSTS_SECONDS = 5.0, 8.0
CLOCK_SECONDS = 30.0
"""A clock that is further off fails encrypted connections sooner or later."""


def model(case: Case) -> Iterator[Check]:
    """A tiny question to the real model."""
    if case.settings.practice:
        yield case.check("model", "warn", "doctor.practice", "hint.practice")
        return
    try:
        limit = min(MODEL_SECONDS, case.settings.openai_timeout_seconds)
        work = _ask(case, limit)
        answer, seconds = within(limit + PREPARE_SECONDS, lambda: asyncio.run(work))
    except (ModelError, TimeoutError) as error:
        told = error if isinstance(error, ModelError) else ModelError(Failure.TIMEOUT)
        yield _no_answer(case, told)
    else:
        yield answered(case, answer, seconds)


async def _ask(case: Case, limit: float) -> tuple[Answer, float]:
    asked = app.choose_model(replace(case.settings, openai_timeout_seconds=limit), case.texts)
    await asked.prepare()
    started = time.monotonic()
    try:
        answer = await asked.answer(Prompt(case.texts("doctor.question")))
    finally:
        await asked.close()
    if not answer.text.strip():
        raise ModelError(Failure.EMPTY)
    return answer, time.monotonic() - started


def _no_answer(case: Case, error: ModelError) -> Check:
    about: dict[str, Any] = {
        "model": case.settings.openai_model,
        "failure": str(error.failure),
        "said": error.said,
    }
    text = case.texts("doctor.model_failed", **about)
    text += f" {case.texts('service.said', said=error.said)}" if error.said else ""
    hint = case.texts.of(error.about) if error.about else None
    hint = hint or case.texts(f"hint.{error.failure}", **about)
    return case.told("model", "bad", text, hint, **about)


def answered(case: Case, answer: Answer, seconds: float) -> Check:
    name, usage = case.settings.openai_model, answer.usage
    prices = Prices.read(case.settings.data_dir)
    elsewhere = case.settings.openai_base_url is not None  # the list is OpenAI's
    known = cost(prices.owners(name) if elsewhere else prices.of(name), usage)
    about: dict[str, Any] = {
        "model": name,
        "seconds": round(seconds, 2),
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "tokens": usage.prompt_tokens + usage.completion_tokens,
        "dollars": known,
    }
    if known is None:
        key = "doctor.model_without_price"
    else:
        key = "doctor.model"
        about["won"] = f"{max(0.01, known * prices.won_per_dollar) if known else 0:.2f}"
    if seconds > SLOW_SECONDS:
        return case.check("model", "warn", key, "doctor.model_slow_remedy", **about)
    return case.check("model", "good", key, **about)


def callback(case: Case) -> Iterator[Check]:
    """Whether the places to which callbacks may go can be reached."""
    if case.settings.callback == "off":
        yield case.check("callback", "good", "doctor.callback_off")
        return
    until = time.monotonic() + HOSTS_SECONDS
    for host in case.settings.callback_hosts:
        left = min(HOST_SECONDS, until - time.monotonic())
        if left > 0:
            yield _reach(case, host, left)


def _reach(case: Case, host: str, seconds: float) -> Check:
    plain = is_loopback(urlsplit(f"//{host}").hostname)
    try:
        reply = send("HEAD", f"{'http' if plain else 'https'}://{host}/", seconds)
    except Lost as lost:
        about = {"host": host, "kind": lost.kind}
        remedy = f"doctor.{lost.kind if lost.kind in ('tls', 'proxy') else 'callback'}_remedy"
        return case.check("callback", "bad", "doctor.callback_unreachable", remedy, **about)
    if reply.offset is not None:
        case.offsets.append(reply.offset)
    took = round(reply.seconds, 2)
    key = "doctor.callback_always" if case.settings.callback == "always" else "doctor.callback"
    return case.check("callback", "good", key, host=host, seconds=took, quota=QUOTA)


def clock(case: Case) -> Iterator[Check]:
    """Ours against those of the others."""
    offsets = case.offsets or list(_asked(case))
    if not offsets:
        yield case.check("clock", "warn", "doctor.clock_unknown", "doctor.clock_unknown_remedy")
        return
    nearest = min(offsets, key=abs)
    off = round(nearest)
    if abs(off) > CLOCK_SECONDS:
        key = "doctor.clock_slow" if off > 0 else "doctor.clock_fast"
        about = {"seconds": abs(off), "offset": off}
        yield case.check("clock", "warn", key, "doctor.clock_remedy", **about)
    else:
        yield case.check("clock", "good", "doctor.clock", offset=off)


def _asked(case: Case) -> Iterator[float]:
    """The time at the model's, where it is another machine.

    Any certificate will do: a clock that is years off makes every certificate look wrong.
    """
    url = case.settings.openai_base_url or OPENAI_URL
    if is_loopback(urlsplit(url).hostname):
        return
    try:
        reply = send("HEAD", url, HOST_SECONDS, trusting=True)
    except Lost:
        return
    if reply.offset is not None:
        yield reply.offset
