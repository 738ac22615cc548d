"""What a service said, fit to be stored, logged and shown to the owner.

On one line, of bounded length, and without anything that could be a secret: services repeat keys,
and some repeat headers.
"""

import re
from collections.abc import Collection

from chatgee.model.error_bodies import Reason
from chatgee.system.logs import STARS, hidden

MOST_CHARS = 500

SECRETS = re.compile(
    r"""
      (?: \b(?:authorization|proxy-authorization|cookie|x-[\w-]*key|api[-_ ]key)["']?\s*[:=]\s*["']?
          (?:\w+\s+)?? | \b(?:bearer|basic)\s+ )
      (?P<header> (?=[^\s"',;]*[\d*_.…-]) [^\s"',;]{6,} )
    | [?&][\w.-]* (?:key|token|secret|sig|signature|password|passwd|pwd|auth|code) [\w.-]*=
      (?P<query> [^&\s"']+ )
    | ://(?P<user> [^/\s@]+ )@
    | (?P<known> (?<![A-Za-z0-9])
        (?: (?:sk|pk|rk|csk|xai|nvapi|pplx|fw|tgp|gsk|hf|up|r8|ghp|glpat)[-_] [\w*.…-]{4,}
          | AIza[\w*-]{6,} | ya29\.[\w.-]+ | eyJ[\w-]+\.[\w.-]+ ) )
    | (?P<starred> [\w-]*\*{3,}[\w*-]* )
    | (?P<long> \b (?=\w*\d) (?=\w*[A-Za-z]) (?!(?:org|proj|req|user|team)[-_]) \w{32,} \b =* )
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Header fields, addresses' queries and passwords, keys by their makers' prefixes, keys that were
starred in part, and long strings of letters with digits."""


def said(reason: Reason, status: int, secrets: Collection[str] = ()) -> str | None:
    """None where it was no service's error object.

    A page of the owner's can have any server of this network asked, once its address is saved:
    what others have there, a page or a file or whatever JSON, is not to be read by it. Of an
    address that is only being tried (`chatgee.owner.setup.checks`) no words are shown at all.
    """
    if not reason.is_error:
        return None
    codes = [one for one in reason.codes if one != str(status)]
    words = " · ".join([*reason.words, *(f"[{one}]" for one in codes)])
    return fit(f"{status} {words}", secrets)


def fit(text: str, secrets: Collection[str] = ()) -> str:
    text = hidden(text[: 20 * MOST_CHARS], [one for one in secrets if one])
    text = SECRETS.sub(_starred, text)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    text = " ".join(text.split())
    return text if len(text) <= MOST_CHARS else text[: MOST_CHARS - 1] + "…"


def _starred(found: re.Match[str]) -> str:
    name = found.lastgroup or "known"
    start, end = found.span(name)
    before, after = found.string[found.start() : start], found.string[end : found.end()]
    return f"{before}{STARS}{after}"
