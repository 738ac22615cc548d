"""Whether the packages that a requirements file names are there; the standard library alone.

For run.py before anything is installed, and for the doctor when something was damaged.
"""

import operator
import re
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

SIGNS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def is_shared(environ: Mapping[str, str], config: Path) -> bool:
    """Whether DATABASE_URL is of a server, so that more packages are needed than on one machine."""
    url = environ.get("DATABASE_URL", "")
    if not url.strip() and config.is_file():
        text = config.read_text("utf-8", "replace")
        found = re.findall(r"^\s*(?:export\s+)?DATABASE_URL\s*=\s*['\"]?(\S+)", text, re.M)
        url = found[-1] if found else ""
    return url.strip().startswith("postgres")


def lines(files: Iterable[Path]) -> list[str]:
    """`name>=1.2,<2` of each package, without spaces and comments."""
    text = "\n".join(file.read_text("utf-8") for file in files)
    found = (line.split("#")[0].replace(" ", "") for line in text.splitlines())
    return [line for line in found if line]


def installed(line: str) -> bool:
    """Whether this Python meets `name[extra]>=1.2,<2`; what we cannot read is left to pip."""
    found = re.fullmatch(r"([\w.-]+)(?:\[.*\])?((?:(?:[<>]=?|[=!]=)[\d.]+,?)*)", line)
    if not found:
        return False
    version = version_of(found[1])
    return version is not None and fits(version, found[2])


def version_of(name: str) -> str | None:
    """What is installed of a package; None where it is not there, or does not say so any more."""
    try:
        about = metadata.metadata(name)
    except (metadata.PackageNotFoundError, ValueError):  # no package can have such a name
        return None
    return about["Version"] if "Version" in about else None


def fits(version: str, line: str) -> bool:
    """Whether a version is within every limit that the line names."""
    limits = re.findall(r"([<>=!]+)([\d.]+)", line)
    return all(SIGNS[sign](numbers(version), numbers(limit)) for sign, limit in limits)


def numbers(version: str) -> list[int]:
    """'2.10rc1' is [2, 10, 0, 0]: enough to compare releases."""
    found = re.findall(r"\d+", re.split(r"[^\d.]", version)[0])
    return ([int(part) for part in found] + [0] * 4)[:4]
