"""The rooms of the house: which folders they are, and which includes which."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]

# A room is a folder, with those below it that are no room of their own, and may include from the
# rooms named here. `python tests/house/rooms.py` prints the arrows that the code has in this form.
ARROWS: Mapping[str, frozenset[str]] = {
    room: frozenset(targets.split())
    for room, targets in {
        # The face, and what stands on it.
        "bindings": """
            cpp/foundry/core cpp/foundry/device cpp/foundry/fusion cpp/foundry/gguf
            cpp/foundry/kernel cpp/foundry/memory cpp/foundry/ops cpp/foundry/program
            cpp/foundry/runtime cpp/foundry/tensor""",
        "cpp/foundry": """
            cpp/foundry/core cpp/foundry/fusion cpp/foundry/generation cpp/foundry/gguf
            cpp/foundry/kernel cpp/foundry/ops cpp/foundry/program cpp/foundry/runtime""",
        # The runtime.
        "cpp/foundry/generation": """
            cpp/foundry/core cpp/foundry/gguf cpp/foundry/ops cpp/foundry/program
            cpp/foundry/runtime cpp/foundry/unsafe""",
        "cpp/foundry/runtime": """
            cpp/foundry/core cpp/foundry/device cpp/foundry/kernel cpp/foundry/memory
            cpp/foundry/program cpp/foundry/tensor""",
        "cpp/foundry/ops": """
            cpp/foundry/core cpp/foundry/fusion cpp/foundry/kernel cpp/foundry/tensor""",
        "cpp/foundry/fusion": """
            cpp/foundry/core cpp/foundry/device cpp/foundry/kernel cpp/foundry/tensor""",
        "cpp/foundry/program": """
            cpp/foundry/core cpp/foundry/device cpp/foundry/gguf cpp/foundry/kernel
            cpp/foundry/tensor cpp/foundry/unsafe""",
        "cpp/foundry/kernel": """
            cpp/foundry/core cpp/foundry/device cpp/foundry/tensor cpp/foundry/unsafe
            cpp/threads""",
        "cpp/foundry/gguf": """
            cpp/foundry/core cpp/foundry/device cpp/foundry/tensor cpp/foundry/unsafe""",
        "cpp/foundry/tensor": """
            cpp/foundry/core cpp/foundry/device cpp/foundry/memory cpp/foundry/unsafe""",
        "cpp/foundry/memory": "cpp/foundry/core cpp/foundry/device",
        "cpp/foundry/device": "cpp/foundry/core cpp/foundry/unsafe",
        "cpp/foundry/unsafe": "cpp/foundry/core",
        "cpp/foundry/core": "",
        # Of both halves.
        "cpp/threads": "",
        # The software Metal device.
        "cpp/anvil": "cpp/anvil/backend cpp/anvil/cpu cpp/anvil/service",
        "cpp/anvil/metal": """
            cpp/anvil/abi cpp/anvil/backend cpp/anvil/foundation cpp/anvil/metallib cpp/anvil/objc
            cpp/anvil/service cpp/anvil/system""",
        "cpp/anvil/metallib": "cpp/anvil/service",
        "cpp/anvil/tools": "cpp/anvil/metallib cpp/anvil/service",
        "cpp/anvil/dispatch": "cpp/anvil/foundation cpp/anvil/objc cpp/anvil/system",
        "cpp/anvil/foundation": "cpp/anvil/objc cpp/anvil/system",
        "cpp/anvil/names": "cpp/anvil/objc",
        "cpp/anvil/mps": "",
        "cpp/anvil/objc": "",
        "cpp/anvil/cpu": """
            cpp/anvil/abi cpp/anvil/backend cpp/anvil/service cpp/anvil/system""",
        "cpp/anvil/backend": "cpp/anvil/service",
        "cpp/anvil/service": "cpp/anvil/abi cpp/anvil/system",
        "cpp/anvil/system": "cpp/threads",
        "cpp/anvil/abi": "",
        # Its compiler, a program of its own.
        "cpp/anvil/compiler/driver": """
            cpp/anvil/abi cpp/anvil/compiler/air cpp/anvil/compiler/cpu
            cpp/anvil/compiler/frontend cpp/anvil/compiler/ir cpp/anvil/compiler/source""",
        "cpp/anvil/compiler/air": """
            cpp/anvil/abi cpp/anvil/compiler/ir cpp/anvil/compiler/source""",
        "cpp/anvil/compiler/cpu": """
            cpp/anvil/abi cpp/anvil/compiler/ir cpp/anvil/compiler/simd
            cpp/anvil/compiler/source""",
        "cpp/anvil/compiler/simd": """
            cpp/anvil/abi cpp/anvil/compiler/ir cpp/anvil/compiler/source""",
        "cpp/anvil/compiler/frontend": """
            cpp/anvil/abi cpp/anvil/compiler/ir cpp/anvil/compiler/source""",
        "cpp/anvil/compiler/ir": "cpp/anvil/compiler/source",
        "cpp/anvil/compiler/source": "",
    }.items()
}

SUFFIXES = {".hpp", ".cpp", ".h", ".S"}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)
# Where the build looks for quoted and angled includes.
SEARCHED = [ROOT / "cpp"]
# Not of the house: Apple's headers, and what a kernel's source includes.
OUTSIDE = [
    ROOT / folder
    for folder in (
        "cpp/anvil/sdk",
        "cpp/anvil/compiler/library",
        "cpp/anvil/compiler/cpu/thunk_headers",
    )
]


def sources(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in SUFFIXES and not any(path.is_relative_to(out) for out in OUTSIDE):
                yield path


def includes(path: Path) -> list[str]:
    return INCLUDE.findall(path.read_text())


def room_of(path: Path) -> str | None:
    """The innermost room that holds the file."""
    for folder in path.relative_to(ROOT).parents:
        if folder.as_posix() in ARROWS:
            return folder.as_posix()
    return None


def included_file(path: Path, name: str) -> Path | None:
    for folder in (path.parent, *SEARCHED):
        file = folder / name
        if file.is_file() and not any(file.is_relative_to(out) for out in OUTSIDE):
            return file.resolve()
    return None


def arrows_of_the_code() -> dict[str, dict[str, list[str]]]:
    """For every room, the rooms that its files include, and by which lines."""
    found: dict[str, dict[str, list[str]]] = {room: {} for room in ARROWS}
    for path in sources(ROOT / "cpp", ROOT / "bindings"):
        room = room_of(path)
        for name in includes(path):
            file = included_file(path, name)
            target = room_of(file) if file else None
            if room and target and target != room:
                line = f"{path.relative_to(ROOT)} includes {name}"
                found[room].setdefault(target, []).append(line)
    return found


def circle(arrows: Mapping[str, frozenset[str]]) -> list[str]:
    """Rooms that lead back to the first, or nothing."""
    done: set[str] = set()

    def walk(room: str, way: list[str]) -> list[str]:
        if room in way:
            return [*way[way.index(room) :], room]
        if room in done:
            return []
        for target in sorted(arrows[room]):
            if found := walk(target, [*way, room]):
                return found
        done.add(room)
        return []

    return next((found for room in sorted(arrows) if (found := walk(room, []))), [])


if __name__ == "__main__":
    for room, targets in sorted(arrows_of_the_code().items()):
        print(f'        "{room}": "{" ".join(sorted(targets))}",')
