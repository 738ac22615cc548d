"""A month of a class that talks with ChatGee: the same each time, for pictures and for looking."""

import random
from pathlib import Path

from chatgee.errors import Failure
from chatgee.questions import Delivery, Usage, new_id
from chatgee.store import Outcome, Store

MODEL = "gpt-6-luna"
DAYS, FRIENDS = 65, 27
HOURS = (8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 20, 21, 21, 22)
FAILURES = (Failure.TIMEOUT, Failure.RATE_LIMIT, Failure.REFUSED)
WAYS = [Delivery.REPLY] * 44 + [Delivery.PRESS] * 8 + [Delivery.CALLBACK] * 4 + [Delivery.HELD] * 2
TALK = (
    ("광합성이 뭐예요?", "식물이 빛을 받아 물과 이산화 탄소로 양분과 산소를 만드는 일이에요."),
    ("밀도는 어떻게 구해요?", "질량을 부피로 나누면 돼요. 밀도 = 질량 ÷ 부피예요."),
    ("과학 수행평가 언제까지예요?", "이번 주 금요일까지예요. 실험 보고서를 사진으로 내도 돼요."),
    ("물은 왜 4도에서 가장 무거워요?", "4도에서 물 분자가 가장 빽빽하게 모이기 때문이에요."),
    ("화산은 어떻게 생겨요?", "땅속 깊은 곳의 마그마가 약한 틈을 따라 올라와 터지면 생겨요."),
    (
        "영어로 자기소개 써 주세요",
        "Hi, I'm Minji. I like drawing and badminton.",
    ),
    (
        "피타고라스 정리 설명해 주세요",
        "두 짧은 변의 제곱을 더하면 빗변의 제곱이에요.",
    ),
    ("조선을 세운 사람은 누구예요?", "1392년에 태조 이성계가 조선을 세웠어요."),
    ("오늘 급식 뭐예요?", "급식은 제가 알 수 없어요. 학교 누리집의 식단표를 봐 주세요."),
    ("달은 왜 모양이 바뀌어요?", "달이 지구를 돌면서 햇빛을 받는 쪽이 다르게 보이기 때문이에요."),
)


def fill(folder: Path, now: float, days: int = DAYS) -> None:
    """Let the class talk for so many days, up to the unix time `now`."""
    dice, moment = random.Random(7), [now]
    store = Store(f"sqlite:///{folder / 'chatgee.db'}", lambda: moment[0])
    midnight = now // 86_400 * 86_400 - 9 * 3600
    for day in range(days, -1, -1):
        weekend = (int(midnight // 86_400) - day) % 7 in (1, 2)
        asked = sorted(
            midnight - day * 86_400 + dice.choice(HOURS) * 3600 + dice.random() * 3600
            for _ in range(dice.randint(4, 9) if weekend else dice.randint(18, 42))
        )
        for at in asked:
            if at < now - 60:
                moment[0] = at
                _one(store, dice, moment)
    store.close()


def _one(store: Store, dice: random.Random, moment: list[float]) -> None:
    user, id = f"friend{dice.randrange(FRIENDS):02}-of-our-class", new_id()
    question, answer = dice.choice(TALK)
    store.ask(id, user, question).result()
    due = store.next(user, 0).result()
    assert due
    took = min(50.0, dice.lognormvariate(0.6, 0.6))
    moment[0] += took
    failure = dice.choice(FAILURES) if dice.random() < 0.03 else None
    usage = Usage(dice.randint(300, 900), dice.randint(60, 240))
    good = Outcome(answer, answer, None, usage, MODEL, took)
    outcome = Outcome(failure=failure) if failure else good
    store.fill(due.question, outcome).result()
    if dice.random() < 0.02:
        return  # never fetched
    way = dice.choice(WAYS) if took < 4 else dice.choice((Delivery.PRESS, Delivery.CALLBACK))
    moment[0] += 20 if way == Delivery.PRESS else 0
    if claimed := store.claim(id, user, way).result():
        store.confirm(claimed.mine).result()
