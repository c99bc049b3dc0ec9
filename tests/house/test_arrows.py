"""The house keeps its shape: who includes whom, where raw pointers and metal-cpp may live."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOUNDRY = ROOT / "cpp" / "foundry"

# A room may include from the rooms named here, and from itself.
MAY_INCLUDE = {
    "core": set(),
    "unsafe": {"core"},
    "device": {"core", "unsafe"},
    "memory": {"core", "unsafe", "device"},
    "tensor": {"core", "unsafe", "device", "memory"},
    "gguf": {"core", "unsafe", "device", "memory", "tensor"},
    "kernel": {"core", "unsafe", "device", "memory", "tensor"},
    "fusion": {"core", "unsafe", "device", "memory", "tensor", "kernel"},
    "program": {"core", "unsafe", "device", "memory", "tensor", "gguf", "kernel"},
    "ops": {"core", "unsafe", "device", "memory", "tensor", "kernel", "fusion", "program"},
}
MAY_INCLUDE["runtime"] = set(MAY_INCLUDE)

INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)


def sources(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".hpp", ".cpp", ".h"}:
                yield path


def includes(path: Path) -> list[str]:
    return INCLUDE.findall(path.read_text())


def room_of(path: Path) -> str:
    relative = path.relative_to(FOUNDRY)
    return relative.parts[0] if len(relative.parts) > 1 else "runtime"


@pytest.mark.parametrize("room", sorted(MAY_INCLUDE))
def test_rooms_of_foundry_include_only_what_is_below_them(room: str) -> None:
    wrong = []
    for path in sources(FOUNDRY):
        if room_of(path) != room:
            continue
        for name in includes(path):
            match = re.match(r"foundry/(\w+)/", name)
            if match and match[1] != room and match[1] not in MAY_INCLUDE[room]:
                wrong.append(f"{path.relative_to(ROOT)} includes {name}")
    assert not wrong


def test_every_room_is_known() -> None:
    assert {room_of(path) for path in sources(FOUNDRY)} <= set(MAY_INCLUDE)


def test_foundry_reaches_anvil_only_through_metal_cpp() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources(FOUNDRY, ROOT / "bindings")
        if any(name.startswith("anvil/") or "/anvil/" in name for name in includes(path))
    ]
    assert not wrong


def test_anvil_knows_nothing_of_foundry() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources(ROOT / "cpp" / "anvil")
        if any(name.startswith("foundry/") for name in includes(path))
    ]
    assert not wrong


def test_metal_cpp_is_included_by_the_device_room_only() -> None:
    apple = re.compile(r"^(Metal|Foundation|QuartzCore|objc)/")
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources(FOUNDRY, ROOT / "bindings", ROOT / "examples")
        if any(apple.match(name) for name in includes(path))
        and (
            (path.suffix == ".hpp" and not path.name.startswith("metal_"))
            or "device" not in path.parts
        )
    ]
    assert not wrong


def test_reinterpret_cast_lives_in_unsafe_only() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources(FOUNDRY, ROOT / "bindings")
        if "unsafe" not in path.parts and "reinterpret_cast<" in path.read_text()
    ]
    assert not wrong


def test_unsafe_operations_state_their_invariant() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources(FOUNDRY / "unsafe")
        if "reinterpret_cast" in path.read_text() and "SAFETY:" not in path.read_text()
    ]
    assert not wrong


def test_every_header_opens_with_what_it_is_for() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources(FOUNDRY, ROOT / "bindings", ROOT / "cpp" / "anvil")
        if path.suffix == ".hpp" and not path.read_text().startswith("//")
    ]
    assert not wrong
