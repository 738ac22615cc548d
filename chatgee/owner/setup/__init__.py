"""The owner's set-up: each part tried before it is saved, then config.env and the character.

It needs no page: the page shows what a `Report` says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from chatgee import settings, tunnel
from chatgee.errors import ChatGeeError
from chatgee.model.system_prompt import Character
from chatgee.owner.setup import checks
from chatgee.owner.setup.checks import CheckedService, Checks
from chatgee.owner.setup.draft import Plan, Problems, SetupDraft, chosen, plan
from chatgee.settings import Settings, config_file
from chatgee.system.owner_files import Change, here
from chatgee.texts import Texts


@dataclass(frozen=True)
class SetupReport:
    """How a draft fared: what the page shows."""

    draft: SetupDraft
    problems: Problems = field(default_factory=dict)
    server: str = ""
    """The address of the draft's model server; empty for OpenAI."""
    models: tuple[str, ...] = ()
    """Non-empty once that server has been asked with success."""
    address: str | None = None
    """The public address that was tried with success."""
    written: bool = False
    """Whether config.env has changed, though there may be problems all the same."""

    @property
    def saved(self) -> bool:
        return self.written and not self.problems

    @property
    def could_not_check(self) -> bool:
        """Whether only the world outside objects, so that it may be saved all the same."""
        return set(self.problems) <= {"model_check", "link_check"}


@dataclass
class Setup:
    """Safe from any thread: the owner has one page open, seldom two."""

    config: Path = settings.CONFIG
    environ: Mapping[str, str] = field(default_factory=settings.given, repr=False)
    local_servers: tuple[tuple[str, str], ...] = checks.LOCAL_SERVERS
    trial: Callable[[Settings, int], str] = tunnel.trial

    def __post_init__(self) -> None:
        self.fixed = frozenset(settings.OPTIONS.keys() & settings.given(self.environ).keys())
        """Settings that the environment decides, and no page can change."""
        self._checks = Checks(self.trial)

    def is_new(self, ours: Settings) -> bool:
        """Whether nobody has set anything up yet, neither here nor in the environment."""
        return ours.practice and not self._is_begun(ours)

    def _is_begun(self, ours: Settings) -> bool:
        shared = ours.shared_path
        return shared.exists() and shared.stat().st_size > 0 if shared else self.config.exists()

    # --- what the page shows ----------------------------------------------------------------

    def begin(self, ours: Settings, texts: Texts) -> SetupReport:
        character = Character.of(ours, texts)
        prompt = "" if character.lies_outside else character.read()
        return self._report(SetupDraft.of(ours, prompt, self.is_new(ours)), ours, {})

    def find_servers(self) -> list[CheckedService]:
        """Those of the usual local servers that are running."""
        return checks.find(self.local_servers)

    # --- what it can be asked to do ---------------------------------------------------------

    def check_model(self, draft: SetupDraft, ours: Settings) -> SetupReport:
        """Ask the draft's server for its models."""
        wanted = plan(draft, ours, self.fixed)
        problems = _only(wanted.problems, "source", "openai_key", "address", "server_key")
        if not problems and not wanted.settings.practice:
            problems |= self._checks.ask_models(draft.source, wanted.settings)
        return self._report(draft, ours, problems)

    def check_link(self, draft: SetupDraft, ours: Settings, port: int) -> SetupReport:
        """Open the draft's tunnel, and close it again."""
        wanted = plan(draft, ours, self.fixed)
        problems = _only(wanted.problems, "token", "domain")
        if not problems:
            problems |= self._checks.try_link(wanted.settings, port)
        return self._report(draft, ours, problems)

    def save(
        self,
        draft: SetupDraft,
        ours: Settings,
        texts: Texts,
        port: int,
        unchecked: bool = False,
        change: Change | None = None,
    ) -> SetupReport:
        """Try what is new in the draft, unless it is to go unchecked, and write it all down."""
        wanted, change = plan(draft, ours, self.fixed), change or here(ours.data_dir)
        problems = wanted.problems | _too_long(draft, ours, texts)
        if not problems and not unchecked:
            problems |= self._checks.what_is_new(draft, ours, wanted.settings, port)
        if self._has_chosen(draft, wanted.settings):
            draft = replace(draft, model_of=wanted.settings.openai_base_url or "")
            wanted = plan(draft, ours, self.fixed)
        if not problems:
            problems |= self._needs_model(draft, ours, wanted)
        if problems:
            return self._report(draft, ours, problems)
        try:
            change(lambda: config_file.write(self.config, wanted.values, ours.shared_path))
        except ChatGeeError as error:
            return self._report(draft, ours, {"save": error})
        problems = self._write_character(draft, ours, texts, change)
        _, wrong = settings.load_usable(self.environ, self.config)
        problems |= {"save": wrong[0]} if wrong else {}
        return replace(self._report(draft, ours, problems), written=True)

    def skip(self, draft: SetupDraft, ours: Settings, change: Change | None = None) -> SetupReport:
        """Begin with the practice model; the page need not open by itself again.

        The draft is for the page, should config.env not be writable.
        """
        change = change or here(ours.data_dir)
        try:
            if not self._is_begun(ours):
                change(lambda: config_file.write(self.config, {}, ours.shared_path))
        except ChatGeeError as error:
            return self._report(draft, ours, {"save": error})
        return SetupReport(draft, written=True)

    # --- how --------------------------------------------------------------------------------

    def _has_chosen(self, draft: SetupDraft, to: Settings) -> bool:
        """Whether the page's model is one of this server's, though it was chosen for another.

        Such as for the same one, before its address was written otherwise.
        """
        default = settings.OPTIONS["OPENAI_MODEL"].default
        return draft.model != default and draft.model in self._checks.models(to)

    def _needs_model(self, draft: SetupDraft, ours: Settings, wanted: Plan) -> Problems:
        """Its server has to have it; of a server of one's own we could not even guess one."""
        if draft.source == "later" or "OPENAI_MODEL" in self.fixed:
            return {}
        to, local = wanted.settings, draft.source == "local"
        known = self._checks.models(to)
        model = chosen(draft, to.openai_base_url) if local else to.openai_model
        moved = to.openai_base_url != ours.openai_base_url
        if known:
            stays = not (local or moved) and model == ours.openai_model  # lists are not complete
            missing = model not in known and not stays
        else:
            default = settings.OPTIONS["OPENAI_MODEL"].default
            missing = local and moved and model in ("", default)
        return {"model": ChatGeeError("setup.model_missing")} if missing else {}

    def _write_character(
        self, draft: SetupDraft, ours: Settings, texts: Texts, change: Change
    ) -> Problems:
        character = Character.of(ours, texts)
        if character.lies_outside and not draft.prompt:  # the page has no field for it
            return {}
        try:
            change(lambda: character.save(draft.prompt))
        except ChatGeeError as error:
            return {"prompt": error}
        return {}

    def _report(self, draft: SetupDraft, ours: Settings, problems: Problems) -> SetupReport:
        """With what is known already of just this server and just this tunnel."""
        wanted = plan(draft, ours, self.fixed).settings
        models = () if wanted.practice else self._checks.models(wanted)
        server = wanted.openai_base_url or ""
        return SetupReport(draft, problems, server, models, self._checks.address(wanted))


def _too_long(draft: SetupDraft, ours: Settings, texts: Texts) -> Problems:
    too_long = Character.of(ours, texts).too_long(draft.prompt)
    return {"prompt": too_long} if too_long else {}


def _only(problems: Problems, *places: str) -> Problems:
    return {place: error for place, error in problems.items() if place in places}
