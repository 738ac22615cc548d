"""What the checks found, on a terminal, in a pipe, or as JSON for programs."""

import os
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from chatgee import settings
from chatgee.doctor.case import MARKS, Case, Check, any_bad, as_json
from chatgee.doctor.steps import STEPS, checks, look
from chatgee.system import logs
from chatgee.texts import Texts

COLOURS = {"good": "green", "warn": "yellow", "bad": "red"}


def main(words: list[str]) -> int:
    """The exit code: 1 where something is bad, 2 for words that nobody knows."""
    ours, wrong = settings.load_usable()
    texts = Texts.load(ours.texts_path)
    if words not in ([], ["--json"]):
        print(texts("doctor.usage", words=" ".join(words)))
        return 2
    logs.configure("error", ours.secrets)
    os.umask(0o077)  # what it may have to make is the owner's alone
    case = Case(ours, wrong, texts, settings.CONFIG)
    try:
        found = _tell(case, in_json=bool(words))
    except KeyboardInterrupt:
        return 130
    return 1 if any_bad(found) else 0


def _tell(case: Case, in_json: bool) -> list[Check]:
    if in_json:
        found = list(checks(case))
        print(as_json(found))
        return found
    console = Console(highlight=False)
    found = on_screen(case, console) if console.is_terminal else _in_lines(case)
    print(_sum(case.texts, found))
    return found


def _in_lines(case: Case) -> list[Check]:
    found = []
    for check in checks(case):
        print(check.line(case.texts), flush=True)
        found.append(check)
    return found


def on_screen(case: Case, console: Console) -> list[Check]:
    """Each line as it comes, and below them what is being looked at."""
    found = []
    with console.status("") as status:
        for name in STEPS:
            status.update(case.texts("doctor.looking", name=case.texts(f"doctor.name.{name}")))
            for check in look(name, case):
                console.print(_drawn(check, case.texts))
                found.append(check)
    return found


def _drawn(check: Check, texts: Texts) -> RenderableType:
    """The remedy stands below, on lines of its own."""
    mark = MARKS[check.state], f"bold {COLOURS[check.state]}"
    name = texts(f"doctor.name.{check.name}"), "bold"
    line = Text.assemble(mark, " ", name, "  ", check.text)
    if check.remedy is None:
        return line
    return Group(line, Padding(Text(f"→ {check.remedy}"), (0, 0, 0, 4)))


def _sum(texts: Texts, found: Sequence[Check]) -> str:
    bad, warned = (sum(one.state == state for one in found) for state in ("bad", "warn"))
    key = "doctor.sum_bad" if bad else "doctor.sum_warn" if warned else "doctor.sum_good"
    return texts(key, bad=bad, warned=warned)
