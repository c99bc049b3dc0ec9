"""Draws docs/architecture.svg: the rooms and the arrows between them, as rooms.py has them.

usage: python tests/house/picture.py          (./dev picture)
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from layers import BOX_HEIGHT, BOX_WIDTH, Arrows, Drawing, draw
from rooms import ARROWS, ROOT

PICTURE = ROOT / "docs" / "architecture.svg"
MARGIN, TITLE, SPACE = 24, 30, 40
# Below every other room of libfoundry: their arrows would hide the rest.
GROUND = {"core", "unsafe"}

STYLE = """
    .house { fill: none; stroke: #8592ab; stroke-dasharray: 5 4 }
    .room { fill: #f4f6fb; stroke: #47587a; stroke-width: 1.4 }
    .outer { fill: #eef7ee; stroke: #4c7f4c; stroke-width: 1.4 }
    .name { font-weight: bold; text-anchor: middle }
    .note { fill: #5a6478; font-size: 12px }
    .arrow { stroke: #47587a; stroke-width: 1.4; fill: none; marker-end: url(#head) }
    .other { stroke-dasharray: 6 3 }"""


# What the files of a folder that holds rooms are called.
FACES = {"cpp/foundry": "foundry.hpp", "cpp/anvil": "devices", "cpp/anvil/compiler": "compiler"}


def house_of(room: str) -> str:
    return max((face for face in FACES if room == face or room.startswith(f"{face}/")), default="")


def rooms_of(house: str) -> Arrows:
    """The rooms of a house by their own names, and the arrows among them."""

    def name(room: str) -> str:
        return FACES[room] if room == house else room.removeprefix(f"{house}/")

    return {
        name(room): frozenset(name(target) for target in targets if house_of(target) == house)
        for room, targets in ARROWS.items()
        if house_of(room) == house
    }


def runtime() -> Arrows:
    rooms = dict(rooms_of("cpp/foundry"))
    for room in (room for room in ARROWS if room.split("/")[0] == "bindings"):
        inner = {target for target in ARROWS[room] if target.split("/")[0] == "bindings"}
        outer = {target.removeprefix("cpp/foundry/") for target in ARROWS[room] - inner}
        rooms[room] = frozenset(
            inner | {"foundry.hpp" if target == "cpp/foundry" else target for target in outer}
        )
    rooms["python/foundry"] = frozenset({"bindings"})
    rooms["your C++ app"] = frozenset({"foundry.hpp"})
    return {room: rooms[room] - GROUND for room in rooms.keys() - GROUND}


def box(x: int, y: int, text: str, kind: str = "room", wide: int = BOX_WIDTH) -> list[str]:
    return [
        f'<rect class="{kind}" x="{x}" y="{y}" width="{wide}" height="{BOX_HEIGHT}" rx="6"/>',
        f'<text class="name" x="{x + wide // 2}" y="{y + 22}">{escape(text)}</text>',
    ]


def curve(points: list[tuple[int, int]], kind: str = "arrow") -> str:
    """Through the points, upright at each."""
    (x, y), *rest = points
    path = f"M{x} {y}"
    for nx, ny in rest:
        bend = (ny - y) * 2 // 5
        path += f" C{x} {y + bend} {nx} {ny - bend} {nx} {ny}"
        x, y = nx, ny
    return f'<path class="{kind}" d="{path}"/>'


@dataclass(frozen=True)
class House:
    """A drawing in its frame, with what it is and what all its rooms stand on."""

    title: str
    drawing: Drawing
    ground: str = ""
    outer: frozenset[str] = frozenset()

    @property
    def width(self) -> int:
        return max(self.drawing.width + 2 * MARGIN, 8 * len(self.title))

    @property
    def height(self) -> int:
        ground = BOX_HEIGHT + MARGIN if self.ground else 0
        return TITLE + self.drawing.height + MARGIN + ground

    def svg(self, x: int, y: int) -> list[str]:
        lines = [
            f'<rect class="house" x="{x}" y="{y}" width="{self.width}" '
            f'height="{self.height}" rx="8"/>',
            f'<text class="note" x="{x + 12}" y="{y + 19}">{escape(self.title)}</text>',
        ]
        dx, dy = x + (self.width - self.drawing.width) // 2, y + TITLE
        for line in self.drawing.lines.values():
            lines.append(curve([(px + dx, py + dy) for px, py in line]))
        for room, (bx, by) in self.drawing.boxes.items():
            lines += box(bx + dx, by + dy, room, "outer" if room in self.outer else "room")
        if self.ground:
            bottom = y + self.height - MARGIN - BOX_HEIGHT
            lines += box(dx, bottom, self.ground, wide=self.drawing.width)
        return lines


def straight(*points: tuple[int, int]) -> str:
    path = " L".join(f"{x} {y}" for x, y in points)
    return f'<path class="arrow other" d="M{path}"/>'


def note(x: int, y: int, text: str) -> str:
    return f'<text class="note" x="{x}" y="{y}">{escape(text)}</text>'


def picture() -> str:
    outside = frozenset({"python/foundry", "your C++ app"})
    foundry = House("libfoundry", draw(runtime()), ", ".join(sorted(GROUND)), outside)
    anvil = House("libanvil, the software Metal device", draw(rooms_of("cpp/anvil")))
    compiler = House("anvil-compiler, a program of its own", draw(rooms_of("cpp/anvil/compiler")))
    column = MARGIN + foundry.width + 3 * SPACE
    across = max(anvil.width, compiler.width)
    anvil_y = MARGIN + BOX_HEIGHT + SPACE
    compiler_y = anvil_y + anvil.height + SPACE
    wide = column + across + MARGIN
    high = max(MARGIN + foundry.height, compiler_y + compiler.height) + MARGIN

    # The device room speaks metal-cpp to whichever there is.
    device_x, device_y = foundry.drawing.boxes["device"]
    inset = (foundry.width - foundry.drawing.width) // 2
    start = (MARGIN + inset + device_x + BOX_WIDTH, MARGIN + TITLE + device_y + BOX_HEIGHT // 2)
    turn = MARGIN + foundry.width + SPACE
    below = column + across // 2
    lines = [
        *foundry.svg(MARGIN, MARGIN),
        *box(column, MARGIN, "Apple's Metal, the GPU", "outer", across),
        *anvil.svg(column + (across - anvil.width) // 2, anvil_y),
        *compiler.svg(column + (across - compiler.width) // 2, compiler_y),
        straight(start, (turn, start[1]), (turn, MARGIN + 16), (column, MARGIN + 16)),
        straight(start, (turn, start[1]), (turn, anvil_y + 16), (column, anvil_y + 16)),
        note(turn + 8, (MARGIN + anvil_y) // 2 + 24, "metal-cpp"),
        straight((below, compiler_y - SPACE), (below, compiler_y)),
        note(below + 10, compiler_y - SPACE // 2 + 4, "service starts it"),
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" '
            'font-family="Helvetica, Arial, sans-serif" font-size="13">',
            "  <!-- By tests/house/picture.py, without arrows that longer ways stand for. -->",
            f"  <style>{STYLE}\n  </style>",
            '  <defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" '
            'markerHeight="6" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#47587a"/></marker>',
            "  </defs>",
            f'  <rect width="{wide}" height="{high}" fill="#ffffff"/>',
            *(f"  {line}" for line in lines),
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    PICTURE.write_text(picture())
