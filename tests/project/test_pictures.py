"""The pictures of the documentation, taken anew: an owner's way through every page."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chatgee.owner.manual import PICTURES

pytest.importorskip("playwright", reason="no playwright: pip install -r tests/requirements.txt")
from tests.support import pictures

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PNG = b"\x89PNG\r\n"


def test_every_picture_of_the_pages_can_be_taken_again(chromium: "Browser", tmp_path: Path) -> None:
    pictures.shoot(chromium, tmp_path, pictures.views())
    taken = {path.name for path in tmp_path.iterdir()}
    assert taken | {"terminal.png"} == {path.name for path in PICTURES.glob("*.png")}
    assert all(path.read_bytes().startswith(PNG) for path in tmp_path.iterdir())
