"""What is wrong with an answer, in words for the owner."""

from functools import reduce

from chatgee.kakao.limits import Place, Problem
from chatgee.texts import Texts

LISTS = frozenset({"outputs", "items", "buttons", "quickReplies"})
FIELDS = frozenset({"outputs", "text", "title", "description", "label", "buttons", "quickReplies"})
"""Those that have words of their own; the others are called as in the JSON."""


def told(problem: Problem, texts: Texts) -> str:
    return texts(
        f"chat.problem_{problem.kind}",
        where=_where(problem.place, texts),
        what=_what(problem.name, texts),
        count=f"{problem.count:,}",
        most=f"{problem.most:,}",
    )


def _where(place: Place, texts: Texts) -> str:
    steps = [texts(f"chat.in_{_known(name, LISTS)}", number=number) for name, number in place]
    if not steps:
        return texts("chat.in_answer")
    return reduce(lambda outer, inner: texts("chat.in_of", outer=outer, inner=inner), steps)


def _what(name: str, texts: Texts) -> str:
    return texts(f"chat.what_{_known(name, FIELDS)}", name=name)


def _known(name: str, names: frozenset[str]) -> str:
    return name if name in names else "other"
