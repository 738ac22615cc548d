"""Names of settings in a sentence, as the settings page calls them and leads to them."""

import re

from markupsafe import Markup, escape

from chatgee.settings import OPTIONS
from chatgee.web.parts import parts

NAMED = re.compile(r"\b(?P<name>[A-Z][A-Z_]*[A-Z])(?P<value>=[\w.:/-]*\w)?\b", re.ASCII)


def named(sentence: str) -> Markup:
    """With a link for each setting: `TUNNEL=none` is also called what its field is called."""
    done, pieces = 0, []
    for found in NAMED.finditer(sentence):
        if label := _label(found["name"]):
            pieces += [escape(sentence[done : found.start()]), _link(found, label)]
            done = found.end()
    return Markup("").join([*pieces, escape(sentence[done:])])


def _label(name: str) -> str | None:
    return parts().texts.sentences.get(f"options.label_{name.lower()}") if name in OPTIONS else None


def _link(found: re.Match[str], label: str) -> Markup:
    words = parts().texts("options.named", label=label, name=found[0])
    return Markup('<a href="/settings#option-{}">{}</a>').format(found["name"], words)
