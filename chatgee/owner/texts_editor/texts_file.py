"""Keeps what an owner has changed of the sentences in their texts.toml.

It is given only what differs from ours, and the file before it is kept to go back to.
"""

from dataclasses import replace
from pathlib import Path

from chatgee.errors import SettingsError
from chatgee.owner.texts_editor import TextsDraft
from chatgee.system import text_files
from chatgee.texts import Texts


def read(file: Path, ours: Texts) -> tuple[str, Texts]:
    """The owner's file, empty where there is none, and ours with it on top.

    `SettingsError` where it is broken or cannot be read.
    """
    source = _text(file)
    try:
        return source, ours.under(source, file.name)
    except (ValueError, RecursionError) as error:
        raise SettingsError("sentences.broken", file=file.name) from error


def save(file: Path, draft: TextsDraft, ours: Texts, aside: bool = False) -> bool:
    """Write what differs from ours; whether anything had to be written.

    `SettingsError` where the file is broken, or was changed since the draft was begun, or cannot
    be written: then it is as it was. With `aside` a broken one is kept under another name.
    """
    if aside and _is_broken(file, ours):
        _set_aside(file)
        draft = replace(draft, of=text_files.mark(""))
    before, now = read(file, ours)
    after = _changed(before, now, draft, ours)
    if after == before:
        return False
    _must_be(draft.of, file, before)
    text_files.save(_kept(file), before, file.parent)
    text_files.save(file, after, file.parent)
    return True


def can_undo(file: Path) -> bool:
    return _kept(file).exists()


def undo(file: Path, of: str) -> None:
    """The file as it was before the last save; once more, and it is as it is now.

    `of` is the mark of what is to be undone: a second click undoes nothing more.
    """
    if not can_undo(file):
        raise SettingsError("sentences.nothing_to_undo")
    before, now = _text(_kept(file)), _text(file)
    _must_be(of, file, now)
    text_files.save(file, before, file.parent)
    text_files.save(_kept(file), now, file.parent)


def _must_be(of: str, file: Path, source: str) -> None:
    if text_files.mark(source) != of:
        raise SettingsError("sentences.elsewhere", file=file.name)


def _changed(before: str, now: Texts, draft: TextsDraft, ours: Texts) -> str:
    from chatgee.owner.texts_editor import toml  # takes a moment, which no start should pay

    changes = {key: words for key, words in draft.sentences.items() if now.sentences[key] != words}
    values = {
        key: None if words == ours.sentences[key] else words for key, words in changes.items()
    }
    cards = None if draft.cards == now.cards else () if draft.cards == ours.cards else draft.cards
    after = toml.changed(before, values, cards)
    then = ours.under(after, "")
    if then.cards != draft.cards or any(then.sentences[key] != changes[key] for key in changes):
        raise SettingsError("sentences.unchangeable")
    return after


def _text(file: Path) -> str:
    text_files.must_lie_in(file.parent, file)
    try:
        return text_files.read(file) if file.exists() else ""
    except UnicodeDecodeError as error:
        raise SettingsError("sentences.broken", file=file.name) from error
    except OSError as error:
        raise text_files.unreadable(file, error) from error


def _is_broken(file: Path, ours: Texts) -> bool:
    try:
        read(file, ours)
    except SettingsError as error:
        return error.key == "sentences.broken"
    return False


def _set_aside(file: Path) -> None:
    try:
        file.replace(file.with_name(file.name + ".broken"))
    except OSError as error:
        raise text_files.unwritable(file, error) from error


def _kept(file: Path) -> Path:
    return file.with_name(file.name + ".bak")
