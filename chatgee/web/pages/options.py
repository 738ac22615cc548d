"""The settings page: every option of the table. It works on the files, not on what runs now."""

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from chatgee.errors import ChatGeeError, SettingsError
from chatgee.settings import OPTIONS, config_file, option_form
from chatgee.settings.option_form import OptionForm, Problems, TypedOptions
from chatgee.web import owner
from chatgee.web.pages.after_saving import lead_to
from chatgee.web.parts import parts
from chatgee.web.skill import KEY_HEADER

bp = Blueprint("options", __name__, url_prefix="/settings")
owner.guard(bp)


@bp.get("")
def show() -> ResponseReturnValue:
    form = _form()
    return _page(form, form.problems, done=request.args.get("done") == "saved")


@bp.post("/check/<name>")
def check(name: str) -> ResponseReturnValue:
    """What is to be said of one field, while it is being typed."""
    if name not in OPTIONS:
        abort(404)
    form = _form(TypedOptions.read(request.form))
    told = _told(name, form.problems[name]) if name in form.problems else ""
    return render_template("option_told.html", problem=told, advice=_advice(form, name))


@bp.post("")
def save() -> ResponseReturnValue:
    form = _form(TypedOptions.read(request.form))
    problems = form.problems
    if not problems and form.lockouts and "sure" not in request.form:
        return _page(form, {}, unsure=True)
    if not problems:
        problems = _write(form)
    return _page(form, problems, refused=True) if problems else lead_to("/settings?done=saved")


@bp.post("/skill-key")
def make_skill_key() -> ResponseReturnValue:
    """A new SKILL_KEY, saved and shown this once: its owner has to paste it into Kakao's page."""
    key = option_form.new_key()
    form = _form(TypedOptions({"SKILL_KEY": key}))
    problems = form.problems or _write(form)
    return _page(_form(), problems, made=None if problems else key)


def _form(typed: TypedOptions | None = None) -> OptionForm:
    setup = parts().setup
    return OptionForm(setup.config, setup.environ, parts().settings, typed)


def _write(form: OptionForm) -> Problems:
    """Into config.env, where something changed; the next question is answered with it."""
    config, shared = parts().setup.config, parts().settings.shared_path
    if form.values:
        try:
            parts().change(lambda: config_file.write(config, form.values, shared))
        except SettingsError as error:
            name = str(error.values.get("name", ""))
            return {name if name in OPTIONS else "save": error}
        parts().reload()
    return {}


def _page(form: OptionForm, problems: Problems, **more: object) -> str:
    texts = parts().texts
    return render_template(
        "options.html",
        groups=list(form.groups()),
        problems={name: _told(name, error) for name, error in problems.items()},
        advice={name: told for name in OPTIONS if (told := _advice(form, name))},
        words=lambda kind, name: texts.sentences.get(f"options.{kind}_{name}".lower(), ""),
        unreadable=form.unreadable and texts.of(form.unreadable),
        mistakes=[texts(key, **values) for key, values in form.mistakes()],
        waiting=[_label(name) for name in form.waiting],
        key_header=KEY_HEADER,
        together=parts().settings.shared_path is not None,
        **more,
    )


def _advice(form: OptionForm, name: str) -> str:
    found = form.advice(name)
    return parts().texts(found[0], **found[1]) if found else ""


def _told(name: str, error: ChatGeeError) -> str:
    """The sentence of an error, in which the option has the name that it has on the page."""
    return parts().texts(error.key, **error.values | {"name": _label(name)})


def _label(name: str) -> str:
    return parts().texts.sentences.get(f"options.label_{name.lower()}", name)
