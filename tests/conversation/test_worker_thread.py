"""The worker's promises: no question is forgotten over another one's failure."""

import asyncio
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from chatgee.conversation import worker_thread as jobs
from chatgee.conversation.worker_thread import Worker
from tests.support.far_ends import PATIENCE

FRIENDS = ["민지", "민지", "민지"]


class Answers:
    """What was answered, in order; the first tries fail."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.done: SimpleQueue[str] = SimpleQueue()

    async def next(self, user_id: str) -> None:
        await asyncio.sleep(0)
        if user_id == "민지" and self.failures:
            self.failures -= 1
            raise LookupError("a bug of ours")
        self.done.put(user_id)

    async def keep_promise(self, question_id: str, user_id: str, promised_at: float) -> None:
        await self.next(user_id)

    def first(self, count: int) -> list[str]:
        return [self.done.get(timeout=PATIENCE) for _ in range(count)]


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker(max_concurrent=1)
    yield worker
    worker.close()


@pytest.fixture
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PAUSES", (0.001,))


@pytest.mark.usefixtures("_without_pauses")
def test_a_friends_questions_are_answered_over_a_failure_of_the_first(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    """Each of them: what fails is the oldest question, and would be the oldest again."""
    answers = Answers(failures=3)
    for one in FRIENDS:
        worker.submit(one)
    worker.start(answers.next, answers.keep_promise)
    assert answers.first(3) == FRIENDS
    assert caplog.text.count("LookupError: a bug of ours") == 1, "told once"
    worker.submit("민지")
    assert answers.first(1) == ["민지"], "and so is what comes afterwards"
    assert answers.done.empty()


def test_who_waits_for_another_try_takes_nobodys_place(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PAUSES", (PATIENCE * 6,))
    answers = Answers(failures=1)
    for one in ("민지", "수호"):
        worker.submit(one)
    worker.start(answers.next, answers.keep_promise)
    assert answers.first(1) == ["수호"]


@pytest.mark.usefixtures("_without_pauses")
def test_a_promise_is_kept_over_a_failure(worker: Worker) -> None:
    answers = Answers(failures=2)
    worker.promise("one", "민지", 0.0)
    worker.start(answers.next, answers.keep_promise)
    assert answers.first(1) == ["민지"]
