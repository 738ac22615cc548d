"""An answer without what a model thought before it, and without the marks of its chat template.

Services that know a model's template take its thoughts out; others send all that it wrote. The
marks are those of the models' own templates, whole or with one of a pair missing. What stands in
code, or as a single mark in quotation marks, is somebody's topic and stays.
"""

import re
from collections.abc import Iterator

_WORDS = (
    "think(?:ing)?|thoughts?|reason(?:ing)?|reflect(?:ion)?|rationale|analysis|scratchpad"
    "|(?:inner_)?monologue|cot_budget_reflect"
)
_NAME = rf"(?:\w{{1,20}}[:_]|ant)?(?:{_WORDS})"
_OTHERS = "user|human|system|developer|tool|ipython|observation|function|context|document"
_CONTENT = r"(?:[^<\n]{0,100}(?:<\|constrain\|>[^<\n]{0,100})?<\|message\|>)?"

_KINDS = {
    "code": r"```[^\n]{1,500}?```|``[^\n]{1,500}?``|`[^`\n]{1,500}`"
    r"""|["'‘“「『(](?:<[^<>\n]{1,40}>|\[/?[A-Z]{1,20}\])["'’”」』)]""",
    # a thought, from here to its end
    "opens": rf"<{_NAME}(?:\s[^<>]{{0,200}})?(?<!/)>|(?-i:\[TH(?:INK|OUGHT)\])|◁think▷"
    rf"|<\|(?:begin_(?:of_)?|start_(?:of_)?)?(?:{_WORDS})\|>|<\|inner_prefix\|>"
    r"|<\|channel>\w{0,20}|<(?:unused|ctrl)94>(?:thought)?",
    "closes": rf"</{_NAME}\s*>|(?-i:\[/TH(?:INK|OUGHT)\])|◁/think▷"
    rf"|<\|(?:/|end_(?:of_)?)(?:{_WORDS})\|>|<\|inner_suffix\|>|<channel\|>|<(?:unused|ctrl)95>",
    "whole": r"<details\s[^>]{0,200}reasoning[^>]{0,200}>(?s:.*?)(?:</details>|\Z)",
    # what is meant for the reader, and for nobody
    "final": rf"<\|channel\|>\s*final{_CONTENT}|\[BEGIN FINAL RESPONSE\]"
    r"|<\|(?:content|answer|(?:begin|start)_(?:of_)?(?:solution|response|answer))\|>",
    "aside": rf"<\|channel\|>\s*[a-z]{{0,30}}{_CONTENT}|<\|im_start\|>assistant/think\s?",
    # whose turn begins
    "turn": r"(?:<\|(?:im_start|start_header_id|header_start|start_of_role|begin|start)\|>"
    rf"|<\|turn>|<start_of_turn>)\s?(?P<head>assistant|model|{_OTHERS})?(?![a-z])[ \t]*"
    r"(?:<\|(?:end_header_id|header_end|end_of_role)\|>)?\n?",
    "role": rf"(?:<\||<｜|\[\|)(?P<whose>assistant|chatbot|{_OTHERS})(?:_token)?(?:\|>|｜>|\|\])"
    r"|(?-i:\[/INST\])",
    "asks": r"(?-i:\[INST\])|^### (?:human|instruction):",
    "ends": r"<\|(?:im_end|end(?:_?of_?(?:text|turn|solution|response|answer))?|eo[tms](?:_id)?"
    r"|return|calls?|flush|stop|eos|end_of_turn_token|end_response)\|>|<end_of_turn>|<turn\|>"
    r"|<eo[sdtp]>|<｜end▁of▁sentence｜>|\[\|endofturn\|\]|\[END FINAL RESPONSE\]|</s>",
    "other": r"<\|[\w:./-]{1,40}\|>|<｜[\w▁]{1,40}｜>|\[\|\w{1,20}\|\]|<bos>|<sop>"
    rf"|<{_NAME}\s?/>|(?-i:\[gMASK\])|\A<s>",
}
"""Marks by what they mean; the first kind that fits."""

_MARK = re.compile(
    "(?mi)(?=[<\\[◁`\"'‘“「『(#])(?:"
    + "|".join(f"(?P<{kind}>{marks})" for kind, marks in _KINDS.items())
    + ")"
)
_MAYBE = re.compile(r"[<◁]|\[[A-Z/|g]|### ")
_FENCE = re.compile(r"(?m)^[ \t>]*(?:[-*+] |\d+[.)] )?(`{3,}|~{3,})([^\n]*)$")
_LINE_OF_END = re.compile(rf"(?mi)^[ \t>]*(?:{_KINDS['closes']})")

