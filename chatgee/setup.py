"""The owner's set-up: each part tried before it is saved, then config.env and the character.

It needs no page: the page shows what a `Report` says.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from chatgee import config_file, notepad, settings, tunnel
from chatgee.draft import Draft, Plan, Problems, plan, revealed
from chatgee.errors import ChatGeeError, Failure, ModelError
from chatgee.model import OpenAIModel
from chatgee.settings import Settings
from chatgee.texts import Texts

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
class Found:
    """A model server on this machine."""

    name: str
    address: str
    models: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """How a draft fared: what the page shows."""

    draft: Draft
    problems: Problems = field(default_factory=dict)
    models: tuple[str, ...] = ()
    """Non-empty once the model's server has been asked with success."""
    address: str | None = None
    """The public address that was tried with success."""
    saved: bool = False

    @property
    def could_not_check(self) -> bool:
        """Whether only the world outside objects, so that it may be saved all the same."""
        return set(self.problems) <= {"model_check", "link_check"}


@dataclass
class Setup:
    """Safe from any thread: the owner has one page open, seldom two."""

    config: Path = settings.CONFIG
    environ: Mapping[str, str] = field(default_factory=settings.given, repr=False)
    local_servers: tuple[tuple[str, str], ...] = LOCAL_SERVERS
    trial: Callable[[Settings, int], str] = tunnel.trial

    def __post_init__(self) -> None:
        self.fixed = frozenset(settings.OPTIONS.keys() & settings.given(self.environ).keys())
        """Settings that the environment decides, and no page can change."""
        self._models: tuple[object, tuple[str, ...]] = (None, ())
        self._address: tuple[object, str | None] = (None, None)

    def is_new(self, ours: Settings) -> bool:
        """Whether nobody has set anything up yet, neither here nor in the environment."""
        return ours.practice and not self.config.exists()

    # --- what the page shows ----------------------------------------------------------------

    def begin(self, ours: Settings, texts: Texts) -> Report:
        return self._report(Draft.of(ours, character(ours, texts), self.is_new(ours)), ours, {})

    def find_servers(self) -> list[Found]:
        """Those of the usual local servers that are running, all asked at once."""
        return asyncio.run(self._find())

    async def _find(self) -> list[Found]:
        asked = (_list(None, address, LOOK_SECONDS) for _, address in self.local_servers)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        return [
            Found(name, address, answer)
            for (name, address), answer in zip(self.local_servers, answers, strict=True)
            if isinstance(answer, tuple)
        ]

    # --- what it can be asked to do ---------------------------------------------------------

    def check_model(self, draft: Draft, ours: Settings) -> Report:
        """Ask the draft's server for its models."""
        wanted = plan(draft, ours, self.fixed)
        problems = _only(wanted.problems, "openai_key", "address", "server_key")
        if not problems and not wanted.settings.practice:
            problems |= self._ask_models(draft, wanted)
        return self._report(draft, ours, problems)

    def check_link(self, draft: Draft, ours: Settings, port: int) -> Report:
        """Open the draft's tunnel, and close it again."""
        wanted = plan(draft, ours, self.fixed)
        problems = _only(wanted.problems, "token", "domain")
        if not problems:
            problems |= self._try_link(wanted, port)
        return self._report(draft, ours, problems)

    def save(
        self, draft: Draft, ours: Settings, texts: Texts, port: int, unchecked: bool = False
    ) -> Report:
        """Try what is new in the draft, unless it is to go unchecked, and write it all down."""
        wanted = plan(draft, ours, self.fixed)
        problems = wanted.problems
        if not problems and not unchecked:
            problems |= self._check_what_is_new(draft, ours, wanted, port)
        if not problems:
            problems |= self._needs_model(draft, ours, wanted)
        if not problems:
            problems |= self._write(draft, ours, texts, wanted)
        return replace(self._report(draft, ours, problems), saved=not problems)

    def skip(self) -> None:
        """Begin with the practice model; the page need not open by itself again."""
        if not self.config.exists():
            config_file.write(self.config, {})

    # --- how --------------------------------------------------------------------------------

    def _check_what_is_new(self, draft: Draft, ours: Settings, wanted: Plan, port: int) -> Problems:
        problems: Problems = {}
        server = _server(wanted.settings)
        if draft.source != "later" and server not in (_server(ours), self._models[0]):
            problems |= self._ask_models(draft, wanted)
        link = _link(wanted.settings)
        if not ours.public_url and link[0] and link not in (_link(ours), self._address[0]):
            problems |= self._try_link(wanted, port)
        return problems

    def _ask_models(self, draft: Draft, wanted: Plan) -> Problems:
        server = _server(wanted.settings)
        try:
            found = asyncio.run(_list(server[0], server[1], CHECK_SECONDS))
        except ModelError as error:
            return {"model_check": ChatGeeError(_sentence(error.failure, draft.source))}
        if not found:
            return {"model_check": ChatGeeError("setup.no_models")}
        self._models = (server, found)
        return {}

    def _try_link(self, wanted: Plan, port: int) -> Problems:
        asked = replace(wanted.settings, tunnel="ngrok", public_url=None)
        try:
            address = self.trial(asked, port)
        except ChatGeeError as error:
            return {"link_check": error}
        self._address = (_link(wanted.settings), address)
        return {}

    def _needs_model(self, draft: Draft, ours: Settings, wanted: Plan) -> Problems:
        """A server of one's own has no model of which we could know the name."""
        server, known = _server(wanted.settings), self._models
        if draft.source != "local" or "OPENAI_MODEL" in self.fixed:
            return {}
        if server == known[0]:
            missing = draft.model not in known[1]
        else:
            default = settings.OPTIONS["OPENAI_MODEL"].default
            missing = server != _server(ours) and draft.model in ("", default)
        return {"model": ChatGeeError("setup.model_missing")} if missing else {}

    def _write(self, draft: Draft, ours: Settings, texts: Texts, wanted: Plan) -> Problems:
        try:
            if draft.prompt != character(ours, texts):
                config_file.write_text(ours.system_prompt_path, draft.prompt + "\n")
        except ChatGeeError as error:
            return {"prompt": error}
        try:
            config_file.write(self.config, wanted.values)
        except ChatGeeError as error:
            return {"save": error}
        _, wrong = settings.load_usable(self.environ, self.config)
        return {"save": wrong[0]} if wrong else {}

    def _report(self, draft: Draft, ours: Settings, problems: Problems) -> Report:
        """With what is known already of just this server and just this tunnel."""
        wanted = plan(draft, ours, self.fixed).settings
        server, models = self._models
        link, address = self._address
        return Report(
            draft,
            problems,
            models if server == _server(wanted) and not wanted.practice else (),
            address if link == _link(wanted) else None,
        )


def character(ours: Settings, texts: Texts) -> str:
    """The system prompt that is used now."""
    try:
        own = notepad.read(ours.system_prompt_path).strip()
    except (OSError, UnicodeDecodeError):
        own = ""
    return own or texts("system_prompt")


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


def _only(problems: Problems, *places: str) -> Problems:
    return {place: error for place, error in problems.items() if place in places}


def _sentence(failure: Failure, source: str) -> str:
    """The key of what is told; a server of one's own fails for other reasons than OpenAI's."""
    away = failure in {Failure.NETWORK, Failure.TIMEOUT}
    if away and source == "local":
        return "setup.no_server"
    known = {Failure.WRONG_KEY, Failure.NO_CREDIT, Failure.UNKNOWN_MODEL, Failure.RATE_LIMIT}
    if failure in known or away:
        return f"setup.{failure}"
    return "setup.no_list"
