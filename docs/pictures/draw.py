"""Draws the manual's pictures from what pictures.toml says: `python docs/pictures/draw.py`.

Each is a window with rows, and perhaps a menu at its left. `@2` behind a word puts the number
where the owner should look or click; `*` before an entry of the menu marks where we are. Text
that would not fit is an error, not a surprise.
"""

import re
import tomllib
from html import escape
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
KOREAN = ("Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", "Noto Sans CJK KR")
FONT = ",".join(f"'{name}'" for name in (*KOREAN, "Segoe UI Emoji")) + ",sans-serif"
INK, QUIET, LINE, GROUND, CARD = "#1f2328", "#5b6470", "#cfd6dd", "#eef1f4", "#ffffff"
YELLOW, PALE, EDGE = "#fee500", "#fff8c5", "#c9a400"
WIDTH, MARGIN, BAR, MENU, PAD = 600, 20, 46, 144, 20
ICONS = {
    "phone": "M-13-17v34q0 5 5 5h16q5 0 5-5v-34q0-5-5-5h-16q-5 0-5 5ZM-4 16h8",
    "talk": "M0-17c-13 0-22 7-22 16 0 6 4 11 10 14l-2 8 9-6 5 1c13 0 22-8 22-17S13-17 0-17Z",
    "globe": "M-20 0a20 20 0 1 0 40 0a20 20 0 1 0-40 0h40M0-20c-12 12-12 28 0 40c12-12 12-28 0-40",
    "computer": "M-23-14v22q0 4 4 4h38q4 0 4-4v-22q0-4-4-4h-38q-4 0-4 4ZM-10 20h20M0 12v8",
    "star": "M0-20l5 15 15 5-15 5-5 15-5-15-15-5 15-5ZM17-20v8M13-16h8",
}


