"""What a changed setting leaves behind: nothing of the program that was there before."""

import gc
import signal
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from typing import Any

import pytest
import requests

from chatgee import launch, settings
from chatgee.launch import RELOAD, STOP, Events, Program
from chatgee.settings import Settings
from chatgee.system import stop_signals
from chatgee.texts import Texts
from tests.support.far_ends import PATIENCE
from tests.support.kakao_side import Friend

SIGNALS = {getattr(signal, name) for name in stop_signals.SIGNALS if hasattr(signal, name)}


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    """As Python is without us; what the tests have made is not frozen with the program."""
    before, handlers = gc.get_threshold(), {one: signal.getsignal(one) for one in SIGNALS}
    yield
    for one, handler in handlers.items():
        signal.signal(one, handler)
    gc.unfreeze()
    gc.set_threshold(*before)
    gc.enable()


@pytest.fixture
def ours(environ: dict[str, str]) -> Settings:
    return settings.load(environ | {"TUNNEL": "none", "OPEN_BROWSER": "off"})


def test_of_the_program_with_the_old_settings_nothing_is_left(ours: Settings) -> None:
    texts = Texts.load()
    with ExitStack() as stack, ThreadPoolExecutor(1) as owner:
        program = Program(ours, texts, stack)
        inside: Any = program
        address = inside._server.local

        def change() -> list["weakref.ref[Any]"]:
            try:
                assert Friend(f"{address}/prompt", "friend").says("안녕?").bubbles
                app = inside._server._door.app
                engine = app.extensions["chatgee"].engine
                return [weakref.ref(one) for one in (app, engine.store, engine.waiters)]
            finally:
                inside._events.put(RELOAD)

        def end() -> list[Any]:
            """The door opens once the new program is whole."""
            try:
                assert requests.get(f"{address}/health", timeout=PATIENCE).status_code == 200
                return [one() for one in old.result(PATIENCE)]
            finally:
                inside._events.put(STOP)

        old = owner.submit(change)
        assert program.serve(ours, texts) == RELOAD
        left = owner.submit(end)
        assert program.serve(ours, texts) == STOP
    assert left.result(PATIENCE) == [None, None, None]


def test_a_worker_collects_its_garbage_too(environ: dict[str, str], database_url: str) -> None:
    """Which `python -m chatgee.launch` begins without."""
    ours = settings.load(environ | {"DATABASE_URL": database_url})
    events: Events = SimpleQueue()
    events.put(STOP)
    gc.disable()
    launch._work(ours, Texts.load(), events)
    assert gc.isenabled()
