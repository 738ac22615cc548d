"""What the owner wants to know at a glance: the parts write it here, screen and pages read it.

It also remembers, over restarts, which address Kakao was given and when Kakao last called. So a
new address is told loudly until a call comes in through it.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from chatgee.clock import OncePerMinute
from chatgee.conversation.health import Health
from chatgee.conversation.model_limits import ModelLimits
from chatgee.errors import Failure
from chatgee.model.practice_model import PracticeModel
from chatgee.owner.status_memory import StatusMemory
from chatgee.owner.time_words import ago
from chatgee.settings import Settings
from chatgee.texts import Texts
from chatgee.tunnel import Link

SELDOM_SECONDS = 60
"""How often a call is noted: a class asks many times a second."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Light:
    """One line about a part."""

    state: str
    """good, wait or bad."""
    text: str


@dataclass(frozen=True)
class Step:
    """One thing on the way from a fresh start to a channel that answers."""

    name: str
    state: str
    """done, now or later."""


@dataclass(frozen=True)
class Glance:
    """Everything at one moment, in words for the owner."""

    skill_url: str
    public: bool
    old_skill_url: str | None
    """Where it is not None, Kakao's skill must be edited and deployed again."""
    needs_key: bool
    """Whether Kakao must send the header X-ChatGee-Key."""
    model: Light
    tunnel: Light
    kakao: Light
    next_step: str
    next_page: str
    """A path of ours that helps with it; empty where nothing is left to do."""
    steps: tuple[Step, ...]
    """In the order in which they are taken; at most one is the next."""
    complaint: str | None
    """Why a call was refused that may have been Kakao's, until one gets through."""


