"""From replies to numbers: what each reply was, how late, and what a run of them amounts to."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from far_end import MARK
from generator import Reply

KAKAO_SECONDS = 5.0  # Kakao shows nothing of what comes later.


@dataclass(frozen=True)
class Summary:
    """A run of replies in numbers; seconds throughout."""

    asked: int
    answers: int
    buttons: int
    broken: int
    late: int
    p50: float
    p99: float
    worst: float

    @property
    def kinds(self) -> str:
        """What the replies were, such as `990 / 10 / 0`."""
        return f"{self.answers} / {self.buttons} / {self.broken}"


def kind(reply: Reply) -> str:
    """answer, button (a promise to fetch it with) or broken (the friend sees nothing useful)."""
    if reply.status != 200:
        return "broken"
    try:
        payload = json.loads(reply.body)
        template = payload["template"]
        words = " ".join(output["simpleText"]["text"] for output in template["outputs"])
        quick_replies = template.get("quickReplies") or []
        fetching = any((button.get("extra") or {}).get("question") for button in quick_replies)
    except (ValueError, KeyError, TypeError, AttributeError):
        return "broken"
    if payload.get("version") != "2.0" or not 1 <= len(template["outputs"]) <= 3:
        return "broken"
    if MARK in words:
        return "answer"
    return "button" if fetching else "broken"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered), -(-int(len(ordered) * share * 1000) // 1000)) - 1)]


def summary(replies: Sequence[Reply]) -> Summary:
    """Count and rank; at least one reply is needed."""
    kinds = Counter(kind(reply) for reply in replies)
    took = [reply.seconds for reply in replies]
    late = sum(r.seconds > KAKAO_SECONDS or r.status == 0 for r in replies)
    return Summary(
        asked=len(replies),
        answers=kinds["answer"],
        buttons=kinds["button"],
        broken=kinds["broken"],
        late=late,
        p50=percentile(took, 0.50),
        p99=percentile(took, 0.99),
        worst=max(took),
    )


def first_broken(replies: Sequence[Reply]) -> str:
    """What the first broken reply looked like, for whoever has to find out why."""
    for reply in replies:
        if kind(reply) == "broken":
            words = reply.body[:300].decode("utf-8", "replace")
            return f"status {reply.status} after {reply.seconds:.2f} s: {words}"
    return ""


@dataclass(frozen=True)
class Table:
    """One topic's result."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def markdown(self) -> str:
        """A Markdown table under its heading."""
        lines = [f"## {self.title}", ""]
        if self.note:
            lines += [self.note, ""]
        lines.append("| " + " | ".join(self.columns) + " |")
        lines.append("|" + "---|" * len(self.columns))
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(lines) + "\n"


def goal(words: str, reached: bool) -> str:
    """A cell of the goal column."""
    return f"{words} {'✓' if reached else '✗'}"