_BARE = re.compile(
    r"(?is)\A\s*(?:(?:assistant)?(?:analysis|commentary)"
    r"(?:.*assistant\s?final|(?-i:(?=[A-Z])).*\Z)"
    r"|here(?:'s| is) my thought process:.*?here(?:'s| is) my response:"
    r"|thinking\.{3}\n.*?\n\.{3}done thinking\.)"
)
"""A thought between words alone: marks that a service has dropped, or that are none."""
_LEFT_OF_ROLE = re.compile(
    r"(?i)\A\s*(?:assistant[ \t]*\n|(?:#+[ \t]*)?assistant:\s|#+[ \t]*response:|(?-i:model\n))"
)
_WRAPPED = re.compile(
    r"(?is)\A\s*<(answer|response|output|final|final_answer|solution|reply)>(.*?)(?:</\1>)?\s*\Z"
)


def without_thoughts(text: str) -> str:
    """What is meant for the reader: empty where there was a thought alone."""
    for before in _BARE, _LEFT_OF_ROLE:
        text = text[found.end() :] if (found := before.match(text)) else text
    if _MAYBE.search(text):
        text = _ThoughtReading(text).answer()
        text = wrapped[2].strip() if (wrapped := _WRAPPED.match(text)) else text
    return text


class _ThoughtReading:
    """One text while it is read from mark to mark; used once."""

    def __init__(self, text: str) -> None:
        self.text = text
        struck = text.find("<s>", 1)  # HTML's, whose end is also how some models end
        marks = (one for one in _marks(text) if one[0] != "</s>" or not 0 < struck < one.start())
        self.marks = list(marks)
        ends = (mark.start() for mark in reversed(self.marks) if mark.lastgroup == "closes")
        self.last_end = next(ends, 0)
        self.turns: list[list[str]] = [[]]
        """Of the assistant, in pieces: a model may begin one more, and say nothing in it."""
        self.shown = True
        """Whether what comes next is meant for the reader."""
        self.visible = False
        """Whether there is something of it already."""
        self.thinks_since: int | None = None
        self.has_thought = False

    def answer(self) -> str:
        if all(mark.lastgroup == "code" for mark in self.marks):
            return self.text
        at = 0
        for mark in self.marks:
            self._say(self.text[at : mark.start()])
            at = mark.end()
            if self._is_over(mark):
                break
        else:
            self._say(self.text[at:])
        turns = ["".join(turn).strip() for turn in self.turns]
        return "\n\n".join(filter(None, [next(filter(None, reversed(turns)), ""), self._after()]))

    def _say(self, piece: str) -> None:
        if self.shown:
            self.turns[-1].append(piece)
            self.visible = self.visible or piece.strip() != ""

    def _after(self) -> str:
        """What follows a thought whose end stood in code that it had never closed."""
        if self.thinks_since is None:
            return ""
        end = _LINE_OF_END.search(self.text, self.thinks_since)
        return without_thoughts(self.text[end.end() :]).strip() if end else ""

    def _is_over(self, mark: re.Match[str]) -> bool:
        """Whether nothing that follows the mark belongs to the answer."""
        match mark.lastgroup:
            case "code":
                self._say(mark[0])
            case "opens" if self.shown and not self._is_thought(mark):
                self._say(mark[0])
            case "opens" | "aside":
                self._think(mark)
            case "closes":
                self._close(mark)
            case "final":
                self._begin_anew()
            case "ends":
                self.shown, self.thinks_since = not self.visible, None
            case "turn" | "role" | "asks":
                return self._turn(mark)
        return False

    def _is_thought(self, mark: re.Match[str]) -> bool:
        """Not where it has neither an end nor a line to itself: then somebody names the mark."""
        line = self.text[max(mark.start() - 40, 0) : mark.start()].rpartition("\n")[2]
        return not line.strip(" \t>*_") or mark.start() < self.last_end

    def _think(self, mark: re.Match[str]) -> None:
        self.shown = False
        if self.thinks_since is None:
            self.thinks_since = mark.end()

    def _close(self, mark: re.Match[str]) -> None:
        """Of a thought that nothing opened, all that stands before it is part."""
        lone = self.thinks_since is None
        if lone and not (
            self.has_thought and self.text[mark.end() : mark.end() + 99].strip() == ""
        ):
            self._begin_anew()
        self.shown, self.has_thought, self.thinks_since = True, True, None

    def _begin_anew(self) -> None:
        self.turns, self.shown, self.visible, self.thinks_since = [[]], True, False, None

    def _turn(self, mark: re.Match[str]) -> bool:
        """A model that goes on with somebody else's turn has said its own."""
        who = (mark["head"] or mark["whose"] or "assistant").lower()
        if mark.lastgroup == "asks" or who in _OTHERS.split("|"):
            self.shown = False
            return self.visible
        self.turns.append([])
        self.shown, self.thinks_since = True, None
        return False


def _marks(text: str) -> Iterator[re.Match[str]]:
    """Those that stand in no code block."""
    fences, start, end = _fences(text), 0, 0
    for mark in _MARK.finditer(text):
        while end <= mark.start():
            start, end = next(fences, (len(text), len(text) + 1))
        if mark.start() < start:
            yield mark


def _fences(text: str) -> Iterator[tuple[int, int]]:
    """Where code blocks begin and end; one that is never closed is none."""
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence[1].startswith(opened[1]) and not fence[2].strip():
            yield opened.start(), fence.end()
            opened = None
