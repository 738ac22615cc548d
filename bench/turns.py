"""What simulated friends have talked about: the same words for the store and for the bare call."""

from far_end import ANSWER

TURNS = 20  # of memory, which is also ChatGee's default


def asked(turn: int) -> str:
    """The question of turn `turn`, about as long as people write."""
    return f"{turn + 1}번째 질문이에요. 계절마다 가 볼 만한 곳을 알려 주세요."


ANSWERED = ANSWER
