"""How soon replies come: chats held at once, bursts, and an instant model."""

from itertools import count

from contenders import Contender, running
from generator import Friends
from peers import REPLY_SECONDS
from plan import COLUMNS, Plan, cells, play, say
from results import KAKAO_SECONDS, Summary, Table, goal, percentile, summary
from rhythms import Run, at_once, evenly, in_turn

HELD_P99 = REPLY_SECONDS + 0.3
SETTLE_SECONDS = REPLY_SECONDS + 1.0  # Until as many chats are held as will be.
GOAL_AT = 1000


def held_run(contender: Contender, chats: int, delay: float, seconds: float) -> tuple[Run, float]:
    """Friends arriving so that `chats` are waiting at any time; also the server's most memory."""
    per_second = chats / REPLY_SECONDS
    with running(contender, delay=delay) as target:
        run = play(
            target,
            lambda friends: evenly(
                target.address, per_second, SETTLE_SECONDS + seconds, friends.stranger
            ),
        )
        peak = target.server.peak_mb()
    run.replies = [r for r in run.replies if r.asked_at >= run.began + SETTLE_SECONDS]
    return run, peak


def held(plan: Plan) -> Table:
    """Chats held at once."""
    rows, lag = [], 0.0
    for delay in plan.delays:
        for chats in plan.held:
            for contender in plan.contenders:
                say(f"held: {chats} chats, model {delay:g} s, {contender.name}")
                run, peak = held_run(contender, chats, delay, plan.held_seconds)
                found, lag = summary(run.replies), max(lag, run.lag)
                rows.append(
                    [
                        f"{chats}",
                        f"{delay:g} s",
                        contender.title,
                        *cells(found),
                        f"{peak:.0f} MB",
                        held_goal(contender, chats, found),
                    ]
                )
    return Table(
        "동시에 기다리는 대화",
        ("동시 대화", "모델", "서버", *COLUMNS, "메모리", "목표"),
        rows,
        f"새 친구가 {REPLY_SECONDS:g}초에 '동시 대화' 수만큼 고르게 와요. "
        f"처음 {SETTLE_SECONDS:g}초는 세지 않았어요. "
        f"묻는 쪽이 계획보다 늦은 것은 가장 클 때 {lag * 1000:.0f} ms예요.",
    )


def held_goal(contender: Contender, chats: int, found: Summary) -> str:
    if not contender.ours or chats > GOAL_AT:
        return "–"
    reached = found.p99 <= HELD_P99 and not found.late and not found.broken
    return goal(f"p99 ≤ {HELD_P99:.1f} s, {KAKAO_SECONDS:g}초 넘김 0", reached)


def burst_run(contender: Contender, chats: int, delay: float, opened: bool) -> Run:
    """So many strangers in one instant."""
    with running(contender, delay=delay) as target:

        async def rhythm(friends: Friends) -> Run:
            questions = [friends.stranger() for _ in range(chats)]
            return await at_once(target.address, questions, opened=opened)

        return play(target, rhythm)


def burst(plan: Plan) -> Table:
    """Everybody in the same instant."""
    slow, soon = max(plan.delays), min(plan.delays)
    # With the quick model one sees who gives up early: a button is no answer.
    cases = [(slow, True), (slow, False), (soon, True)]
    rows = []
    for delay, opened in cases:
        for chats in plan.bursts:
            for contender in plan.contenders:
                say(f"burst: {chats} at once, model {delay:g} s, {opened=}, {contender.name}")
                run = burst_run(contender, chats, delay, opened)
                found = summary(run.replies)
                reached = not found.late and not found.broken
                rows.append(
                    [
                        f"{chats}",
                        f"{delay:g} s",
                        "열어 둠" if opened else "새로 엶",
                        contender.title,
                        *cells(found),
                        f"{run.lag * 1000:.0f} ms",
                        goal(f"{KAKAO_SECONDS:g}초 넘김 0", reached) if contender.ours else "–",
                    ]
                )
    return Table(
        "한순간에 몰린 질문",
        ("질문 수", "모델", "연결", "서버", *COLUMNS, "보내는 데", "목표"),
        rows,
        "새로 여는 연결은 여는 시간까지 세었어요. "
        "'보내는 데'는 첫 질문부터 마지막 질문까지 보내는 데 걸린 시간이에요.",
    )


def instant_run(plan: Plan, contender: Contender) -> Run:
    """Clients that ask without a pause, each time as somebody new."""
    with running(contender, delay=0.0) as target:

        async def rhythm(friends: Friends) -> Run:
            questions = (friends.stranger() for _ in count())
            return await in_turn(target.address, plan.clients, questions, plan.instant_seconds)

        return play(target, rhythm)


def instant(plan: Plan) -> Table:
    """Questions a second when the model costs no time."""
    rates: dict[str, list[float]] = {contender.name: [] for contender in plan.contenders}
    replies: dict[str, Run] = {contender.name: Run() for contender in plan.contenders}
    for turn in range(plan.rounds):
        for contender in plan.in_round(turn):
            say(f"instant: {plan.clients} clients, round {turn + 1}, {contender.name}")
            run = instant_run(plan, contender)
            answered = summary(run.replies).answers
            rates[contender.name].append(answered / run.seconds)
            replies[contender.name].replies += run.replies
    means = {name: sum(each) / len(each) for name, each in rates.items()}
    rows = []
    for contender in plan.contenders:
        name = contender.name
        found = summary(replies[name].replies)
        took = [reply.seconds for reply in replies[name].replies]
        rows.append(
            [
                contender.title,
                found.kinds,
                f"{means[name]:.0f}",
                " · ".join(f"{rate:.0f}" for rate in rates[name]),
                f"{percentile(took, 0.5) * 1000:.0f} ms",
                f"{percentile(took, 0.99) * 1000:.0f} ms",
                instant_goal(contender, means),
            ]
        )
    return Table(
        "바로 답하는 모델",
        ("서버", "답 / 버튼 / 깨짐", "1초에 답한 수", "판마다", "p50", "p99", "목표"),
        rows,
        f"{plan.clients}명이 답을 받자마자 다음 질문을 보내요. 질문마다 새 친구예요.",
    )


def instant_goal(contender: Contender, means: dict[str, float]) -> str:
    if not contender.ours or "starlette" not in means:
        return "–"
    return goal("≥ Starlette", means["chatgee"] >= means["starlette"])
