"""Every sentence: the owner's on top of ours, and none that the code needs is missing."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatgee.errors import Failure
from chatgee.kakao.messages import (
    BUBBLE_CHARS,
    CARD_DESCRIPTION_CHARS,
    CARD_TITLE_CHARS,
    LABEL_CHARS,
)
from chatgee.owner import about, log_tail, texts_editor
from chatgee.owner.csv_export import COLUMNS
from chatgee.questions import Delivery
from chatgee.settings import OPTIONS
from chatgee.settings.value_parsers import OneOf
from chatgee.simulator import problem_words
from chatgee.simulator.payloads import WAYS
from chatgee.store.moving import move
from chatgee.store.reading.talks import TalkKind
from chatgee.store.reading.usage_figures import Span
from chatgee.texts import OURS, Texts
from chatgee.web.pages import character
from chatgee.web.pages.home import DONE
from chatgee.web.pages.setup import EXAMPLES
from chatgee.web.pages.texts import DONE as SENTENCES_DONE

CODE = sorted(OURS.parents[1].rglob("*.py"))
SPEAKERS = {"texts", "sentence", "Refused", "SettingsError", "TunnelError", "StoreError"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "texts.toml"


def owners(file: Path, text: str) -> Texts:
    file.write_text(text, "utf-8")
    return Texts.load(file)


# --- the owner's file -----------------------------------------------------------------------


def test_the_owners_sentence_replaces_ours_and_the_rest_stays(file: Path) -> None:
    texts = owners(file, 'system_prompt = "나는 가게"\n[reply]\nempty = "말씀하세요"\n')
    assert texts("system_prompt") == "나는 가게"
    assert texts("reply.empty") == "말씀하세요"
    assert texts("reply.reset") == Texts.load()("reply.reset")
    assert texts.problems == ()


def test_without_the_owners_file_there_are_ours(file: Path) -> None:
    assert Texts.load(file) == Texts.load()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_the_file_is_read_however_notepad_saved_it(file: Path, encoding: str) -> None:
    file.write_bytes('[reply]\r\nempty = "말씀하세요"\r\n'.encode(encoding))
    texts = Texts.load(file)
    assert (texts("reply.empty"), texts.problems) == ("말씀하세요", ())


def test_the_owner_may_leave_a_placeholder_out(file: Path) -> None:
    texts = owners(file, '[limit]\nday = "오늘은 그만"\n')
    assert texts("limit.day", limit=5) == "오늘은 그만"


def test_the_owners_cards_replace_ours(file: Path) -> None:
    (card,) = owners(file, '[[card]]\ntitle = "가게"\ndescription = "열 시"\n').cards
    assert (card.title, card.description, card.buttons) == ("가게", "열 시", ())


MISTAKES = [
    ("greetings", '"안녕"', "그런 이름의 문장은 없어요"),
    ("empty", '"  "', "비어 있어서"),
    ("empty", "5", "비어 있어서"),
    ("empty", "[]", "비어 있어서"),
    ("held", '"{who}의 답"', "중괄호가 맞지 않아서"),
    ("held", '"{question"', "중괄호가 맞지 않아서"),
    ("held", '"{}"', "중괄호가 맞지 않아서"),
    ("held", '"{question.__class__}"', "중괄호가 맞지 않아서"),
    ("held", '"{question:>999999999}"', "중괄호가 맞지 않아서"),
    ("empty", '"{question}"', "중괄호가 맞지 않아서"),
]


@pytest.mark.parametrize(("name", "value", "said"), MISTAKES)
def test_a_mistake_is_told_by_line_and_ours_is_used(
    file: Path, name: str, value: str, said: str
) -> None:
    texts = owners(file, f'# 내 문장\n\n[reply]\nreset = "잊었어요"\n{name} = {value}\n')
    (problem,) = texts.problems
    assert problem.startswith(f"texts.toml 5번째 줄 reply.{name}: ")
    assert said in problem
    assert texts.sentences == {**Texts.load().sentences, "reply.reset": "잊었어요"}


@pytest.mark.parametrize(
    "broken", ["[reply", "empty = 말씀하세요", 'a = "1"\na = "2"', 'a = "\\q"', "a = " + "[" * 9999]
)
def test_a_file_that_cannot_be_read_is_told_and_ours_are_used(file: Path, broken: str) -> None:
    texts = owners(file, broken)
    (problem,) = texts.problems
    assert problem.startswith("texts.toml")
    assert texts.sentences == Texts.load().sentences


CARD = '[[card]]\ntitle = "제목"\n'
WHOLE = f'{CARD}description = "설명"\n'


@pytest.mark.parametrize(
    "cards",
    [
        *("card = 5", "card = []", 'card = "제목"', '[card]\ntitle = "제목"\n', "[[card]]"),
        *(CARD, f'{CARD}description = ""\n', f"{CARD}description = 5\n"),
        *(f"{WHOLE}buttons = 5\n", f'{WHOLE}buttons = "x"\n', f"{WHOLE}buttons = [1]\n"),
        f'{WHOLE}buttons = [""]\n',
    ],
)
def test_a_bad_card_is_told_by_line_and_ours_are_used(file: Path, cards: str) -> None:
    texts = owners(file, f"# 내 카드\n{cards}")
    (problem,) = texts.problems
    assert "texts.toml 2번째 줄" in problem
    assert texts.cards == Texts.load().cards


# --- ours -----------------------------------------------------------------------------------


GROUPS = {key.split(".")[0] for key in Texts.load().sentences if "." in key}
KEY = re.compile(rf"({'|'.join(GROUPS)})\.(?!toml|md|html|txt)[a-z_]*[a-z]|system_prompt")


def said(path: Path) -> Iterator[str]:
    """Keys that stand in the code as they are: as arguments of a speaker, or anywhere."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name),
                args=[ast.Constant(value=str(key)), *_],
            ) if name.lstrip("_") in SPEAKERS:
                yield key
            case ast.Constant(value=str(key)) if KEY.fullmatch(key):
                yield key


