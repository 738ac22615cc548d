"""Composition root: settings in, a running ChatGee out."""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from wsgiref.types import WSGIApplication

from chatgee.clock import PerMinute
from chatgee.cluster.shared_files import SharedFiles
from chatgee.conversation.answering import Answering
from chatgee.conversation.callback import CallbackHosts, Callbacks
from chatgee.conversation.callback_quota import CallbackQuota
from chatgee.conversation.daily_tokens import Budget
from chatgee.conversation.engine import Engine
from chatgee.conversation.health import Health
from chatgee.conversation.health_changes import telling
from chatgee.conversation.purging import Purging
from chatgee.conversation.replies import Replies
from chatgee.conversation.responder import Responder
from chatgee.conversation.waiting import Waiters
from chatgee.conversation.worker_thread import InProcessNews, Worker
from chatgee.errors import SettingsError, StoreError
from chatgee.model.openai_model import OpenAIModel
from chatgee.model.practice_model import PracticeModel
from chatgee.owner.doctor_run import DoctorRun
from chatgee.owner.login_tries import LoginTries
from chatgee.owner.prompt_trial import Trial
from chatgee.owner.setup import Setup
from chatgee.owner.status import OwnerStatus
from chatgee.questions import Model
from chatgee.settings import Settings
from chatgee.simulator.callbacks import NOWHERE, CallbackReceiver
from chatgee.simulator.photos import Photos
from chatgee.store import Limits, Store
from chatgee.store.databases.connection_errors import package_missing
from chatgee.store.databases.opening import is_shared
from chatgee.store.reading.archive import Archive
from chatgee.system import own_mark
from chatgee.system.key_values import InMemory, KeyValues
from chatgee.system.owner_files import Change, here
from chatgee.texts import Texts
from chatgee.web import Parts, create_app
from chatgee.web.skill import WRONG_KEYS

if TYPE_CHECKING:
    from chatgee.cluster.node import Node

MOST_AT_ONCE = 100_000
"""Answers of one worker, where MAX_CONCURRENT_ANSWERS names no limit."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChatGee:
    """The WSGI app, and what must be told when the program ends."""

    wsgi: WSGIApplication
    store: Store
    waiters: Waiters
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
    status: OwnerStatus,
    model: Model | None = None,
    requests: Callable[[], int] = lambda: 0,
    reload: Callable[[], None] = lambda: None,
    setup: Setup | None = None,
    doctor_run: DoctorRun | None = None,
) -> Iterator[ChatGee]:
    """Everything but the socket, from the store's opening to its closing.

    `requests` tells how many are being answered; those that do not merely wait come before new
    work. `reload` is called where a page has changed the settings, `setup` is what that page
    works with, `doctor_run` what looks for what is wrong. Questions that an earlier run left
    without an answer are taken up at once.
    `StoreError` where the database cannot be used.
    """
    waiters, health = Waiters(), Health()
    worker = Worker(settings.max_concurrent_answers, busy=lambda: requests() - waiters.asleep)
    model = model or choose_model(settings, texts)
    with inside(settings, texts, model, waiters, health, worker, status, reload) as inner:
        # the door
        engine = Engine(
            store=inner.store,
            waiters=waiters,
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
            status=status,
            change=inner.change,
            reload=reload,
            setup=setup or Setup(),
            archive=inner.archive,
            login_tries=_login_tries(settings, inner.key_values),
            wrong_keys=PerMinute(WRONG_KEYS),
            character=inner.answering.responder.character,
            trial=Trial(
                inner.answering.responder,
                inner.store,
                worker.call,
                settings.openai_timeout_seconds,
            ),
            doctor_run=_doctor_run(doctor_run or DoctorRun(), inner),
            photos=Photos(inner.key_values),
            callback_receiver=inner.callback_receiver,
            secret=inner.key_values.change(own_mark.NAME, own_mark.first),
            machine=inner.machine,
        )
        status.started(settings, model.name, health, inner.answering.responder.limits)
        wsgi = create_app(parts)
        yield ChatGee(wsgi, inner.store, waiters, worker, model, parts.secret)


@contextmanager
def working(
    settings: Settings,
    texts: Texts,
    model: Model | None = None,
    reload: Callable[[], None] = lambda: None,
    ended: Callable[[], None] = lambda: None,
) -> Iterator["WorkerSide"]:
    """A program that has no door: it works on the questions of others' friends.

    `reload` is called where a page of another program has changed the settings, `ended` where it
    cannot work any more.
    `SettingsError` where nobody else could put a question to it; else as `running`.
    """
    url = settings.sqlalchemy_url
    if not is_shared(url):
        raise SettingsError("start.worker_alone")
    from chatgee.cluster.tidying import Tidying
    from chatgee.cluster.worker_process import ClusterWorker, Duties

    worker = Worker(new_loop=asyncio.SelectorEventLoop)  # Windows' own is not psycopg's
    model = model or choose_model(settings, texts)
    with inside(settings, texts, model, Waiters(), Health(), worker, None, reload, ended) as inner:
        answering = inner.answering
        tidying = Tidying(inner.store, Purging(inner.store, texts, settings.keep_days).once)
        work = Duties(answering.next, answering.keep_promise, tidying)
        worker.run(ClusterWorker(url, work, settings.max_concurrent_answers or MOST_AT_ONCE).run())
        worker.run(model.prepare())
        yield inner


@dataclass(frozen=True)
class WorkerSide:
    """What every program has, with a door or without."""

    store: Store
    archive: Archive
    answering: Answering
    change: Change
    key_values: KeyValues
    """What is known again at the next request, wherever that comes in."""
    callback_hosts: CallbackHosts
    callback_receiver: CallbackReceiver
    """Of the owner's simulated friends."""
    machine: str
    """This one's name; empty where there is no other."""


