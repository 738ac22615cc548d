"""`python -m chatgee.doctor [--json]`, also where nothing else starts.

A virus scanner may have taken a file of a package. Then its import fails, and with it all of
ChatGee; what can still be told is which package it is.
"""

import sys

from chatgee.doctor import packages
from chatgee.doctor.case import Check, as_json
from chatgee.texts import Texts


def main(words: list[str]) -> int:
    try:
        from chatgee.doctor import report
    except ImportError as error:
        return _damaged(str(error), words)
    return report.main(words)


def _damaged(why: str, words: list[str]) -> int:
    texts = Texts.load()
    troubles = ", ".join(packages.troubles(texts, packages.needed()) or [why])
    check = Check("packages", "bad", troubles, packages.remedy(texts), {"packages": troubles})
    print(as_json([check]) if "--json" in words else check.line(texts))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
