"""Friends who ask, press, wait and start anew in any order: each sees every answer of theirs.

Random walks over a whole ChatGee, whose model answers when the walk says so. Every answer holds a
number, by which it is known again wherever it is shown.
"""

import asyncio
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path
from random import Random

import pytest

from chatgee.errors import Failure, ModelError
from chatgee.questions import Answer, Prompt
from chatgee.texts import Texts
from tests.support.bot import Bot
from tests.support.kakao_side import Friend, Shown

FETCH, AGAIN, UNSEEN, RESET = "생각 다했니?", "다시 물어보기", "못 본 답 보기", "새로운 시작"
NOT_STORED = Texts.load()("reply.not_stored")
"""Also where the disk is too slow for so little time."""
STEPS = 25


class Puppet:
    """Answers a question when its thought is released; a question that failed, at once."""

    name = "puppet"

    def __init__(self) -> None:
        self.thoughts: dict[str, Future[bool]] = {}
        """Whether there will be an answer."""

    def release(self, chance: Random, how_many: int = 1) -> None:
        waiting = [thought for thought in tuple(self.thoughts.values()) if not thought.done()]
        for thought in chance.sample(waiting, min(how_many, len(waiting))):
            if thought.set_running_or_notify_cancel():
                thought.set_result(chance.random() < 0.8)

    async def prepare(self) -> None: ...

    async def answer(self, prompt: Prompt) -> Answer:
        question = prompt.question
        thought = self.thoughts.get(question)
        if thought and not await asyncio.wrap_future(thought):
            del self.thoughts[question]
            raise ModelError(Failure.SERVER)
        return Answer(question.replace("질문", "답"))

    async def close(self) -> None: ...


class Walker:
    """One friend, and everything that the friend was shown."""

    def __init__(self, friend: Friend, puppet: Puppet, chance: Random, numbers: Iterator[int]):
        self.friend, self.puppet, self.chance, self.numbers = friend, puppet, chance, numbers
        self.buttons: list[tuple[str, dict[str, object]]] = []
        self.asked: set[str] = set()
        self.seen: Counter[str] = Counter()
        self.announced: Counter[str] = Counter()
        """Shown without a press of its own button."""
        self.failed: set[object] = set()
        """Ids of questions of which the friend was told that they failed."""

    def walk(self) -> None:
        steps = [self.ask] * 4 + [self.press] * 4 + [self.release] * 2 + [self.type]
        for _ in range(STEPS):
            self.chance.choice(steps)()

    def ask(self) -> None:
        number = str(next(self.numbers))
        thought: Future[bool] = Future()
        self.puppet.thoughts[f"질문{number}."] = thought
        if self.chance.random() < 0.4:
            thought.set_result(self.chance.random() < 0.7)
        shown = self.friend.says(f"질문{number}.")
        if shown.text != NOT_STORED:
            self.asked.add(number)
        self.take(shown)

    def press(self) -> None:
        if self.buttons:
            label, extra = self.chance.choice(self.buttons)
            self.take(self.friend.says(label, extra), extra["question"])

    def release(self) -> None:
        self.puppet.release(self.chance)

    def type(self) -> None:
        self.take(self.friend.says(self.chance.choice([FETCH, AGAIN, UNSEEN, RESET])))

    def until_nothing_is_held(self) -> None:
        for _ in range(300):
            shown = self.friend.says("더 있나요?")
            self.take(shown)
            more = "의 답이에요" in shown.text or FETCH in shown.buttons
            if not more and shown.text != NOT_STORED:
                return
        raise AssertionError("there is always more")

    def take(self, shown: Shown, pressed: object = None) -> None:
        for quick in shown.body["template"].get("quickReplies", []):
            self.buttons.append((quick["label"], quick["extra"]))
            if quick["label"] == AGAIN:
                self.failed.add(quick["extra"]["question"])
        numbers = re.findall(r"답(\d+)\.", shown.text)
        self.seen.update(numbers)
        if pressed is None:
            self.announced.update(numbers)


@pytest.mark.parametrize("seed", range(4))
def test_every_answer_is_shown_to_its_friend_and_announced_once(tmp_path: Path, seed: int) -> None:
    puppet, numbers, seeds = Puppet(), count(), count(seed * 100)
    environ = {"DATA_DIR": str(tmp_path), "PORT": "0", "REPLY_SECONDS": "0.1"}
    with Bot(environ, puppet).open() as bot, ThreadPoolExecutor() as phones:
        walkers = [
            Walker(bot.friend(name), puppet, Random(next(seeds)), numbers)
            for name in ("민지", "하준", "하준")  # one of them with two phones
        ]
        for walked in [phones.submit(walker.walk) for walker in walkers]:
            walked.result()
        puppet.release(Random(seed), how_many=10_000)
        for walker in walkers:
            walker.until_nothing_is_held()
    with closing(sqlite3.connect(tmp_path / "chatgee.db")) as database:
        rows = database.execute("SELECT user_id, id, state, text FROM questions").fetchall()
    for name in {walker.friend.id for walker in walkers}:
        phones_of = [walker for walker in walkers if walker.friend.id == name]
        asked = set().union(*(phone.asked for phone in phones_of))
        seen = sum((phone.seen for phone in phones_of), Counter())
        announced = sum((phone.announced for phone in phones_of), Counter())
        told = set().union(*(phone.failed for phone in phones_of))
        mine = {(id, state, text[2:-1]) for user, id, state, text in rows if user == name}
        answered = {number for _, state, number in mine if state == "answered"}
        assert asked <= {number for _, _, number in mine}, "not stored"
        assert set(seen) <= asked, "somebody else's"
        assert asked & answered == set(seen), "swallowed"
        assert {id for id, state, _ in mine if state == "failed"} <= told
        # Of two messages at the same moment each may show the answer: better twice than never.
        assert set(announced.values()) <= set(range(1, len(phones_of) + 1)), announced
