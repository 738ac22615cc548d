"""The bot's character: an editor, a chat that tries it before it is saved, and all its versions."""

from typing import Any

from flask import Blueprint, abort, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from chatgee.conversation.replies import Replies
from chatgee.errors import ChatGeeError
from chatgee.kakao import messages
from chatgee.kakao.bubbles import clip
from chatgee.model.practice_model import PracticeModel
from chatgee.model.prices import Prices
from chatgee.model.system_prompt import ALWAYS, MOST_CHARS, Version, tidy
from chatgee.owner.prompt_comparison import Piece, changed, compare, gist
from chatgee.owner.prompt_trial import Tried
from chatgee.owner.time_words import ago, local
from chatgee.questions import Delivery, Question, State, Turn, new_id
from chatgee.store import Claimed
from chatgee.system import text_files
from chatgee.web import owner, request_values
from chatgee.web.pages.setup import EXAMPLES
from chatgee.web.parts import now, parts
from chatgee.web.server.connection import HUNG_UP

MOST_QUESTION_CHARS = 1000
FIRST_WORDS = 60
DONE = {"saved", "restored"}

bp = Blueprint("character", __name__, url_prefix="/settings/character")
owner.guard(bp)


@bp.before_request
def elsewhere() -> ResponseReturnValue | None:
    """A file outside of DATA_DIR is the computer's account's, and no page's."""
    character, folder = parts().character, parts().settings.data_dir
    if not character.lies_outside:
        return None
    return render_template("character_elsewhere.html", file=character.file, folder=folder)


@bp.get("")
def show() -> ResponseReturnValue:
    """With an older version in the editor, not saved yet, where the address names one."""
    done = request.args.get("done", "")
    older = parts().character.find(request.args.get("version", ""))
    text = older.text if older else parts().character.read()
    return _page(text, done=done if done in DONE else None)


@bp.post("")
def save() -> ResponseReturnValue:
    text = request.form.get("prompt", "")
    try:
        parts().change(lambda: parts().character.save(text, request.form.get("base")))
    except ChatGeeError as error:
        text = tidy(text)
        differs = error.key == "character.conflict"
        comparison = compare(parts().character.read(), text) if differs else None
        return _page(text, problem=parts().texts.of(error), comparison=comparison)
    return redirect("/settings/character?done=saved", 303)


# --- versions -------------------------------------------------------------------------------


@bp.get("/versions/<name>")
def version(name: str) -> ResponseReturnValue:
    one = _version(name)
    now = parts().character.read()
    return render_template(
        "character_version.html", one=_row(one, None), text=one.text, lines=compare(one.text, now)
    )


@bp.post("/versions/<name>")
def restore(name: str) -> ResponseReturnValue:
    text = _version(name).text
    try:
        parts().change(lambda: parts().character.save(text))
    except ChatGeeError as error:
        return _page(text, problem=parts().texts.of(error))
    return redirect("/settings/character?done=restored", 303)


def _version(name: str) -> Version:
    return parts().character.find(name) or abort(404)


# --- trying ---------------------------------------------------------------------------------


@bp.post("/try")
def try_it() -> ResponseReturnValue:
    """The answer as JSON: bubbles page by page, or a sentence that says why there is none."""
    question = request.form.get("question", "").strip()
    if not question:
        abort(400)
    if (over := len(question) - MOST_QUESTION_CHARS) > 0:
        return jsonify(error=parts().texts("character.question_long", over=f"{over:,}"))
    saved = "saved" in request.form
    own = "" if saved else tidy(request.form.get("prompt", ""))
    character = parts().character
    system = own or (character.read() if saved else character.default)
    if too_long := character.too_long(own):
        return jsonify(error=parts().texts.of(too_long))
    try:
        gone = request.environ.get(HUNG_UP, bool)
        tried = parts().trial.ask(question, _turns(), system, gone)
    except ChatGeeError as error:
        return jsonify(error=parts().texts.of(error))
    if tried.failure:
        model = parts().status.model
        return jsonify(error=parts().texts(f"hint.{tried.failure}", model=model))
    return jsonify(answer=tried.answer, pages=_pages(tried.shown), told=_cost(tried))


def _turns() -> list[Turn]:
    """The chat so far, which only the page remembers."""
    try:
        turns = request_values.tree(request.form.get("turns", "[]"))
        return [Turn(str(question), str(answer)) for question, answer in turns]
    except (ValueError, TypeError):
        abort(400)


def _pages(shown: str) -> list[dict[str, Any]]:
    """As a friend would see it, with what each press of the button that goes on would bring."""
    question = Question(
        new_id(), "", "", 0, "", (), 0.0, State.ANSWERED, shown, None, Delivery.REPLY
    )
    replies, found = Replies(parts().texts, bubble_chars=parts().settings.bubble_chars), []
    for page in range(1, len(shown) + 2, messages.BUBBLES):
        reply = replies.compose(Claimed(question, [], ()), page)
        found.append(messages.render(reply)["template"])
        if not reply.quick_replies:
            break
    return found


def _cost(tried: Tried) -> str:
    texts, tokens = parts().texts, tried.usage.prompt_tokens + tried.usage.completion_tokens
    seconds = f"{tried.seconds:.1f}"
    if not tokens:
        return texts("character.took", seconds=seconds)
    known = Prices.read(parts().settings.data_dir)
    won = known.won({parts().status.model: tried.usage})
    if won is None:
        return texts("character.took_tokens", seconds=seconds, tokens=tokens)
    shown = f"{max(0.01, won):.2f}"
    return texts("character.took_won", seconds=seconds, tokens=tokens, won=shown)


# --- the page -------------------------------------------------------------------------------


def _page(text: str, **more: Any) -> str:
    character = parts().character
    now, kept = character.read(), character.versions()
    older: list[Version | None] = [*kept[1:], None]
    return render_template(
        "character.html",
        text=text,
        now=now,
        base=text_files.mark(now),
        versions=[_row(*pair) for pair in zip(kept, older, strict=True)],
        examples=EXAMPLES,
        most_chars=MOST_CHARS,
        practising=parts().status.model == PracticeModel.name,
        **more,
    )


def _row(one: Version, older: Version | None) -> dict[str, Any]:
    """One line of the list of versions; `older` is the one that it replaced."""
    texts, first = parts().texts, one.since == ALWAYS
    gone, new = changed(older.text, one.text) if older else (0, 0)
    return {
        "name": one.name,
        "ago": texts("character.first") if first else ago(one.since.timestamp(), texts, now()),
        "at": "" if first else f"{local(one.since.timestamp()):%Y-%m-%d %H:%M}",
        "line": (gist(older.text, one.text) if older else ()) or _first_words(one),
        "gone": gone,
        "new": new,
        "built_in": one.text == parts().character.default,
    }


def _first_words(one: Version) -> tuple[Piece, ...]:
    return (Piece("same", clip(one.text, FIRST_WORDS)),)
