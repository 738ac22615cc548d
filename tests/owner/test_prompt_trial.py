"""Trying a character: what is counted, how many may, and that nobody is waited for in vain."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from chatgee.conversation.memory import Memory
from chatgee.conversation.responder import Responder
from chatgee.conversation.worker_thread import Worker
from chatgee.errors import ChatGeeError, Failure, ModelError
from chatgee.model.system_prompt import Character
from chatgee.owner.prompt_trial import MOST_AT_ONCE, Trial, Tried
from chatgee.questions import Answer, Model, Prompt, Turn, Usage
from chatgee.store import Store
from tests.support.far_ends import PATIENCE


class Thinker:
    """Answers with what it was asked, unless told otherwise."""

    name = "thinker"

    def __init__(self) -> None:
        self.says: str | Exception = "**답**"
        self.usage = Usage(20, 10)
        self.thinks = False
        self.begun, self.cancelled = Event(), Event()
        self.prompts: list[Prompt] = []

    async def prepare(self) -> None: ...

    async def close(self) -> None: ...

    async def answer(self, prompt: Prompt) -> Answer:
        self.prompts.append(prompt)
        self.begun.set()
        try:
            await asyncio.sleep(PATIENCE * 6 if self.thinks else 0)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        if isinstance(self.says, Exception):
            raise self.says
        return Answer(self.says, self.usage)


async def nothing(_: str) -> None: ...


def responder(model: Model, memory: Memory) -> Responder:
    return Responder(model, memory, Character(Path("none.txt"), Path("none"), "저장된 성격"))


@pytest.fixture
def model() -> Thinker:
    return Thinker()


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    worker.start(nothing, nothing)
    yield worker
    worker.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'chatgee.db'}")
    yield store
    store.close()


@pytest.fixture
def trial(model: Thinker, worker: Worker, store: Store) -> Trial:
    return Trial(responder(model, Memory(2, 100)), store, worker.call, PATIENCE * 3)


def ask(trial: Trial, *turns: Turn, gone: Callable[[], bool] = bool) -> Tried:
    return trial.ask("질문", turns, "성격", gone)


def test_the_answer_comes_as_it_was_said_and_as_it_is_shown(trial: Trial, model: Thinker) -> None:
    tried = ask(trial)
    assert (tried.answer, tried.shown, tried.failure) == ("**답**", "답", None)
    assert tried.usage == Usage(20, 10)
    assert (model.prompts[0].question, model.prompts[0].system) == ("질문", "성격")


def test_it_is_reminded_of_no_more_than_a_friend_would_be(trial: Trial, model: Thinker) -> None:
    ask(trial, *(Turn(f"{number}번", "답") for number in range(5)))
    assert [turn.question for turn in model.prompts[0].memory] == ["3번", "4번"]
    ask(trial, Turn("ㄱ" * 99, "답"), Turn("짧은 것", "답"))
    assert [turn.question for turn in model.prompts[1].memory] == ["짧은 것"]


FAILURES = [
    (ModelError(Failure.WRONG_KEY), Failure.WRONG_KEY),
    (" \n", Failure.EMPTY),
    ("\ud800", None),
]


@pytest.mark.parametrize(("says", "failure"), FAILURES, ids=str)
def test_a_failure_is_told(
    trial: Trial, model: Thinker, says: str | Exception, failure: Failure | None
) -> None:
    model.says = says
    assert ask(trial).failure == failure


def test_a_bug_is_told_as_one(
    trial: Trial, model: Thinker, caplog: pytest.LogCaptureFixture
) -> None:
    model.usage = Usage(10**30)  # which no database takes
    assert ask(trial).failure == Failure.BUG
    assert "OverflowError" in caplog.text


def test_an_answer_is_shown_though_its_tokens_cannot_be_counted(trial: Trial, store: Store) -> None:
    store.close()
    assert ask(trial).answer == "**답**"


def test_a_model_that_never_answers_is_not_waited_for(
    model: Thinker, worker: Worker, store: Store
) -> None:
    model.thinks = True
    trial = Trial(responder(model, Memory(0, 0)), store, worker.call, 0.05)
    assert ask(trial).failure == Failure.TIMEOUT


def test_who_has_gone_is_asked_for_no_longer(trial: Trial, model: Thinker) -> None:
    model.thinks = True
    with pytest.raises(ChatGeeError, match=r"character\.stopped"):
        ask(trial, gone=model.begun.is_set)
    assert model.cancelled.wait(PATIENCE)


def test_a_program_that_ends_lets_everybody_go(
    trial: Trial, model: Thinker, worker: Worker
) -> None:
    model.thinks = True
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(ask, trial)
        assert model.begun.wait(PATIENCE)
        worker.close()
        with pytest.raises(ChatGeeError, match=r"character\.stopped"):
            asked.result(PATIENCE)
    with pytest.raises(ChatGeeError, match=r"character\.stopped"):
        ask(trial)  # after the end


def test_only_so_many_are_asked_at_once(trial: Trial, model: Thinker) -> None:
    model.thinks, leave = True, Event()
    with ThreadPoolExecutor() as pool:
        asked = []
        for _ in range(MOST_AT_ONCE):
            model.begun.clear()
            asked.append(pool.submit(ask, trial, gone=leave.is_set))
            assert model.begun.wait(PATIENCE)
        with pytest.raises(ChatGeeError, match=r"character\.busy"):
            ask(trial)
        leave.set()
        assert all(one.exception(PATIENCE) for one in asked)
    model.thinks = False
    assert ask(trial).answer  # there is room again


def test_its_tokens_are_counted_and_as_no_friends_answer(trial: Trial, tmp_path: Path) -> None:
    ask(trial)
    ask(trial)
    with closing(sqlite3.connect(tmp_path / "chatgee.db")) as database:
        rows = database.execute(
            "SELECT user_id, answers, prompt_tokens, completion_tokens FROM usage"
        )
        assert rows.fetchall() == [("", 2, 40, 20)]
