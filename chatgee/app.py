"""Composition root: settings in, a running ChatGee out."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from wsgiref.types import WSGIApplication

from chatgee.clock import AtMost
from chatgee.cluster.shared_files import Shelf
from chatgee.cluster.state import Keepers
from chatgee.conversation.answering import Answering
from chatgee.conversation.budget import Budget
from chatgee.conversation.callback import CallbackHosts, Callbacks
from chatgee.conversation.engine import Engine
from chatgee.conversation.health import Health
from chatgee.conversation.replies import Replies
from chatgee.conversation.telling import telling
from chatgee.conversation.waiting import Bell
from chatgee.conversation.worker import Here, Worker
from chatgee.errors import SettingsError, StoreError
from chatgee.model.openai_model import OpenAIModel
from chatgee.model.practice_model import PracticeModel
from chatgee.model.system_prompt import Character
from chatgee.owner.doctor_run import Visit
from chatgee.owner.login_tries import Admission
from chatgee.owner.prompt_trial import Trial
from chatgee.owner.setup import Setup
from chatgee.owner.status import Board
from chatgee.questions import Memory, Model
from chatgee.settings import Settings
from chatgee.simulator.callbacks import Postbox
from chatgee.store import Limits, Store
from chatgee.store.databases.opening import is_shared
from chatgee.store.databases.refusals import package_missing
from chatgee.store.reading.archive import Archive
from chatgee.system.changing import Change, here
from chatgee.texts import Texts
from chatgee.web import Parts, create_app
from chatgee.web.skill import WRONG_KEYS

if TYPE_CHECKING:
    from chatgee.cluster.node import Company

MOST_AT_ONCE = 100_000
"""Answers of one worker, where MAX_CONCURRENT_ANSWERS names no limit."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChatGee:
    """The WSGI app, and what must be told when the program ends."""

    wsgi: WSGIApplication
    store: Store
    bell: Bell
    worker: Worker
    model: Model
    secret: str
    """Of `chatgee.system.own_mark`."""

    def prepare(self) -> None:
        """Once the server is up: make the first answer as quick as the others."""
        self.worker.run(self.model.prepare())


@contextmanager
def running(
    settings: Settings,
    texts: Texts,
    board: Board,
    model: Model | None = None,
    requests: Callable[[], int] = lambda: 0,
    reload: Callable[[], None] = lambda: None,
    setup: Setup | None = None,
    visit: Visit | None = None,
) -> Iterator[ChatGee]:
    """Everything but the socket, from the store's opening to its closing.

    `requests` tells how many are being answered; those that do not merely wait come before new
    work. `reload` is called where a page has changed the settings, `setup` is what that page
    works with, `visit` what looks for what is wrong. Questions that an earlier run left without
    an answer are taken up at once.
    `StoreError` where the database cannot be used.
    """
    bell, health = Bell(), Health()
    worker = Worker(settings.max_concurrent_answers, busy=lambda: requests() - bell.asleep)
    model = model or choose_model(settings, texts)
    with inside(settings, texts, model, bell, health, worker, board, reload) as inner:
        keepers = inner.keepers

        # the door
        engine = Engine(
            store=inner.store,
            bell=bell,
            replies=inner.answering.replies,
            limits=limits(settings),
            callback_hosts=inner.callback_hosts,
            health=health,
            callback=settings.callback,
        )

        # what the views of both need, Kakao's and the owner's
        parts = Parts(
            engine=engine,
            settings=settings,
            texts=texts,
            board=board,
            change=inner.change,
            reload=reload,
            setup=setup or Setup(),
            archive=inner.archive,
            admission=_admission(settings, keepers),
            wrong_keys=AtMost(WRONG_KEYS),
            character=inner.answering.character,
            trial=Trial(
                model,
                inner.store,
                worker.call,
                inner.answering.memory,
                settings.openai_timeout_seconds,
            ),
            visit=keepers.visit(visit or Visit()),
            album=keepers.album,
            postbox=inner.postbox,
            secret=keepers.secret,
            machine=keepers.machine,
        )
        board.started(settings, model.name, health)
        wsgi = create_app(parts)
        yield ChatGee(wsgi, inner.store, bell, worker, model, keepers.secret)


