"""Imports point one way, and each foreign package has one door."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "chatgee").rglob("*.py"))
LONGEST_FILE = 320

LAYERS = (
    ("launch",),
    ("doctor",),
    ("app", "front", "migrate_to"),
    ("desk",),
    ("web",),
    ("engine", "answering", "about", "sheets", "setup", "sentences", "stats", "backup", "shelf"),
    ("board", "wording", "replies", "character", "logs", "cluster", "budget", "telling"),
    ("keepers",),
    ("pretend", "moments"),
    ("kakao_check", "jobs", "bell", "markdown", "callback"),
    ("store", "model", "practice"),
    ("kakao", "tunnel", "instance", "prices"),
    ("questions", "health", "ending", "admission", "visit", "net", "manual", "autostart"),
    ("settings", "texts", "memo"),
    ("notepad", "changing", "bubbles", "clock", "kept", "proof"),
    ("errors", "sizes", "version", "install_troubles", "requirements"),
)
"""From the top down: a file may import what stands in a lower line."""

DOORS = {
    "openai": {"model"},
    "flask": {"web"},
    "werkzeug": {"web"},
    "waitress": {"web"},
    "sqlalchemy": {"store"},
    "pyngrok": {"tunnel"},
    "aiohttp": {"callback"},
    "markdown_it": {"markdown", "manual"},
    "pylatexenc": {"markdown"},
    "dotenv": {"settings"},
    "tomlkit": {"sentences"},
    "filelock": {"instance"},
    "rich": {"desk", "doctor"},
    "pyperclip": {"desk"},
    "procrastinate": {"cluster"},
    "psycopg": {"cluster"},
    "psycopg_pool": {"cluster"},
    "sqlite3": set(),
    "requests": set(),
    "httpx": set(),
}


def part(path: Path) -> str:
    """The name by which a file is known in LAYERS: a package is one part."""
    return path.relative_to(ROOT / "chatgee").parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Every module that a file imports, wherever in it, and the place."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import():
                names = [one.name for one in node.names]
            case ast.ImportFrom(module=str(module), level=0):
                names = [f"{module}.{one.name}" for one in node.names]
            case ast.ImportFrom():
                names = ["a relative import"]
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="__import__"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                names = [name]
            case _:
                continue
        for name in names:
            yield name, f"{path.relative_to(ROOT)}, line {node.lineno}, imports {name}"


def layer(name: str) -> int:
    found = [number for number, names in enumerate(LAYERS) if name in names]
    assert found, f"{name} is in no layer: add it to LAYERS"
    return found[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    me = part(path)
    if me == "__init__":
        assert not list(imported(path))
        return
    for name, where in imported(path):
        assert name != "a relative import", where
        parts = name.split(".")
        if parts[0] == "chatgee" and parts[1:2] != [me]:
            assert len(parts) > 1, where
            assert layer(parts[1]) > layer(me), where


def test_each_foreign_package_has_one_door() -> None:
    wrong = [
        where
        for path in FILES
        for name, where in imported(path)
        if part(path) not in DOORS.get(name.split(".")[0], {part(path)})
    ]
    assert wrong == []


def test_every_layer_is_a_part_that_exists() -> None:
    assert {name for names in LAYERS for name in names} == {part(path) for path in FILES} - {
        "__init__"
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_can_be_read_in_one_go(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= LONGEST_FILE, f"{lines} lines: divide it"