@dataclass
class OwnerStatus:
    """Safe from any thread."""

    file: Path
    local: str
    """The address on this machine."""
    health: Health = field(default_factory=Health)
    limits: ModelLimits = field(default_factory=ModelLimits)
    model: str = PracticeModel.name
    needs_key: bool = False
    link: Link = field(default_factory=lambda: Link("none"))
    complaint: str | None = None
    """The texts key of the last refusal of a call, until one gets through."""
    began_at: float = field(default_factory=time.time)
    """When the program was started; unix time."""
    now: Callable[[], float] = time.time
    """The clock of what is remembered."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._may_complain = OncePerMinute()
        self.remembered = StatusMemory.read(self.file)
        self._tell: Callable[[str], object] = lambda told: None
        self.page: str | None = self.local
        """Where the owner's pages are, if they can be opened at all; see `chatgee.web.owner`."""

    # --- what the parts tell ----------------------------------------------------------------

    def started(self, settings: Settings, model: str, health: Health, limits: ModelLimits) -> None:
        self.page = self.local
        if settings.public_url:
            self.page = f"{settings.public_url}/login" if settings.admin_password else None
        self.needs_key = settings.skill_key is not None
        self.model, self.health, self.limits = model, health, limits

    def linked(self, link: Link) -> None:
        """The tunnel has an address, another one, or none just now."""
        with self._lock:
            self.link = link
            if link.address and link.address != self.remembered.address:
                known = (
                    self.remembered.tested_at or self.remembered.called_at
                )  # else Kakao knows no address
                before = (self.remembered.old_address or self.remembered.address) if known else None
                old = None if before == link.address else before
                new = replace(self.remembered, address=link.address, old_address=old)
                self._keep(replace(new, changed_at=self.now()))

    def called(self, tester: bool) -> None:
        """A skill request came from outside.

        A friend's tells that the address is deployed; a test panel's that it has been saved.
        """
        with self._lock:
            self.complaint = None
            now, remembered = self.now(), self.remembered
            last = remembered.tested_at if tester else remembered.called_at
            if last and now - last < SELDOM_SECONDS and not remembered.old_address:
                return
            if tester:
                self._keep(replace(remembered, tested_at=now))
            else:
                self._keep(replace(remembered, old_address=None, called_at=now))

    def logged_out(self) -> None:
        with self._lock:
            self._keep(replace(self.remembered, logged_out_at=self.now()))

    def refused(self, key: str) -> bool:
        """A call was refused that may have been Kakao's; whether it should be logged."""
        self.complaint = key
        return self._may_complain()

    def _keep(self, remembered: StatusMemory) -> None:
        self.remembered = remembered
        remembered.write(self.file)
        self._tell(remembered.text)

    # --- other machines ---------------------------------------------------------------------

    def share(self, tell: Callable[[str], object], now: Callable[[], float]) -> None:
        """From now on `tell` is called with what is remembered, and `now` is everybody's clock."""
        self._tell, self.now = tell, now

    def heard(self, told: str) -> None:
        """What others remember, empty for nothing; they are told what they do not know."""
        with self._lock:
            theirs = StatusMemory.of(told)
            remembered = theirs.merged(self.remembered)
            if remembered != self.remembered:
                self.remembered = remembered
                remembered.write(self.file)
            if remembered != theirs:
                self._tell(remembered.text)

    # --- what the owner sees ----------------------------------------------------------------

    @property
    def address(self) -> str:
        return self.link.address or self.local

    def glance(self, texts: Texts) -> Glance:
        old = self.remembered.old_address
        step, sentence, page = self._next()
        complaint = self.complaint
        return Glance(
            skill_url=f"{self.address}/prompt",
            public=self.link.address is not None,
            old_skill_url=f"{old}/prompt" if old and self.link.address else None,
            needs_key=self.needs_key,
            model=self._model(texts),
            tunnel=self._tunnel(texts),
            kakao=self._kakao(texts),
            next_step=texts(sentence),
            next_page=page,
            steps=tuple(self._steps(step)),
            complaint=texts(complaint) if complaint else None,
        )

    def _steps(self, now: str | None) -> Iterator[Step]:
        remembered, moved = self.remembered, self.remembered.old_address is not None
        done = {
            "model": self.model != PracticeModel.name and self._is_well,
            "address": self.link.address is not None,
            "skill": self._tested_since
            if moved
            else bool(remembered.tested_at or remembered.called_at),
            "talk": bool(remembered.called_at) and not moved,
        }
        if self.model == PracticeModel.name and self.link.address:
            done["model"] = done.pop("model")  # a real one comes last of all, see `_next`
        for name, is_done in done.items():
            yield Step(name, "now" if name == now else "done" if is_done else "later")

    @property
    def _is_well(self) -> bool:
        return self.health.trouble is None and not self.health.nobody_works

    @property
    def _tested_since(self) -> bool:
        """Whether Kakao's test panels have called since the address changed."""
        return (self.remembered.tested_at or 0) > self.remembered.changed_at

    def _next(self) -> tuple[str | None, str, str]:
        """The step to take, the texts key that tells of it, and the page that helps with it."""
        remembered, practising = self.remembered, self.model == PracticeModel.name
        failing, moved = self.link.trouble is not None, remembered.old_address is not None
        without = self.link.address is None
        steps = (
            (self.health.needs_a_start, "model", "next.start", "/manual/trouble"),
            (self.health.nobody_works, "model", "next.worker", "/manual/scale"),
            (self.health.trouble == Failure.STORAGE, "model", "next.storage", "/manual/trouble"),
            (self.health.trouble is not None, "model", "next.model", "/setup"),
            (self.link.opening, "address", "next.wait", ""),
            (without and failing, "address", "next.tunnel", "/manual/trouble"),
            (without and practising, "model", "next.try", "/local_test"),
            (without, "address", "next.address", "/setup"),
            (moved and not self._tested_since, "skill", "next.new_address", "/manual/address"),
            (moved, "talk", "next.deploy_again", "/manual/kakao"),
            (
                not (remembered.tested_at or remembered.called_at),
                "skill",
                "next.skill",
                "/manual/kakao",
            ),
            (not remembered.called_at, "talk", "next.deploy", "/manual/kakao"),
            (practising, "model", "next.key", "/setup"),
        )
        nothing = (None, "next.nothing", "")
        return next(((step, key, page) for due, step, key, page in steps if due), nothing)

    def _model(self, texts: Texts) -> Light:
        if self.health.needs_a_start:
            return Light("bad", texts("hint.start"))
        if self.health.nobody_works:
            return Light("bad", texts("hint.no_worker"))
        if failure := self.health.trouble or self.health.last:
            state = "bad" if self.health.trouble else "wait"
            return Light(state, texts(f"hint.{failure}", model=self.model))
        if self.model == PracticeModel.name:
            return Light("wait", texts("light.practice"))
        if notice := self.limits.notice:
            return Light("wait", texts(notice, model=self.model))
        return Light("good", texts("light.model", model=self.model))

    def _tunnel(self, texts: Texts) -> Light:
        if trouble := self.link.trouble:
            state = "wait" if self.link.address or self.link.opening else "bad"
            return Light(state, texts.of(trouble))
        if self.link.address is None:
            return Light("wait", texts("light.local_only"))
        return Light("good", texts(f"light.{self.link.kind.replace('.', '_')}"))

    def _kakao(self, texts: Texts) -> Light:
        remembered = self.remembered
        if remembered.called_at:
            return Light(
                "good", texts("light.called", ago=ago(remembered.called_at, texts, self.now()))
            )
        if remembered.tested_at:
            return Light(
                "wait", texts("light.tested", ago=ago(remembered.tested_at, texts, self.now()))
            )
        return Light("wait", texts("light.never_called"))
