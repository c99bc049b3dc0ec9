"""The arrows between the rooms of the Python package: an import against them fails, and so does an
arrow that no import needs."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "python" / "foundry"
BASE = "base"
"""The modules beside the rooms: kernels, libraries, dtypes, errors."""
FACE = "face"
"""`foundry` itself and `python -m foundry`, above all."""

ARROWS: Mapping[str, str] = {
    FACE: "cli models base",
    "cli": "models convert huggingface generation base",
    "models": "engine export convert huggingface generation metadata base",
    "export": "generation base",
    "engine": "generation base",
    "convert": "huggingface base",
    "huggingface": "generation metadata base",
    "generation": "metadata base",
    "metadata": "base",
    BASE: "",
}
ROOMS = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    if len(parts) > 1:
        return parts[0]
    return FACE if path.stem in ("__init__", "__main__") else BASE


def imported(path: Path) -> Iterator[str]:
    """The rooms of what a file imports of the package."""
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from foundry import x` may be a room or a name of the face, which is a base's.
            whole = node.module == "foundry"
            names = [f"foundry.{alias.name}" for alias in node.names] if whole else [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            first, _, rest = name.partition(".")
            if first == "foundry" and rest:
                part = rest.split(".")[0]
                yield part if part in ROOMS else BASE


def test_imports_follow_the_arrows() -> None:
    found: dict[str, set[str]] = {room: set() for room in ARROWS}
    for path in ROOT.rglob("*.py"):
        found[room_of(path)] |= set(imported(path)) - {room_of(path)}
    assert found == {room: set(targets.split()) for room, targets in ARROWS.items()}


def test_no_room_is_above_and_below_another() -> None:
    order = list(ARROWS)
    for room, targets in ARROWS.items():
        assert all(order.index(target) > order.index(room) for target in targets.split())


def test_every_room_has_its_row() -> None:
    assert set(ARROWS) - {FACE, BASE} == ROOMS
