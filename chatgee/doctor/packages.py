"""Whether the packages of requirements.txt are there, in the right version and whole.

Itself it needs none of them.
"""

import operator
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from chatgee.doctor.case import Case, Check
from chatgee.options import ROOT
from chatgee.texts import Texts

REQUIREMENTS = ROOT / "requirements.txt"
SIGNS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def packages(case: Case, file: Path = REQUIREMENTS) -> Iterator[Check]:
    broken = troubles(case.texts, file)
    if broken:
        words = ", ".join(broken)
        yield case.told("packages", "bad", words, remedy(case.texts), packages=words)
    else:
        yield case.check("packages", "good", "doctor.packages", count=len(_wanted(file)))


def troubles(texts: Texts, file: Path = REQUIREMENTS) -> list[str]:
    """What is wrong with which package, in a few words each."""
    return [trouble for line in _wanted(file) for trouble in _troubles(texts, line)]


def remedy(texts: Texts) -> str:
    """An environment may be deleted and is made anew; a system's Python not."""
    if sys.prefix == sys.base_prefix:
        return texts("doctor.packages_install_remedy")
    return texts("doctor.packages_remedy", folder=sys.prefix)


def _wanted(file: Path) -> list[str]:
    lines = [line.split("#")[0].replace(" ", "") for line in file.read_text("utf-8").splitlines()]
    return [line for line in lines if line]


def _troubles(texts: Texts, line: str) -> Iterator[str]:
    """What is wrong with `name>=1.2,<2`, in a few words."""
    name = re.match(r"[\w.-]*", line)[0]  # type: ignore[index]  # it matches anything
    try:
        found = metadata.distribution(name)
        version = found.version
    except (metadata.PackageNotFoundError, ValueError, KeyError):
        yield texts("doctor.package_missing", name=name)
        return
    if not version or not _fits(version, line):
        yield texts("doctor.package_version", name=name, version=version, wanted=line)
    elif gone := _gone(found):
        yield texts("doctor.package_damaged", name=name, file=gone)


def _fits(version: str, line: str) -> bool:
    limits = re.findall(r"([<>=!]+)([\d.]+)", line)
    return all(SIGNS[sign](_numbers(version), _numbers(limit)) for sign, limit in limits)


def _numbers(version: str) -> list[int]:
    """'2.10rc1' is [2, 10, 0, 0]: enough to compare releases."""
    found = re.findall(r"\d+", re.split(r"[^\d.]", version)[0])
    return ([int(part) for part in found] + [0] * 4)[:4]


def _gone(package: metadata.Distribution) -> str | None:
    """The first of its files that is no longer there: virus scanners take some away."""
    for file in package.files or ():
        outside = file.parts[0] == ".."  # scripts, which we do not call
        if file.suffix != ".pyc" and not outside and not Path(str(file.locate())).exists():
            return file.name
    return None