class Drawing:
    """One picture while it is drawn, from the top down."""

    def __init__(self, picture: dict[str, Any]) -> None:
        self.name, self.out, self.y = picture["name"], [], MARGIN + BAR + PAD
        menu = picture.get("menu", [])
        self.x = MARGIN + PAD + (MENU if menu else 0)
        self.right = WIDTH - MARGIN - PAD
        for row in picture["rows"]:
            kind = next(iter(row))
            getattr(self, f"row_{kind}")(**row)
        bottom = max(self.y + PAD - 12, MARGIN + BAR + 16 + 46 * len(menu))
        body, self.out = self.out, []
        self.frame(picture.get("window", ""), menu, bottom)
        title, desc = escape(picture["title"]), escape(picture["desc"])
        self.svg = "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + MARGIN}" '
                f'width="{WIDTH}" height="{bottom + MARGIN}" '
                f'role="img" aria-labelledby="title desc" font-family="{FONT}">',
                f'<title id="title">{title}</title>',
                f'<desc id="desc">{desc}</desc>',
                *(self.out + body),
                "</svg>\n",
            ]
        )

    # --- pieces ---------------------------------------------------------------------------

    def text(self, x: float, y: float, words: str, room: float = 0, **style: Any) -> None:
        style = {"font_size": 17, "fill": INK, **style}
        room = room or self.right - x
        if wide(words, style["font_size"]) > room:
            raise SystemExit(f"{self.name}: no room for {words!r}")
        self.out.append(f'<text x="{x:g}" y="{y:g}"{attributes(style)}>{escape(words)}</text>')

    def box(self, x: float, y: float, w: float, h: float, **style: Any) -> None:
        style = {"rx": 8, "fill": CARD, "stroke": LINE, "stroke_width": 1.5, **style}
        size = f'width="{w:g}" height="{h:g}"'
        self.out.append(f'<rect x="{x:g}" y="{y:g}" {size}{attributes(style)}/>')

    def badge(self, x: float, y: float, number: str) -> None:
        self.out.append(f'<circle cx="{x:g}" cy="{y:g}" r="13" fill="{INK}"/>')
        style = {"font_size": 16, "font_weight": 700, "fill": YELLOW, "text_anchor": "middle"}
        self.text(x, y + 6, number, 20, **style)

    def marked(self, x: float, y: float, w: float, h: float, label: str, **style: Any) -> None:
        """A box with words, yellow and numbered where the label asks for it."""
        words, number = split(label)
        fill = {"fill": YELLOW, "stroke": EDGE} if number else {}
        self.box(x, y, w, h, **{**fill, **style})
        self.text(x + w / 2, y + h / 2 + 6, words, w - 8, text_anchor="middle", font_weight=600)
        if number:
            self.badge(x + w - 2, y + 1, number)

    def button(self, label: str, right: float, y: float) -> float:
        w = wide(split(label)[0]) + 32
        self.marked(right - w, y, w, 40, label)
        return right - w - 18

    def frame(self, name: str, menu: list[str], bottom: float) -> None:
        self.box(0, 0, WIDTH, bottom + MARGIN, rx=0, fill=GROUND, stroke="none")
        self.box(MARGIN, MARGIN, WIDTH - 2 * MARGIN, bottom - MARGIN, rx=14)
        line = f"M{MARGIN} {MARGIN + BAR}h{WIDTH - 2 * MARGIN}"
        if menu:
            line += f"M{MARGIN + MENU} {MARGIN + BAR}V{bottom}"
        self.out.append(f'<path d="{line}" stroke="{LINE}" stroke-width="1.5"/>')
        self.out += [f'<circle cx="{x}" cy="43" r="6" fill="{LINE}"/>' for x in (40, 58, 76)]
        self.text(96, 49, name, font_size=16, fill=QUIET, font_weight=600)
        for number, entry in enumerate(menu):
            y = MARGIN + BAR + 12 + 46 * number
            words, badge = split(entry.removeprefix("*"))
            if entry.startswith("*"):
                self.box(MARGIN + 8, y, MENU - 16, 40, fill=PALE, stroke=EDGE)
            weight = 700 if entry.startswith("*") else 400
            self.text(MARGIN + 20, y + 26, words, MENU - 30, font_weight=weight)
            if badge:
                self.badge(MARGIN + MENU - 10, y + 20, badge)

    # --- rows -----------------------------------------------------------------------------

    def row_head(self, head: str, buttons: list[str] = []) -> None:  # noqa: B006
        head, number = split(head)
        self.text(self.x, self.y + 26, head, font_size=20, font_weight=700)
        if number:
            self.badge(self.x + wide(head, 20) + 20, self.y + 19, number)
        right = self.right
        for label in reversed(buttons):
            right = self.button(label, right, self.y)
        if buttons and wide(head, 20) > right - self.x:
            raise SystemExit(f"{self.name}: {head!r} meets its buttons")
        self.y += 58

    def row_text(self, text: list[str], quiet: bool = False) -> None:
        for words in text:
            self.text(self.x, self.y + 18, words, fill=QUIET if quiet else INK)
            self.y += 27
        self.y += 12

    def row_fields(self, fields: list[list[str]]) -> None:
        """Boxes side by side, each with its name above it."""
        w = (self.right - self.x - 14 * (len(fields) - 1)) / len(fields)
        for column, (name, value) in enumerate(fields):
            x, (words, number) = self.x + column * (w + 14), split(value)
            self.text(x, self.y + 16, name, w - 14, font_size=16, fill=QUIET)
            style = {"fill": PALE, "stroke": EDGE, "stroke_width": 2.5} if number else {}
            self.box(x, self.y + 25, w, 42, **style)
            self.text(x + 12, self.y + 52, words, w - 18)
            if number:
                self.badge(x + w - 2, self.y + 26, number)
        self.y += 84

    def row_switch(self, switch: str) -> None:
        words, number = split(switch)
        style = {"fill": PALE, "stroke": EDGE, "stroke_width": 2.5} if number else {}
        self.box(self.x, self.y, self.right - self.x, 48, **style)
        self.text(self.x + 14, self.y + 30, words)
        x = self.right - 110
        self.box(x, self.y + 12, 46, 24, rx=12, fill="#2da44e", stroke="none")
        self.out.append(f'<circle cx="{x + 34}" cy="{self.y + 24}" r="9" fill="{CARD}"/>')
        self.text(x + 56, self.y + 30, "On", font_weight=700)
        if number:
            self.badge(self.right - 2, self.y + 1, number)
        self.y += 62

    def row_choices(self, choices: list[str]) -> None:
        w = (self.right - self.x - 14 * (len(choices) - 1)) / len(choices)
        for column, label in enumerate(choices):
            self.marked(self.x + column * (w + 14), self.y, w, 46, label)
        self.y += 62

    def row_steps(self, steps: list[str]) -> None:
        """Boxes from left to right with arrows between them."""
        w = (self.right - self.x - 34 * (len(steps) - 1)) / len(steps)
        for column, label in enumerate(steps):
            x = self.x + column * (w + 34)
            self.marked(x, self.y, w, 48, label)
            if column:
                self.arrow(x - 30, self.y + 24, 24)
        self.y += 66

    def row_bubble(self, bubble: list[str], mine: bool = False) -> None:
        w = max(map(wide, bubble)) + 32
        x, h = (self.right - w if mine else self.x), 20 + 27 * len(bubble)
        self.box(x, self.y, w, h, rx=16, fill=YELLOW if mine else GROUND, stroke="none")
        for words in bubble:
            self.text(x + 16, self.y + 28, words)
            self.y += 27
        self.y += 32

    def row_pill(self, pill: list[str]) -> None:
        """Buttons under a bubble, or the chat's menu."""
        x = self.x
        for label in pill:
            w = wide(split(label)[0]) + 36
            self.marked(x, self.y, w, 42, label, rx=21)
            x += w + 16
        self.y += 58

    def row_way(self, way: list[list[str]]) -> None:
        """Icons from left to right, each with up to two lines of words."""
        slot = (self.right - self.x) / len(way)
        for column, (icon, *words) in enumerate(way):
            x, here = self.x + slot * (column + 0.5), icon.startswith("*")
            style = {"fill": YELLOW, "stroke": EDGE} if here else {"fill": GROUND}
            self.box(x - 34, self.y, 68, 68, rx=18, **style)
            self.line(ICONS[icon.removeprefix("*")], INK, f"translate({x:g} {self.y + 34})")
            for number, line in enumerate(words):
                weight = 400 if number else 700
                style = {"text_anchor": "middle", "font_weight": weight, "font_size": 16}
                self.text(x, self.y + 94 + 23 * number, line, slot, **style)
            if column:
                self.arrow(x - slot + 40, self.y + 34, slot - 80, back=True)
        self.y += 136

    def arrow(self, x: float, y: float, w: float, back: bool = False) -> None:
        tail = "m5-5-5 5 5 5" if back else ""
        self.line(f"M{x:g} {y:g}{tail}M{x:g} {y:g}h{w:g}m-5-5 5 5-5 5", QUIET)

    def line(self, path: str, colour: str, place: str = "") -> None:
        style = {"fill": "none", "stroke": colour, "stroke_width": 2.5, "stroke_linejoin": "round"}
        moved = f' transform="{place}"' if place else ""
        self.out.append(f'<path d="{path}"{moved}{attributes(style)}/>')


def split(label: str) -> tuple[str, str]:
    """'Save @3' is 'Save' and '3'."""
    words, _, number = label.partition(" @")
    return words, number


def wide(words: str, size: float = 17) -> float:
    """About how wide a text is; fonts differ, so rather too much."""
    emoji = len(re.findall("[\U0001f300-\U0001faff]", words))
    latin = sum(one.isascii() for one in words)
    return size * (0.57 * latin + 0.95 * (len(words) - latin) + 0.4 * emoji)


def attributes(style: dict[str, Any]) -> str:
    return "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())


def drawings() -> dict[str, str]:
    """Every picture's file name and text."""
    table = tomllib.loads((HERE / "pictures.toml").read_text(encoding="utf-8"))
    return {f"{one['name']}.svg": Drawing(one).svg for one in table["picture"]}


if __name__ == "__main__":
    for name, svg in drawings().items():
        (HERE / name).write_text(svg, encoding="utf-8", newline="\n")
