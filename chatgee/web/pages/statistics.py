"""Statistics: how much was asked, how it was answered, and what it cost."""

from itertools import islice
from pathlib import Path

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from chatgee.errors import SettingsError
from chatgee.model.prices import Prices, TypedPrice
from chatgee.owner.statistics import Stats
from chatgee.store.reading.label_figures import by_label
from chatgee.store.reading.usage_figures import Span, beginning_of, look
from chatgee.web import owner
from chatgee.web.parts import now, parts

MOST_PRICES = 200
MOST_CHARS = 200

bp = Blueprint("stats", __name__, url_prefix="/stats")
owner.guard(bp)


@bp.get("")
def show() -> ResponseReturnValue:
    return _page(Prices.read(parts().settings.data_dir))


@bp.post("")
def save_prices() -> ResponseReturnValue:
    folder, typed = parts().settings.data_dir, _typed()
    before = Prices.read(folder)
    if wrong := typed.wrong:
        return _page(before, typed, {one: parts().texts(key) for one, key in wrong.items()})
    try:
        after = parts().change(lambda: _write(typed, folder))
    except OSError as error:
        why = parts().texts("stats.not_written", why=error.strerror or error)
        return _page(before, typed, unwritten=why)
    except SettingsError as error:
        return _page(before, typed, unwritten=parts().texts.of(error))
    return _page(after, saved=True)


def _write(typed: TypedPrice, folder: Path) -> Prices:
    after = typed.on(Prices.read(folder))
    after.write(folder)
    return after


def _typed() -> TypedPrice:
    won, was_won = (request.form.get(name, "").strip() for name in ("won", "was_won"))
    return TypedPrice(_rows("input", "output"), won, _rows("was_input", "was_output"), was_won)


def _rows(*names: str) -> tuple[tuple[str, str, str], ...]:
    columns = (request.form.getlist(name) for name in ("model", *names))
    rows = islice(zip(*columns, strict=False), MOST_PRICES)
    return tuple((m[:MOST_CHARS], sent.strip(), written.strip()) for m, sent, written in rows)


def _page(
    prices: Prices,
    typed: TypedPrice | None = None,
    wrong: dict[str, str] | None = None,
    unwritten: str = "",
    saved: bool = False,
) -> str:
    ours, archive = parts().settings, parts().archive
    chosen = request.values.get("range", "")
    span = Span(chosen) if chosen in set(Span) else Span.WEEK
    period = look(archive, span, now())
    stats = Stats(period, prices, parts().texts, ours.openai_model, ours.practice)
    return render_template(
        "statistics.html",
        stats=stats,
        labels=by_label(archive, beginning_of(span, now())),
        spans=list(Span),
        typed=typed or stats.typed,
        wrong=wrong or {},
        unwritten=unwritten,
        saved=saved,
    )
