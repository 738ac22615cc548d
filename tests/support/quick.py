"""What `--quick` leaves out: whatever starts a program, such as a browser or a database."""

import sys
from collections.abc import Iterable, Iterator
from inspect import isclass, isfunction, ismodule, unwrap
from types import CodeType, FunctionType
from typing import Any

import pytest

STARTS = {"subprocess", "sync_playwright", "send_fds"}
"""Who comes to one of these names starts a program."""


def is_quick(item: pytest.Item) -> bool:
    """Read from the code of the test and of its fixtures, and of what of ours they call."""
    assert isinstance(item, pytest.Function)
    if hasattr(item, "callspec") and item.callspec.params.get("database") == "postgresql":
        return False
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    left: list[Any] = [item.function, *(one.func for fixture in fixtures for one in fixture)]
    seen: set[int] = set()
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isclass(one):
            left += filter(isfunction, map(unwrap, vars(one).values()))
            continue
        names = set(_names(one.__code__))
        if names & STARTS:
            return False
        left += filter(_is_ours, _called(names, one))
    return True


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


def _called(names: Iterable[str], function: FunctionType) -> Iterator[Any]:
    """What the names stand for in the function's module, and in modules of ours that they name."""
    for name in names:
        for found in (function.__globals__.get(name), sys.modules.get(f"tests.support.{name}")):
            if ismodule(found) and found.__name__.startswith("tests."):
                yield from (unwrap(one) for key, one in vars(found).items() if key in names)
            elif callable(found):
                yield unwrap(found)


def _is_ours(found: Any) -> bool:
    return (isfunction(found) or isclass(found)) and "tests" in str(found.__module__)