@contextmanager
def inside(
    settings: Settings,
    texts: Texts,
    model: Model,
    waiters: Waiters,
    health: Health,
    worker: Worker,
    status: OwnerStatus | None,
    reload: Callable[[], None],
    ended: Callable[[], None] = lambda: None,
) -> Iterator[WorkerSide]:
    """The store and the worker's side of a question, from their opening to their closing.

    `ended` is called where the thread of one of them ends before that.
    """
    url = settings.sqlalchemy_url
    node = _node(url, waiters)
    teller = node.teller if node else InProcessNews(worker, waiters.wake)
    tell = telling(texts, health, waiters, ended, here=node is None)
    store = Store(url, teller=teller, tell=tell)
    key_values = node.key_values(store) if node else InMemory()
    address = status.local if status and not node else NOWHERE
    callback_receiver = CallbackReceiver(key_values, address)
    callback_hosts = CallbackHosts(settings.callback_hosts, callback_receiver.is_ours)
    callbacks = Callbacks(callback_hosts, callback_receiver.taker)
    archive = Archive(url)
    responder = Responder.of(settings, texts, model, store)
    answering = Answering(
        store=store,
        responder=responder,
        waiters=waiters,
        health=health,
        texts=texts,
        replies=Replies(texts, settings.notice_every, settings.bubble_chars),
        callbacks=callbacks,
        quota=CallbackQuota(archive, store.now, texts),
        photo_for_model=Photos(key_values).for_model,
        budget=Budget(settings.daily_token_limit, lambda: asyncio.wrap_future(store.spent())),
        callback_seconds=settings.callback_seconds,
    )
    shared_files = (
        SharedFiles(settings, store, health, responder.limits, status, reload) if node else None
    )
    try:
        worker.start(
            answering.next,
            answering.keep_promise,
            last=(callbacks.close, model.close),
            ended=lambda why: tell("start.worker_ended", why),
        )
        if node and shared_files:
            node.join(store, shared_files.noted, shared_files.missed, health.counted)
        else:
            _take_up(store, texts, settings.callback_seconds)
            worker.run(Purging(store, texts, settings.keep_days).for_ever())
        change = shared_files.change if shared_files else here(settings.data_dir)
        yield WorkerSide(
            store=store,
            archive=archive,
            answering=answering,
            change=change,
            key_values=key_values,
            callback_hosts=callback_hosts,
            callback_receiver=callback_receiver,
            machine=socket.gethostname() if node else "",
        )
    finally:
        worker.close()
        waiters.close()  # not before: what waits for an answer would take it for one
        if node and shared_files:
            shared_files.close()
            node.leave()
        archive.close()
        store.close()


def _node(url: str, waiters: Waiters) -> "Node | None":
    """None on one machine. `StoreError` where the packages for more than one are missing."""
    if not is_shared(url):
        return None
    try:
        from chatgee.cluster.node import Node
    except ImportError as error:
        raise package_missing(error) from error
    return Node(url, waiters)


def _login_tries(settings: Settings, key_values: KeyValues) -> LoginTries | None:
    password = settings.admin_password
    return LoginTries(password, key_values) if password else None


def _doctor_run(alone: DoctorRun, inner: WorkerSide) -> DoctorRun:
    """Of which every program knows, where there are several."""
    if not inner.machine:
        return alone
    return replace(alone, key_values=inner.key_values, now=inner.store.now, machine=inner.machine)


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
