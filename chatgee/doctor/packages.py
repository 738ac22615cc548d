"""Whether the packages of requirements.txt are there, in the right version and whole.

Itself it needs none of them.
"""

import csv
import re
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path, PurePosixPath

from chatgee.doctor.case import Case, Check
from chatgee.system import installed_packages
from chatgee.system.installation import INSTALLED, PROJECT
from chatgee.texts import Texts


def packages(case: Case, lines: Sequence[str] = ()) -> Iterator[Check]:
    lines = lines or needed()
    broken = troubles(case.texts, lines)
    if broken:
        words = ", ".join(broken)
        yield case.told("packages", "bad", words, remedy(case.texts), packages=words)
    else:
        yield case.check("packages", "good", "doctor.packages", count=len(lines))


def needed() -> list[str]:
    """`name>=1.2,<2` of each package that ChatGee cannot do without; a package is one itself."""
    if not INSTALLED:
        return installed_packages.lines([PROJECT / "requirements.txt"])
    try:
        wanted = metadata.requires("chatgee") or []
    except metadata.PackageNotFoundError:
        wanted = []
    return ["chatgee", *(line for line in wanted if "extra ==" not in line)]


def troubles(texts: Texts, lines: Sequence[str]) -> list[str]:
    """What is wrong with which package, in a few words each."""
    return [trouble for line in lines for trouble in _troubles(texts, line)]


def remedy(texts: Texts) -> str:
    """An environment that run.py made may be deleted and is made anew; another one not."""
    if INSTALLED:
        return texts("doctor.packages_reinstall_remedy")
    if sys.prefix == sys.base_prefix:
        return texts("doctor.packages_install_remedy")
    return texts("doctor.packages_remedy", folder=sys.prefix)


def _troubles(texts: Texts, line: str) -> Iterator[str]:
    """What is wrong with `name>=1.2,<2`, in a few words."""
    name = re.match(r"[\w.-]*", line)[0]  # type: ignore[index]  # it matches anything
    version = installed_packages.version_of(name)
    if version is None:
        yield texts("doctor.package_missing", name=name)
    elif not installed_packages.fits(version, line):
        yield texts("doctor.package_version", name=name, version=version, wanted=line)
    elif gone := _gone(metadata.distribution(name)):
        yield texts("doctor.package_damaged", name=name, file=gone)


def _gone(package: metadata.Distribution) -> str | None:
    """The first of its files that is no longer there: virus scanners take some away.

    Its list is read here, since `package.files` leaves out what is missing (from Python 3.12 on).
    """
    for path, *_ in csv.reader((package.read_text("RECORD") or "").splitlines()):
        file, there = PurePosixPath(path), Path(str(package.locate_file(path)))
        outside = file.parts[0] == ".."  # scripts, which we do not call
        if file.suffix != ".pyc" and not outside and not there.exists():
            return file.name
    return None
