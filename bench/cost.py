"""What it costs: CPU for a question, memory, and a store that has grown."""

import json
import subprocess
import tempfile
import time
from pathlib import Path

from bare_call import AT_ONCE
from contenders import OURS, Contender, Running, far_end, far_end_seen, running
from fill import fill
from generator import Friends, Reply
from plan import Plan, play, say
from processes import python
from results import Table, goal, percentile, summary
from rhythms import Run, evenly, in_turn
from speed import held_run
from turns import TURNS

IDLE_MB, HELD_MB = 150, 400
FLAT = 1.2
STORE_PER_SECOND = 50
SETTLE_SECONDS = 1.0  # What is written after the last reply costs CPU too.


def cpu(plan: Plan) -> Table:
    """CPU of a question, against one bare call."""
    bare = "호출 하나 (AsyncOpenAI)"
    spent: dict[str, list[float]] = {}
    messages: dict[str, float] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        filled = Path(name)
        fill(filled, friends=plan.cpu_questions, turns=TURNS)
        for turn in range(plan.rounds):
            say(f"cpu: round {turn + 1}, bare call")
            milliseconds, count = bare_cpu(plan)
            spent.setdefault(bare, []).append(milliseconds)
            messages[bare] = count
            for contender in plan.in_round(turn):
                say(f"cpu: round {turn + 1}, {contender.name}")
                data_dir = filled if contender.ours else None
                with running(contender, delay=0.0, data_dir=data_dir) as target:
                    milliseconds, count = question_cpu(plan, target)
                spent.setdefault(contender.title, []).append(milliseconds)
                messages[contender.title] = count
    means = {title: sum(each) / len(each) for title, each in spent.items()}
    rows = []
    for title, each in spent.items():
        ratio = means[title] / means[bare]
        rows.append(
            [
                title,
                f"{messages[title]:.0f}",
                f"{means[title]:.2f} ms",
                " · ".join(f"{value:.2f}" for value in each),
                f"{ratio:.2f}",
                goal("≤ 1.0", ratio <= 1.0) if title == OURS else "–",
            ]
        )
    return Table(
        "질문 하나에 드는 CPU",
        ("무엇", "모델에 보낸 메시지", "CPU", "판마다", "호출 하나의 몇 배", "목표"),
        rows,
        f"{AT_ONCE}명씩 한꺼번에, 바로 답하는 모델에 물어요. "
        f"친구마다 {TURNS}번 주고받은 기억이 있어요. "
        "다른 서버는 기억이 없어서 한 메시지만 보내요.",
    )


def bare_cpu(plan: Plan) -> tuple[float, float]:
    """Milliseconds of CPU of one bare call, and the messages that it sent."""
    with far_end(0.0) as model_url:
        command = python("bare_call.py", "--model-url", model_url, "--calls", plan.cpu_questions)
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        seen = far_end_seen(model_url)
    return json.loads(done.stdout)["cpu_ms"], seen["messages"] / seen["questions"]


def question_cpu(plan: Plan, target: Running) -> tuple[float, float]:
    """Milliseconds of CPU of one question, and the messages that the model was sent for it."""
    before = 0.0

    async def rhythm(friends: Friends) -> Run:
        nonlocal before
        questions = [friends.question(number) for number in range(plan.cpu_questions)]
        before = target.server.cpu_seconds()
        return await in_turn(target.address, AT_ONCE, questions)

    run = play(target, rhythm)
    time.sleep(SETTLE_SECONDS)
    used = target.server.cpu_seconds() - before
    seen = target.seen()
    return used * 1000 / len(run.replies), seen["messages"] / max(1, seen["questions"])


def store(plan: Plan) -> Table:
    """Whether replies get slower as the store grows."""
    total = plan.friends * plan.friend_turns
    asking = int(STORE_PER_SECOND * plan.store_seconds) * plan.store_rounds
    cases = {
        ("빈 저장소", "새 친구"): (0, False),
        (f"메시지 {total * 2:,}개", "새 친구"): (plan.friends, False),
        ("묻는 친구들뿐", "기억이 있는 친구"): (asking, True),
        (f"메시지 {total * 2:,}개 ", "기억이 있는 친구"): (plan.friends, True),
    }
    took: dict[tuple[str, str], list[Reply]] = {case: [] for case in cases}
    starts: dict[tuple[str, str], list[float]] = {case: [] for case in cases}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folders = {friends: Path(name) / str(friends) for friends, _ in cases.values()}
        for friends, folder in folders.items():
            began = time.monotonic()
            fill(folder, friends=friends, turns=plan.friend_turns)
            say(f"store: {friends} friends filled in {time.monotonic() - began:.0f} s")
        for turn in range(plan.store_rounds):
            for case, (friends, known) in cases.items():
                say(f"store: round {turn + 1}, {friends} friends, known={known}")
                with running(plan.ours, delay=0.0, data_dir=folders[friends]) as target:
                    first = turn * asking // plan.store_rounds if known else None
                    took[case] += steadily(plan, target, first)
                    starts[case].append(target.start_seconds)
    rows = []
    p99s: list[float] = []
    for index, (case, replies) in enumerate(took.items()):
        found = summary(replies)
        p99s.append(found.p99)
        ratio = p99s[index] / p99s[index - 1]
        rows.append(
            [
                case[0].strip(),
                case[1],
                found.kinds,
                f"{min(starts[case]):.1f} s",
                f"{found.p50 * 1000:.1f} ms",
                f"{found.p99 * 1000:.1f} ms",
                f"{percentile([r.seconds for r in replies], 0.95) * 1000:.1f} ms",
                goal(f"{ratio:.2f}배 ≤ {FLAT}", ratio <= FLAT) if index % 2 else "–",
            ]
        )
    return Table(
        "쌓인 대화",
        ("저장소", "묻는 사람", "답 / 버튼 / 깨짐", "시작", "p50", "p99", "p95", "목표 (p99)"),
        rows,
        f"바로 답하는 모델에 1초에 {STORE_PER_SECOND}번 물어요.",
    )


def steadily(plan: Plan, target: Running, first: int | None) -> list[Reply]:
    """Questions at an easy pace: of the filled friends from `first` on, or of strangers."""

    async def rhythm(friends: Friends) -> Run:
        numbers = iter(range(first or 0, plan.friends))
        question = friends.stranger if first is None else lambda: friends.question(next(numbers))
        return await evenly(target.address, STORE_PER_SECOND, plan.store_seconds, question)

    return play(target, rhythm).replies


def memory(plan: Plan) -> Table:
    """Memory of the whole tree of processes."""
    ours: Contender = plan.ours
    say("memory: idle")
    with running(ours, delay=0.0) as target:
        time.sleep(2.0)
        started = target.server.rss_mb()
        play(target, lambda friends: in_turn(target.address, 1, [friends.stranger()] * 5))
        idle = target.server.rss_mb()
    say(f"memory: {plan.memory_at} held")
    _, peak = held_run(ours, plan.memory_at, max(plan.delays), plan.held_seconds)
    rows = [
        ["시작한 뒤", f"{started:.0f} MB", goal(f"≤ {IDLE_MB} MB", started <= IDLE_MB)],
        ["첫 질문들에 답한 뒤", f"{idle:.0f} MB", goal(f"≤ {IDLE_MB} MB", idle <= IDLE_MB)],
        [
            f"{plan.memory_at}개의 대화가 기다릴 때 (최고)",
            f"{peak:.0f} MB",
            goal(f"≤ {HELD_MB} MB", peak <= HELD_MB),
        ],
    ]
    return Table("메모리", ("때", "RSS", "목표"), rows)
