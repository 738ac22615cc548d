"""Composition root: settings in, a running ChatGee out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from wsgiref.types import WSGIApplication

from chatgee.admission import Admission
from chatgee.answering import Answering
from chatgee.bell import Bell
from chatgee.board import Board
from chatgee.callback import CallbackHosts, Callbacks
from chatgee.character import Character
from chatgee.character.trial import Trial
from chatgee.engine import Engine
from chatgee.health import Health
from chatgee.jobs import Worker
from chatgee.model import OpenAIModel
from chatgee.practice import PracticeModel
from chatgee.pretend.photos import Photos
from chatgee.pretend.postbox import Postbox
from chatgee.questions import Memory, Model
from chatgee.replies import Replies
from chatgee.settings import Settings
from chatgee.setup import Setup
from chatgee.store import Limits, Store
from chatgee.store.archive import Archive
from chatgee.texts import Texts
from chatgee.visit import Visit
from chatgee.web import Parts, create_app


@dataclass(frozen=True)
class ChatGee:
    """The WSGI app, and what must be told when the program ends."""

    wsgi: WSGIApplication
    store: Store
    bell: Bell
    worker: Worker
    model: Model

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
    store, archive = Store(settings.sqlalchemy_url), Archive(settings.sqlalchemy_url)
    bell, health, callbacks = Bell(), Health(), Callbacks()
    worker = Worker(settings.max_concurrent_answers, busy=lambda: requests() - bell.asleep)
    model = model or choose_model(settings, texts)
    memory = Memory(settings.memory_turns, settings.memory_chars)
    character, replies = Character.of(settings, texts), Replies(texts, settings.notice_every)
    photos, postbox = Photos(), Postbox(board.local)  # of the owner's pretend friends

    # the worker's side of a question
    answering = Answering(
        store=store,
        model=model,
        bell=bell,
        health=health,
        texts=texts,
        replies=replies,
        callbacks=callbacks,
        photos=photos,
        memory=memory,
        character=character,
        callback_seconds=settings.callback_seconds,
        keep_days=settings.keep_days,
    )

    # the door
    engine = Engine(
        store=store,
        jobs=worker,
        bell=bell,
        replies=replies,
        limits=limits(settings),
        callback_hosts=CallbackHosts(settings.callback_hosts, postbox.is_ours),
        keep_promise=answering.keep_promise,
        health=health,
        callback=settings.callback,
    )

    # what the views of both need, Kakao's and the owner's
    parts = Parts(
        engine=engine,
        settings=settings,
        texts=texts,
        board=board,
        reload=reload,
        setup=setup or Setup(),
        archive=archive,
        admission=Admission(settings.admin_password) if settings.admin_password else None,
        character=character,
        trial=Trial(model, store, worker.call, memory, settings.openai_timeout_seconds),
        visit=visit or Visit(),
        photos=photos,
        postbox=postbox,
    )

    board.started(settings, model.name, health)
    try:
        worker.start(answering.next)
        engine.take_up(settings.callback_seconds)
        worker.run(answering.purge_daily())
        yield ChatGee(create_app(parts), store, bell, worker, model)
    finally:
        bell.close()
        worker.close(callbacks.close, model.close)
        archive.close()
        store.close()


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
