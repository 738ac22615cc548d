"""What a draft is tried against: the model's server and the tunnel, and what they said.

An answer is remembered, so that nothing is asked twice of just the same server.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chatgee.errors import ChatGeeError, Failure, ModelError
from chatgee.model.openai_model import OpenAIModel
from chatgee.owner.setup.draft import Problems, SetupDraft, revealed
from chatgee.settings import Settings

LOCAL_SERVERS = (
    ("LM Studio", "http://127.0.0.1:1234/v1"),
    ("Ollama", "http://127.0.0.1:11434/v1"),
)
"""Where they listen unless their owner has changed it."""
CHECK_SECONDS, LOOK_SECONDS = 10.0, 2.0

NOT_FOR_TALKING = (
    *("embed", "whisper", "tts", "dall-e", "image", "audio", "realtime", "transcribe"),
    *("moderation", "sora", "davinci", "babbage", "search", "codex"),
)
"""Parts of the names of models that a service lists, but that hold no conversation."""


@dataclass(frozen=True)
class CheckedService:
    """A model server on this machine."""

    name: str
    address: str
    models: tuple[str, ...]


def find(servers: Sequence[tuple[str, str]]) -> list[CheckedService]:
    """Those of the servers that are running, all asked at once."""
    return asyncio.run(_find(servers))


async def _find(servers: Sequence[tuple[str, str]]) -> list[CheckedService]:
    asked = (_list(None, address, LOOK_SECONDS) for _, address in servers)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    return [
        CheckedService(name, address, answer)
        for (name, address), answer in zip(servers, answers, strict=True)
        if isinstance(answer, tuple)
    ]


class Checks:
    """Remembers the last server and the last tunnel that were tried with success."""

    def __init__(self, trial: Callable[[Settings, int], str]) -> None:
        self._trial = trial
        self._models: tuple[object, tuple[str, ...]] = (None, ())
        self._address: tuple[object, str | None] = (None, None)

    def models(self, of: Settings) -> tuple[str, ...]:
        """Those of just this server; empty where it has not been asked."""
        return self._models[1] if self._models[0] == _server(of) else ()

    def address(self, of: Settings) -> str | None:
        """What just this tunnel opened."""
        return self._address[1] if self._address[0] == _link(of) else None

    def what_is_new(
        self, draft: SetupDraft, ours: Settings, wanted: Settings, port: int
    ) -> Problems:
        problems: Problems = {}
        server = _server(wanted)
        if draft.source != "later" and server not in (_server(ours), self._models[0]):
            problems |= self.ask_models(draft.source, wanted)
        link = _link(wanted)
        if not ours.public_url and link[0] and link not in (_link(ours), self._address[0]):
            problems |= self.try_link(wanted, port)
        return problems

    def ask_models(self, source: str, wanted: Settings) -> Problems:
        server = _server(wanted)
        try:
            found = asyncio.run(_list(*server, CHECK_SECONDS))
        except ModelError as error:
            told = error.about or ChatGeeError(_sentence(error.failure, source))
            return {"model_check": told}
        if not found:
            return {"model_check": ChatGeeError("setup.no_models")}
        self._models = (server, found)
        return {}

    def try_link(self, wanted: Settings, port: int) -> Problems:
        try:
            address = self._trial(replace(wanted, tunnel="ngrok", public_url=None), port)
        except ChatGeeError as error:
            return {"link_check": error}
        self._address = (_link(wanted), address)
        return {}


async def _list(key: str | None, address: str | None, seconds: float) -> tuple[str, ...]:
    model = OpenAIModel("", key, address, seconds)
    try:
        names = await model.models()
    finally:
        await model.close()
    talking = tuple(name for name in names if not _is_silent(name))
    return talking or names


def _is_silent(name: str) -> bool:
    return any(word in name.lower() for word in NOT_FOR_TALKING)


def _server(of: Settings) -> tuple[str | None, str | None]:
    return revealed(of.openai_api_key), of.openai_base_url


def _link(of: Settings) -> tuple[str | None, str | None]:
    return revealed(of.ngrok_authtoken), of.ngrok_domain


def _sentence(failure: Failure, source: str) -> str:
    """The key of what is told; a server of one's own fails for other reasons than OpenAI's."""
    away = failure in {Failure.NETWORK, Failure.TIMEOUT}
    if away and source == "local":
        return "setup.no_server"
    known = {Failure.WRONG_KEY}
    if source != "local":  # of any other server a page must not learn what it said
        known |= {Failure.NO_CREDIT, Failure.UNKNOWN_MODEL, Failure.RATE_LIMIT}
        known |= {Failure.ACCOUNT_BLOCKED}
    if failure in known or away:
        return f"setup.{failure}"
    return "setup.no_list"
