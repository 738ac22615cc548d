"""The rooms of `chatgee/`: imports between them point one way, and each foreign package has a door.

HOUSE: at most eight modules and eighteen rooms, each with a docstring that says what lives there
and what must not.
"""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "chatgee"
FILES = sorted(HOUSE.rglob("*.py"))
LONGEST_FILE = 320
MOST_MODULES, MOST_ROOMS = 8, 18

ORDER = (
    *("__main__", "launch", "subcommands", "doctor", "app", "desktop", "web", "cluster", "owner"),
    *("simulator", "conversation", "model", "tunnel", "store", "texts", "kakao", "settings"),
    *("system", "questions", "clock", "errors", "version"),
)
"""From the top down: a room, or a module of the root, may import what stands behind it."""

DOORS = {
    "openai": {"model"},
    "flask": {"web"},
    "werkzeug": {"web"},
    "waitress": {"web"},
    "sqlalchemy": {"store"},
    "pyngrok": {"tunnel"},
    "aiohttp": {"conversation"},
    "markdown_it": {"kakao", "owner"},
    "pylatexenc": {"kakao"},
    "jsonschema": {"kakao"},
    "dotenv": {"settings"},
    "tomlkit": {"owner"},
    "filelock": {"system"},
    "platformdirs": {"system"},
    "rich": {"desktop", "doctor"},
    "pyperclip": {"desktop"},
    "procrastinate": {"cluster"},
    "psycopg": {"cluster"},
    "psycopg_pool": {"cluster"},
    "sqlite3": set(),
    "requests": {"system"},
    "urllib3": {"system"},
    "httpx": set(),
    "httpx2": {"model"},
}


def room(path: Path) -> str:
    """The folder below `chatgee/`, or the module where there is none."""
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


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


def place(name: str) -> int:
    assert name in ORDER, f"{name} is no room: add it to ORDER"
    return ORDER.index(name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    me = room(path)
    if me == "__init__":
        assert not list(imported(path))
        return
    for name, where in imported(path):
        assert name != "a relative import", where
        parts = name.split(".")
        if parts[0] == "chatgee" and parts[1:2] != [me]:
            assert len(parts) > 1, where
            assert place(parts[1]) > place(me), where


def test_no_module_imports_itself_by_others() -> None:
    """At the top of a file, where two would each wait for the other; within a room, too."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in FILES
    }
    graph = {name: set(at_the_top(path, modules)) - {name} for name, path in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def at_the_top(path: Path, modules: dict[str, Path]) -> Iterator[str]:
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                whole = f"{node.module}.{one.name}"
                yield from [whole] if whole in modules else {node.module} & modules.keys()


def test_each_foreign_package_has_one_door() -> None:
    wrong = [
        where
        for path in FILES
        for name, where in imported(path)
        if room(path) not in DOORS.get(name.split(".")[0], {room(path)})
    ]
    assert wrong == []


def test_no_class_name_means_two_things() -> None:
    """Also none that begins with an underscore: who searches finds one place."""
    places: dict[str, list[str]] = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name.lstrip("_"), []).append(f"{path}, line {node.lineno}")
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_every_room_stands_in_the_order() -> None:
    assert set(ORDER) == {room(path) for path in FILES} - {"__init__"}
    modules = {path.stem for path in HOUSE.glob("*.py")} - {"__init__"}
    assert len(modules) <= MOST_MODULES
    assert len(ORDER) - len(modules) <= MOST_ROOMS


@pytest.mark.parametrize("name", [one for one in ORDER if (HOUSE / one).is_dir()])
def test_a_room_says_what_lives_there_and_what_must_not(name: str) -> None:
    told = ast.get_docstring(ast.parse((HOUSE / name / "__init__.py").read_text("utf-8"))) or ""
    first, _, rest = told.partition("\n\n")
    assert first.endswith(".")
    assert rest


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_can_be_read_in_one_go(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= LONGEST_FILE, f"{lines} lines: divide it"
