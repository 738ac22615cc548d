"""Whether KakaoTalk would show an answer: every limit of a SkillResponse 2.0, as far as is known.

`kakao` keeps the limits that our own answers come near; here is the whole format, also the kinds
of bubbles that we never send. Lengths are UTF-16 units, as the platform counts them.
https://kakaobusiness.gitbook.io/main/tool/chatbot/skill_guide/answer_json_format
"""

from chatgee.kakao.limits.rules import Place, Problem
from chatgee.kakao.limits.shapes import ANSWER, PROMISE, size

__all__ = ["Place", "Problem", "problems", "size"]


def problems(body: object, after_promise: bool = False) -> tuple[Problem, ...]:
    """All there are, in the order of the JSON; none where the answer would be shown.

    `after_promise`: the body of a callback, which cannot promise another one.
    """
    promises = isinstance(body, dict) and body.get("useCallback") is True and not after_promise
    return tuple((PROMISE if promises else ANSWER)(body, (), "JSON"))
