"""The recipes of CONTRIBUTING.md, followed to the letter in a copy of the project."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.support.process import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
RECIPES = ("Add a page", "Add a command", "Add a setting", "Tell the model something more",
           "Add a model service", "Add a tunnel")  # fmt: skip
NOT_COPIED = {".git", ".venv", ".ruff_cache", ".mypy_cache", ".pytest_cache", ".hypothesis", "data"}
PATH = re.compile(r"[\w./-]*/[\w.-]+\.\w+")
SECONDS = 300


@dataclass(frozen=True)
class Block:
    """A block of code."""

    path: str
    """Of the file that is named first in the words above it; empty where none is."""
    kind: str
    text: str


def blocks(recipe: str, text: str = TEXT) -> Iterator[Block]:
    """Of the section with this heading, in their order."""
    section, path = "", ""
    tokens = MarkdownIt("commonmark").parse(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "inline" and before and before.tag == "h2":
            section = token.content
        elif token.type == "inline":
            named = (one.content for one in token.children or () if one.type == "code_inline")
            path = next((one for one in named if PATH.fullmatch(one)), "")
        elif token.type == "fence" and section == recipe:
            yield Block(path, token.info, token.content)


@dataclass(frozen=True)
class Copy:
    """Of the project, in which recipes are followed."""

    folder: Path

    def follow(self, block: Block) -> None:
        if block.kind == "sh":
            for line in block.text.replace("\\\n", "").splitlines():
                self.run(line)
            return
        assert block.path, f"it is not said which file this belongs to:\n{block.text}"
        file = self.folder / block.path
        if block.kind == "diff":
            changed(file, block.text)
        else:
            assert not file.exists(), f"{block.path} is there already"
            file.write_text(block.text, "utf-8")

    def run(self, line: str) -> None:
        """As it is written, in the Python of these tests."""
        python, *words = shlex.split(line)
        assert python == "python"
        if words[:2] == ["run.py", "test"]:
            words = ["-m", "pytest", "-p", "no:cacheprovider", *words[2:]]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=kept,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def left_out(folder: str, names: list[str]) -> set[str]:
    return NOT_COPIED & set(names) if Path(folder) == ROOT else set()


def changed(file: Path, diff: str) -> None:
    """Each part of the diff where its lines stand, which must be one place."""
    lines = file.read_text("utf-8").splitlines()
    for part in re.split(r"(?m)^@@\n", diff):
        told = [(line[:1] or " ", line[1:]) for line in part.splitlines()]
        assert {sign for sign, _ in told} <= set(" +-"), f"no diff:\n{part}"
        old = [line for sign, line in told if sign != "+"]
        new = [line for sign, line in told if sign != "-"]
        there = [at for at in range(len(lines)) if lines[at : at + len(old)] == old]
        assert len(there) == 1, f"{file.name}: {len(there)} places have these lines:\n{part}"
        lines[there[0] : there[0] + len(old)] = new
    file.write_text("\n".join(lines) + "\n", "utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(shutil.copytree(ROOT, tmp_path / "copy", ignore=left_out))


@pytest.mark.parametrize("recipe", RECIPES)
def test_who_follows_a_recipe_has_what_it_promises(copy: Copy, recipe: str) -> None:
    steps = list(blocks(recipe))
    assert any("run.py test" in step.text for step in steps), "it names no tests"
    for step in steps:
        copy.follow(step)
    copy.run("python -m ruff check --no-cache .")
    copy.run("python -m ruff format --no-cache --check .")


def test_every_block_of_a_recipe_is_followed_and_no_recipe_is_left_out() -> None:
    headings = re.findall(r"(?m)^## (.+)", TEXT)
    first, last = headings.index(RECIPES[0]), headings.index(RECIPES[-1])
    assert tuple(headings[first : last + 1]) == RECIPES
    assert headings[first - 1] == "Follow a recipe"


def test_what_it_names_is_there() -> None:
    """Files that a recipe makes aside."""
    made = {one.path for recipe in RECIPES for one in blocks(recipe) if one.kind != "diff"}
    named = set(re.findall(r"`((?:chatgee|tests|docs|bench)/[\w./]*)`", TEXT)) - made
    assert len(named) > 50
    assert [one for one in sorted(named) if not (ROOT / one).exists()] == []


# --- a recipe that is wrong -----------------------------------------------------------------

WRONG = {
    "a line that is not there": (
        '`a/b.py`:\n```diff\n-    "one",\n+    "two",\n```',
        "0 places",
    ),
    "a line that is there twice": ("`a/b.py`:\n```diff\n x = 1\n+y = 2\n```", "2 places"),
    "a new file that is there": ("`a/b.py`:\n```python\nx = 1\n```", "there already"),
    "a block of no file": ("so:\n```python\nx = 1\n```", "which file"),
    "a test that fails": ("```sh\npython run.py test a/test_it.py\n```", "1 failed"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_it_fails_where_a_recipe_is_wrong(tmp_path: Path, wrong: str) -> None:
    text, told = WRONG[wrong]
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.py").write_text("x = 1\n\nx = 1\n", "utf-8")
    (tmp_path / "a" / "test_it.py").write_text("def test_it(): assert False\n", "utf-8")
    (block,) = blocks("Add", f"## Add\n\n{text}\n")
    with pytest.raises(AssertionError, match=told):
        Copy(tmp_path).follow(block)
