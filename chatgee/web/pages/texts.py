"""The page on which the owner changes what friends are told, and sees it as they will."""

from dataclasses import replace
from pathlib import Path

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from chatgee.conversation.commands import MENU
from chatgee.errors import ChatGeeError, SettingsError
from chatgee.kakao.messages import CARD_BUTTONS, CARDS
from chatgee.owner import texts_editor
from chatgee.owner.texts_editor import GROUPS, Problems, TextsDraft, scenes, texts_file
from chatgee.system import text_files
from chatgee.texts import Card, Texts, placeholders
from chatgee.web import owner, request_values
from chatgee.web.pages.after_saving import lead_to
from chatgee.web.parts import parts

DONE = ("saved", "same", "undone")
FOLDED = ("failures", "practice")
"""Groups that are closed until somebody looks for them."""

bp = Blueprint("sentences", __name__, url_prefix="/settings/texts")
owner.guard(bp)


@bp.get("")
def show() -> ResponseReturnValue:
    return _shown({})


@bp.post("")
def save() -> ResponseReturnValue:
    draft = _draft()
    problems = texts_editor.problems(draft, _ours())
    if problems:
        return _page(draft, problems)
    try:
        aside = "aside" in request.form
        written = parts().change(lambda: texts_file.save(_file(), draft, _ours(), aside))
    except ChatGeeError as error:
        return _page(_up_to_date(draft), {"save": error})
    if written:
        parts().reload()
    done = "saved" if written else "same"
    return lead_to(f"{bp.url_prefix}?done={done}")


@bp.post("/undo")
def undo() -> ResponseReturnValue:
    try:
        parts().change(lambda: texts_file.undo(_file(), request.form.get("of", "")))
    except ChatGeeError as error:
        return _shown({"save": error})
    parts().reload()
    return lead_to(f"{bp.url_prefix}?done=undone")


@bp.post("/cards")
def cards() -> ResponseReturnValue:
    """The page with one card more or less, or in another place; nothing is saved."""
    draft = _draft()
    what, _, number = request.args.get("do", "").partition("-")
    changed, focus = _moved(list(draft.cards), what, request_values.number(number, CARDS) or 0)
    return _page(replace(draft, cards=tuple(changed)), {}, focus=focus)


@bp.post("/preview")
def preview() -> ResponseReturnValue:
    """What a friend would see of the draft, as the bubbles of a SkillResponse."""
    draft, key = _draft(), request.form.get("shows", "")
    problems = texts_editor.problems(draft, _ours())
    told = {place: parts().texts.of(error) for place, error in problems.items()}
    if key not in (*texts_editor.KEYS, "card"):
        return jsonify(problems=told)
    texts = texts_editor.usable(draft, parts().texts, problems)
    count, most = (0, 0) if key == "card" else texts_editor.measure(key, texts)
    scene = scenes.of(key, texts, _limits(), parts().settings.bubble_chars)
    return jsonify(
        problems=told,
        said=scene.said,
        template=scene.template,
        count=parts().texts("sentences.preview_count", count=count, most=most) if most else "",
    )


def _shown(problems: Problems) -> str:
    """The page with what is stored."""
    try:
        source, now = texts_file.read(_file(), _ours())
    except SettingsError as error:
        return _page(TextsDraft.stored(_ours(), ""), {"save": error})
    return _page(TextsDraft.stored(now, source), problems, warnings=now.problems)


def _file() -> Path:
    return parts().settings.texts_path


def _ours() -> Texts:
    return Texts.load()


def _draft() -> TextsDraft:
    return TextsDraft.read(request.form, parts().texts)


def _up_to_date(draft: TextsDraft) -> TextsDraft:
    """So that saving it once more takes the place of what somebody else has written."""
    try:
        source, _ = texts_file.read(_file(), _ours())
    except SettingsError:
        return draft
    return replace(draft, of=text_files.mark(source))


def _moved(cards: list[Card], what: str, at: int) -> tuple[list[Card], str]:
    """The cards after a button was pressed, and the field or button to go on from."""
    if what == "add" and len(cards) < CARDS:
        return [*cards, Card("", "")], f"card-{len(cards)}-title"
    if what == "remove" and at < len(cards) > 1:
        del cards[at]
        return cards, f"card-{min(at, len(cards) - 1)}-title"
    to = at + {"up": -1, "down": 1}.get(what, 0)
    if to != at and 0 <= to < len(cards) > at:
        cards[at], cards[to] = cards[to], cards[at]
        return cards, f"card-{to}-{what}"
    return cards, ""


def _limits() -> dict[str, int]:
    ours = parts().settings
    return {"minute": ours.questions_per_minute, "day": ours.questions_per_day}


def _page(
    draft: TextsDraft, problems: Problems, warnings: tuple[str, ...] = (), focus: str = ""
) -> str:
    ours, done = _ours(), request.args.get("done", "")
    return render_template(
        "sentences.html",
        groups=GROUPS,
        folded=FOLDED,
        menu=MENU,
        draft=draft,
        ours=ours,
        own={key: sorted(_own(ours, key)) for key in texts_editor.KEYS},
        problems={place: parts().texts.of(error) for place, error in problems.items()},
        broken=problems["save"].key == "sentences.broken" if "save" in problems else False,
        warnings=warnings,
        focus=focus,
        most_cards=CARDS,
        most_buttons=CARD_BUTTONS,
        notice_every=parts().settings.notice_every,
        can_undo=texts_file.can_undo(_file()),
        done=done if done in DONE else None,
    )


def _own(ours: Texts, key: str) -> set[str]:
    """What the program alone can fill in."""
    return placeholders(ours.sentences[key]) - ours.labels.keys()
