"""Times that work together, as CONTRIBUTING.md has them: each line holds in the code as it is."""

import re
from importlib import import_module

import pytest

from chatgee import settings
from tests.support.process import ROOT

SECTION = (
    (ROOT / "CONTRIBUTING.md")
    .read_text("utf-8")
    .partition("## Times that work together")[2]
    .partition("\n## ")[0]
)
RULES = re.findall(r"^\| `(.+?)` \|", SECTION, re.M)


def value(name: str) -> float:
    """Of a setting, as it is by itself, or of a constant of `chatgee`."""
    if name in settings.OPTIONS:
        return float(settings.OPTIONS[name].default)
    module, _, constant = name.rpartition(".")
    return float(getattr(import_module(f"chatgee.{module}"), constant))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_holds(rule: str) -> None:
    figures = re.sub(r"[A-Za-z_.]{2,}", lambda name: repr(value(name[0])), rule)
    assert re.fullmatch(r"[\d.\s+*<=]+", figures)
    assert eval(figures), f"{rule}: {figures}"


def test_there_are_rules() -> None:
    assert len(RULES) > 10
