"""libfoundry's sources compile and link for arm64 macOS, so that the Apple build is kept honest.

No Mac takes part: zig's bundled clang and libc++ target aarch64-macos, and the SDK stubs stand in
for Apple's headers. Frameworks are left to be resolved by the loader.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "dev"
FLAGS = [
    "-target", "aarch64-macos", "-std=c++20", "-fblocks", "-fno-delete-null-pointer-checks",
    "-Wall", "-Wextra", "-Werror", "-fPIC", "-O0", "-g0",
    "-I", str(ROOT / "cpp"), "-isystem", str(ROOT / ".venv" / "metal-cpp"),
    "-isystem", str(ROOT / "cpp" / "anvil" / "sdk"),
    "-D__MAC_26_0=260000",
    "-DANVIL_OBJC_NAME(name)=",  # zig's own objc/objc.h comes before the stub that defines it
]  # fmt: skip
STANDARD_HEADERS = (
    "algorithm", "array", "map", "memory", "mutex", "optional", "span", "string", "variant",
    "vector",
)  # fmt: skip


def zig(*arguments: str) -> None:
    cache = str(ROOT / "build" / "zig")
    finished = subprocess.run(
        [sys.executable, "-m", "ziglang", *arguments],
        env={**os.environ, "ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout


def rooms(folder: Path) -> list[Path]:
    """A source for each room, of all that it has, as a build from nothing compiles several at once;
    the largest first. What defines metal-cpp's symbols by what it includes first stands alone."""
    alone = ROOT / "cpp" / "foundry" / "device" / "metal_implementation.cpp"
    sources = [alone, *sorted((BUILD / "cpp" / "foundry").rglob("embedded/*.cpp"))]
    written: list[tuple[int, Path]] = []
    for room in sorted((ROOT / "cpp" / "foundry").iterdir()):
        own = [path for path in sorted(room.rglob("*.cpp")) if path != alone]
        if own:
            source = folder / f"{room.name}.cpp"
            source.write_text("".join(f'#include "{path}"\n' for path in own))
            written.append((len(own), source))
    return [source for _, source in sorted(written, reverse=True)] + sources


def test_libfoundry_builds_for_arm64_macos(tmp_path: Path) -> None:
    include = [
        flag
        for path in (BUILD / "cpp" / "foundry").rglob("embedded/*.cpp")
        for flag in ("-I", str(path.parent))
    ]
    # Nearly all of the time goes into these: parsed once.
    header = tmp_path / "standard.hpp"
    header.write_text("".join(f"#include <{name}>\n" for name in STANDARD_HEADERS))
    zig("c++", *FLAGS, "-x", "c++-header", str(header), "-o", f"{header}.pch")
    with_header = [*FLAGS, *include, "-include-pch", f"{header}.pch"]

    def compile_one(source: Path) -> str:
        compiled = str(tmp_path / f"{source.stem}.o")
        zig("c++", *with_header, "-c", str(source), "-o", compiled)
        return compiled

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile_one, rooms(tmp_path)))
    # Linked as C: zig would build its own libc++ first.
    library = tmp_path / "libfoundry.dylib"
    zig("cc", "-target", "aarch64-macos", "-shared", "-Wl,-undefined,dynamic_lookup", *objects,
        "-o", str(library))  # fmt: skip
    # Mach-O, 64 bit, arm64: the magic number and the CPU type of the header.
    assert library.read_bytes()[:8] == b"\xcf\xfa\xed\xfe\x0c\x00\x00\x01"