TEMPLATES = [path.read_text("utf-8") for path in OURS.parent.glob("web/templates/*.html")]
USED = {key for path in CODE for key in said(path)}
USED |= {
    key for page in TEMPLATES for key in re.findall(r'"([\w.]+)"(?! ~)', page) if KEY.fullmatch(key)
}
USED |= {f"{group}.{failure}" for group in ("failure", "hint") for failure in Failure}
USED |= {f"setup.{failure}" for failure in ("wrong_key", "no_credit", "unknown_model")}
USED |= {f"setup.{failure}" for failure in ("rate_limit", "timeout", "network", "account_blocked")}
USED |= {f"setup.name_{name}" for name in EXAMPLES}
USED |= {f"setup.prompt_{name}" for name in EXAMPLES if name != "default"}
USED |= {f"character.advice_{name}" for name in ("who", "facts", "form", "unknown", "rules")}
USED |= {f"character.starter_{name}" for name in ("hello", "help", "first")}
USED |= {f"character.{name}" for name in character.DONE}
USED |= {f"home.{name}" for name in (*DONE, "good", "wait", "bad")}
USED |= {f"home.step_{name}" for name in ("model", "address", "skill", "talk")}
USED |= {f"home.step_is_{state}" for state in ("done", "now", "later")}
USED |= {f"home.changed_{step}" for step in ("open", "paste", "deploy")}
USED |= {f"talks.is_{kind}" for kind in TalkKind} | {f"talks.column_{name}" for name in COLUMNS}
USED |= {f"talks.{unit}" for unit in ("minutes", "hours", "days")}
STATS_TILES = ("asked", "friends", "at_once", "seconds", "cost")
STATS_CHANGES = ("count", "share", "seconds")
STATS_CHARTS = ("questions", "took", "tokens")
USED |= {f"options.label_{name.lower()}" for name in OPTIONS}
USED |= {
    f"options.choice_{name}_{choice.replace('.', '_')}".lower()
    for name, row in OPTIONS.items()
    if isinstance(row.metadata["parse"], OneOf)
    for choice in row.metadata["parse"].choices
}
USED |= {f"options.nav_{page}" for page in ("options", "character", "texts", "setup")}
USED |= {f"options.locks_out_{name}" for name in ("public_url", "host", "everywhere")}
PAGES = ("home", "chat", "talks", "stats", "settings", "status", "manual")
USED |= {f"frame.{page}" for page in PAGES}
USED |= {f"stats.{name}_{span}" for name in ("span", "than") for span in Span}
USED |= {f"stats.{name}_{kind}" for name in ("more", "less") for kind in STATS_CHANGES}
USED |= {f"stats.{name}_{part}" for name in STATS_CHARTS for part in ("title", "about")}
USED |= {f"stats.way_{way}" for way in (*Delivery, "failed", "waiting")}
USED |= {f"stats.kind_{failure}" for failure in Failure} | {f"stats.{name}" for name in STATS_TILES}
USED |= {f"status.about_{name}" for name in about.NAMES}
USED |= {f"status.{rank.lower()}" for rank in log_tail.RANKS}
USED |= {f"status.level_{level}" for level in log_tail.LEVELS}
USED |= {f"status.{word}" for word in ("good", "warn", "bad", "up_days", "up_hours", "up_minutes")}
USED |= {f"backup.name_{name}" for name in ("database", "texts", "prompt", "prices", "characters")}
PROBLEMS = ("long", "many", "beside", "together", "bytes", "empty", "missing", "wrong", "unknown")
USED |= {f"chat.problem_{kind}" for kind in (*PROBLEMS, "kind")}
USED |= {f"chat.in_{name}" for name in (*problem_words.LISTS, "other")}
USED |= {f"chat.what_{name}" for name in (*problem_words.FIELDS, "other")}
USED |= {f"chat.why_{kind}" for kind in ("late", "status", "not_json", "gone", "limits")}
USED |= {f"chat.way_{way}" for way in WAYS}
USED |= {f"move.table_{name}" for name in move.TABLES}
USED |= {f"move.is_{state}" for state in (move.MoveState.RESUMED, move.MoveState.AGAIN)}
USED |= {f"sentences.about_{key.replace('.', '_')}" for key in texts_editor.KEYS}
USED |= {f"sentences.group_{group}" for group in texts_editor.GROUPS}
USED |= {f"sentences.insert_{name}" for name in texts_editor.LONGEST}
USED |= {f"sentences.done_{what}" for what in SENTENCES_DONE}


