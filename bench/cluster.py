r"""What the queue costs: ChatGee on one machine beside ChatGee as web and worker processes.

    python -m pip install -r bench/requirements.txt -r requirements-cluster.txt \
        -r tests/requirements.txt
    python bench/cluster.py [--quick] [--only pickup,rates,line] [--write docs/scale.md]

It needs PostgreSQL's programs, or CHATGEE_TEST_POSTGRES (postgresql://user:password@host/database,
who may create others). All processes share this one computer, so only ratios within one run count:
more workers than cores cannot be quicker here. Ends with 1 if a topic could not be measured.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import long_queue
from commits import WEIGHT, Left, commits
from contenders import far_end_seen
from generator import Friends, Reply, connect
from load import FAILURES, Others, machine, names, write_between_marks
from machines import HEARD, Company, Listener, Setting, Spent, assembled, database_server, postgres
from plan import say
from processes import raise_file_limit
from results import Table, goal, percentile, summary
from rhythms import in_turn, warm_up

ONE = Setting("컴퓨터 하나 (SQLite)")
SETTINGS = (
    ONE,
    Setting("웹 1, 일꾼 1", 1, 1),
    Setting("웹 1, 일꾼 2", 1, 2),
    Setting("웹 1, 일꾼 4", 1, 4),
    Setting("웹 2, 일꾼 4", 2, 4),
)
GOAL_MS = 15.0
QUIET_SECONDS = 0.03  # What is written after a reply does not disturb the next question.
SETTLE_SECONDS = 1.0  # What is written after the last reply costs CPU too.
BEGIN, END = "<!-- cluster: begin -->", "<!-- cluster: end -->"


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    server: postgres.Server
    rounds: int = 2
    single: int = 150
    clients: int = 64
    seconds: float = 5.0


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


# --- one question at a time ---------------------------------------------------------------------


@dataclass
class Moments:
    """Of questions that had all processes for themselves, in seconds."""

    to_model: list[float] = field(default_factory=list)
    """From sending the question until the model was asked."""
    stored: list[float] = field(default_factory=list)
    """From sending the question until its commit was heard of."""
    picked_up: list[float] = field(default_factory=list)
    """From there until the model was asked."""
    answered: list[float] = field(default_factory=list)
    """From the model's answer until its commit was heard of."""
    handed_over: list[float] = field(default_factory=list)
    """From there until the friend had the reply."""
    total: list[float] = field(default_factory=list)

    def add(self, reply: Reply, asked: float, stored: float | None, known: float | None) -> None:
        ended = reply.asked_at + reply.seconds
        self.to_model.append(asked - reply.asked_at)
        self.total.append(reply.seconds)
        if stored and known:
            self.stored.append(stored - reply.asked_at)
            self.picked_up.append(asked - stored)
            self.answered.append(known - asked)
            self.handed_over.append(ended - known)


async def one_by_one(company: Company, listener: Listener, questions: int, found: Moments) -> None:
    address = company.addresses[0]
    friends = Friends(address)
    await warm_up(address, friends)
    chat = await connect(address)
    for _ in range(questions):
        await asyncio.sleep(QUIET_SECONDS)
        reply = await chat.ask(friends.stranger())
        ended = reply.asked_at + reply.seconds
        asked = far_end_seen(company.model_url)["last_at"]
        stored, known = (listener.first(name, reply.asked_at, ended) for name in HEARD)
        found.add(reply, asked, stored, known)
    chat.transport.abort()


def pickup(plan: Plan) -> Table:
    """What the queue adds to a single question."""
    cases = (ONE, SETTINGS[1], SETTINGS[-1])
    found = {case: Moments() for case in cases}
    for turn in range(plan.rounds):
        for case in cases if turn % 2 == 0 else cases[::-1]:
            say(f"pickup: round {turn + 1}, {case.title}")
            with assembled(case, plan.server) as company:
                listener = Listener(company.url)
                try:
                    asyncio.run(one_by_one(company, listener, plan.single, found[case]))
                finally:
                    listener.close()
    base = statistics.median(found[ONE].to_model)
    rows = []
    for case, moments in found.items():
        added = statistics.median(moments.to_model) - base
        rows.append(
            [
                case.title,
                *(_median(each) for each in (moments.stored, moments.picked_up)),
                _median(moments.to_model),
                *(_median(each) for each in (moments.answered, moments.handed_over)),
                _median(moments.total),
                milliseconds(percentile(moments.total, 0.99)),
                goal(f"+{added * 1000:.1f} ≤ {GOAL_MS:g} ms", added * 1000 <= GOAL_MS)
                if case.workers
                else "–",
            ]
        )
    columns = ("적기까지", "일꾼이 집기까지", "**모델에 묻기까지**", "답을 적기까지", "건네기까지")
    return Table(
        "줄을 서서 늦어지는 시간",
        ("어떻게", *columns, "모두", "모두 (p99)", "더 걸린 시간"),
        rows,
        f"바로 답하는 모델에 한 번에 하나씩 {plan.rounds * plan.single}번 물은 가운데 값이에요. "
        "'모델에 묻기까지'는 앞의 둘을 더한 시간이고, 뒤의 둘은 모델이 답한 다음이에요.",
    )


