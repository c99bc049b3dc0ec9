"""Where the boxes of a layered drawing stand: arrows lead down, and cross as seldom as it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

Arrows = Mapping[str, frozenset[str]]

# Where an arrow passes a layer: its ends and the layer.
Pass = tuple[str, str, int]
Place = str | Pass

BOX_WIDTH, BOX_HEIGHT, GAP, LAYER_HEIGHT, PASS_WIDTH = 124, 32, 20, 64, 14


@dataclass(frozen=True)
class Drawing:
    width: int
    height: int
    boxes: Mapping[str, tuple[int, int]]  # left top corners
    lines: Mapping[
        tuple[str, str], list[tuple[int, int]]
    ]  # points, from the upper box's lower edge


def without_detours(arrows: Arrows) -> Arrows:
    """Arrows that no way over another room stands for."""

    def reached(room: str) -> set[str]:
        return {further for target in arrows[room] for further in {target} | reached(target)}

    return {
        room: frozenset(targets - {far for target in targets for far in reached(target)})
        for room, targets in arrows.items()
    }


def layers_of(arrows: Arrows) -> dict[str, int]:
    """A room's longest way down."""

    def depth(room: str) -> int:
        return max((depth(target) + 1 for target in arrows[room]), default=0)

    return {room: depth(room) for room in sorted(arrows)}


def with_passes(arrows: Arrows, depth: Mapping[str, int]) -> list[tuple[Place, Place]]:
    """The arrows in pieces of one layer each."""
    pieces: list[tuple[Place, Place]] = []
    for room in sorted(arrows):
        for target in sorted(arrows[room]):
            levels = range(depth[room] - 1, depth[target], -1)
            way: list[Place] = [room, *((room, target, level) for level in levels), target]
            pieces += pairwise(way)
    return pieces


def level(place: Place, depth: Mapping[str, int]) -> int:
    return depth[place] if isinstance(place, str) else place[2]


def crossings(rows: list[list[Place]], pieces: list[tuple[Place, Place]]) -> int:
    position = {place: (y, x) for y, row in enumerate(rows) for x, place in enumerate(row)}
    spans = [
        (position[upper][0], position[upper][1], position[lower][1]) for upper, lower in pieces
    ]
    return sum(
        a[0] == b[0] and (a[1] - b[1]) * (a[2] - b[2]) < 0
        for i, a in enumerate(spans)
        for b in spans[:i]
    )


def in_order(depth: Mapping[str, int], pieces: list[tuple[Place, Place]]) -> list[list[Place]]:
    """The places of each layer from left to right, the lowest layer first."""
    places = sorted({*depth, *(place for piece in pieces for place in piece)}, key=str)
    rows: list[list[Place]] = [[] for _ in range(max(depth.values()) + 1)]
    for place in places:
        rows[level(place, depth)].append(place)
    best = [list(row) for row in rows]
    for sweep in range(24):
        upwards = sweep % 2 == 0
        for y in range(1, len(rows)) if upwards else range(len(rows) - 2, -1, -1):
            beside = rows[y - 1 if upwards else y + 1]
            ranks = {place: rank / max(len(beside) - 1, 1) for rank, place in enumerate(beside)}

            def mean(place: Place, ranks: Mapping[Place, float] = ranks) -> float:
                near = [ranks[a] for a, b in pieces if b == place and a in ranks]
                near += [ranks[b] for a, b in pieces if a == place and b in ranks]
                return sum(near) / len(near) if near else 0.5

            rows[y].sort(key=mean)
        if crossings(rows, pieces) < crossings(best, pieces):
            best = [list(row) for row in rows]
    return best


def width(place: Place) -> int:
    return BOX_WIDTH if isinstance(place, str) else PASS_WIDTH


def columns(rows: list[list[Place]], pieces: list[tuple[Place, Place]]) -> dict[Place, float]:
    """The middle of each place: near those it is bound to, in the row's order, none on another."""
    middle: dict[Place, float] = {}
    for row in rows:
        total = sum(width(place) for place in row) + GAP * (len(row) - 1)
        left = -total / 2
        for place in row:
            middle[place] = left + width(place) / 2
            left += width(place) + GAP
    for _ in range(60):
        for row in (*rows, *reversed(rows)):
            wanted = []
            for place in row:
                near = [middle[a] for a, b in pieces if b == place]
                near += [middle[b] for a, b in pieces if a == place]
                wanted.append(sum(near) / len(near) if near else middle[place])
            placed: list[float] = []
            for i, place in enumerate(row):
                space = (width(row[i - 1]) + width(place)) / 2 + GAP if i else 0.0
                placed.append(max(wanted[i], placed[-1] + space) if i else wanted[i])
            # What was pushed right goes back by half, all together.
            shift = sum(p - w for p, w in zip(placed, wanted, strict=True)) / max(len(row), 1)
            for place, x in zip(row, placed, strict=True):
                middle[place] = x - shift
    return middle


def draw(arrows: Arrows) -> Drawing:
    arrows = without_detours(arrows)
    depth = layers_of(arrows)
    pieces = with_passes(arrows, depth)
    rows = in_order(depth, pieces)
    middle = columns(rows, pieces)
    left = min(x - width(place) / 2 for place, x in middle.items())
    right = max(x + width(place) / 2 for place, x in middle.items())
    height = (len(rows) - 1) * LAYER_HEIGHT + BOX_HEIGHT

    def point(place: Place, edge: int) -> tuple[int, int]:
        y = height - BOX_HEIGHT - level(place, depth) * LAYER_HEIGHT
        return round(middle[place] - left), y + edge

    boxes = {
        room: (point(room, 0)[0] - BOX_WIDTH // 2, point(room, 0)[1]) for room in sorted(depth)
    }
    lines = {}
    for room in sorted(arrows):
        for target in sorted(arrows[room]):
            levels = range(depth[room] - 1, depth[target], -1)
            passes = [point((room, target, y), BOX_HEIGHT // 2) for y in levels]
            lines[room, target] = [point(room, BOX_HEIGHT), *passes, point(target, 0)]
    return Drawing(round(right - left), height, boxes, lines)