@contextmanager
def working(
    settings: Settings,
    texts: Texts,
    model: Model | None = None,
    reload: Callable[[], None] = lambda: None,
    ended: Callable[[], None] = lambda: None,
) -> Iterator["Inside"]:
    """A program that has no door: it works on the questions of others' friends.

    `reload` is called where a page of another program has changed the settings, `ended` where it
    cannot work any more.
    `SettingsError` where nobody else could put a question to it; else as `running`.
    """
    url = settings.sqlalchemy_url
    if not is_shared(url):
        raise SettingsError("start.worker_alone")
    from chatgee.cluster.tidying import Tidying
    from chatgee.cluster.worker import Hands, Work

    worker = Worker(new_loop=asyncio.SelectorEventLoop)  # Windows' own is not psycopg's
    model = model or choose_model(settings, texts)
    with inside(settings, texts, model, Bell(), Health(), worker, None, reload, ended) as inner:
        answering = inner.answering
        tidying = Tidying(inner.store, answering.purge)
        work = Work(answering.next, answering.keep_promise, tidying)
        worker.run(Hands(url, work, settings.max_concurrent_answers or MOST_AT_ONCE).run())
        worker.run(model.prepare())
        yield inner


@dataclass(frozen=True)
class Inside:
    """What every program has, with a door or without."""

    store: Store
    archive: Archive
    answering: Answering
    change: Change
    keepers: Keepers
    callback_hosts: CallbackHosts
    postbox: Postbox
    """Of the owner's pretend friends."""


@contextmanager
def inside(
    settings: Settings,
    texts: Texts,
    model: Model,
    bell: Bell,
    health: Health,
    worker: Worker,
    board: Board | None,
    reload: Callable[[], None],
    ended: Callable[[], None] = lambda: None,
) -> Iterator[Inside]:
    """The store and the worker's side of a question, from their opening to their closing.

    `ended` is called where the thread of one of them ends before that.
    """
    url = settings.sqlalchemy_url
    company = _company(url, bell)
    teller = company.teller if company else Here(worker, bell.ring)
    tell = telling(texts, health, bell, ended, here=company is None)
    store = Store(url, teller=teller, tell=tell)
    keepers = company.keepers(store) if company else Keepers()
    postbox = keepers.postbox(board.local if board else "")
    callback_hosts = CallbackHosts(settings.callback_hosts, postbox.is_ours)
    callbacks = Callbacks(callback_hosts, keepers.by_hand)
    archive = Archive(url)
    answering = Answering(
        store=store,
        model=model,
        bell=bell,
        health=health,
        texts=texts,
        replies=Replies(texts, settings.notice_every),
        callbacks=callbacks,
        photo_for_model=keepers.album.for_model,
        memory=Memory(settings.memory_turns, settings.memory_chars),
        character=Character.of(settings, texts),
        budget=Budget(settings.daily_token_limit, lambda: asyncio.wrap_future(store.spent())),
        callback_seconds=settings.callback_seconds,
        keep_days=settings.keep_days,
    )
    shelf = Shelf(settings, store, health, board, reload) if company else None
    try:
        worker.start(
            answering.next,
            answering.keep_promise,
            last=(callbacks.close, model.close),
            ended=lambda why: tell("start.worker_ended", why),
        )
        if company and shelf:
            company.join(store, shelf.noted, shelf.missed, health.counted)
        else:
            _take_up(store, texts, settings.callback_seconds)
            worker.run(answering.purge_daily())
        change = shelf.change if shelf else here
        yield Inside(store, archive, answering, change, keepers, callback_hosts, postbox)
    finally:
        worker.close()
        bell.close()  # not before: what waits for an answer would take it for one
        if company and shelf:
            shelf.close()
            company.leave()
        archive.close()
        store.close()


def _company(url: str, bell: Bell) -> "Company | None":
    """None on one machine. `StoreError` where the packages for more than one are missing."""
    if not is_shared(url):
        return None
    try:
        from chatgee.cluster.node import Company
    except ImportError as error:
        raise package_missing(error) from error
    return Company(url, bell)


def _admission(settings: Settings, keepers: Keepers) -> Admission | None:
    password = settings.admin_password
    return Admission(password, keepers.clock, keepers.tries) if password else None


def _take_up(store: Store, texts: Texts, callback_seconds: float) -> None:
    """Everything that an earlier run did not finish; `StoreError` for its owner to read."""
    try:
        count = store.recover(callback_seconds).result()
    except StoreError as error:
        raise StoreError("hint.storage") from error
    if count:
        log.info("%s", texts("start.taken_up", count=count))


def choose_model(settings: Settings, texts: Texts) -> Model:
    """The practice model where there is no key and no server of one's own."""
    if settings.practice:
        return PracticeModel(texts)
    return OpenAIModel(
        settings.openai_model,
        settings.openai_api_key.reveal() if settings.openai_api_key else None,
        settings.openai_base_url,
        settings.openai_timeout_seconds,
    )


def limits(settings: Settings) -> Limits:
    return Limits(
        settings.questions_per_minute,
        settings.questions_per_day,
        settings.daily_token_limit,
        settings.free_questions_for_strangers,
    )
