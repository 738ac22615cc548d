"""A real browser, for the tests of the owner's pages and for their pictures."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The first is the same without what surrounds the page, and takes half of the time."""
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
MISSING = "no chromium: apt-get install chromium-headless-shell fonts-noto-cjk"
WIDE, PHONE = (1280, 900), (390, 844)
EACH_COLOUR_ONCE = """(() => {
  const { Color } = axe.commons.color, parse = Color.prototype.parseString, known = new Map();
  Color.prototype.parseString = function (text) {
    if (!known.has(text)) {
      const read = new Color();
      parse.call(read, text);
      known.set(text, read);
    }
    const { r, g, b, alpha } = known.get(text);
    return Object.assign(this, { r, g, b, alpha });
  };
})()"""
"""Else axe reads a colour anew for each element that has it or lies below, a third of its time."""
AXE = Axe(f"{AXE_SCRIPT};{EACH_COLOUR_ONCE}")

expect.set_options(timeout=15_000)  # what comes at all comes sooner, on a slow machine too


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser, size: tuple[int, int] = WIDE, dark: bool = False, **options: Any
) -> Iterator[Page]:
    """A page of which `complaints` holds what the browser found wrong, such as a broken policy."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        locale="ko-KR",
        **options,
    )
    page = context.new_page()
    try:
        yield page
    finally:
        context.close()


def complaints(page: Page) -> list[str]:
    """Filled from now on with errors and warnings of the console and of scripts."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on(
        "console",
        lambda message: found.append(message.text) if message.type in ("error", "warning") else 0,
    )
    return found


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def sees(page: Page, words: str) -> None:
    expect(page.get_by_text(words).first).to_be_visible()


def shuts_nobody_out(page: Page) -> None:
    """axe finds nothing, and nothing is wider than the window."""
    found = AXE.run(page)
    assert found.violations_count == 0, found.generate_report()
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits), "it scrolls to the side"
