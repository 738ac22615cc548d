"""Nothing is lost: the process group is killed at once, as by a power cut, and started again."""

import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
import requests

from tests.support.far_ends import FakeOpenAI
from tests.support.kakao_side import Friend, Shown
from tests.support.process import Program, program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills a POSIX process group")

FETCH = "생각 다했니?"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """With time enough for a busy machine to write down what twenty ask at once."""
    return environ | {"REPLY_SECONDS": "2"}


def test_every_question_that_was_accepted_is_answered_when_pressed(
    environ: dict[str, str], fake_openai: FakeOpenAI
) -> None:
    fake_openai.hold()
    with program(environ) as first:
        friends = [first.friend(f"friend-{number}") for number in range(20)]
        with ThreadPoolExecutor(20) as phones:
            shown = list(phones.map(lambda friend: friend.says(f"{friend.id}의 질문"), friends))
        first.kill()
    fake_openai.release()
    with program(environ) as second:
        second.logged("아직 답하지 못한 질문 20개")
        for friend, button in zip(friends, shown, strict=True):
            friend.url = second.url
            assert pressed_until_answered(friend, button) == f"답: {friend.id}의 질문"


def pressed_until_answered(friend: Friend, shown: Shown) -> str:
    for _ in range(30):
        shown = friend.presses(shown, FETCH)
        if FETCH not in shown.buttons:
            return shown.text
    raise AssertionError("the answer never came")


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_moment_nothing_is_lost_and_memory_is_whole(
    environ: dict[str, str], fake_openai: FakeOpenAI, seed: int
) -> None:
    """A friend asks without a pause; the program dies in the midst of it, three times."""
    environ["REPLY_SECONDS"] = "4"
    chance = random.Random(seed)
    numbers = count()
    asked: list[str] = []
    seen: list[str] = []
    for _ in range(3):
        with program(environ) as run, ThreadPoolExecutor(1) as phone:
            friend = run.friend()
            asked.append(f"질문{next(numbers)}.")
            seen.append(friend.says(asked[-1]).text)  # the model has been imported
            killing = phone.submit(_kill_after, run, chance.uniform(0.02, 0.4))
            while not killing.done():
                words = f"질문{next(numbers)}."
                asked.append(words)
                try:
                    seen.append(friend.says(words).text)
                except requests.RequestException:
                    break
            killing.result()
    with program(environ) as run:
        friend = run.friend()
        asked_at_last = []
        while not seen or "의 답이에요" in seen[-1] or not asked_at_last:
            asked_at_last.append(f"더 있나요 {len(asked_at_last)}")
            seen.append(friend.says(asked_at_last[-1]).text)
        stored = set(fake_openai.questions)
    everything = "\n".join(seen)
    answered = [words for words in asked if f"답: {words}" in everything]
    assert [words for words in asked if words in stored] == answered
    assert len(asked) - len(answered) <= 3, "only what was never accepted: one for each kill"
    assert remembered(fake_openai) == [*answered, *asked_at_last][-21:-1]


def remembered(fake_openai: FakeOpenAI) -> list[str]:
    """The friend's questions of which the model was reminded with the last one."""
    return fake_openai.told.memory[::2]


def _kill_after(run: Program, seconds: float) -> None:
    threading.Event().wait(seconds)  # the moment itself is what is tested
    run.kill()
