"""llama.cpp built from the source package llama-cpp-python, with its Metal backend or without.

Sources, Objective-C and CMake files are as they are; CMakeLists.txt beside this file takes them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from one_at_a_time import alone

ROOT = Path(__file__).resolve().parents[3]
LLVM = (ROOT / "cmake/llvm-version.txt").read_text().strip()
FOLDER = ROOT / "build" / "peers" / "llama"
REQUIREMENT = ROOT / "requirements" / "llama-cpp.txt"


def run(*command: object) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:]


def sources() -> Path:
    version = re.match(r"[\w-]+==([\w.]+)", REQUIREMENT.read_text())
    assert version
    name = f"llama_cpp_python-{version[1]}"
    with alone(FOLDER / "sources.lock"):
        if not (FOLDER / name).exists():
            _fetch(name)
    return FOLDER / name / "vendor" / "llama.cpp"


def _fetch(name: str) -> None:
    """The folder appears when all is in it, so an interrupted run leaves none that lacks files."""
    run(
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
        "--no-binary=llama-cpp-python", "--require-hashes", "--dest", FOLDER,
        "--requirement", REQUIREMENT,
    )  # fmt: skip
    with (
        tempfile.TemporaryDirectory(dir=FOLDER) as unpacked,
        tarfile.open(FOLDER / f"{name}.tar.gz") as archive,
    ):
        archive.extractall(unpacked, filter="data")
        (Path(unpacked) / name).rename(FOLDER / name)


def build(target: str, folder: str, *settings: str) -> Path:
    """A program of CMakeLists.txt, in a folder for these of its settings."""
    with alone(FOLDER / "build.lock"):
        return _build(target, FOLDER / folder, settings)


def _build(target: str, build: Path, settings: Sequence[str]) -> Path:
    source = sources()
    cache = shutil.which("ccache")
    run(
        "cmake", "-G", "Ninja", "-S", Path(__file__).parent, "-B", build,
        f"-DLLAMA_CPP={source}", "-DCMAKE_BUILD_TYPE=Release", *settings,
        f"-DCMAKE_C_COMPILER=clang-{LLVM}", f"-DCMAKE_CXX_COMPILER=clang++-{LLVM}",
        *(f"-DCMAKE_{language}_COMPILER_LAUNCHER={cache}" for language in ("C", "CXX") if cache),
    )  # fmt: skip
    run("cmake", "--build", build, "--target", target)
    return build / "bin" / target