def test_every_sentence_that_the_code_says_is_there() -> None:
    assert USED - Texts.load().sentences.keys() == set()


@pytest.mark.parametrize("group", ["failure", "hint"])
def test_every_failure_has_its_words(group: str) -> None:
    texts = Texts.load()
    assert all(texts(f"{group}.{failure}", model="gpt-test") for failure in Failure)


def test_ours_fit_kakaos_limits() -> None:
    texts = Texts.load()
    labels = {key: words for key, words in texts.sentences.items() if key.startswith("button.")}
    assert {key for key, words in labels.items() if len(words) > LABEL_CHARS} == set()
    assert {key for key, words in texts.sentences.items() if len(words) > BUBBLE_CHARS} == set()
    for card in texts.cards:
        assert len(card.title) <= CARD_TITLE_CHARS
        assert len(card.description) <= CARD_DESCRIPTION_CHARS


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.stem)
def test_no_korean_sentence_stands_in_the_code(path: Path) -> None:
    """But for the table of settings, and the words that the practice model knows."""
    if path.parent.name != "settings" and path.stem != "practice_model":
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        strings = (node.value for node in nodes if isinstance(node, ast.Constant))
        assert [one for one in strings if re.search("[가-힣]{2}", str(one))] == []


def test_a_button_that_was_renamed_is_called_so_everywhere(file: Path) -> None:
    texts = owners(file, '[button]\nfetch = "다 됐어?"\nreset = "🔄 처음부터"\n')
    assert "'다 됐어?'" in texts("reply.greeting")
    assert texts.help_cards[-1].buttons == ("🔄 처음부터",)
