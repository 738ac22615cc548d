"""What of the talks a request asks for, by its address."""

import math

from flask import abort, request

from chatgee.errors import Failure
from chatgee.owner import nicknames, time_words
from chatgee.store.reading import friends
from chatgee.store.reading.talks import NEWEST, TalkKind, TalkPlace, Wanted
from chatgee.web import request_values
from chatgee.web.pages import failed_questions
from chatgee.web.parts import parts


def wanted() -> Wanted:
    kind = request.args.get("kind", "")
    return Wanted(
        nicknames.words_of(request.args.get("q", "")),
        TalkKind(kind) if kind in list(TalkKind) else None,
        simulated(),
        failure=reason(),
        label=request_values.text(request.args.get("label", "").strip()),
    )


def simulated() -> bool:
    """Whether also the simulator's friends are wanted, whom the owner played."""
    return request.args.get("simulated") == "1"


def reason() -> Failure | None:
    """One alone, where it is looked for questions that failed."""
    failed = request.args.get("kind") == TalkKind.FAILED
    return failed_questions.failure_of(request.args.get("failure", "")) if failed else None


def labels() -> list[str]:
    """What the list can be narrowed to; also one that nobody has any more."""
    known, asked = friends.labels(parts().archive), narrowed().get("label")
    return known if asked is None or asked in known else [asked, *known]


def narrowed() -> dict[str, str]:
    """The filter, as it stands in an address; empty where there is none."""
    names = ("q", "kind", "label", "until")
    given = {name: request.args.get(name, "").strip() for name in names}
    if why := reason():
        given["failure"] = why.value
    return {name: value for name, value in given.items() if value}


def asked_for() -> dict[str, str]:
    """The same, with the simulator's friends where they are wanted."""
    return narrowed() | ({"simulated": "1"} if simulated() else {})


def until() -> TalkPlace:
    end = time_words.end_of(request.args.get("until", ""))
    return NEWEST if end is None else TalkPlace(end)


def place(name: str, otherwise: TalkPlace) -> TalkPlace:
    if name not in request.args:
        return otherwise
    at = request.args.get(name, math.nan, float)
    if math.isnan(at):
        abort(400)
    return TalkPlace(at, request_values.text(request.args.get("id", "")))