def _median(values: Sequence[float]) -> str:
    return milliseconds(statistics.median(values)) if values else "–"


# --- without a pause ----------------------------------------------------------------------------


@dataclass
class Rates:
    """Of rounds in which clients asked without a pause."""

    replies: list[Reply] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def cost(self, part: str) -> str:
        return milliseconds(self.cpu[part] / len(self.replies)) if part in self.cpu else "–"


async def without_a_pause(company: Company, plan: Plan) -> tuple[list[Reply], float, Spent]:
    """The replies, the seconds that they took, and the CPU since their beginning."""
    crowds = [Friends(address) for address in company.addresses]
    for number, (address, friends) in enumerate(zip(company.addresses, crowds, strict=True)):
        friends.next_stranger += number * 10_000_000
        await warm_up(address, friends)
    spent, began = Spent(company), time.monotonic()
    share = plan.clients // len(crowds)
    runs = await asyncio.gather(
        *(
            in_turn(address, share, (friends.stranger() for _ in count()), plan.seconds)
            for address, friends in zip(company.addresses, crowds, strict=True)
        )
    )
    took = time.monotonic() - began
    return [reply for run in runs for reply in run.replies], took, spent


def rates(plan: Plan) -> Table:
    """Questions a second when the model costs no time."""
    found = {setting: Rates() for setting in SETTINGS}
    for turn in range(plan.rounds):
        for setting in SETTINGS if turn % 2 == 0 else SETTINGS[::-1]:
            say(f"rates: round {turn + 1}, {setting.title}")
            with assembled(setting, plan.server) as company:
                replies, took, spent = asyncio.run(without_a_pause(company, plan))
                time.sleep(SETTLE_SECONDS)
                one = found[setting]
                for part, seconds in spent.seconds().items():
                    one.cpu[part] += seconds
            one.replies += replies
            one.per_second.append(summary(replies).answers / took)
    base = statistics.median(found[ONE].per_second)
    rows = []
    for setting, one in found.items():
        whole = summary(one.replies)
        rate = statistics.median(one.per_second)
        rows.append(
            [
                setting.title,
                whole.kinds,
                f"{rate:.0f}",
                " · ".join(f"{each:.0f}" for each in one.per_second),
                f"{rate / base:.2f}",
                f"{whole.p50 * 1000:.0f} ms",
                f"{whole.p99 * 1000:.0f} ms",
                *(one.cost(part) for part in ("web", "worker", "postgres")),
                milliseconds(sum(one.cpu.values()) / len(one.replies)),
            ]
        )
    columns = ("1초에 답한 수", "판마다", "하나의 몇 배", "p50", "p99")
    return Table(
        "쉬지 않고 물을 때",
        ("어떻게", "답 / 버튼 / 깨짐", *columns, "웹 CPU", "일꾼 CPU", "DB CPU", "CPU 모두"),
        rows,
        f"{plan.clients}명이 답을 받자마자 다음 질문을 보내요. 질문마다 새 친구예요. "
        "CPU는 질문 하나에 쓴 시간이에요. 모두 한 컴퓨터에서 돌아서 코어를 나누어 써요.",
    )


def weight(plan: Plan) -> Table:
    """What a question costs its database."""
    rows = []
    for setting in SETTINGS[1:]:
        say(f"weight: {setting.title}")
        with assembled(setting, plan.server) as company:
            left = Left(company)
            replies, _, _ = asyncio.run(without_a_pause(company, plan))
            time.sleep(SETTLE_SECONDS)
            rows.append(left.row(setting.title, len(replies)))
    return Table(
        "질문 하나가 PostgreSQL에 남기는 것",
        ("어떻게", *WEIGHT),
        rows,
        "쉬지 않고 물을 때예요. 연결은 모든 프로그램이 연 것을 더한 수예요.",
    )


TOPICS: dict[str, Callable[[Plan], Table]] = {
    "pickup": pickup,
    "rates": rates,
    "weight": weight,
    "commits": lambda plan: commits(plan.server),
    "line": lambda plan: long_queue.line(plan.server),
}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="short runs, one round")
    parser.add_argument("--only", type=names({**TOPICS}), default=list(TOPICS), metavar="TOPICS")
    parser.add_argument("--write", type=Path, help=f"file whose part after {BEGIN} is replaced")
    return parser.parse_args()


def main() -> int:
    chosen = options()
    raise_file_limit()
    parts, failed = [machine() + "\n"], False
    with database_server() as server:
        plan = Plan(server, rounds=1, single=40, seconds=3.0) if chosen.quick else Plan(server)
        for topic in chosen.only:
            others = Others()
            try:
                parts.append(TOPICS[topic](plan).markdown())
                parts.append(f"(재는 동안 이 컴퓨터의 다른 일이 쓴 CPU: {others.share():.0%})\n")
            except FAILURES as error:
                failed = True
                print(f"{topic} could not be measured: {error}", file=sys.stderr)
    text = "\n".join(parts).replace("## ", "### ")  # The page has its own headings.
    print(text)
    if chosen.write and not failed:
        write_between_marks(chosen.write, text, BEGIN, END)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
